"""Return against time: each seed a step function on its own timestamps, averaged on real times."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.bootstrap import mean_curve_interval
from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.runs.records import FloatArray, Run, Unit

CURVE_UNITS: tuple[Unit, ...] = ("train_s", "env_steps", "train_cpu_s")
MAX_POINTS = 160


@dataclass(frozen=True)
class Curve:
    """The mean return of a group against one time axis."""

    env: str
    agent: str
    group: str
    unit: Unit
    x: FloatArray  # [G], times at which some run was evaluated, and the end
    mean: FloatArray  # [G]
    low: FloatArray  # [G], NaN where fewer than two seeds are left
    high: FloatArray  # [G]
    n: FloatArray  # [G], seeds behind each point
    live_until: float  # after this every run is carried forward


def step_values(run: Run, unit: Unit, grid: FloatArray) -> FloatArray:
    """The return of the last evaluation at or before each time; NaN before the first.  # [G]

    A run that stopped because it was solved, or failed, keeps its last evaluation for ever: that
    is the policy its user has. Any other run is unknown after its last evaluation.
    """
    x, y = evaluated(run, unit)
    if not len(x):
        return np.full(len(grid), math.nan)
    index = np.searchsorted(x, grid, side="right") - 1
    values: FloatArray = np.where(index >= 0, y[np.maximum(index, 0)], math.nan)
    if not carried_forward(run):
        values[grid > x[-1]] = math.nan
    return values


def evaluated(run: Run, unit: Unit) -> tuple[FloatArray, FloatArray]:
    """Times and returns of the evaluations that have both.  # [E], [E]"""
    x, y = run.evaluations.along(unit), run.evaluations.return_mean
    known = np.isfinite(x) & np.isfinite(y)
    return np.maximum.accumulate(x[known]), y[known]


def carried_forward(run: Run) -> bool:
    """Whether a run's last return stands for all later times."""
    return run.status in ("solved", "failed")


def group_end(group: Group, unit: Unit) -> float:
    """The group's horizon on one axis: its budget, or where the first run used its budget up."""
    known = [math.inf]
    for run in group.runs:
        budget = run.budget(unit)
        if budget is not None:
            known.append(budget)
        x, _ = evaluated(run, unit)
        if run.status == "budget" and len(x):
            known.append(float(x[-1]))
    return min(known)


def common_end(environment: EnvironmentGroups, unit: Unit) -> float | None:
    """Where the environment's curves end: the common horizon, no later than anything happened.

    None where no contender has an evaluation on this axis.
    """
    groups = environment.contenders or environment.groups
    last = [
        float(x[-1]) for group in groups for run in group.runs if len(x := evaluated(run, unit)[0])
    ]
    if not last:
        return None
    return min([group_end(group, unit) for group in groups] + [1.25 * max(last)])


def group_curve(group: Group, unit: Unit, end: float) -> Curve | None:
    """The group's mean curve with its interval up to `end`; None without an evaluation there."""
    moments = [evaluated(run, unit)[0] for run in group.runs]
    union = np.unique(np.concatenate([*moments, [end]]))
    union = union[union <= end]
    grid = _thinned(union)
    values = np.array([step_values(run, unit, grid) for run in group.runs])  # [n, G]
    present = ~np.isnan(values)
    counts = present.sum(axis=0)
    keep = counts > 0
    if not keep.any():
        return None
    grid, values, present, counts = grid[keep], values[:, keep], present[:, keep], counts[keep]
    mean = np.where(present, values, 0.0).sum(axis=0) / counts
    low, high = np.full(len(grid), math.nan), np.full(len(grid), math.nan)
    # Seeds that drop out leave stretches of the grid with fewer: each has its own resampling.
    patterns, which = np.unique(present, axis=1, return_inverse=True)
    for index in range(patterns.shape[1]):
        columns = np.flatnonzero(which.ravel() == index)
        interval = mean_curve_interval(values[np.ix_(patterns[:, index], columns)])
        if interval is not None:
            low[columns], high[columns] = interval
    live = max(
        (float(x[-1]) for run, x in zip(group.runs, moments, strict=True) if len(x)),
        default=0.0,
    )
    return Curve(
        env=group.env,
        agent=group.agent,
        group=group.label,
        unit=unit,
        x=grid,
        mean=mean,
        low=low,
        high=high,
        n=counts.astype(np.float64),
        live_until=min(live, end),
    )


def environment_curves(environment: EnvironmentGroups) -> Iterator[Curve]:
    """Every group and axis of one environment."""
    for unit in CURVE_UNITS:
        end = common_end(environment, unit)
        if end is None:
            continue
        for group in environment.groups:
            curve = group_curve(group, unit, end)
            if curve is not None:
                yield curve


def random_return(environment: EnvironmentGroups) -> float | None:
    """The return of acting at random: from runs of the random agent, else as the runs state it."""
    means = [
        float(np.nanmean(run.evaluations.return_mean))
        for group in environment.groups
        if group.is_reference
        for run in group.runs
        if np.isfinite(run.evaluations.return_mean).any()
    ]
    if means:
        return float(np.mean(means))
    stated = [
        run.random_return
        for group in environment.groups
        for run in group.runs
        if run.random_return is not None
    ]
    return stated[0] if stated else None


def _thinned(points: FloatArray) -> FloatArray:
    """At most MAX_POINTS of the points, the first and the last among them."""
    if len(points) <= MAX_POINTS:
        return points
    index = np.unique(np.linspace(0, len(points) - 1, MAX_POINTS).round().astype(int))
    thinned: FloatArray = points[index]
    return thinned
