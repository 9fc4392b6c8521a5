"""How many times as long one agent takes as another, from two sets of censored times.

    >>> from rlbench.analysis import CensoredTimes, time_ratio
    >>> dqn = CensoredTimes([30.0, 40.0, 50.0], [True, True, True])
    >>> es = CensoredTimes([1.0, 2.0, 3.0], [True, True, True])
    >>> found = time_ratio(baseline=dqn, challenger=es)
    >>> found.ratio, found.low < found.ratio < found.high
    (20.0, True)

The mean over several tasks is geometric, so that twice as fast on one and half as fast on another
come to equally fast.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.bootstrap import percentile_interval, weights_of_strata
from rlbench.analysis.survival import (
    CensoredTimes,
    finite_horizon,
    identified_until,
    log_rank,
    restricted_mean,
    restricted_means,
)
from rlbench.runs.records import FloatArray

UNDEFINED_RESAMPLES = "too many resamples have no ratio"


@dataclass(frozen=True)
class TimeRatio:
    """The baseline's restricted mean time over the challenger's: above 1 the challenger was faster.

    bound: ">=" where no run of the baseline reached the level, "<=" where none of the challenger
    did, "" otherwise. The interval is open to the side to which the ratio is a bound.
    """

    horizon: float | None  # no time counts for more
    baseline_mean: float | None
    challenger_mean: float | None
    ratio: float | None
    low: float | None
    high: float | None
    log_rank_p: float | None  # of the hypothesis that both reach the level at the same rate
    bound: str
    reason: str  # why there is no ratio or no interval; empty where there is nothing to say


def time_ratio(
    baseline: CensoredTimes, challenger: CensoredTimes, horizon: float = math.inf
) -> TimeRatio:
    """The ratio of restricted means at the common horizon, with its 95 % bootstrap interval.

    horizon: up to when every run of both was, or could have been, observed. Nothing is counted
    beyond the last censoring of either side, after which nothing is known.
    """
    common = min(horizon, identified_until(baseline), identified_until(challenger))
    until = finite_horizon(common, baseline, challenger)
    p = log_rank(baseline, challenger)
    if until is None:
        return no_ratio("no time was spent on training", p)
    means = restricted_mean(baseline, until), restricted_mean(challenger, until)
    bound = ""
    reached = [bool(np.any(t.event & (t.time <= until))) for t in (baseline, challenger)]
    if not any(reached):
        return no_ratio("neither reached the level within the common horizon", p, until, means)
    if means[1] <= 0.0:
        return no_ratio("the challenger reached the level before any training", p, until, means)
    if not all(reached):
        bound = "<=" if reached[0] else ">="
    interval, reason = _interval(baseline, challenger, until)
    low, high = interval or (None, None)
    return TimeRatio(
        horizon=until,
        baseline_mean=means[0],
        challenger_mean=means[1],
        ratio=means[0] / means[1],
        # Where one side is a bound, so is its end of the interval: nothing is known beyond.
        low=None if bound == "<=" else low,
        high=None if bound == ">=" else high,
        log_rank_p=p,
        bound=bound,
        reason=reason,
    )


def no_ratio(
    reason: str,
    p: float | None = None,
    horizon: float | None = None,
    means: tuple[float | None, float | None] = (None, None),
) -> TimeRatio:
    """A ratio that does not exist, and why."""
    return TimeRatio(horizon, *means, None, None, None, p, "", reason)


def log_ratio_samples(
    baseline: CensoredTimes,
    challenger: CensoredTimes,
    horizon: float,
    weights: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """Logarithms of the resampled ratios.  # [B]

    weights: how often each run of the baseline, and of the challenger, was drawn.  # each [B, n]
    """
    means = [
        restricted_means(times, horizon, drawn)
        for times, drawn in zip((baseline, challenger), weights, strict=True)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs: FloatArray = np.log(means[0]) - np.log(means[1])
    return logs


def geometric_mean(ratios: Iterable[float]) -> float:
    """The geometric mean of ratios, 1 being the neutral one.

    >>> geometric_mean([2.0, 0.5, 8.0])
    2.0
    """
    return math.exp(float(np.mean([math.log(ratio) for ratio in ratios])))


def geometric_mean_interval(
    log_samples: Sequence[FloatArray], drawn: FloatArray | None = None
) -> tuple[float, float] | None:
    """The 95 % interval of a geometric mean over tasks; None where too many resamples have none.

    log_samples: for each task the logarithms of its resampled ratios.  # E times [B]
    drawn: how often each task itself was drawn in each resample; None: once.  # [B, E]
    """
    samples = np.stack(log_samples)  # [E, B]
    counts = np.ones_like(samples) if drawn is None else drawn.T
    with np.errstate(invalid="ignore"):
        means = np.sum(np.where(counts > 0, counts * samples, 0.0), axis=0) / len(samples)
    interval = percentile_interval(means)
    return None if interval is None else (math.exp(interval[0]), math.exp(interval[1]))


def _interval(
    baseline: CensoredTimes, challenger: CensoredTimes, horizon: float
) -> tuple[tuple[float, float] | None, str]:
    if min(len(baseline), len(challenger)) < 2:
        return None, "one seed gives no interval"
    weights = weights_of_strata((len(baseline), len(challenger)))
    means = [
        restricted_means(times, horizon, drawn)
        for times, drawn in zip((baseline, challenger), weights, strict=True)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        interval = percentile_interval(means[0] / means[1])
    return interval, "" if interval else UNDEFINED_RESAMPLES
