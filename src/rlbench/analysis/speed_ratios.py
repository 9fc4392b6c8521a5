"""The speed ratio: how many times as long the baseline took to a level as the challenger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from rlbench.analysis.groups import EnvironmentGroups, Group, comparable_pairs
from rlbench.analysis.level_times import censored_times
from rlbench.analysis.time_ratios import PairRatios, no_ratio, pair_ratios, time_ratio
from rlbench.runs.records import UNITS, Unit


@dataclass(frozen=True)
class SpeedRatio:
    """The baseline's time over the challenger's; the numbers are those of `TimeRatio`."""

    env: str
    baseline: str  # the label of a group, as `challenger` is
    challenger: str
    level: float
    is_threshold: bool
    unit: Unit
    n_baseline: int
    n_baseline_reached: int
    n_challenger: int
    n_challenger_reached: int
    ratio: float | None
    low: float | None  # None: the runs leave this end open
    high: float | None
    bound: str  # ">=": at least `ratio`, since too few of the baseline were solved; "<=": at most
    least: float  # between which two the ratio must lie: 0 and infinite where it can be any
    most: float
    grid: float | None  # how many times as wide the evaluations' grid makes the interval
    p: float | None  # of the hypothesis that both are equally fast, by the test of the interval
    reason: str  # why there is no ratio, no interval or only a bound; empty else


def speed_ratio(baseline: Group, challenger: Group, level: float, unit: Unit) -> SpeedRatio:
    """The headline number for one pair of groups."""
    times = [censored_times(group, level, unit) for group in (baseline, challenger)]
    if times[0] is None or times[1] is None:
        found = no_ratio("the logs lack this clock")
    else:
        found = time_ratio(times[0], times[1], first_evaluation(baseline, challenger, unit))
    return SpeedRatio(
        env=baseline.env,
        baseline=baseline.label,
        challenger=challenger.label,
        level=level,
        is_threshold=level == baseline.threshold,
        unit=unit,
        n_baseline=len(baseline.runs),
        n_baseline_reached=baseline.count_reached(level),
        n_challenger=len(challenger.runs),
        n_challenger_reached=challenger.count_reached(level),
        **asdict(found),
    )


def speed_pairs(baseline: Group, challenger: Group, level: float, unit: Unit) -> PairRatios:
    """The ratios of all pairs of runs, for two groups that have a speed ratio."""
    times = [censored_times(group, level, unit) for group in (baseline, challenger)]
    assert times[0] is not None and times[1] is not None
    return pair_ratios(times[0], times[1], first_evaluation(baseline, challenger, unit))


def first_evaluation(baseline: Group, challenger: Group, unit: Unit) -> float | None:
    """The latest time by which some run was evaluated after training began for the first time;
    None where none was."""
    first = []
    for run in (*baseline.runs, *challenger.runs):
        times = run.evaluations.along(unit)
        after = times[(run.evaluations.env_steps > 0) & (times > 0.0)]
        first += [float(after[0])] if len(after) else []
    return max(first, default=None)


def speed_ratios(
    environment: EnvironmentGroups, baseline: str | None = None
) -> Iterator[SpeedRatio]:
    """Every comparable pair, shared level and unit of one environment.

    baseline: see `comparable_pairs`.
    """
    for base, challenger in comparable_pairs(environment, baseline):
        for level in sorted(set(base.levels) & set(challenger.levels)):
            for unit in UNITS:
                yield speed_ratio(base, challenger, level, unit)


def threshold_ratios(ratios: Iterable[SpeedRatio], unit: Unit = "train_s") -> list[SpeedRatio]:
    """The ratios to the threshold in one unit."""
    return [ratio for ratio in ratios if ratio.is_threshold and ratio.unit == unit]
