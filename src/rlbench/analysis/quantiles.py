"""Quantiles of Student's t and exact limits of a share, without SciPy.

SciPy is a test's oracle here and no dependency: its import alone would double the time of a report.

    >>> round(student_quantile(0.975, 4), 4)
    2.7764
    >>> [round(limit, 4) for limit in share_interval(5, 5)]  # five of five
    [0.4782, 1.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from rlbench.runs.records import FloatArray

CONFIDENCE = 0.95
_TAIL = (1.0 - CONFIDENCE) / 2.0


@lru_cache(maxsize=256)
def student_quantile(probability: float, degrees: int) -> float:
    """The quantile of Student's t, for a probability above one half.

    degrees: of freedom, at least 1. Raises ValueError otherwise.
    """
    if degrees < 1 or not 0.5 < probability < 1.0:
        raise ValueError(
            f"probability and degrees: got {probability} and {degrees}; takes a probability "
            "between 0.5 and 1 and at least 1 degree of freedom"
        )
    central = 2.0 * probability - 1.0
    # The angle is bounded where t is not: t = sqrt(degrees) tan(angle).
    angle = _root(lambda x: _central_share(x, degrees) - central, 0.0, math.pi / 2)
    return math.sqrt(degrees) * math.tan(angle)


def share_interval(successes: int, runs: int) -> tuple[float, float]:
    """The exact 95 % interval of a share (Clopper & Pearson 1934): it holds the true share in at
    least 95 of 100 samples whatever that share is, and is known at 0 and 1 too.

    The lower limit is the share at which so many successes or more come in 2.5 of 100 samples, the
    upper one that at which so many or fewer do.

    Raises ValueError for other than whole numbers with 0 <= successes <= runs.
    """
    whole = all(isinstance(count, (int, np.integer)) for count in (successes, runs))
    if not (whole and 0 <= successes <= runs):
        raise ValueError(
            f"successes and runs: got {successes!r} and {runs!r}; takes whole numbers from 0 up, "
            "no more successes than runs"
        )
    low = _share_limit(successes, runs) if successes else 0.0
    high = 1.0 - _share_limit(runs - successes, runs) if successes < runs else 1.0
    return low, high


@lru_cache(maxsize=4096)
def _share_limit(successes: int, runs: int) -> float:
    return _root(lambda share: at_least(successes, runs, share) - _TAIL, 0.0, 1.0)


def at_least(successes: int, runs: int, share: float) -> float:
    """The chance of so many successes or more among runs each of which succeeds with a chance
    between 0 and 1."""
    k = np.arange(successes, runs + 1)
    logs = _log_ways(runs)[successes:] + k * math.log(share) + (runs - k) * math.log1p(-share)
    return float(np.exp(logs).sum())


@lru_cache(maxsize=256)
def _log_ways(runs: int) -> FloatArray:
    """Logarithms of the numbers of ways to choose 0, 1, ... of so many.  # [runs + 1]"""
    factorials = [math.lgamma(k + 1) for k in range(runs + 1)]
    return np.array([factorials[-1] - factorials[k] - factorials[runs - k]
                     for k in range(runs + 1)])  # fmt: skip


def _central_share(angle: float, degrees: int) -> float:
    """P(|t| < sqrt(degrees) tan(angle)) for whole degrees of freedom (Abramowitz & Stegun 1964,
    26.7.3 and 26.7.4)."""
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = degrees % 2 == 1
    term = cosine if odd else 1.0
    total = 0.0 if degrees == 1 else term
    for j in range(3 if odd else 2, degrees - 1, 2):
        term *= cosine * cosine * (j - 1) / j
        total += term
    return 2.0 / math.pi * (angle + sine * total) if odd else sine * total


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function crosses zero, to the last digits of a double."""
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if rising(middle) < 0.0:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
