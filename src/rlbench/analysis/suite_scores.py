"""Normalised scores of one suite put together: statistics, performance profiles, mean curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.bootstrap import (
    ALL_ALIKE,
    MINIMUM_SEEDS,
    bootstrap_band,
    bootstrap_interval,
    weights_of_strata,
)
from rlbench.analysis.curves import Curve, curves_end, evaluated
from rlbench.analysis.normalized_scores import ContestScores, returns_at
from rlbench.analysis.score_statistics import (
    STATISTICS,
    TAIL_SENSITIVE,
    TAIL_WORDS,
    Strata,
    improvement,
    interquartile_mean,
    profile,
    profile_axis,
    statistic,
    strata,
)
from rlbench.analysis.suites import Suite
from rlbench.runs.records import FloatArray, Unit

SCORE_CURVE_UNITS: tuple[Unit, ...] = ("train_s", "env_steps")
SCORE_CURVE_POINTS = 48
SCORE_CURVE_RESAMPLES = 500  # a band is drawn, not read off to the third digit


@dataclass(frozen=True)
class Estimate:
    """One number over all environments."""

    suite: str
    agent: str  # of a probability: the one that is better than the other
    statistic: str
    value: float
    low: float | None
    high: float | None
    n_environments: int
    n_runs: int
    reason: str  # why there is no interval, or how well it covers; else empty


@dataclass(frozen=True)
class Profile:
    """The share of an agent's runs whose score is above tau, environments weighing the same."""

    suite: str
    agent: str
    tau: FloatArray  # [T]
    share: FloatArray  # [T]
    low: FloatArray  # [T]
    high: FloatArray  # [T]


def suite_strata(scores: Sequence[ContestScores]) -> list[Strata]:
    """The resampling of challenger and baseline; a run without a score is left out."""
    sides = zip(*(found.sides for found in scores), strict=True)
    return strata(*([part[~np.isnan(part)] for part in parts] for parts in sides))


def estimates(suite: Suite, scores: Sequence[ContestScores]) -> Iterator[Estimate]:
    """All statistics of both agents, then the probability that the challenger improves on the
    baseline."""
    both = suite_strata(scores)
    reason = no_interval_reason(suite, scores)

    def estimate(
        agent: str, name: str, once: FloatArray, resampled: FloatArray, counted: Sequence[Strata]
    ) -> Estimate:
        degrees = min(side.degrees for side in counted)
        low, high = (None, None) if reason else bootstrap_interval(resampled, degrees)
        alike = "" if reason or low is not None else ALL_ALIKE
        n_runs = sum(len(side.scores) for side in counted)
        remark = reason or alike or (TAIL_WORDS if name in TAIL_SENSITIVE else "")
        return Estimate(
            suite.label, agent, name, float(once[0]), low, high, len(scores), n_runs, remark
        )

    for agent, side in zip(suite.sides, both, strict=True):
        for name in STATISTICS:
            yield estimate(agent, name, statistic(name, side.once()), statistic(name, side), [side])
    ours, theirs = both
    yield estimate(
        suite.challenger,
        "probability_of_improvement",
        improvement(ours.once(), theirs.once()),
        improvement(ours, theirs),
        both,
    )


def profiles(suite: Suite, scores: Sequence[ContestScores]) -> Iterator[Profile]:
    """The performance profile of both agents on the same values of tau."""
    both = suite_strata(scores)
    tau = profile_axis(both)
    for agent, side in zip(suite.sides, both, strict=True):
        found = profile(side, tau)
        yield Profile(suite.label, agent, tau, found.share, found.low, found.high)


def no_interval_reason(suite: Suite, scores: Sequence[ContestScores]) -> str:
    """Why no interval can be given: some agent has too few seeds on some environment."""
    for found in scores:
        for agent, part in zip(suite.sides, found.sides, strict=True):
            seeds = int(np.count_nonzero(~np.isnan(part)))
            if seeds < MINIMUM_SEEDS:
                return few_seeds_reason(agent, found.env, seeds)
    return ""


def few_seeds_reason(agent: str, env: str, seeds: int) -> str:
    """Why few seeds on one environment leave no interval over all of them."""
    return f"{seeds} of {MINIMUM_SEEDS} seeds of {agent} on {env}, so no interval"


def score_curves(suite: Suite, scores: Sequence[ContestScores]) -> Iterator[Curve]:
    """The interquartile mean of normalised scores over time, up to the shortest horizon.

    Runs that were cut off before it are left out. Intervals: stratified bootstrap.
    """
    with_interval = not no_interval_reason(suite, scores)
    for unit in SCORE_CURVE_UNITS:
        grid = _score_grid(scores, unit)
        if grid is None:
            continue
        parts = [
            [
                found.scale.score(returns_at(found.contest.sides[side], unit, grid))
                for found in scores
            ]
            for side in range(len(suite.sides))
        ]  # for each side and environment [n, G]
        parts = [[rows[~np.isnan(rows).any(axis=1)] for rows in side_parts] for side_parts in parts]
        if any(not len(rows) for side_parts in parts for rows in side_parts):
            continue
        weights = weights_of_strata(
            tuple(len(rows) for side_parts in parts for rows in side_parts), SCORE_CURVE_RESAMPLES
        )
        for index, agent in enumerate(suite.sides):
            drawn = weights[index * len(scores) : (index + 1) * len(scores)]
            yield _score_curve(agent, unit, grid, parts[index], drawn, with_interval)


def _score_grid(scores: Sequence[ContestScores], unit: Unit) -> FloatArray | None:
    """Times from the first evaluation after the start to the common end; None without any."""
    groups = [group for found in scores for group in (*found.contest.sides,)]
    end = curves_end(groups, unit)
    moments = [evaluated(run, unit)[0] for group in groups for run in group.runs]
    positive = [float(t) for x in moments for t in x[(x > 0.0) & (x < (end or 0.0))]]
    if end is None or not positive:
        return None
    grid = np.geomspace(min(positive), end, SCORE_CURVE_POINTS)
    # All but the first and the last are free; those are kept exact.
    grid[0], grid[-1] = min(positive), end
    return grid


def _score_curve(
    agent: str,
    unit: Unit,
    grid: FloatArray,
    parts: Sequence[FloatArray],
    weights: Sequence[FloatArray],
    with_interval: bool,
) -> Curve:
    values = np.concatenate(parts)  # [N, G]
    sampled = Strata(tuple(part[:, 0] for part in parts), tuple(weights))
    once, shares = sampled.once().shares, sampled.shares
    mean = np.array([interquartile_mean(column, once)[0] for column in values.T])
    low, high = np.full(len(grid), np.nan), np.full(len(grid), np.nan)
    if with_interval:
        resampled = np.array([interquartile_mean(column, shares) for column in values.T])  # [G, B]
        low, high = bootstrap_band(resampled, sampled.degrees, axis=1)
    return Curve(
        env=f"all {len(parts)} environments",
        agent=agent,
        group=agent,
        unit=unit,
        x=grid,
        mean=mean,
        low=low,
        high=high,
        n=np.full(len(grid), float(len(values))),
        live_until=float(grid[-1]),
    )
