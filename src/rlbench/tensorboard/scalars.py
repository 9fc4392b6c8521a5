"""From rows of a run's log to TensorBoard's scalars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

import numpy as np

from rlbench.tensorboard.events import Scalar

Row = Mapping[str, Any]

# What every row carries; any other column of a train row is a scalar of the agent's.
COMMON_COLUMNS = frozenset(
    {
        "kind", "seq", "attempt", "env_steps", "env_frames", "episodes", "wall_s", "train_s",
        "eval_s", "startup_s", "checkpoint_s", "unattributed_s", "cpu_s", "train_cpu_s",
    }
)  # fmt: skip


class RowScalars:
    """Turns rows into scalars, in the order of the log: a speed is between a row and the last."""

    def __init__(self) -> None:
        self._env_steps, self._train_s = 0, 0.0

    def of(self, row: Row) -> list[Scalar]:
        """The scalars of one row as (tag, value); none for most kinds."""
        kind = row["kind"]
        scalars: list[Scalar] = []
        if kind == "train":
            own = ((name, row[name]) for name in row if name not in COMMON_COLUMNS)
            scalars = _tagged("train", own)
            seconds = row["train_s"] - self._train_s
            if seconds > 0:
                speed = (row["env_steps"] - self._env_steps) / seconds
                scalars.append(("train/env_steps_per_s", speed))
        elif kind == "eval":
            found = {
                "return_mean": row.get("return_mean"),
                "length_mean": _mean(row.get("lengths")),
                "truncated_fraction": _mean(row.get("truncated")),
                "train_s": row["train_s"],
            }
            scalars = _tagged("eval", found.items())
        elif kind == "solved":
            scalars = _tagged("eval", [("confirmation_mean", row.get("confirmation_mean"))])
        self._env_steps, self._train_s = row["env_steps"], row["train_s"]
        return scalars


def kept_rows(rows: Iterable[Row]) -> list[Row]:
    """The rows that count: a `resume` row supersedes those after the checkpoint it went on from."""
    kept: list[Row] = []
    for row in rows:
        if row["kind"] == "resume":
            kept = [earlier for earlier in kept if earlier["seq"] <= row["from_seq"]]
        kept.append(row)
    return kept


def _tagged(prefix: str, values: Iterable[tuple[str, Any]]) -> list[Scalar]:
    """Those that are numbers, each under its tag; a truth is none."""
    return [
        (f"{prefix}/{name}", float(value))
        for name, value in values
        if isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    ]


def _mean(values: Any) -> float | None:
    """The mean of numbers or truths; None where there are none."""
    if not isinstance(values, (list, tuple, np.ndarray)) or not len(values):
        return None
    if not all(isinstance(value, (int, float, np.generic)) for value in values):
        return None
    return fmean(float(value) for value in values)
