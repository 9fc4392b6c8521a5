"""The log-rank test by relabeling: exact p-values for few runs.

The usual p-value of a log-rank test (Mantel 1966) comes from the normal distribution, which is
reached with many runs. With five runs each it says 0.0018 where 2 of 252 relabelings are as
extreme, which is 0.0079. Here the relabelings are counted.

    >>> from rlbench.analysis import CensoredTimes, log_rank
    >>> early, late = [1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]
    >>> log_rank(CensoredTimes(early, [True] * 5), CensoredTimes(late, [True] * 5)) * 252
    2.0
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from rlbench.analysis.inputs import instance
from rlbench.analysis.survival import CensoredTimes
from rlbench.runs.records import FloatArray

ENUMERATED = 200_000  # up to so many relabelings all are tried: ten runs each are 184,756
DRAWN = 99_999  # beyond, so many are drawn at random, always the same ones
_SEED = 19660310


def log_rank(one: CensoredTimes, other: CensoredTimes) -> float | None:
    """Two-sided p-value of the log-rank test that both reach the level at the same rate.

    It is the share of all ways to name so many of the runs `one` in which the statistic is at
    least as far from its mean as it is here; beyond ENUMERATED ways, (1 + hits) / (1 + DRAWN) of
    random ones. None where no run reaches the level while runs of both sides were still under way:
    nothing was then compared. The relabelings are equally likely where both sides were watched for
    equally long; where they were not, the value is approximate.
    """
    instance("one", one, CensoredTimes)
    instance("other", other, CensoredTimes)
    if not _were_compared(one, other):
        return None
    scores = log_rank_scores(
        CensoredTimes(
            np.concatenate([one.time, other.time]), np.concatenate([one.event, other.event])
        )
    )
    mean = scores.sum() * len(one) / len(scores)
    seen = abs(float(scores[: len(one)].sum()) - mean)
    as_far = seen - 1e-9 * max(1.0, seen)  # sums of the same scores differ in their last digits
    hits = ways = 0
    is_complete = math.comb(len(scores), len(one)) <= ENUMERATED
    for sums in _all_sums(scores, len(one)) if is_complete else _random_sums(scores, len(one)):
        hits += int(np.count_nonzero(np.abs(sums - mean) >= as_far))
        ways += sums.size
    return hits / ways if is_complete else (1 + hits) / (1 + ways)


def log_rank_scores(times: CensoredTimes) -> FloatArray:
    """For each run whether it reached the level, less the hazard that it had come through until
    then (Nelson-Aalen): the statistic of a log-rank test is the sum over one side's runs.  # [n]
    """
    moments = np.unique(times.time[times.event])
    at_risk = np.count_nonzero(times.time[:, None] >= moments, axis=0)
    reached = np.count_nonzero(times.event[:, None] & (times.time[:, None] == moments), axis=0)
    hazard = np.concatenate([[0.0], np.cumsum(reached / at_risk)])
    scores: FloatArray = times.event - hazard[np.searchsorted(moments, times.time, side="right")]
    return scores


def _were_compared(one: CensoredTimes, other: CensoredTimes) -> bool:
    moments = np.concatenate([one.time[one.event], other.time[other.event]])
    if not len(moments) or not len(one) or not len(other):
        return False
    return bool(moments.min() <= min(one.time.max(), other.time.max()))


def _all_sums(scores: FloatArray, chosen: int) -> Iterator[FloatArray]:
    """The sums over all choices of runs, put together from choices of either half of them."""
    halves = scores[: len(scores) // 2], scores[len(scores) // 2 :]
    for first in range(chosen + 1):
        sizes = first, chosen - first
        if all(size <= len(half) for size, half in zip(sizes, halves, strict=True)):
            sums = [
                half[_choices(len(half), size)].sum(axis=1)
                for size, half in zip(sizes, halves, strict=True)
            ]
            yield sums[0][:, None] + sums[1]


def _random_sums(scores: FloatArray, chosen: int) -> Iterator[FloatArray]:
    yield scores[_random_choices(len(scores), chosen)].sum(axis=1)


@lru_cache(maxsize=256)
def _choices(runs: int, chosen: int) -> NDArray[np.intp]:
    """All choices of so many runs.  # [ways, chosen]"""
    ways = math.comb(runs, chosen)
    flat = chain.from_iterable(combinations(range(runs), chosen))
    return np.fromiter(flat, np.intp, ways * chosen).reshape(ways, chosen)


@lru_cache(maxsize=4)
def _random_choices(runs: int, chosen: int) -> NDArray[np.intp]:
    """Random choices, the same ones each time.  # [DRAWN, chosen]"""
    generator = np.random.default_rng(_SEED)
    return np.argsort(generator.random((DRAWN, runs)), axis=1)[:, :chosen].copy()
