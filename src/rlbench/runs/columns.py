"""The clock of a run: what it had cost at one moment, as every row of its log holds it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from rlbench.runs.reading import MAX_SECONDS, MAX_STEPS, number, seconds, whole

Unit = Literal["train_s", "core_s", "train_cpu_s", "env_steps", "command_s"]
"""What can stand on a time axis; `core_s` is the run's cores times its training seconds, and
`command_s` start-up plus training."""

UNITS: tuple[Unit, ...] = ("train_s", "core_s", "train_cpu_s", "env_steps", "command_s")


@dataclass(frozen=True)
class Clock:
    """What a run had cost at one moment; all are totals since it began.

    cpu_s counts user and system time of the process and its workers; train_cpu_s is the part of
    it spent inside training. What interruptions have lost is in none of these, but in
    lost_env_steps, lost_train_s and lost_cpu_s, as far as it is known: a run goes on with the clock
    of its checkpoint. A file may lack some of the columns: they are NaN then, and what was lost 0.
    Steps and training seconds are always known.
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
    lost_env_steps: int = 0
    lost_train_s: float = 0.0
    lost_cpu_s: float = 0.0

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
            lost_env_steps=whole(row.get("lost_env_steps"), 0, MAX_STEPS) or 0,
            lost_train_s=number(row.get("lost_train_s"), 0, MAX_SECONDS) or 0.0,
            lost_cpu_s=number(row.get("lost_cpu_s"), 0, MAX_SECONDS) or 0.0,
        )

    def plus(self, other: Clock) -> Clock:
        """The sum, column by column."""
        theirs = vars(other)
        return Clock(**{name: value + theirs[name] for name, value in vars(self).items()})

    def minus(self, other: Clock) -> Clock:
        """The difference, column by column."""
        theirs = vars(other)
        return Clock(**{name: value - theirs[name] for name, value in vars(self).items()})

    def after(self, spent: Clock) -> Clock:
        """This clock as it is for a run that goes on from it and had come to `spent`: the rest of
        that is lost."""
        return replace(
            self,
            lost_env_steps=int(_lost(self, spent, "env_steps", MAX_STEPS)),
            lost_train_s=_lost(self, spent, "train_s", MAX_SECONDS),
            lost_cpu_s=_lost(self, spent, "cpu_s", MAX_SECONDS),
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


def _lost(at: Clock, spent: Clock, column: str, most: float) -> float:
    """What is lost in one column: at least what was known at `at`, 0 for what is not a number."""
    name = f"lost_{column}"
    more = max(0, getattr(spent, column) - getattr(at, column))
    return min(max(getattr(at, name), getattr(spent, name) + more), most)  # type: ignore[no-any-return]


_OTHER_SECONDS = (
    "wall_s", "eval_s", "startup_s", "checkpoint_s", "unattributed_s", "cpu_s", "train_cpu_s",
)  # fmt: skip
COLUMNS = frozenset(Clock.__dataclass_fields__)
