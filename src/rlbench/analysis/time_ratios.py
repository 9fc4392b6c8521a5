"""How many times as long one agent takes as another, from two sets of times.

The ratio is the median over all pairs of a baseline's run and a challenger's of the first one's
time over the second one's: the estimate of Hodges & Lehmann (1963) for a factor between times. Its
95 % interval lies between two of the sorted pairs, the exact rank-sum test turned round: it holds
the factor in at least 95 of 100 experiments where the two agents' times differ by a factor,
whatever their distribution.

    >>> from rlbench.analysis import CensoredTimes, time_ratio
    >>> dqn = CensoredTimes([30.0, 40.0, 50.0, 55.0], [True] * 4)
    >>> es = CensoredTimes([1.0, 2.0, 3.0, 5.0], [True] * 4)
    >>> found = time_ratio(baseline=dqn, challenger=es)
    >>> round(found.ratio, 1), found.low, found.high
    (17.5, 6.0, 55.0)

A run that had not reached the level when it ended needs longer by an unknown amount. Each pair
has the least and the most that its ratio can be, the lower end comes from the least and the upper
end from the most. So an interval holds every interval that longer runs would have given, and where
too little is known an end is open:

    >>> dqn = CensoredTimes([30.0, 40.0, 60.0, 60.0], [True, True, False, False])
    >>> found = time_ratio(baseline=dqn, challenger=es)
    >>> found.low, found.high
    (6.0, None)

In the same way a time that was seen only between two evaluations counts with both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.inputs import instance, number
from rlbench.analysis.rank_sum import ends_left_out, two_sided_p
from rlbench.analysis.survival import CensoredTimes
from rlbench.runs.records import FloatArray


@dataclass(frozen=True)
class PairRatios:
    """The least and the most that the ratio of each pair of runs can be, each sorted.

    A pair of which nothing is known has 0 and infinity.
    """

    least: FloatArray  # [n m]
    most: FloatArray  # [n m]
    baseline_runs: int
    challenger_runs: int

    def interval(self) -> tuple[float | None, float | None]:
        """The 95 % interval, None for an open end; both None with too few runs."""
        left_out = ends_left_out(self.baseline_runs, self.challenger_runs)
        if left_out is None:
            return None, None
        low, high = float(self.least[left_out]), float(self.most[-1 - left_out])
        return (low if low > 0.0 else None), (high if math.isfinite(high) else None)

    def p(self) -> float:
        """The p-value of the test whose interval this is, that both are equally fast: the largest
        that the unknown times leave possible. It is at most 0.05 just where the interval lies on
        one side of 1."""
        against = min(np.count_nonzero(self.least <= 1.0), np.count_nonzero(self.most >= 1.0))
        return two_sided_p(self.baseline_runs, self.challenger_runs, int(against))

    def medians(self) -> tuple[float, float]:
        """The least and the most that the median pair can be."""
        return _median(self.least), _median(self.most)


@dataclass(frozen=True)
class TimeRatio:
    """The baseline's time over the challenger's: above 1 the challenger was faster.

    bound: ">=" where so many runs of the baseline are unsolved that the median pair has no upper
    limit; "<=" where so many of the challenger are; "" otherwise.
    least, most: between which two the ratio must lie, whatever unsolved runs would have needed and
    whenever runs were solved between two evaluations.
    grid: how many times as far apart the ends of the interval are as they would be, had each run
    reached the level just at the evaluation that showed it; infinite where that opens an end, None
    without an interval.
    """

    ratio: float | None
    low: float | None
    high: float | None
    bound: str
    least: float
    most: float
    grid: float | None
    p: float | None  # of the hypothesis that both are equally fast, by the test of the interval
    reason: str  # why there is no ratio, no interval or only a bound; empty else


def time_ratio(
    baseline: CensoredTimes, challenger: CensoredTimes, first: float | None = None
) -> TimeRatio:
    """The ratio with its interval.

    first: the time of the first evaluation after training began. A run that had reached the level
    before any training (at time 0) counts as one that reached it between 0 and there, for no
    schedule tells shorter times apart. None: the shortest time of all that is above 0.

    Raises ValueError for a `first` that is negative or not finite.
    """
    instance("baseline", baseline, CensoredTimes)
    instance("challenger", challenger, CensoredTimes)
    first = None if first is None else number("first", first, least=0.0)
    sides = {"baseline": baseline, "challenger": challenger}
    if not any(side.event.any() for side in sides.values()):
        return no_ratio("neither reached the level")
    for name, side in sides.items():
        if not np.isfinite(side.time).any():
            return no_ratio(f"every run of the {name} failed")
    if all(map(_solved_before_training, sides.values())):
        return no_ratio("both were solved before any training")
    started = first or _shortest(baseline, challenger)
    if started is None:
        return no_ratio("no time was spent on training")
    pairs = pair_ratios(baseline, challenger, started)
    exact = [CensoredTimes(side.time, side.event) for side in sides.values()]
    seen = pair_ratios(exact[0], exact[1], started)
    ratio, bound = _estimate(*seen.medians())
    least, most = pairs.medians()
    low, high = pairs.interval()
    return TimeRatio(
        ratio=ratio,
        low=None if ratio is None else low,
        high=None if ratio is None else high,
        bound=bound,
        least=least,
        most=most,
        grid=None if ratio is None else _widening((low, high), seen.interval()),
        p=None if ratio is None else pairs.p(),
        reason=_reason(baseline, challenger, ratio, (low, high), seen.interval()),
    )


def no_ratio(reason: str) -> TimeRatio:
    """A ratio that does not exist, and why."""
    return TimeRatio(None, None, None, "", 0.0, math.inf, None, None, reason)


def pair_ratios(
    baseline: CensoredTimes, challenger: CensoredTimes, first: float | None = None
) -> PairRatios:
    """The ratios of all pairs of runs, each side with a run that did not fail.

    first: see `time_ratio`.
    """
    started = first or _shortest(baseline, challenger) or 1.0
    base, other = _after_start(baseline, started), _after_start(challenger, started)
    with np.errstate(divide="ignore"):
        least = base.previous[:, None] / other.latest
        most = base.latest[:, None] / other.previous
    return PairRatios(np.sort(least.ravel()), np.sort(most.ravel()), len(base), len(other))


def _estimate(least: float, most: float) -> tuple[float | None, str]:
    """One number for a ratio that lies between two, and of what it is a bound: the middle, or the
    end that is known, or None where neither is."""
    if least <= 0.0:
        return (most, "<=") if math.isfinite(most) else (None, "")
    return (geometric_middle(least, most), "") if math.isfinite(most) else (least, ">=")


def geometric_middle(low: float, high: float) -> float:
    """The geometric mean of two numbers, without overflow; of two equal ones just that.

    >>> geometric_middle(4.0, 9.0)
    6.0
    """
    return low if low == high else math.sqrt(low) * math.sqrt(high)


def _median(ascending: FloatArray) -> float:
    """The median; of two in the middle the geometric mean."""
    middle = len(ascending) // 2
    if len(ascending) % 2:
        return float(ascending[middle])
    return geometric_middle(float(ascending[middle - 1]), float(ascending[middle]))


def _shortest(*sides: CensoredTimes) -> float | None:
    """The shortest time that is known and above 0."""
    every = np.concatenate([part for side in sides for part in (side.time, side.previous)])
    positive = every[(every > 0.0) & np.isfinite(every)]
    return float(positive.min()) if len(positive) else None


def _after_start(times: CensoredTimes, first: float) -> CensoredTimes:
    """Times without 0, and without infinity where a run was watched no longer than others.

    A failed run never reaches the level; to say by how much it is slower than another it counts as
    watched as long as any run of its agent.
    """
    longest = float(np.max(times.time[np.isfinite(times.time)]))
    time = np.where(times.event & (times.time <= 0.0), first, np.minimum(times.time, longest))
    return CensoredTimes(time, times.event, np.minimum(times.previous, time))


def _widening(
    ends: tuple[float | None, float | None], seen: tuple[float | None, float | None]
) -> float | None:
    """By what factor the grid of evaluations moves the ends apart."""
    if seen == (None, None):
        return None
    factor = 1.0
    for outer, inner, sign in zip(ends, seen, (-1, 1), strict=True):
        if inner is not None:
            factor *= math.inf if outer is None else (outer / inner) ** sign
    return factor


def _reason(
    baseline: CensoredTimes,
    challenger: CensoredTimes,
    ratio: float | None,
    ends: tuple[float | None, float | None],
    seen: tuple[float | None, float | None],
) -> str:
    """Why there is no ratio or no interval. ends, seen: of the interval with the grid of
    evaluations and without."""
    words = []
    untrained = any((side.event & (side.time <= 0.0)).any() for side in (baseline, challenger))
    all_reached = bool(baseline.event.all() and challenger.event.all())
    most_reached = all(2 * side.event.sum() > len(side) for side in (baseline, challenger))
    if ratio is None and untrained and most_reached:
        return "too many were solved untrained"
    if ratio is None:
        words.append("too few runs reached the level")
    elif ends_left_out(len(baseline), len(challenger)) is None:
        words.append(f"{len(baseline)} and {len(challenger)} seeds are too few for a 95 % interval")
    elif ends == (None, None):
        causes = []
        if not all_reached:
            causes.append("unsolved runs")
        if untrained:
            causes.append("runs that were solved before any training")
        if seen != (None, None):
            causes.append("evaluations that lie far apart")
        words.append(f"{' and '.join(causes)} leave both ends of the interval open")
    for side, times in (("baseline", baseline), ("challenger", challenger)):
        if _solved_before_training(times):
            words.append(f"every run of the {side} was solved before any training")
    return "; ".join(words)


def _solved_before_training(times: CensoredTimes) -> bool:
    return bool(np.all(times.event & (times.time <= 0.0)))
