"""Times that may be censored: the product-limit estimate and what follows from it.

Of a run that had not reached a level when it ended we know only that it needs longer. Leaving it
out, or giving it the time at which it ended without saying so, would flatter its agent.

    >>> from rlbench.analysis import CensoredTimes, log_rank, product_limit, restricted_mean
    >>> times = CensoredTimes([3.0, 2.0, 1.0, 4.0], [True, False, True, True])  # one lost at 2 s
    >>> restricted_mean(times, horizon=4.0)
    2.875
    >>> product_limit(times).share.tolist()  # not yet there after 1, 2, 3 and 4 s
    [0.75, 0.75, 0.375, 0.0]
    >>> log_rank(times, CensoredTimes([5.0, 6.0, 7.0], [True] * 3)) < 0.05
    True

Formulas: Kaplan & Meier 1958 (J. Am. Stat. Assoc. 53); restricted mean: Irwin 1949, Royston &
Parmar 2013 (BMC Med. Res. Methodol. 13:152); expected running time: Hansen et al. 2009, COCO;
log-rank test: Mantel 1966 (Cancer Chemother. Rep. 50:163); interval of a share: Wilson 1927;
intervals of the curve: Greenwood 1926 on the log-log scale (Kalbfleisch & Prentice 1980, eq. 1.14);
of the median: Brookmeyer & Crowley 1982 (Biometrics 38:29).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench.analysis.bootstrap import percentile_interval, weights_of_strata
from rlbench.runs.records import FloatArray

Z_95 = 1.959963984540054  # the normal distribution's 97.5 % point


@dataclass(frozen=True)
class CensoredTimes:
    """For each run a time, and whether the event happened then or observation ended then."""

    time: FloatArray  # [n], infinite for a run that is known never to reach the level
    event: NDArray[np.bool_]  # [n]

    def __init__(self, time: ArrayLike, event: ArrayLike) -> None:
        object.__setattr__(self, "time", np.asarray(time, dtype=np.float64))
        object.__setattr__(self, "event", np.asarray(event, dtype=np.bool_))
        if self.time.ndim != 1 or self.time.shape != self.event.shape:
            raise ValueError(
                f"time and event: got shapes {self.time.shape} and {self.event.shape}; takes two "
                "of the same length"
            )

    def __len__(self) -> int:
        return len(self.time)


def survival(times: CensoredTimes, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The product-limit estimate, for many weightings of the runs at once: the times in ascending
    order [n] (events before censorings at a tie), and the share that has not reached the level
    just after each [B, n].

    weights: how often each run counts.  # [B, n]
    """
    order = np.lexsort((~times.event, times.time))
    drawn = weights[:, order]  # [B, n]
    at_risk = np.cumsum(drawn[:, ::-1], axis=1)[:, ::-1]
    hazard = np.divide(drawn, at_risk, out=np.zeros_like(drawn), where=at_risk > 0)
    happened = times.event[order].astype(np.float64)
    share = np.cumprod(1.0 - hazard * happened, axis=1, dtype=np.float64)
    return times.time[order], share


@dataclass(frozen=True)
class ProductLimit:
    """The product-limit curve of some runs at the times at which something happened."""

    time: FloatArray  # [k], ascending, distinct, finite
    at_risk: NDArray[np.int64]  # [k], runs still under way just before
    reached: NDArray[np.int64]  # [k], runs that reached the level then
    censored: NDArray[np.int64]  # [k], runs last seen then
    share: FloatArray  # [k], the share that has not reached it just after
    low: FloatArray  # [k], 95 % pointwise, NaN where the formula gives none
    high: FloatArray  # [k]


def product_limit(times: CensoredTimes) -> ProductLimit:
    """The curve with pointwise 95 % intervals.

    Greenwood's variance sum d / (n (n - d)) is carried to the scale of log(-log(share)), where an
    interval cannot leave [0, 1]. While no run has reached the level, once all have, and with one
    run, it gives no interval.
    """
    moments = np.unique(times.time[np.isfinite(times.time)])
    at_risk = np.array([np.count_nonzero(times.time >= t) for t in moments], dtype=np.int64)
    reached = np.array(
        [np.count_nonzero(times.event & (times.time == t)) for t in moments], dtype=np.int64
    )
    censored = np.array(
        [np.count_nonzero(~times.event & (times.time == t)) for t in moments], dtype=np.int64
    )
    share: FloatArray = np.cumprod(1.0 - reached / at_risk, dtype=np.float64)
    low, high = np.full(len(moments), math.nan), np.full(len(moments), math.nan)
    inner = (share < 1.0) & (share > 0.0)  # from the first event on; n > d all along
    variance = np.cumsum((reached / (at_risk * np.maximum(at_risk - reached, 1)))[share > 0.0])
    log_share = np.log(share[inner])
    spread = Z_95 * np.sqrt(variance[inner[share > 0.0]]) / np.abs(log_share)
    low[inner], high[inner] = (
        np.exp(log_share * np.exp(spread)),
        np.exp(log_share * np.exp(-spread)),
    )
    return ProductLimit(moments, at_risk, reached, censored, share, low, high)


