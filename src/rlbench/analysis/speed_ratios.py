"""The speed ratio: how many times as long the baseline took to a level as the challenger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from rlbench.analysis.groups import EnvironmentGroups, Group, comparable_pairs
from rlbench.analysis.level_times import censored_times, horizon_of
from rlbench.analysis.time_ratios import no_ratio, time_ratio
from rlbench.runs.records import UNITS, Unit


@dataclass(frozen=True)
class SpeedRatio:
    """The baseline's restricted mean time over the challenger's, at their common horizon."""

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
    horizon: float | None
    baseline_mean: float | None
    challenger_mean: float | None
    ratio: float | None
    low: float | None
    high: float | None
    log_rank_p: float | None  # of the hypothesis that both reach the level at the same rate
    bound: str  # ">=": the baseline never reached the level, "<=": the challenger never did, or ""
    reason: str  # why there is no ratio or no interval; empty where there is nothing to say

    def could_show(self, factor: float) -> bool:
        """Whether the horizon leaves room for a ratio of `factor`. A run of the baseline that did
        not reach the level counts the horizon, so the ratio cannot exceed the horizon over the
        challenger's mean: below the factor that refutes nothing."""
        if (
            self.n_baseline_reached == self.n_baseline
            or not self.challenger_mean
            or self.horizon is None
        ):
            return True
        return self.horizon / self.challenger_mean >= factor


def speed_ratio(baseline: Group, challenger: Group, level: float, unit: Unit) -> SpeedRatio:
    """The headline number for one pair of groups."""
    times = [censored_times(group, level, unit) for group in (baseline, challenger)]
    if times[0] is None or times[1] is None:
        found = no_ratio("the logs lack this clock")
    else:
        common = min(horizon_of(group, level, unit) for group in (baseline, challenger))
        found = time_ratio(times[0], times[1], common)
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
