"""The mean of step functions on real timestamps, with the range of the runs at every point.

Each run is a pair (times, values): what it was worth from each time on. Nothing is interpolated
and nothing is put into bins.

    >>> from rlbench.analysis import mean_curve
    >>> found = mean_curve([([0.0, 2.0], [10.0, 20.0]), ([0.0, 3.0], [10.0, 40.0])], end=4.0)
    >>> found.x.tolist()
    [0.0, 2.0, 3.0, 4.0]
    >>> found.mean.tolist()
    [10.0, 15.0, 30.0, 30.0]
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rlbench.analysis.inputs import flags, number, numbers
from rlbench.runs.records import FloatArray

MAX_POINTS = 160


@dataclass(frozen=True)
class MeanCurve:
    """The mean over runs at the times at which the value of some run changed, and at the end."""

    x: FloatArray  # [G]
    mean: FloatArray  # [G]
    low: FloatArray  # [G], the lowest of the runs; no confidence interval
    high: FloatArray  # [G], the highest
    n: FloatArray  # [G], runs behind each point
    median: FloatArray  # [G]


def step_values(
    times: FloatArray, values: FloatArray, grid: FloatArray, carried_forward: bool = True
) -> FloatArray:
    """The last value at or before each time of the grid; NaN before the first.  # [G]

    times: ascending.  # [E]
    carried_forward: whether the last value stands for all later times; where not, they are NaN.
    """
    if not len(times):
        return np.full(len(grid), math.nan)
    index = np.searchsorted(times, grid, side="right") - 1
    found: FloatArray = np.where(index >= 0, values[np.maximum(index, 0)], math.nan)
    if not carried_forward:
        found[grid > times[-1]] = math.nan
    return found


def mean_curve(
    runs: Sequence[tuple[ArrayLike, ArrayLike]],
    end: float,
    carried_forward: Sequence[bool] | None = None,
) -> MeanCurve | None:
    """The mean curve up to `end`; None where no run has a value there.

    runs: for each its times, ascending, and its values from then on.
    carried_forward: for each run whether its last value stands for all later times (None: for all
    it does). A run that is not leaves the mean after its last time.

    Raises ValueError for times that do not ascend, for an `end`, times or values that are not
    finite, and for lists whose lengths do not fit.
    """
    if not isinstance(runs, Sequence) or isinstance(runs, str):
        raise ValueError(f"runs: got {reprlib.repr(runs)}; takes a list of (times, values)")
    pairs, end = [_checked_run(run) for run in runs], number("end", end)
    kept = (
        [True] * len(pairs)
        if carried_forward is None
        else flags("carried_forward", carried_forward)
    )
    if len(kept) != len(pairs):
        raise ValueError(
            f"carried_forward: got {len(kept)} values; takes one for each of {len(pairs)} runs"
        )
    union = np.unique(np.concatenate([*(x for x, _ in pairs), [end]]))
    grid = _thinned(union[union <= end])
    values = np.array(
        [step_values(x, y, grid, keep) for (x, y), keep in zip(pairs, kept, strict=True)]
    )  # [n, G]
    present = ~np.isnan(values)
    counts = present.sum(axis=0)
    known = counts > 0
    if not known.any():
        return None
    grid, values, present, counts = grid[known], values[:, known], present[:, known], counts[known]
    mean = np.where(present, values, 0.0).sum(axis=0) / counts
    return MeanCurve(
        grid, mean, np.nanmin(values, axis=0), np.nanmax(values, axis=0),
        counts.astype(np.float64), np.nanmedian(values, axis=0),
    )  # fmt: skip


def _checked_run(run: tuple[ArrayLike, ArrayLike]) -> tuple[FloatArray, FloatArray]:
    if not isinstance(run, Sequence) or len(run) != 2:
        raise ValueError(f"runs: got {reprlib.repr(run)}; takes pairs of times and values")
    times, values = (numbers("runs", part) for part in run)
    if len(times) != len(values):
        takes = "as many values as times"
        raise ValueError(f"runs: got {len(times)} times and {len(values)} values; takes {takes}")
    if (np.diff(times) < 0).any():
        raise ValueError(f"runs: got times {reprlib.repr(times.tolist())}; takes ascending ones")
    return times, values


def _thinned(points: FloatArray) -> FloatArray:
    """At most MAX_POINTS of the points, the first and the last among them."""
    if len(points) <= MAX_POINTS:
        return points
    index = np.unique(np.linspace(0, len(points) - 1, MAX_POINTS).round().astype(int))
    thinned: FloatArray = points[index]
    return thinned
