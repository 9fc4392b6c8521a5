"""The rank-sum test's exact null distribution: how often a run of one side comes before one of the
other, if both are alike.

    >>> ends_left_out(5, 5)  # two pairs of the 25 are left out at either end
    2
    >>> ends_left_out(3, 3) is None  # even the most extreme order comes in 5 of 100 on either side
    True
    >>> two_sided_p(5, 5, 0) * 252  # all runs of one side before all of the other
    2.0
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from rlbench.analysis.quantiles import CONFIDENCE
from rlbench.runs.records import FloatArray

LARGEST_PAIRS = 10_000  # beyond, the normal distribution is exact enough


@lru_cache(maxsize=64)
def wins_chances(n: int, m: int) -> FloatArray:
    """The chance of each number of pairs, 0 to n m, in which the run of the first side comes first
    (Mann & Whitney 1947), if all orders are equally likely.  # [n m + 1], read-only

    The counts are the coefficients of the Gaussian binomial, the product over i = 1 to m of
    (1 - x^(n + i)) / (1 - x^i), computed in whole numbers of any size.
    """
    pairs = n * m
    counts = [1] + [0] * pairs
    for i in range(1, m + 1):
        for k in range(pairs, n + i - 1, -1):
            counts[k] -= counts[k - n - i]
        for k in range(i, pairs + 1):
            counts[k] += counts[k - i]
    ways = math.comb(n + m, n)
    chances = np.array([count / ways for count in counts])
    chances.flags.writeable = False
    return chances


def two_sided_p(n: int, m: int, wins: int) -> float:
    """Twice the chance that a given side wins so few pairs or fewer, at most 1: the p-value of the
    test whose intervals `ends_left_out` gives."""
    if n * m > LARGEST_PAIRS:
        distance = (wins + 0.5 - n * m / 2.0) / _deviation(n, m)
        return min(1.0, math.erfc(-distance / math.sqrt(2.0)))
    return min(1.0, 2.0 * float(wins_chances(n, m)[: wins + 1].sum()))


@lru_cache(maxsize=256)
def ends_left_out(n: int, m: int) -> int | None:
    """How many of the sorted pairs lie outside a 95 % interval at either end; None where so few
    runs have no such interval.

    The interval from the (k+1)-th smallest to the (k+1)-th largest value of all pairs misses in
    twice the chance of k wins or fewer, which is at most 5 of 100.
    """
    tail = (1.0 - CONFIDENCE) / 2.0
    if n * m > LARGEST_PAIRS:
        return math.floor(n * m / 2.0 - 1.959963984540054 * _deviation(n, m) - 0.5)
    fitting = int(np.count_nonzero(np.cumsum(wins_chances(n, m)) <= tail + 1e-12))
    return fitting - 1 if fitting else None


def _deviation(n: int, m: int) -> float:
    """The standard deviation of the number of pairs that a side wins."""
    return math.sqrt(n * m * (n + m + 1) / 12.0)
