"""The geometric mean of time ratios over several tasks, with two kinds of intervals.

The mean is geometric, so that twice as fast on one task and half as fast on another come to equally
fast. Its interval can speak of these tasks alone, whose ratios are uncertain by the seeds
(`interval_of_these`), or of tasks like these, which differ from each other (`interval_of_such`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from rlbench.analysis.inputs import numbers
from rlbench.analysis.quantiles import CONFIDENCE, student_quantile
from rlbench.analysis.rank_sum import wins_chances
from rlbench.analysis.time_ratios import PairRatios
from rlbench.runs.records import FloatArray

Ends = tuple[float | None, float | None]
"""Of an interval; None for an open end."""

DRAWS = 10_000
_SEED = 20170310
_TAIL = (1.0 - CONFIDENCE) / 2.0


def geometric_mean(ratios: Iterable[float]) -> float:
    """The geometric mean of ratios, 0 or infinite where one of them is.

    Raises ValueError without a ratio, for one that is NaN or negative, and where one is 0 and
    another infinite.

    >>> geometric_mean([2.0, 0.5])
    1.0
    """
    given = list(ratios) if isinstance(ratios, Iterable) else ratios
    found = numbers("ratios", given, least=0.0, infinite=True)
    if not len(found):
        raise ValueError("ratios: got none; takes at least one")
    if found.min() == 0.0 and np.isinf(found.max()):
        raise ValueError("ratios: got 0 and inf; takes one of them at most")
    with np.errstate(divide="ignore"):
        return float(np.exp(np.mean(np.log(found))))


def interval_of_these(tasks: Sequence[PairRatios]) -> Ends:
    """The 95 % interval of the mean over these very tasks.

    On each task the rank-sum test says how likely the true ratio lies between which two of the
    sorted pairs; it is drawn there, the mean over tasks is taken, and so 10,000 times, always in
    the same way. Beyond the outermost pairs their own value stands.
    """
    generator = np.random.default_rng(_SEED)
    low, high = np.zeros(DRAWS), np.zeros(DRAWS)
    for task in tasks:
        chances = wins_chances(task.baseline_runs, task.challenger_runs)
        between = generator.choice(len(chances), size=DRAWS, p=chances)
        low += _values_between(task.least)[between]
        high += _values_between(task.most)[between]
    last = DRAWS - 1
    outside = math.floor(_TAIL * last)
    low_end = float(np.partition(low, outside)[outside]) / len(tasks)
    high_end = float(np.partition(high, last - outside)[last - outside]) / len(tasks)
    return _ends(low_end, high_end)


def interval_of_such(least: Sequence[float], most: Sequence[float]) -> Ends:
    """The 95 % interval of the mean over tasks of which these are a sample: Student's t on the
    logarithms, with one degree of freedom less than there are tasks.

    The lower end is that of the least that the ratios can be, the upper one that of the most. Both
    are open with fewer than two tasks.
    """
    if len(least) < 2:
        return None, None
    return _ends(_t_limit(least, -1.0), _t_limit(most, 1.0))


def _values_between(ascending: FloatArray) -> FloatArray:
    """Logarithms of the values for each number of pairs below the true one: the middle between two
    neighbours, outside the outermost pair's own.  # [n m + 1]"""
    with np.errstate(divide="ignore"):
        logs = np.log(ascending)
    return np.concatenate([logs[:1], (logs[:-1] + logs[1:]) / 2.0, logs[-1:]])


def _t_limit(ratios: Sequence[float], side: float) -> float:
    if min(ratios) <= 0.0 or math.isinf(max(ratios)):
        return side * math.inf
    logs = np.log(ratios)
    spread = float(np.std(logs, ddof=1)) / math.sqrt(len(logs))
    return float(np.mean(logs)) + side * student_quantile(1.0 - _TAIL, len(logs) - 1) * spread


def _ends(low: float, high: float) -> Ends:
    return (
        math.exp(low) if math.isfinite(low) else None,
        math.exp(high) if math.isfinite(high) else None,
    )
