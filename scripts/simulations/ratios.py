"""Intervals of time ratios: ours, and others that it is compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from rlbench.analysis.mean_ratios import geometric_mean, interval_of_such, interval_of_these
from rlbench.analysis.permutation import log_rank
from rlbench.analysis.quantiles import student_quantile
from rlbench.analysis.survival import CensoredTimes
from rlbench.analysis.time_ratios import PairRatios, pair_ratios
from rlbench.runs.records import FloatArray
from simulations.model import Condition, Ends, Trial
from simulations.shapes import (
    FACTOR,
    SEEDS,
    TIMES,
    median_ratio,
    quantile_of_ratio,
    time_quantile,
    watched,
)

CENSORED = (0.0, 0.3, 0.6, 0.8)
RATIO = "time ratio"
DIFFERENT = "median of pair ratios, shapes that differ"
STUCK = "median of pair ratios, two of five slower runs never solved"
OF_THESE = "mean ratio over these tasks"
OF_SUCH = "mean ratio over tasks like these"
OURS = "rank-sum"
LOG_RANK = "log-rank, cut at a common horizon"
WELCH = "Welch's t of logarithms"
COMPARED = ("lognormal 0.8", "exponential", "heavy tail", "two modes")
PAIRS_OF_SHAPES = {  # of the baseline and of the challenger
    "two modes / lognormal 0.5": ("two modes", "lognormal 0.5"),
    "lognormal 1.0 / lognormal 0.5": ("lognormal 1.0", "lognormal 0.5"),
    "exponential / lognormal 0.5": ("exponential", "lognormal 0.5"),
}
STUCK_SHARE = 0.4
STUCK_SHAPE = "lognormal 0.8"
STUCK_BUDGETS = {f"{STUCK_SHAPE}, budget {budget:g}": budget for budget in (6.0, 20.0)}
GRID_GROWTH = 1.2  # evaluations as far apart as in the robotics runs
SPREAD_OF_TASKS = 0.9  # standard deviation of the logarithms of the tasks' ratios


def trials(repetitions: int) -> Iterator[Trial]:
    """Every condition."""
    for shape in TIMES:
        for seeds in SEEDS:
            for censored in CENSORED:
                yield _trial(RATIO, OURS, shape, censored, seeds, repetitions)
            yield _trial(RATIO, f"{OURS}, grid", shape, 0.0, seeds, repetitions)
            yield _trial(RATIO, WELCH, shape, 0.0, seeds, repetitions)
            if seeds == 5 or (seeds == 10 and shape in COMPARED):
                for censored in CENSORED[:3]:
                    yield _trial(RATIO, LOG_RANK, shape, censored, seeds, repetitions // 4)
    for name in PAIRS_OF_SHAPES:
        for seeds in SEEDS:
            for censored in (0.0, 0.3):
                yield _trial(DIFFERENT, OURS, name, censored, seeds, repetitions)
    for name in STUCK_BUDGETS:
        for seeds in SEEDS[1:]:
            yield _trial(STUCK, OURS, name, STUCK_SHARE, seeds, repetitions)
            few = repetitions // (4 if seeds < 20 else 16)
            yield _trial(STUCK, LOG_RANK, name, STUCK_SHARE, seeds, few)
    for shape in COMPARED:
        for seeds in SEEDS:
            for tasks in (2, 4, 10):
                for censored in (0.0, 0.3):
                    yield _trial(OF_THESE, OURS, shape, censored, seeds, repetitions // 2, tasks)
        for seeds in SEEDS[1:]:
            for tasks in (3, 6, 10):
                for censored in (0.0, 0.3):
                    yield _trial(OF_SUCH, "Student's t", shape, censored, seeds, repetitions, tasks)


def _trial(
    kind: str, method: str, shape: str, censored: float, seeds: int, repetitions: int,
    tasks: int = 1,
) -> Trial:  # fmt: skip
    condition = Condition(kind, method, shape, censored, seeds, tasks)

    def draw(generator: np.random.Generator) -> tuple[Ends, float]:
        return experiment(condition, generator)

    return Trial(condition, repetitions, draw)


def experiment(condition: Condition, generator: np.random.Generator) -> tuple[Ends, float]:
    """One made-up comparison: its interval, and the true ratio."""
    if condition.kind == RATIO:
        sides = _runs(condition, generator, FACTOR)
        if condition.method == LOG_RANK:
            return log_rank_interval(*sides, _horizon(condition, FACTOR)), FACTOR
        if condition.method == WELCH:
            return welch_interval(sides[0].time, sides[1].time), FACTOR
        return pair_ratios(*sides).interval(), FACTOR
    if condition.kind == DIFFERENT:
        return _different(condition, generator)
    if condition.kind == STUCK:
        return _stuck(condition, generator)
    if condition.kind == OF_THESE:
        # Tasks are as different as one likes: the mean is of just these.
        factors = FACTOR ** np.linspace(-2.0, 4.0, condition.tasks)
        pairs = [pair_ratios(*_runs(condition, generator, float(f))) for f in factors]
        return interval_of_these(pairs), geometric_mean(factors)
    logs = generator.normal(math.log(FACTOR), SPREAD_OF_TASKS, condition.tasks)
    pairs = [pair_ratios(*_runs(condition, generator, math.exp(log))) for log in logs]
    return _interval_of_such(pairs), FACTOR


def _different(condition: Condition, generator: np.random.Generator) -> tuple[Ends, float]:
    """Times that do not differ by a factor alone: the truth is the median of all pair ratios."""
    names = PAIRS_OF_SHAPES[condition.shape]
    until = time_quantile(names[0], 1.0 - condition.censored)
    baseline, challenger = (TIMES[name](generator, condition.seeds) for name in names)
    pairs = pair_ratios(watched(baseline, until), watched(challenger, until))
    return pairs.interval(), median_ratio(*names)


def _stuck(condition: Condition, generator: np.random.Generator) -> tuple[Ends, float]:
    """Some runs of the slower agent would never solve it, however long they were watched."""
    until, shape = STUCK_BUDGETS[condition.shape], TIMES[STUCK_SHAPE]
    baseline = FACTOR * shape(generator, condition.seeds)
    baseline[generator.random(condition.seeds) < STUCK_SHARE] = np.inf
    sides = watched(baseline, until), watched(shape(generator, condition.seeds), until)
    truth = FACTOR * quantile_of_ratio(STUCK_SHAPE, 0.5 / (1.0 - STUCK_SHARE))
    if condition.method == LOG_RANK:
        return log_rank_interval(*sides, until), truth
    return pair_ratios(*sides).interval(), truth


def _interval_of_such(pairs: list[PairRatios]) -> Ends:
    least, most = zip(*(found.medians() for found in pairs), strict=True)
    return interval_of_such(least, most)


def _horizon(condition: Condition, factor: float) -> float:
    """Until when both sides are watched: that share of the baseline's runs is not seen to end."""
    return factor * time_quantile(condition.shape, 1.0 - condition.censored)


