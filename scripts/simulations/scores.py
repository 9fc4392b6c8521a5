"""Intervals of scores over tasks, and of who is solved first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from rlbench.analysis.bootstrap import MINIMUM_SEEDS, bootstrap_interval
from rlbench.analysis.score_statistics import (
    STATISTICS,
    Strata,
    improvement,
    interquartile_mean,
    mean_of_pairs,
    profile,
    statistic,
    strata,
)
from rlbench.analysis.suite_ratios import pairs_won
from rlbench.analysis.survival import CensoredTimes
from rlbench.runs.records import FloatArray
from simulations.model import Condition, Ends, Trial
from simulations.shapes import SCORES, SEEDS, TIMES, population, time_quantile, watched

PROFILE, IMPROVEMENT, FIRST = "profile", "probability of improvement", "probability of sooner"
NAMES = {
    "iqm": "interquartile mean",
    "median": "median",
    "mean": "mean",
    "optimality_gap": "optimality gap",
}
EXACT = "Clopper-Pearson"
METHOD = "bootstrap, n - 1 of n, widened as t"
TASKS = (2, 4, 10)
STEP = 0.05  # by which tasks differ in their scores
BEHIND = 0.1  # of the other agent's scores
TAU = 0.5
FASTER = 1.5  # of the agent that is solved first


def trials(repetitions: int) -> Iterator[Trial]:
    """Every condition; with fewer seeds a report prints no interval."""
    for seeds in (n for n in SEEDS if n >= MINIMUM_SEEDS):
        for tasks in TASKS:
            for shape in SCORES:
                for kind in (*NAMES.values(), IMPROVEMENT):
                    yield _trial(Condition(kind, METHOD, shape, 0.0, seeds, tasks), repetitions)
            for shape in ("lognormal 0.8", "two modes"):
                for censored in (0.0, 0.3, 0.6):
                    yield _trial(Condition(FIRST, METHOD, shape, censored, seeds, tasks),
                                 repetitions)  # fmt: skip
    for seeds in SEEDS:
        for tasks in TASKS:
            for shape in SCORES:
                yield _trial(Condition(PROFILE, EXACT, shape, 0.0, seeds, tasks), repetitions)


def _trial(condition: Condition, repetitions: int) -> Trial:
    draw = _first if condition.kind == FIRST else _scores

    def drawn(generator: np.random.Generator) -> tuple[Ends, float]:
        return draw(condition, generator)

    return Trial(condition, repetitions, drawn, is_ratio=False)


def _scores(condition: Condition, generator: np.random.Generator) -> tuple[Ends, float]:
    shape = SCORES[condition.shape]

    def tasks(behind: float) -> list[FloatArray]:
        return [shape(generator, condition.seeds) + STEP * e - behind
                for e in range(condition.tasks)]  # fmt: skip

    truth = _truth(condition.kind, condition.shape, condition.tasks)
    if condition.kind == IMPROVEMENT:
        ours, theirs = strata(tasks(0.0), tasks(BEHIND))
        return bootstrap_interval(improvement(ours, theirs), ours.degrees), truth
    (agent,) = strata(tasks(0.0))
    if condition.kind == PROFILE:
        found = profile(agent, np.array([TAU]))
        return (float(found.low[0]), float(found.high[0])), truth
    return bootstrap_interval(_resampled(condition.kind, agent), agent.degrees), truth


def _resampled(kind: str, agent: Strata) -> FloatArray:
    return statistic(next(name for name in STATISTICS if NAMES[name] == kind), agent)


@cache
def _truth(kind: str, shape: str, tasks: int) -> float:
    base = population(shape)[::20]
    parts = [base + STEP * e for e in range(tasks)]
    if kind == IMPROVEMENT:
        # Of two independent values of the shape the second is 0.1 behind: the same on every task.
        theirs = base - BEHIND
        lost = np.searchsorted(theirs, base, side="left") + np.searchsorted(theirs, base, "right")
        return float(lost.mean() / 2.0 / len(base))
    every = np.concatenate(parts)
    if kind == NAMES["iqm"]:
        return float(interquartile_mean(every, np.full((1, len(every)), 1.0 / len(every)))[0])
    if kind == NAMES["median"]:
        return float(np.median([part.mean() for part in parts]))
    if kind == NAMES["mean"]:
        return float(every.mean())
    if kind == NAMES["optimality_gap"]:
        return float(np.maximum(0.0, 1.0 - every).mean())
    return float((every > TAU).mean())


def _first(condition: Condition, generator: np.random.Generator) -> tuple[Ends, float]:
    """Who is solved first, a pair of which nobody knows counting half."""
    until = FASTER * time_quantile(condition.shape, 1.0 - condition.censored)

    def times(factor: float) -> list[CensoredTimes]:
        shape = TIMES[condition.shape]
        return [watched(factor * shape(generator, condition.seeds), until)
                for _ in range(condition.tasks)]  # fmt: skip

    ours, theirs = times(1.0), times(FASTER)
    wins = [pairs_won(one, other) for one, other in zip(ours, theirs, strict=True)]
    first, second = strata([part.time for part in ours], [part.time for part in theirs])
    drawn = mean_of_pairs(wins, first.weights, second.weights)
    return bootstrap_interval(drawn, first.degrees), _truth_of_first(condition.shape, until)


@cache
def _truth_of_first(shape: str, until: float) -> float:
    ours = population(f"time: {shape}")[::500]
    theirs = FASTER * ours
    return float(pairs_won(watched(ours, until), watched(theirs, until)).mean())
