"""Intervals of shares, of Kaplan-Meier curves, of medians, and of means, which are not printed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from rlbench.analysis.quantiles import share_interval, student_quantile
from rlbench.analysis.survival import CensoredTimes, median_interval, product_limit
from rlbench.runs.records import FloatArray
from simulations.model import Condition, Ends, Trial
from simulations.shapes import SEEDS, TIMES, mean_until, time_quantile, watched

SHARE, CURVE, MEDIAN, MEAN = "share solved", "Kaplan-Meier curve", "median time", "restricted mean"
MEAN_METHODS = ("percentile bootstrap", "Student's t", "t of the logarithm")
RESAMPLES = 500


def trials(repetitions: int) -> Iterator[Trial]:
    """Every condition."""
    for seeds in SEEDS:
        for share in (0.05, 0.2, 0.5, 0.8, 0.95):
            yield _trial(Condition(SHARE, "Clopper-Pearson", f"{share:.0%}", 0.0, seeds),
                         repetitions)  # fmt: skip
        for shape in ("lognormal 0.8", "two modes"):
            for lost in (0.0, 0.3, 0.6):
                yield _trial(Condition(CURVE, "Clopper-Pearson", shape, lost, seeds), repetitions)
    for shape in TIMES:
        for seeds in SEEDS:
            for censored in (0.0, 0.3, 0.6):
                yield _trial(Condition(MEDIAN, "sign test", shape, censored, seeds), repetitions)
            for censored in (0.0, 0.3, 0.6, 0.8):
                for method in MEAN_METHODS:
                    yield _trial(Condition(MEAN, method, shape, censored, seeds),
                                 repetitions // 2)  # fmt: skip


def _trial(condition: Condition, repetitions: int) -> Trial:
    draw = {SHARE: _share, CURVE: _curve, MEDIAN: _median, MEAN: _mean}[condition.kind]
    is_ratio = condition.kind in (MEDIAN, MEAN)

    def drawn(generator: np.random.Generator) -> tuple[Ends, float]:
        return draw(condition, generator)

    return Trial(condition, repetitions, drawn, is_ratio)


def _share(condition: Condition, generator: np.random.Generator) -> tuple[Ends, float]:
    share = float(condition.shape.rstrip("%")) / 100.0
    solved = int(np.count_nonzero(generator.random(condition.seeds) < share))
    return share_interval(solved, condition.seeds), share


def _curve(condition: Condition, generator: np.random.Generator) -> tuple[Ends, float]:
    """The band at a time by which a random share of the runs has truly reached the level."""
    share = float(generator.uniform(0.1, 0.9))
    at = time_quantile(condition.shape, share)
    times = TIMES[condition.shape](generator, condition.seeds)
    is_lost = generator.random(condition.seeds) < condition.censored
    lost_at = np.where(is_lost, times * generator.random(condition.seeds), np.inf)
    seen = np.minimum(times, lost_at)
    curve = product_limit(CensoredTimes(seen, times <= lost_at))
    index = int(np.searchsorted(curve.time, at, side="right")) - 1
    if index < 0:
        low, high = (1.0 - end for end in reversed(share_interval(0, condition.seeds)))
        return (low, high), 1.0 - share
    return (float(curve.low[index]), float(curve.high[index])), 1.0 - share


def _median(condition: Condition, generator: np.random.Generator) -> tuple[Ends, float]:
    until = time_quantile(condition.shape, 1.0 - condition.censored)
    times = TIMES[condition.shape](generator, condition.seeds)
    return median_interval(watched(times, until)), time_quantile(condition.shape, 0.5)


def _mean(condition: Condition, generator: np.random.Generator) -> tuple[Ends, float]:
    # Uncut, the mean of a heavy tail is infinite.
    until = time_quantile(condition.shape, min(1.0 - condition.censored, 0.999))
    times = np.minimum(TIMES[condition.shape](generator, condition.seeds), until)
    return mean_interval(times, condition.method, generator), mean_until(condition.shape, until)


def mean_interval(times: FloatArray, method: str, generator: np.random.Generator) -> Ends:
    """Intervals of a mean that a report does not print, since none covers."""
    seeds, mean = len(times), float(times.mean())
    if method == "percentile bootstrap":
        means = times[generator.integers(seeds, size=(RESAMPLES, seeds))].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        return float(low), float(high)
    half = student_quantile(0.975, seeds - 1) * float(times.std(ddof=1)) / math.sqrt(seeds)
    if method == "Student's t":
        return (mean - half if half < mean else None), mean + half
    return mean * math.exp(-half / mean), mean * math.exp(half / mean)
