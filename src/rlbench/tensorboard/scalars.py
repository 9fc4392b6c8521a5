"""From rows of a run's log to TensorBoard's scalars."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any

import numpy as np

from rlbench.runs.log import Row
from rlbench.runs.reading import number
from rlbench.tensorboard.events import MAX_FLOAT32, Scalar


class RowScalars:
    """Turns rows into scalars, in the order of the log: a speed is between a row and the last."""

    def __init__(self) -> None:
        self._env_steps, self._train_s = 0, 0.0

    def of(self, row: Row) -> list[Scalar]:
        """The scalars of one row as (tag, value); none for most kinds."""
        clock, scalars = row.clock, list[Scalar]()
        if row.kind == "train":
            scalars = _tagged("train", row.scalars.items())
            seconds = clock.train_s - self._train_s
            if seconds > 0:
                speed = (clock.env_steps - self._env_steps) / seconds
                scalars.append(("train/env_steps_per_s", speed))
        elif row.kind == "eval":
            found = {
                "return_mean": row.return_mean,
                "length_mean": _mean(row.lengths),
                "truncated_fraction": _mean(row.truncated),
                "train_s": clock.train_s,
            }
            scalars = _tagged("eval", found.items())
        elif row.kind == "solved":
            scalars = _tagged("eval", [("confirmation_mean", row.confirmation_mean)])
        self._env_steps, self._train_s = clock.env_steps, clock.train_s
        return scalars


def _tagged(prefix: str, values: Iterable[tuple[str, Any]]) -> list[Scalar]:
    """Those that are numbers, each under its tag; booleans are skipped."""
    found = [(f"{prefix}/{name}", _number(value)) for name, value in values]
    return [(tag, value) for tag, value in found if value is not None]


def _number(value: Any) -> float | None:
    """`value` where it is a number that an event file can hold."""
    if isinstance(value, np.number):
        value = value.item()
    return number(value, -MAX_FLOAT32, MAX_FLOAT32)


def _mean(values: Any) -> float | None:
    """The mean of numbers or booleans; None where there are none."""
    if not isinstance(values, (list, tuple, np.ndarray)) or not len(values):
        return None
    numbers = [float(v) if isinstance(v, (bool, np.bool)) else _number(v) for v in values]
    known = [value for value in numbers if value is not None]
    return fmean(known) if len(known) == len(numbers) else None
