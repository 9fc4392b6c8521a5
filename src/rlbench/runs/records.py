"""What the report knows of one run, after its files were checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

Status = Literal["solved", "budget", "interrupted", "failed", "unfinished"]
"""`unfinished`: no end row or no summary, so the run is still going or was killed."""

Unit = Literal["train_s", "core_s", "train_cpu_s", "env_steps", "command_s"]
"""What can stand on a time axis; `core_s` is the run's cores times its training seconds, and
`command_s` start-up plus training."""

UNITS: tuple[Unit, ...] = ("train_s", "core_s", "train_cpu_s", "env_steps", "command_s")


@dataclass(frozen=True)
class Clock:
    """One reading of a run's clock; NaN where the log does not say."""

    env_steps: float
    train_s: float
    core_s: float
    train_cpu_s: float
    command_s: float

    def along(self, unit: Unit) -> float:
        """The reading in one unit."""
        return float(getattr(self, unit))


@dataclass(frozen=True)
class Evaluations:
    """A run's evaluations in the order they were made, superseded ones left out."""

    env_steps: FloatArray  # [E]
    train_s: FloatArray  # [E]
    core_s: FloatArray  # [E]
    train_cpu_s: FloatArray  # [E]
    command_s: FloatArray  # [E]
    return_mean: FloatArray  # [E], NaN where the log has null

    def __len__(self) -> int:
        return len(self.return_mean)

    def along(self, unit: Unit) -> FloatArray:
        """The clock at each evaluation in one unit.  # [E]"""
        values: FloatArray = getattr(self, unit)
        return values

    def clock(self, index: int) -> Clock:
        """The clock at one evaluation."""
        return Clock(**{unit: float(self.along(unit)[index]) for unit in UNITS})


@dataclass(frozen=True)
class Mark:
    """When a level was reached: the clock then, and at the evaluation before (None: no earlier).

    The true time lies in (previous, at].
    """

    at: Clock
    previous: Clock | None


@dataclass(frozen=True)
class Run:
    """One run directory."""

    path: PurePath  # relative to the directory the report was asked for
    agent: str
    env: str
    seed: int
    setup: str
    learning: str
    fingerprint: str
    rlbench: str
    threshold: float | None
    levels: tuple[float, ...]  # ascending, the threshold among them
    stop_level: float | None  # the level that the run was to stop at
    random_return: float | None
    budget_train_s: float | None
    budget_env_steps: float | None
    cores: int | None
    cpu_model: str
    device: str
    executor: str
    precision: str
    eval_episodes: int | None
    started_at: str
    argv: tuple[str, ...]
    status: Status
    attempts: int
    end: Clock
    evaluations: Evaluations
    reached: Mapping[float, Mark | None]  # by level; the threshold's only when confirmed
    failed_confirmations: int
    facts: Mapping[str, str | float | None]  # further columns of runs.csv
    directory: Path = Path()  # where its files are

    def budget(self, unit: Unit) -> float | None:
        """The run's budget in one unit; None where it had none there."""
        if unit == "env_steps":
            return self.budget_env_steps
        if unit == "train_s":
            return self.budget_train_s
        if unit == "core_s" and self.budget_train_s is not None and self.cores is not None:
            return self.cores * self.budget_train_s
        return None

    @property
    def solved_at(self) -> Mark | None:
        """When the threshold was reached and confirmed."""
        return None if self.threshold is None else self.reached.get(self.threshold)

    @property
    def summary(self) -> str:
        """How the run ended, in a few words."""
        cost = f"{self.end.train_s:.2f} s of training and {self.end.env_steps:,.0f} steps"
        if self.solved_at is None:
            best = np.nanmax(self.evaluations.return_mean, initial=-np.inf)
            ended = "budget used up" if self.status == "budget" else self.status
            return f"{ended} after {cost}, best return {best:.1f}"
        at = self.solved_at.at
        return (
            f"solved: threshold {self.threshold:g} confirmed after {at.train_s:.2f} s of training "
            f"and {at.env_steps:,.0f} steps"
        )

    def __repr__(self) -> str:
        """Short: a run holds thousands of numbers."""
        return f"<Run {self.agent} {self.env} seed {self.seed}: {self.summary}>"
