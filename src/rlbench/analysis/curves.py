"""Return against time: each seed a step function on its own timestamps, averaged on real times."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.analysis.mean_curves import mean_curve, step_values
from rlbench.runs.records import FloatArray, Run, Unit

CURVE_UNITS: tuple[Unit, ...] = ("train_s", "env_steps", "train_cpu_s")
BEYOND_LAST = 1.25  # an axis ends at most this far beyond the last evaluation, in parts of its time
GOES_ON = 1.1  # in parts of where an axis ends: no run ends at its budget to the step
OVERRUN = 1.05  # of the budget, until which an evaluation counts as made at it


@dataclass(frozen=True)
class Curve:
    """The mean and the median return of a group against one time axis."""

    env: str
    agent: str
    group: str
    unit: Unit
    x: FloatArray  # [G], times at which some run was evaluated, and the end
    mean: FloatArray  # [G]
    low: FloatArray  # [G], the lowest of the seeds; of scores the interval, NaN without one
    high: FloatArray  # [G]
    n: FloatArray  # [G], seeds behind each point
    live_until: float  # after this every run is carried forward
    median: FloatArray | None = None  # [G], of the seeds; of scores there is none


def run_values(run: Run, unit: Unit, grid: FloatArray) -> FloatArray:
    """The return of the last evaluation at or before each time; NaN before the first.  # [G]

    A run that stopped because it was solved, or failed, keeps its last evaluation for ever: that
    is the policy its user has. Any other run is unknown after its last evaluation.
    """
    return step_values(*evaluated(run, unit), grid, carried_forward(run))


def evaluated(run: Run, unit: Unit) -> tuple[FloatArray, FloatArray]:
    """Times and returns of the evaluations that have both.  # [E], [E]

    The return at the end of a run that used its budget up is of the policy that the budget bought,
    and counts as made at the budget. It is measured after the last batch of training, which ends a
    moment after the budget; where what was trained last was thrown away, the evaluation before
    stands until the budget. A run that trained on for longer than `OVERRUN` keeps its own time.
    """
    x, y = run.evaluations.along(unit), run.evaluations.return_mean
    known = np.isfinite(x) & np.isfinite(y)
    ends_known = len(known) > 0 and bool(known[-1])
    x, y = np.maximum.accumulate(x[known]), y[known]
    budget = run.budget(unit)
    if budget is not None and len(x) and x[-1] <= OVERRUN * budget:
        x = np.minimum(x, budget)
        if ends_known and x[-1] < budget and run.was_ended_by_budget(unit):
            x, y = np.append(x, budget), np.append(y, y[-1])
    return x, y


def carried_forward(run: Run) -> bool:
    """Whether a run's last return stands for all later times."""
    return run.stopped_when_solved or run.status == "failed"


def group_end(group: Group, unit: Unit) -> float:
    """The group's horizon on one axis: its budget, or where the first run used its budget up."""
    known = [math.inf]
    for run in group.runs:
        budget = run.budget(unit)
        if budget is not None:
            known.append(budget)
        x, _ = evaluated(run, unit)
        if run.used_its_budget and len(x):
            known.append(float(x[-1]))
    return min(known)


def common_end(environment: EnvironmentGroups, unit: Unit) -> float | None:
    """Where the curves of an environment's contenders end; see `curves_end`."""
    return curves_end(environment.contenders or environment.groups, unit)


def curves_end(groups: Sequence[Group], unit: Unit) -> float | None:
    """Where the curves of some groups end: at their common horizon, and soon after the last
    evaluation of all. None where there is no evaluation on this axis."""
    last = [
        float(x[-1]) for group in groups for run in group.runs if len(x := evaluated(run, unit)[0])
    ]
    if not last:
        return None
    return min([group_end(group, unit) for group in groups] + [BEYOND_LAST * max(last)])


def cut_by(environment: EnvironmentGroups, unit: Unit) -> Group | None:
    """The group whose budget ends the curves although other runs went on for long beyond it; None
    where the curves show all."""
    groups = environment.contenders or environment.groups
    end = curves_end(groups, unit)
    last = [float(x[-1]) for g in groups for r in g.runs if len(x := evaluated(r, unit)[0])]
    if end is None or max(last) <= GOES_ON * end:
        return None
    return min(groups, key=lambda group: group_end(group, unit))


def group_curve(group: Group, unit: Unit, end: float) -> Curve | None:
    """The group's mean curve with its range up to `end`; None without an evaluation there."""
    runs = [evaluated(run, unit) for run in group.runs]
    found = mean_curve(runs, end, [carried_forward(run) for run in group.runs])
    if found is None:
        return None
    live = max((float(x[-1]) for x, _ in runs if len(x)), default=0.0)
    return Curve(
        env=group.env,
        agent=group.agent,
        group=group.label,
        unit=unit,
        x=found.x,
        mean=found.mean,
        low=found.low,
        high=found.high,
        n=found.n,
        live_until=min(live, end),
        median=found.median,
    )


def environment_curves(environment: EnvironmentGroups) -> Iterator[Curve]:
    """Every group and axis of one environment, up to where its contenders' curves end."""
    for unit in CURVE_UNITS:
        end = common_end(environment, unit)
        if end is None:
            continue
        for group in environment.groups:
            curve = group_curve(group, unit, end)
            if curve is not None:
                yield curve


def random_return(environment: EnvironmentGroups, fingerprint: str | None = None) -> float | None:
    """The return of acting at random: the mean of the final returns of the random agent's runs.

    fingerprint: of the runs that count; None: all of them. None where there is no such run.
    """
    finals = [
        float(known[-1])
        for group in environment.groups
        if group.is_reference
        for run in group.runs
        if fingerprint in (None, run.fingerprint)
        and len(known := run.evaluations.return_mean[np.isfinite(run.evaluations.return_mean)])
    ]
    return float(np.mean(finals)) if finals else None
