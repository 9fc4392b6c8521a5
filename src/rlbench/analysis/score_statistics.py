"""Scores of many runs on several tasks put together, with stratified bootstrap intervals.

Agarwal et al. 2021 (arXiv 2108.13264): interquartile mean, optimality gap, performance profiles,
probability of improvement. Runs are resampled within each task, tasks never: an interval speaks of
these tasks and of no others. Every task weighs the same, however many runs it has.

Scores are a matrix of runs by tasks, NaN where a task has fewer runs than another.

    >>> from rlbench.analysis import aggregate_scores, probability_of_improvement
    >>> es = [[0.0, 0.2], [0.5, 0.4], [0.8, 0.3], [1.0, 0.4], [1.5, 0.2]]  # five runs on two tasks
    >>> found = aggregate_scores(es)
    >>> found["mean"].value, round(found["iqm"].value, 3)
    (0.53, 0.42)
    >>> found["iqm"].low < 0.42 < found["iqm"].high
    True
    >>> probability_of_improvement(es, [[0.5, 0.0]]).value
    0.85
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rlbench.analysis.bootstrap import (
    MINIMUM_SEEDS,
    bootstrap_interval,
    weights_of_strata,
)
from rlbench.analysis.inputs import numbers
from rlbench.analysis.quantiles import share_interval
from rlbench.runs.records import FloatArray

STATISTICS = ("iqm", "median", "mean", "optimality_gap")
TAIL_SENSITIVE = ("median", "mean")
"""Statistics whose intervals miss more often than 7 in 100 where scores have a long tail."""
TAIL_WORDS = "with long-tailed scores it holds the truth in only 88 to 95 of 100 cases"
PROFILE_POINTS = 121


@dataclass(frozen=True)
class ScoreEstimate:
    """A statistic with its 95 % interval; none where some task has fewer than five runs."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ScoreProfile:
    """The share of runs whose score is above tau, tasks weighing the same."""

    tau: FloatArray  # [T]
    share: FloatArray  # [T]
    low: FloatArray  # [T]
    high: FloatArray  # [T]


@dataclass(frozen=True)
class Strata:
    """One agent's scores with their resampling, tasks side by side."""

    parts: tuple[FloatArray, ...]  # a task's scores  # each [n_e]
    weights: tuple[FloatArray, ...]  # how often each was drawn  # each [B, n_e]

    @property
    def scores(self) -> FloatArray:
        """All scores.  # [N]"""
        return np.concatenate(self.parts)

    @property
    def shares(self) -> FloatArray:
        """What each run counts in each resample: rows sum to 1, tasks alike.  # [B, N]"""
        scaled = [w / (len(self.parts) * w.shape[1]) for w in self.weights]
        return np.concatenate(scaled, axis=1)

    @property
    def has_interval(self) -> bool:
        """Whether every task has runs enough for an interval that covers."""
        return min(map(len, self.parts)) >= MINIMUM_SEEDS

    @property
    def degrees(self) -> int:
        """Degrees of freedom: runs beyond the first of each task."""
        return max(sum(len(part) - 1 for part in self.parts), 1)

    def once(self) -> Strata:
        """Every run once: the statistic itself as the only resample."""
        return Strata(self.parts, tuple(np.ones((1, len(part))) for part in self.parts))


def strata(*agents: Sequence[FloatArray]) -> list[Strata]:
    """The resampling of some agents, every agent and task drawn independently.

    agents: for each its scores on every task, without NaN.
    """
    drawn = iter(weights_of_strata(tuple(len(part) for parts in agents for part in parts)))
    return [Strata(tuple(parts), tuple(next(drawn) for _ in parts)) for parts in agents]


def aggregate_scores(scores: ArrayLike) -> dict[str, ScoreEstimate]:
    """Interquartile mean (`iqm`), median, mean and optimality gap of one agent.

    scores: NaN where a run is missing.  # [n, E]
    """
    (agent,) = strata(_tasks("scores", scores))
    return {
        name: _estimate(agent, statistic(name, agent.once()), statistic(name, agent))
        for name in STATISTICS
    }


def performance_profile(scores: ArrayLike, tau: ArrayLike | None = None) -> ScoreProfile:
    """The performance profile of one agent.

    scores: NaN where a run is missing.  # [n, E]
    tau: the scores at which it is taken; None: evenly over all of them.  # [T]
    """
    (agent,) = strata(_tasks("scores", scores))
    taken = profile_axis([agent]) if tau is None else numbers("tau", tau, infinite=True)
    return profile(agent, taken)


def probability_of_improvement(better: ArrayLike, worse: ArrayLike) -> ScoreEstimate:
    """The chance that a run of one agent scores more than one of the other, ties half.

    The mean over tasks of the Mann-Whitney statistic over the number of pairs.

    better, worse: the scores of each, NaN where a run is missing; the same tasks.  # [n, E], [m, E]
    """
    ours, theirs = strata(_tasks("better", better), _tasks("worse", worse))
    if len(ours.parts) != len(theirs.parts):
        columns = f"{len(ours.parts)} and {len(theirs.parts)} columns"
        raise ValueError(f"better and worse: got {columns}; takes the same tasks in both")
    found = _estimate(ours, improvement(ours.once(), theirs.once()), improvement(ours, theirs))
    return found if theirs.has_interval else ScoreEstimate(found.value, None, None)


