"""The columns of a run's log that the harness writes: the clock at one moment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """What a run had cost at one moment; all seconds are totals since its first attempt began.

    cpu_s counts user and system time of the process and its workers; train_cpu_s is the part of
    it spent inside training.
    """

    env_steps: int = 0
    env_frames: int = 0
    episodes: int = 0
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
    def from_row(cls, row: dict[str, float | int]) -> Clock:
        """The inverse of `row`; columns that are no clock's are passed over."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})  # type: ignore[arg-type]
