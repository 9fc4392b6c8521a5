"""The speed ratio: how many times as long the baseline took to a level as the challenger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.bootstrap import percentile_interval, weights_of_strata
from rlbench.analysis.groups import EnvironmentGroups, Group, comparable_pairs
from rlbench.analysis.level_times import censored_times, finite_horizon, horizon_of
from rlbench.analysis.survival import CensoredTimes, log_rank, restricted_mean
from rlbench.runs.records import UNITS, Unit


@dataclass(frozen=True)
class SpeedRatio:
    """Restricted mean time of DQN over that of ES, at their common horizon."""

    env: str
    baseline: str
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
    log_rank_p: float | None  # of the hypothesis that both get there at the same rate
    bound: str  # ">=": DQN never got there, "<=": ES never did, "": neither
    reason: str  # why there is no ratio or no interval; empty where there is nothing to say

    def could_show(self, factor: float) -> bool:
        """Whether the horizon leaves room for a ratio of `factor`. A run of DQN that did not get
        there counts the horizon, so the ratio cannot exceed horizon over mean of ES: below the
        factor that refutes nothing."""
        if (
            self.n_baseline_reached == self.n_baseline
            or not self.challenger_mean
            or self.horizon is None
        ):
            return True
        return self.horizon / self.challenger_mean >= factor


def speed_ratio(dqn: Group, es: Group, level: float, unit: Unit) -> SpeedRatio:
    """The headline number for one pair of groups."""
    dqn_times = censored_times(dqn, level, unit)
    es_times = censored_times(es, level, unit)
    n_baseline = sum(run.reached.get(level) is not None for run in dqn.runs)
    n_challenger = sum(run.reached.get(level) is not None for run in es.runs)
    horizon: float | None = None
    means: tuple[float, float] | None = None
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    bound = reason = ""
    if dqn_times is None or es_times is None:
        reason = "the logs lack this clock"
    else:
        common = min(horizon_of(dqn, level, unit), horizon_of(es, level, unit))
        horizon = finite_horizon(common, dqn_times, es_times)
    if horizon is not None and dqn_times is not None and es_times is not None:
        means = (_plain_mean(dqn_times, horizon), _plain_mean(es_times, horizon))
        dqn_within, es_within = _any_within(dqn_times, horizon), _any_within(es_times, horizon)
        if not dqn_within and not es_within:
            reason = "neither got there within the common horizon"
        elif means[1] <= 0.0:
            reason = "ES got there before any training"
        else:
            ratio = means[0] / means[1]
            bound = ">=" if not dqn_within else "<=" if not es_within else ""
            interval, reason = _ratio_interval(dqn_times, es_times, horizon)
    elif not reason:
        reason = "no time was spent on training"
    low, high = interval or (None, None)
    return SpeedRatio(
        env=dqn.env,
        baseline=dqn.label,
        challenger=es.label,
        level=level,
        is_threshold=level == dqn.threshold,
        unit=unit,
        n_baseline=len(dqn.runs),
        n_baseline_reached=n_baseline,
        n_challenger=len(es.runs),
        n_challenger_reached=n_challenger,
        horizon=horizon,
        baseline_mean=None if means is None else means[0],
        challenger_mean=None if means is None else means[1],
        ratio=ratio,
        # Where one side is a bound, so is its end of the interval: nothing is known beyond.
        low=None if bound == "<=" else low,
        high=None if bound == ">=" else high,
        log_rank_p=(
            None if dqn_times is None or es_times is None else log_rank(dqn_times, es_times)
        ),
        bound=bound,
        reason=reason,
    )


def speed_ratios(
    environment: EnvironmentGroups, baseline: str | None = None
) -> Iterator[SpeedRatio]:
    """Every comparable pair, shared level and unit of one environment."""
    for dqn, es in comparable_pairs(environment, baseline):
        for level in sorted(set(dqn.levels) & set(es.levels)):
            for unit in UNITS:
                yield speed_ratio(dqn, es, level, unit)


def threshold_ratios(ratios: Sequence[SpeedRatio], unit: Unit = "train_s") -> list[SpeedRatio]:
    """The ratios to the threshold in one unit."""
    return [ratio for ratio in ratios if ratio.is_threshold and ratio.unit == unit]


def _ratio_interval(
    dqn: CensoredTimes, es: CensoredTimes, horizon: float
) -> tuple[tuple[float, float] | None, str]:
    if len(dqn) < 2 or len(es) < 2:
        return None, "one seed gives no interval"
    dqn_weights, es_weights = weights_of_strata((len(dqn), len(es)))
    dqn_means = restricted_mean(dqn, horizon, dqn_weights)
    es_means = restricted_mean(es, horizon, es_weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        interval = percentile_interval(dqn_means / es_means)
    return interval, "" if interval else "too many resamples have no ratio"


def _plain_mean(times: CensoredTimes, horizon: float) -> float:
    return float(restricted_mean(times, horizon, np.ones((1, len(times))))[0])


def _any_within(times: CensoredTimes, horizon: float) -> bool:
    return bool(np.any(times.event & (times.time <= horizon)))
