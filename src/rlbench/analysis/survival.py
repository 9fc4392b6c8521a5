"""Times that may be censored: the product-limit estimate and what follows from it.

Of a run that had not reached a level when it ended we know only that it needs longer. Leaving it
out, or giving it the time at which it ended without saying so, would flatter its agent.

    >>> from rlbench.analysis import CensoredTimes, product_limit, restricted_mean
    >>> times = CensoredTimes([3.0, 2.0, 1.0, 4.0], [True, False, True, True])  # one lost at 2 s
    >>> restricted_mean(times, horizon=4.0)
    2.875
    >>> product_limit(times).share.tolist()  # not yet there after 1, 2, 3 and 4 s
    [0.75, 0.75, 0.375, 0.0]

Formulas: Kaplan & Meier 1958 (J. Am. Stat. Assoc. 53); restricted mean: Irwin 1949, Royston &
Parmar 2013 (BMC Med. Res. Methodol. 13:152); expected running time: Hansen et al. 2009, COCO.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench.analysis.inputs import flags, instance, number, numbers
from rlbench.analysis.quantiles import at_least, share_interval
from rlbench.runs.records import FloatArray

MEDIAN_MISSES = 0.07  # whole ranks leave a choice: 6.25 of 100 at five runs, 2.1 or 11 at ten


@dataclass(frozen=True)
class CensoredTimes:
    """For each run a time, and whether the event happened then or observation ended then.

    previous: up to when the event is known not to have happened, so that its true time lies in
    (previous, time]; None: the times are exact.

    Raises ValueError for times that are NaN or negative, for an event at an infinite time, for a
    previous time after it, and for lists of different lengths.
    """

    time: FloatArray  # [n], infinite for a run that is known never to reach the level
    event: NDArray[np.bool_]  # [n]
    previous: FloatArray  # [n], of a run without the event the same as its time

    def __init__(
        self, time: ArrayLike, event: ArrayLike, previous: ArrayLike | None = None
    ) -> None:
        times, events = numbers("time", time, least=0.0, infinite=True), flags("event", event)
        before = times
        if previous is not None:  # without the event it may be anything, as it is not used
            before = numbers("previous", previous, nan=True, infinite=True)
        if not times.shape == events.shape == before.shape:
            raise ValueError(
                f"time, event and previous: got {len(times)}, {len(events)} and {len(before)} "
                "items; takes lists of the same length"
            )
        if np.isinf(times[events]).any():
            raise ValueError("time: got inf with an event; takes the time of the event")
        if not ((before >= 0.0) & (before <= times))[events].all():
            raise ValueError(
                f"previous: got {before[events].tolist()}; takes times from 0 to that of the event"
            )
        object.__setattr__(self, "time", times)
        object.__setattr__(self, "event", events)
        object.__setattr__(self, "previous", np.where(events, before, times))

    def __len__(self) -> int:
        return len(self.time)

    @property
    def latest(self) -> FloatArray:
        """The latest that each true time can be: infinite without the event.  # [n]"""
        found: FloatArray = np.where(self.event, self.time, np.inf)
        return found


def survival(times: CensoredTimes) -> tuple[FloatArray, FloatArray]:
    """The product-limit estimate: the times in ascending order (events before censorings at a
    tie), and the share that has not reached the level just after each.  # [n], [n]
    """
    order = np.lexsort((~times.event, times.time))
    at_risk = np.arange(len(times), 0, -1)
    share: FloatArray = np.cumprod(1.0 - times.event[order] / at_risk, dtype=np.float64)
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
    """The curve with exact pointwise 95 % intervals.

    Just after each time so many of all runs are known to have reached the level, and those that
    were last seen before may have. The interval holds what Clopper & Pearson give for any number
    between.
    """
    instance("times", times, CensoredTimes)
    moments = np.unique(times.time[np.isfinite(times.time)])
    at_risk = np.array([np.count_nonzero(times.time >= t) for t in moments], dtype=np.int64)
    reached = np.array(
        [np.count_nonzero(times.event & (times.time == t)) for t in moments], dtype=np.int64
    )
    censored = np.array(
        [np.count_nonzero(~times.event & (times.time == t)) for t in moments], dtype=np.int64
    )
    share: FloatArray = np.cumprod(1.0 - reached / at_risk, dtype=np.float64)
    known = np.cumsum(reached)
    lost = np.cumsum(censored)
    runs = len(times)
    low = [1.0 - share_interval(int(most), runs)[1] for most in known + lost]
    high = [1.0 - share_interval(int(fewest), runs)[0] for fewest in known]
    return ProductLimit(moments, at_risk, reached, censored, share, np.array(low), np.array(high))


