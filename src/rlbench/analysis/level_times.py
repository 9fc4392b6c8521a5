"""How long the runs of each group took to a level."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.curves import OVERRUN
from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.analysis.quantiles import share_interval
from rlbench.analysis.survival import (
    CensoredTimes,
    expected_running_time,
    finite_horizon,
    identified_until,
    median,
    median_interval,
    restricted_mean,
)
from rlbench.runs.records import UNITS, FloatArray, Run, Unit


@dataclass(frozen=True)
class LevelTime:
    """How long the runs of a group took to a level, in one unit."""

    env: str
    agent: str
    group: str
    level: float
    is_threshold: bool
    unit: Unit
    n_runs: int
    n_reached: int
    success_low: float
    success_high: float
    n_failed: int
    n_unfinished: int  # interrupted, still going or killed
    horizon: float | None  # the restricted mean counts no time beyond this
    restricted_mean: float | None
    median: float | None
    median_low: float | None  # None: the runs leave it open, or are too few
    median_high: float | None
    expected_running_time: float | None
    core_hours_per_solve: float | None  # expected running time × cores, for training seconds only

    @property
    def success_fraction(self) -> float:
        """Runs that reached the level, over all runs."""
        return self.n_reached / self.n_runs


def reached_at(run: Run, level: float, unit: Unit) -> float | None:
    """When a run reached a level; None where it did not."""
    mark = run.reached.get(level)
    return None if mark is None else mark.at.along(unit, run.cores)


def observed_until(run: Run, unit: Unit) -> float:
    """How long a run that did not reach a level was watched.

    A run that was cut off is known only as far as its last evaluation; one that used up its budget
    was evaluated at its end.
    """
    if run.status in ("interrupted", "unfinished"):
        return float(run.evaluations.along(unit)[-1])
    return run.end.along(unit, run.cores)


def censored_times(group: Group, level: float, unit: Unit) -> CensoredTimes | None:
    """The group's times to a level; None where the logs lack this clock.

    A failed run never reaches it. Any other run without the level is censored where it ended.
    """
    times: list[float] = []
    events: list[bool] = []
    previous: list[float] = []
    for run in group.runs:
        mark = run.reached.get(level)
        events.append(mark is not None)
        if mark is not None:
            times.append(mark.at.along(unit, run.cores))
            before = mark.previous or mark.at
            previous.append(before.along(unit, run.cores))
        else:
            failed = run.status == "failed"
            times.append(math.inf if failed else observed_until(run, unit))
            previous.append(times[-1])
    known = not np.isnan([*times, *previous]).any() and min(times, default=0.0) >= 0.0
    reached = [t for t, event in zip(times, events, strict=True) if event]
    if not known or math.inf in reached:
        return None
    return CensoredTimes(times, events, np.clip(previous, 0.0, times))


def curve_times(group: Group, level: float, unit: Unit) -> CensoredTimes | None:
    """The group's times for a product-limit curve; None where the logs lack this clock.

    Runs that use up the same budget end a moment apart, by chance. None of them leaves the curve
    before the last of them has ended, so that who ended first decides nothing.
    """
    times = censored_times(group, level, unit)
    if times is None:
        return None
    last: dict[float | None, float] = {}
    for run in group.runs:
        budget, end = run.budget(unit), run.end.along(unit, run.cores)
        if budget is not None and end <= OVERRUN * budget:
            last[budget] = max(end, last.get(budget, 0.0))
    stays = [
        max(time, last.get(run.budget(unit), 0.0)) if run.was_ended_by_budget(unit) else time
        for time, run in zip(times.time, group.runs, strict=True)
    ]
    return CensoredTimes(np.where(times.event, times.time, stays), times.event, times.previous)


def horizon_of(group: Group, level: float, unit: Unit) -> float:
    """Up to when every run of a group was, or could have been, observed.

    The budget in this unit where there is one; no more than the end of any run that used up its
    budget without the level. A run that stopped because it reached the level had its whole budget.
    Infinite where all reached it and no budget is known in this unit.
    """
    known: list[float] = []
    for run in group.runs:
        budget = run.budget(unit)
        if budget is not None:
            known.append(budget)
        if run.used_its_budget and reached_at(run, level, unit) is None:
            known.append(observed_until(run, unit))
    times = censored_times(group, level, unit)
    known.append(math.inf if times is None else identified_until(times))
    return min(known)


def level_time(group: Group, level: float, unit: Unit) -> LevelTime:
    """Everything about a group's time to one level in one unit."""
    times, on_curve = censored_times(group, level, unit), curve_times(group, level, unit)
    mean: float | None = None
    horizon: float | None = None
    if times is not None:
        horizon = finite_horizon(horizon_of(group, level, unit), times)
        if horizon is not None:
            mean = restricted_mean(times, horizon)
    n_reached = group.count_reached(level)
    median_low, median_high = (None, None) if times is None else median_interval(times)
    success_low, success_high = share_interval(n_reached, len(group.runs))
    expected = (
        None if times is None else expected_running_time(_spent(group, level, unit), n_reached)
    )
    return LevelTime(
        env=group.env,
        agent=group.agent,
        group=group.label,
        level=level,
        is_threshold=level == group.threshold,
        unit=unit,
        n_runs=len(group.runs),
        n_reached=n_reached,
        success_low=success_low,
        success_high=success_high,
        n_failed=group.count("failed"),
        n_unfinished=group.n_unfinished,
        horizon=horizon,
        restricted_mean=mean,
        median=None if on_curve is None else median(on_curve),
        median_low=median_low,
        median_high=median_high,
        expected_running_time=expected,
        core_hours_per_solve=_core_hours(group, expected) if unit == "train_s" else None,
    )


def level_times(environment: EnvironmentGroups) -> Iterator[LevelTime]:
    """Every group, level and unit of one environment."""
    for group in environment.groups:
        for level in group.levels:
            for unit in UNITS:
                yield level_time(group, level, unit)


def _spent(group: Group, level: float, unit: Unit) -> FloatArray:
    """Each run's time until it reached the level, or until it ended."""
    spent = []
    for run in group.runs:
        reached = reached_at(run, level, unit)
        spent.append(run.end.along(unit, run.cores) if reached is None else reached)
    return np.array(spent)


def _core_hours(group: Group, train_s: float | None) -> float | None:
    cores = group.runs[0].cores
    return None if train_s is None or cores is None else train_s * cores / 3600