def _runs(
    condition: Condition, generator: np.random.Generator, factor: float
) -> tuple[CensoredTimes, CensoredTimes]:
    shape, until = TIMES[condition.shape], _horizon(condition, factor)
    baseline = factor * shape(generator, condition.seeds)
    challenger = shape(generator, condition.seeds)
    if condition.method.endswith("grid"):
        return on_grid(baseline, generator), on_grid(challenger, generator)
    return watched(baseline, until), watched(challenger, until)


def on_grid(times: FloatArray, generator: np.random.Generator) -> CensoredTimes:
    """Times seen at evaluations each so many times as late as the one before."""
    start = generator.random(len(times))  # each run's evaluations lie elsewhere
    step = math.log(GRID_GROWTH)
    at = np.exp((np.ceil(np.log(times) / step - start) + start) * step)
    return CensoredTimes(at, np.ones(len(times), dtype=bool), at / GRID_GROWTH)


def welch_interval(baseline: FloatArray, challenger: FloatArray) -> Ends:
    """The ratio of geometric means, for comparison: it takes every time to be known."""
    logs = np.log(baseline), np.log(challenger)
    parts = [float(np.var(side, ddof=1)) / len(side) for side in logs]
    variance = sum(parts)
    degrees = variance**2 / sum(p**2 / (len(baseline) - 1) for p in parts)
    middle = float(logs[0].mean() - logs[1].mean())
    half = student_quantile(0.975, max(math.floor(degrees), 1)) * math.sqrt(variance)
    return math.exp(middle - half), math.exp(middle + half)


def log_rank_interval(baseline: CensoredTimes, challenger: CensoredTimes, horizon: float) -> Ends:
    """The factors that the exact log-rank test does not reject, for comparison: for each factor
    the baseline's times are divided by it and both sides are cut where either was watched no
    longer. The test changes only at ratios of pairs, so one factor between two of them will do."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (baseline.time[:, None] / challenger.time).ravel()
    until = horizon if math.isfinite(horizon) else 1e300
    edges = np.unique(np.concatenate([ratios, until / challenger.time, baseline.time / until]))
    edges = edges[(edges > 0) & np.isfinite(edges)]
    between = np.concatenate([edges[:1] / 2, np.sqrt(edges[:-1]) * np.sqrt(edges[1:]),
                              edges[-1:] * 2])  # fmt: skip

    def is_kept(factor: float) -> bool:
        cut = min(until, until / factor)
        p = log_rank(
            watched(np.where(baseline.event, baseline.time / factor, np.inf), cut),
            watched(np.where(challenger.event, challenger.time, np.inf), cut),
        )
        return p is None or p > 0.05

    middle = len(between) // 2
    low, high = _first_kept(between, middle, -1, is_kept), _first_kept(between, middle, 1, is_kept)
    return (
        None if low == 0 else float(edges[low - 1]),
        None if high == len(edges) else float(edges[high]),
    )


def _first_kept(
    between: FloatArray, middle: int, step: int, is_kept: Callable[[float], bool]
) -> int:
    """The outermost factor that is kept on one side of the middle one, by halving."""
    kept, outer = middle, 0 if step < 0 else len(between) - 1
    if is_kept(float(between[outer])):
        return outer
    while abs(outer - kept) > 1:
        probe = (outer + kept) // 2
        kept, outer = (probe, outer) if is_kept(float(between[probe])) else (kept, probe)
    return kept