def restricted_mean(times: CensoredTimes, horizon: float) -> float:
    """Area under the product-limit curve from 0 to `horizon`.

    Without censoring before the horizon this is the plain mean of min(time, horizon): a run that
    did not reach the level counts the whole horizon. After the last observation the curve stays
    level.
    """
    return float(restricted_means(times, horizon, np.ones((1, len(times))))[0])


def restricted_means(times: CensoredTimes, horizon: float, weights: FloatArray) -> FloatArray:
    """The restricted mean for many weightings of the runs at once.  # [B]

    weights: how often each run counts.  # [B, n]
    """
    cut = CensoredTimes(np.minimum(times.time, horizon), times.event & (times.time <= horizon))
    ascending, share = survival(cut, weights)
    widths = np.diff(ascending, append=horizon)  # [n]
    area: FloatArray = ascending[0] + share @ widths
    return area


def restricted_mean_interval(times: CensoredTimes, horizon: float) -> tuple[float, float] | None:
    """The 95 % bootstrap interval of the restricted mean; None with fewer than two runs."""
    if len(times) < 2:
        return None
    (weights,) = weights_of_strata((len(times),))
    return percentile_interval(restricted_means(times, horizon, weights))


def identified_until(times: CensoredTimes) -> float:
    """Up to when the product-limit curve is known.

    Infinite where it falls to 0 or a run is known never to reach the level; otherwise the last
    censoring, after which nothing was observed.
    """
    last_event = max((t for t, e in zip(times.time, times.event, strict=True) if e), default=-1.0)
    last_censoring = max(
        (t for t, e in zip(times.time, times.event, strict=True) if not e), default=-1.0
    )
    return math.inf if last_event >= last_censoring else float(last_censoring)


def finite_horizon(horizon: float, *times: CensoredTimes) -> float | None:
    """A horizon up to which a mean can be taken: the last known time where `horizon` is infinite.
    None where nothing was timed."""
    if math.isinf(horizon):
        finite = [float(t) for part in times for t in part.time if math.isfinite(t)]
        return max(finite, default=None)
    return horizon if horizon > 0.0 else None


def median(times: CensoredTimes) -> float | None:
    """The first time at which at most half have not reached the level; None where there is none."""
    ascending, share = survival(times, np.ones((1, len(times))))
    below = np.flatnonzero(share[0] <= 0.5 + 1e-12)
    if not len(below):
        return None
    found = float(ascending[below[0]])
    return found if math.isfinite(found) else None


def median_interval(times: CensoredTimes) -> tuple[float | None, float | None]:
    """Brookmeyer & Crowley's 95 % interval: the times at which the curve's interval holds one half.

    From when the lower limit of the curve is at or below one half, until when the upper limit is;
    None for an end that the curve never settles. Five runs never settle the upper one.
    """
    curve = product_limit(times)

    def first(limit: FloatArray) -> float | None:
        below = np.flatnonzero(limit <= 0.5)
        return float(curve.time[below[0]]) if len(below) else None

    return first(curve.low), first(curve.high)


def expected_running_time(spent: FloatArray, successes: int) -> float | None:
    """Total time of all runs over the number of successes; None without a success.

    spent: each run's time until it reached the level, or until it ended.  # [n]
    """
    return float(np.sum(spent)) / successes if successes else None


def log_rank(one: CensoredTimes, other: CensoredTimes) -> float | None:
    """Two-sided p-value of the log-rank test that both reach the level at the same rate.

    At each time at which a run reaches it, the number of `one` among those that do is compared with
    its hypergeometric mean and variance given which runs were still under way; the squared sum over
    its variance is chi-squared with one degree of freedom. None where no run reaches it, or where
    at each such time runs of only one side were still observed.
    """
    excess = variance = 0.0
    for time in np.unique(np.concatenate([one.time[one.event], other.time[other.event]])):
        at_risk = float(np.count_nonzero(one.time >= time))
        all_at_risk = at_risk + float(np.count_nonzero(other.time >= time))
        there = float(np.count_nonzero(one.event & (one.time == time)))
        all_there = there + float(np.count_nonzero(other.event & (other.time == time)))
        share = at_risk / all_at_risk
        excess += there - all_there * share
        if all_at_risk > 1:
            left = (all_at_risk - all_there) / (all_at_risk - 1)
            variance += all_there * share * (1 - share) * left
    return math.erfc(abs(excess) / math.sqrt(2 * variance)) if variance > 0 else None


def share_interval(successes: int, runs: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, given `successes` of `runs`; known also at 0 and 1."""
    share, z = successes / runs, Z_95
    centre = share + z**2 / (2 * runs)
    half = z * math.sqrt(share * (1 - share) / runs + z**2 / (4 * runs**2))
    scale = 1 + z**2 / runs
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
