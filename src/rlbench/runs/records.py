"""What is known of one run, after its files were checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlbench.runs.columns import UNITS, Clock, Unit
from rlbench.runs.header import Machine

__all__ = [
    "END_STATUSES", "MEMORY", "UNITS", "Clock", "EndStatus", "Evaluations", "FloatArray", "Machine",
    "Mark", "Run", "Status", "Unit",
]  # fmt: skip

FloatArray = NDArray[np.float64]

EndStatus = Literal["solved", "budget", "interrupted", "failed"]
"""How an attempt ended, as its log says."""

MEMORY = "ram"  # of `Run.observations`: the emulator's memory

END_STATUSES: tuple[EndStatus, ...] = ("solved", "budget", "interrupted", "failed")

Status = Literal[EndStatus, "unfinished"]
"""`unfinished`: no end row or no summary, so the run is still going or was killed."""


@dataclass(frozen=True)
class Evaluations:
    """A run's evaluations in the order they were made, superseded ones left out."""

    clocks: tuple[Clock, ...]
    return_mean: FloatArray  # [E], NaN where the log has null
    columns: Mapping[Unit, FloatArray]  # [E] each

    @classmethod
    def of(
        cls, clocks: Sequence[Clock], return_means: Sequence[float], cores: int | None
    ) -> Evaluations:
        """From the clock and the mean return of each; cores: of the run, None if unknown."""
        columns: dict[Unit, FloatArray] = {
            unit: np.array([clock.along(unit, cores) for clock in clocks], dtype=np.float64)
            for unit in UNITS
        }
        return cls(tuple(clocks), np.array(return_means, dtype=np.float64), columns)

    def __len__(self) -> int:
        return len(self.return_mean)

    def along(self, unit: Unit) -> FloatArray:
        """The clock at each evaluation in one unit.  # [E]"""
        return self.columns[unit]

    @property
    def env_steps(self) -> FloatArray:
        return self.columns["env_steps"]

    @property
    def train_s(self) -> FloatArray:
        return self.columns["train_s"]


@dataclass(frozen=True)
class Mark:
    """When a level was reached: the clock then, and at the evaluation before (None: no earlier).

    The true time lies in (previous, at].
    """

    at: Clock
    previous: Clock | None


@dataclass(frozen=True)
class Run:
    """One run directory. A text is empty and a number None where the files do not say.

    path: relative to the directory that was looked through. directory: where its files are.
    levels: ascending, the threshold among them. stop_level: the level that the run was to stop at;
    None where it was to go on.
    registration, observations: what the id of the environment stood for, and what is seen of it,
    see `Header`.
    end: the clock of the last row. reached: by level; the threshold's only when confirmed.
    peak_rss_mb: in MiB. others_share, siblings_share, stolen_share: which part of all cores' time
    other processes had during the last attempt, which part of it jobs of the same sweep, and which
    part went to other machines of the host.
    """

    path: PurePath
    directory: Path
    agent: str
    env: str
    seed: int
    setup: str
    learning: str
    fingerprint: str
    rlbench: str
    threshold: float | None
    levels: tuple[float, ...]
    stop_level: float | None
    budget_train_s: float | None
    budget_env_steps: int | None
    cores: int | None
    device: str
    executor: str
    workers: int | None
    precision: str
    concurrent_jobs: int | None
    machine: Machine
    registration: Mapping[str, Any] | None
    frame_skip: int | None
    sticky_actions: float | None
    observations: str
    eval_episodes: int | None
    started_at: str
    argv: tuple[str, ...]
    status: Status
    attempts: int
    end: Clock
    evaluations: Evaluations
    reached: Mapping[float, Mark | None]
    failed_confirmations: int
    final_return_mean: float | None = None
    best_return_mean: float | None = None
    peak_rss_mb: float | None = None
    others_share: float | None = None
    siblings_share: float | None = None
    stolen_share: float | None = None
    error: str = ""

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
    def cpu_model(self) -> str:
        return self.machine.cpu_model

    @property
    def solved_at(self) -> Mark | None:
        """When the threshold was reached and confirmed."""
        return None if self.threshold is None else self.reached.get(self.threshold)

    @property
    def stopped_when_solved(self) -> bool:
        """Whether it ended because it had come to the level that it was to stop at."""
        return (
            self.status == "solved"
            and self.stop_level is not None
            and self.reached.get(self.stop_level) is not None
        )

    @property
    def used_its_budget(self) -> bool:
        """Whether it ended because its budget did; it may have been solved before, and gone on."""
        return self.status in ("budget", "solved") and not self.stopped_when_solved

    def was_ended_by_budget(self, unit: Unit) -> bool:
        """Whether its budget in this unit ended it."""
        budget = self.budget(unit)
        used = self.end.along(unit, self.cores)
        return self.used_its_budget and budget is not None and used >= budget

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
