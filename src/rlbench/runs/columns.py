"""The clock of a run: what it had cost at one moment, as every row of its log holds it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rlbench.runs.reading import MAX_STEPS, seconds, whole

Unit = Literal["train_s", "core_s", "train_cpu_s", "env_steps", "command_s"]
"""What can stand on a time axis; `core_s` is the run's cores times its training seconds, and
`command_s` start-up plus training."""

UNITS: tuple[Unit, ...] = ("train_s", "core_s", "train_cpu_s", "env_steps", "command_s")


@dataclass(frozen=True)
class Clock:
    """What a run had cost at one moment; all are totals since its first attempt began.

    cpu_s counts user and system time of the process and its workers; train_cpu_s is the part of
    it spent inside training. A file may lack some of the columns: they are NaN then. Steps and
    training seconds are always known.
    """

    env_steps: int = 0
    env_frames: float = 0
    episodes: float = 0
    wall_s: float = 0.0
    train_s: float = 0.0
    eval_s: float = 0.0
    startup_s: float = 0.0
    checkpoint_s: float = 0.0
    unattributed_s: float = 0.0
    cpu_s: float = 0.0
    train_cpu_s: float = 0.0

    def row(self) -> dict[str, float | int]:
        """The clock as the columns of a log row, seconds to the microsecond."""
        # vars, not asdict: its deep copies were a quarter of the harness's time.
        return {k: round(v, 6) if isinstance(v, float) else v for k, v in vars(self).items()}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Clock | None:
        """The inverse of `row` on a file that may be a stranger's: columns that are no clock's are
        passed over. None where steps or training seconds are missing or impossible."""
        env_steps, train_s = whole(row.get("env_steps"), 0, MAX_STEPS), seconds(row, "train_s")
        if env_steps is None or math.isnan(train_s):
            return None
        counts = {name: whole(row.get(name), 0, MAX_STEPS) for name in ("env_frames", "episodes")}
        return cls(
            env_steps=env_steps,
            train_s=train_s,
            **{name: math.nan if value is None else value for name, value in counts.items()},
            **{name: seconds(row, name) for name in _OTHER_SECONDS},
        )

    @property
    def env_steps_per_s(self) -> float | None:
        """Steps a second of training; None before any training."""
        return self.env_steps / self.train_s if self.train_s > 0 else None

    @property
    def eval_share(self) -> float | None:
        """The part of all time that went into evaluation; None where it is unknown."""
        share = self.eval_s / self.wall_s if self.wall_s > 0 else math.nan
        return None if math.isnan(share) else share

    def along(self, unit: Unit, cores: int | None) -> float:
        """The clock in one unit; NaN where it is unknown. cores: of the run, None if unknown."""
        if unit == "core_s":
            return math.nan if cores is None else cores * self.train_s
        if unit == "command_s":
            return self.startup_s + self.train_s
        return float(getattr(self, unit))


_OTHER_SECONDS = (
    "wall_s", "eval_s", "startup_s", "checkpoint_s", "unattributed_s", "cpu_s", "train_cpu_s",
)  # fmt: skip
COLUMNS = frozenset(Clock.__dataclass_fields__)