def restricted_mean(times: CensoredTimes, horizon: float) -> float:
    """Area under the product-limit curve from 0 to `horizon`.

    Without censoring before the horizon this is the plain mean of min(time, horizon): a run that
    did not reach the level counts the whole horizon. After the last observation the curve stays
    level.

    Raises ValueError without a run, and for a horizon that is negative or not finite.
    """
    instance("times", times, CensoredTimes)
    if not len(times):
        raise ValueError("times: got no run; takes at least one")
    horizon = number("horizon", horizon, least=0.0)
    cut = CensoredTimes(np.minimum(times.time, horizon), times.event & (times.time <= horizon))
    ascending, share = survival(cut)
    return float(ascending[0] + share @ np.diff(ascending, append=horizon))


def identified_until(times: CensoredTimes) -> float:
    """Up to when the product-limit curve is known.

    Infinite where it falls to 0 or a run is known never to reach the level; otherwise the last
    censoring, after which nothing was observed.
    """
    last_event = max((t for t, e in zip(times.time, times.event, strict=True) if e), default=-1.0)
    last_censoring = max(
        (t for t, e in zip(times.time, times.event, strict=True) if not e), default=-1.0
    )
    return math.inf if last_event > last_censoring or not len(times) else float(last_censoring)


def finite_horizon(horizon: float, *times: CensoredTimes) -> float | None:
    """A horizon up to which a mean can be taken: the last known time where `horizon` is infinite.
    None where nothing was timed."""
    if math.isinf(horizon):
        finite = [float(t) for part in times for t in part.time if math.isfinite(t)]
        return max(finite, default=None)
    return horizon if horizon > 0.0 else None


def median(times: CensoredTimes) -> float | None:
    """The first time at which at most half have not reached the level; None where there is none."""
    instance("times", times, CensoredTimes)
    ascending, share = survival(times)
    below = np.flatnonzero(share <= 0.5 + 1e-12)
    if not len(below):
        return None
    found = float(ascending[below[0]])
    return found if math.isfinite(found) else None


def median_interval(times: CensoredTimes) -> tuple[float | None, float | None]:
    """The interval of the median between two of the sorted times (the sign test's), which covers
    in at least 93 of 100 samples whatever the times' distribution: five runs' extremes in 93.75.

    None for an end that the runs leave open, and for both with fewer than five runs. A run without
    the event counts with the time it was watched at the lower end and as infinite at the upper.
    """
    instance("times", times, CensoredTimes)
    rank = median_rank(len(times))
    if rank is None:
        return None, None
    low = float(np.sort(times.time)[rank - 1])
    high = float(np.sort(times.latest)[-rank])
    return (low if math.isfinite(low) else None), (high if math.isfinite(high) else None)


def median_rank(runs: int) -> int | None:
    """From the how-many-th smallest to the how-many-th largest of so many values the interval of
    their median reaches."""
    missed = [at_least(runs - rank + 1, runs, 0.5) for rank in range(1, runs // 2 + 1)]
    return sum(2.0 * chance <= MEDIAN_MISSES for chance in missed) or None


def expected_running_time(spent: FloatArray, successes: int) -> float | None:
    """Total time of all runs over the number of successes; None without a success.

    spent: each run's time until it reached the level, or until it ended.  # [n]
    """
    return float(np.sum(spent)) / successes if successes else None