def interquartile_mean(scores: FloatArray, shares: FloatArray) -> FloatArray:
    """The mean of the middle half: a quarter of the weight is cut off at either end.  # [B]

    Where a quarter does not fall between two runs, the run it cuts through counts in part.

    scores: of all runs.  # [N]
    shares: what each counts, rows summing to 1.  # [B, N]
    """
    order = np.argsort(scores, kind="stable")
    until = np.cumsum(shares[:, order], axis=1)  # [B, N]
    before = np.concatenate([np.zeros((len(until), 1)), until[:, :-1]], axis=1)
    kept = np.clip(until, 0.25, 0.75) - np.clip(before, 0.25, 0.75)
    means: FloatArray = kept @ scores[order] / kept.sum(axis=1)
    return means


def statistic(name: str, agent: Strata) -> FloatArray:
    """One of STATISTICS for each resample.  # [B]

    `median` and `mean` are those over tasks of their mean scores; `optimality_gap` is the mean of
    max(0, 1 - score): how far runs fall short of 1, with nothing gained beyond it.
    """
    if name == "iqm":
        return interquartile_mean(agent.scores, agent.shares)
    if name == "optimality_gap":
        gap: FloatArray = agent.shares @ np.maximum(0.0, 1.0 - agent.scores)
        return gap
    means = np.stack(
        [w @ s / len(s) for s, w in zip(agent.parts, agent.weights, strict=True)], axis=1
    )  # [B, E]
    found = np.median(means, axis=1) if name == "median" else np.mean(means, axis=1)
    return np.asarray(found, dtype=np.float64)


def improvement(better: Strata, worse: Strata) -> FloatArray:
    """The probability of improvement for each resample.  # [B]"""
    wins = [
        (s[:, None] > other) + 0.5 * (s[:, None] == other)
        for s, other in zip(better.parts, worse.parts, strict=True)
    ]
    return mean_of_pairs(wins, better.weights, worse.weights)


def mean_of_pairs(
    wins: Sequence[FloatArray], ours: Sequence[FloatArray], theirs: Sequence[FloatArray]
) -> FloatArray:
    """The mean over tasks of the mean over pairs of runs, for each resample.  # [B]

    wins: for each task what a pair of runs counts.  # each [n, m]
    ours: how often each run of the first was drawn.  # each [B, n]
    theirs: how often each of the second.  # each [B, m]
    """
    chances = [
        ((w @ won) * w_other).sum(axis=1) / won.size
        for won, w, w_other in zip(wins, ours, theirs, strict=True)
    ]
    return np.asarray(np.mean(chances, axis=0), dtype=np.float64)


def profile_axis(agents: Iterable[Strata]) -> FloatArray:
    """Scores at which profiles are compared.  # [T]

    The axis ends at 2 and at -1, so that a few outliers do not compress all others.
    """
    every = np.concatenate([agent.scores for agent in agents])
    low, high = max(min(0.0, float(every.min())), -1.0), min(max(1.0, float(every.max())), 2.0)
    return np.linspace(low - 0.05, high + 0.05, PROFILE_POINTS)


def profile(agent: Strata, tau: FloatArray) -> ScoreProfile:
    """The performance profile at some values of tau, with exact intervals (Clopper & Pearson 1934).

    They are those of as many runs as each task has at least, all of one kind: runs of tasks that
    differ vary less.
    """
    above = (agent.scores[:, None] > tau).astype(np.float64)  # [N, T]
    share = (agent.once().shares @ above)[0]
    runs = len(agent.parts) * min(map(len, agent.parts))
    low = [share_interval(math.floor(count + 1e-9), runs)[0] for count in share * runs]
    high = [share_interval(math.ceil(count - 1e-9), runs)[1] for count in share * runs]
    return ScoreProfile(tau, share, np.array(low), np.array(high))


def _estimate(agent: Strata, value: FloatArray, resampled: FloatArray) -> ScoreEstimate:
    if not agent.has_interval:
        return ScoreEstimate(float(value[0]), None, None)
    return ScoreEstimate(float(value[0]), *bootstrap_interval(resampled, agent.degrees))


def _tasks(name: str, given: ArrayLike) -> list[FloatArray]:
    """The scores of each task, NaN left out; raises ValueError that names the argument."""
    matrix = numbers(name, given, dimensions=2, nan=True)
    if not matrix.size or np.isnan(matrix).all(axis=0).any():
        raise ValueError(
            f"{name}: got an array of shape {matrix.shape}; takes a matrix of runs by tasks with "
            "at least one run of each task"
        )
    return [column[~np.isnan(column)] for column in matrix.T]
