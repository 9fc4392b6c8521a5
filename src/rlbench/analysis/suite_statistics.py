"""All statistics over several environments, and why there are none where there are none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.bootstrap import weights_of_strata
from rlbench.analysis.curves import Curve, evaluated, group_end
from rlbench.analysis.groups import EnvironmentGroups
from rlbench.analysis.normalized_scores import ContestScores, returns_at, suite_scores
from rlbench.analysis.score_statistics import (
    AGENTS,
    SIDES,
    Estimate,
    Profile,
    Strata,
    estimates,
    interquartile_mean,
    no_interval_reason,
    profiles,
)
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import overall_ratios, sooner
from rlbench.analysis.suites import Suite, ambiguous_notes, find_suites
from rlbench.runs.records import Unit

SCORE_CURVE_UNITS: tuple[Unit, ...] = ("train_s", "env_steps")
SCORE_CURVE_POINTS = 48
SCORE_CURVE_RESAMPLES = 500  # a band is drawn, not read off to the third digit


@dataclass(frozen=True)
class SuiteStatistics:
    """What can be said of one suite of environments."""

    suite: Suite
    scores: tuple[ContestScores, ...]
    estimates: tuple[Estimate, ...]
    profiles: tuple[Profile, ...]
    curves: tuple[Curve, ...]  # interquartile means of normalised scores
    ratios: tuple[SpeedRatio, ...]  # geometric means
    notes: tuple[str, ...]  # what is missing, and why


def across_environments(
    environments: Sequence[EnvironmentGroups], ratios: Sequence[SpeedRatio]
) -> tuple[list[SuiteStatistics], list[str]]:
    """The statistics of every suite with two environments or more; and what is missing, and why.

    Args:
        environments: all of the report.
        ratios: their speed ratios.
    """
    notes = list(ambiguous_notes(environments))
    suites = [suite for suite in find_suites(environments) if len(suite.contests) > 1]
    if not suites:
        notes.append("no aggregate over environments: it takes two on which dqn and es ran alike")
    found = [suite_statistics(suite, ratios) for suite in suites]
    return found, notes + [note for part in found for note in part.notes]


def suite_statistics(suite: Suite, ratios: Sequence[SpeedRatio]) -> SuiteStatistics:
    """The statistics of one suite."""
    scores, unscored = suite_scores(suite)
    notes = [f"{env}: no normalised score, {reason}" for env, reason in unscored.items()]
    enough = len(scores) > 1
    if not enough:
        notes.append("no aggregate of normalised scores: fewer than two environments have any")
    first_to_solve = sooner(suite)
    return SuiteStatistics(
        suite=suite,
        scores=scores,
        estimates=(
            *(estimates(suite.label, scores) if enough else ()),
            *((first_to_solve,) if first_to_solve else ()),
        ),
        profiles=tuple(profiles(suite.label, scores)) if enough else (),
        curves=tuple(score_curves(scores)) if enough else (),
        ratios=tuple(overall_ratios(suite, ratios)),
        notes=tuple(notes),
    )


def score_curves(scores: Sequence[ContestScores]) -> Iterator[Curve]:
    """The interquartile mean of normalised scores over time, up to the shortest horizon.

    Runs that were cut off before it are left out. Intervals: stratified bootstrap.
    """
    for unit in SCORE_CURVE_UNITS:
        groups = [
            group
            for found in scores
            for group in (found.contest.baseline, found.contest.challenger)
        ]
        moments = [x for g in groups for run in g.runs if len(x := evaluated(run, unit)[0])]
        last = max((float(x[-1]) for x in moments), default=0.0)
        end = min([group_end(group, unit) for group in groups] + [1.25 * last])
        positive = [float(t) for x in moments for t in x[(x > 0.0) & (x < end)]]
        if not positive:
            continue
        grid = np.geomspace(min(positive), end, SCORE_CURVE_POINTS)
        # All but the first and the last are free; those are kept exact.
        grid[0], grid[-1] = min(positive), end
        rows = {
            (agent, found.env): found.scale.score(
                returns_at(getattr(found.contest, SIDES[agent]), unit, grid)
            )
            for agent in AGENTS
            for found in scores
        }  # each [n, G]
        rows = {key: values[~np.isnan(values).any(axis=1)] for key, values in rows.items()}
        if any(not len(values) for values in rows.values()):
            continue
        weights = weights_of_strata(
            tuple(len(values) for values in rows.values()), SCORE_CURVE_RESAMPLES
        )
        for index, agent in enumerate(AGENTS):
            parts = [rows[agent, found.env] for found in scores]
            drawn = weights[index * len(parts) : (index + 1) * len(parts)]
            yield _score_curve(agent, unit, grid, parts, drawn, not no_interval_reason(scores))


def _score_curve(
    agent: str,
    unit: Unit,
    grid: np.ndarray[tuple[int], np.dtype[np.float64]],
    parts: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.float64]]],
    weights: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.float64]]],
    with_interval: bool,
) -> Curve:
    values = np.concatenate(parts)  # [N, G]
    sampled = Strata(tuple(part[:, 0] for part in parts), tuple(weights))
    plain, shares = sampled.plain().shares, sampled.shares
    mean = np.array([interquartile_mean(column, plain)[0] for column in values.T])
    low, high = np.full(len(grid), math.nan), np.full(len(grid), math.nan)
    if with_interval:
        resampled = np.array([np.sort(interquartile_mean(column, shares)) for column in values.T])
        tail = int(np.floor(0.025 * (resampled.shape[1] - 1)))
        low, high = resampled[:, tail], resampled[:, resampled.shape[1] - 1 - tail]
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
