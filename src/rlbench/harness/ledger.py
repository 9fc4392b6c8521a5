"""The ledger: the only place that reads a clock, and the account of what a run has cost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

PHASES = ("startup", "train", "eval", "checkpoint")


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


@dataclass(frozen=True)
class Start:
    """The moment an attempt began: `time.time()`, and the CPU-seconds already spent by then."""

    at_s: float
    cpu_s: float

    @classmethod
    def of_process(cls) -> Start:
        """The start of this process: imports count."""
        return cls(time.time() - _process_age_s(), 0.0)

    @classmethod
    def now(cls) -> Start:
        """This moment: for a further run in a process that has done other things before."""
        return cls(time.time(), process_cpu_s())


class Ledger:
    """Wall, CPU and phase times of one attempt, on top of what earlier attempts cost.

    A ledger opens in the startup phase, which `started` ends. Phases do not nest. Time in none of
    them is unattributed, and shown as such.
    start: the moment at which the attempt began, normally `Start.of_process()`.
    """

    def __init__(self, start: Start, earlier: Clock | None = None, frame_skip: int = 1) -> None:
        self._earlier = earlier or Clock()
        self._steps: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self._workers_cpu_s: Callable[[], float] = lambda: 0.0
        self._frame_skip = frame_skip
        self._start = start
        self._began = time.perf_counter() - max(0.0, time.time() - start.at_s)
        self._phase: str | None = "startup"
        self._entered, self._entered_cpu = self._began, 0.0
        self._spent = dict.fromkeys(PHASES, 0.0)
        self._train_cpu_s = 0.0

    def connect(
        self, steps: Callable[[], tuple[int, int]], workers_cpu_s: Callable[[], float]
    ) -> None:
        """Where the counts (env_steps, episodes) and the workers' CPU-seconds are read from."""
        self._steps, self._workers_cpu_s = steps, workers_cpu_s

    def started(self) -> None:
        """The startup is over."""
        self._spent["startup"] += time.perf_counter() - self._entered
        self._phase = None

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Attribute what happens within to phase `name`."""
        if self._phase is not None:
            raise RuntimeError(f"phase {name!r} inside phase {self._phase!r}")
        if name not in PHASES:
            raise ValueError(f"phase {name!r}: takes {', '.join(PHASES)}")
        self._phase, self._entered = name, time.perf_counter()
        self._entered_cpu = self._cpu_s()
        try:
            yield
        finally:
            self._spent[name] += time.perf_counter() - self._entered
            if name == "train":
                self._train_cpu_s += self._cpu_s() - self._entered_cpu
            self._phase = None

    def train_s(self) -> float:
        """Seconds of training so far, those of a phase still open included."""
        open_s = time.perf_counter() - self._entered if self._phase == "train" else 0.0
        return self._earlier.train_s + self._spent["train"] + open_s

    def now(self) -> Clock:
        """The clock at this moment."""
        earlier, spent = self._earlier, dict(self._spent)
        train_cpu_s, cpu_s = self._train_cpu_s, self._cpu_s()
        moment = time.perf_counter()
        if self._phase is not None:
            spent[self._phase] += moment - self._entered
            if self._phase == "train":
                train_cpu_s += cpu_s - self._entered_cpu
        wall_s = moment - self._began
        env_steps, episodes = self._steps()
        return Clock(
            env_steps=earlier.env_steps + env_steps,
            env_frames=earlier.env_frames + env_steps * self._frame_skip,
            episodes=earlier.episodes + episodes,
            wall_s=earlier.wall_s + wall_s,
            train_s=earlier.train_s + spent["train"],
            eval_s=earlier.eval_s + spent["eval"],
            startup_s=earlier.startup_s + spent["startup"],
            checkpoint_s=earlier.checkpoint_s + spent["checkpoint"],
            unattributed_s=earlier.unattributed_s + wall_s - sum(spent.values()),
            cpu_s=earlier.cpu_s + cpu_s,
            train_cpu_s=earlier.train_cpu_s + train_cpu_s,
        )

    def _cpu_s(self) -> float:
        return process_cpu_s() - self._start.cpu_s + self._workers_cpu_s()


def _process_age_s() -> float:
    """Seconds since this process began.

    Linux tells it in clock ticks since boot; the time of day of the boot itself, which psutil
    would add, is known there to the second only.
    """
    stat = Path("/proc/self/stat")
    if not (stat.is_file() and hasattr(time, "CLOCK_BOOTTIME")):
        return time.time() - psutil.Process().create_time()
    # proc(5): starttime is field 22, the 20th after the parenthesised name.
    started_ticks = int(stat.read_text().rpartition(")")[2].split()[19])
    since_boot_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    return since_boot_s - started_ticks / os.sysconf("SC_CLK_TCK")


def process_cpu_s() -> float:
    """User and system CPU-seconds of this process so far."""
    return time.process_time()


def monotonic_s() -> float:
    """A clock for the spacing of progress lines and checkpoints."""
    return time.monotonic()


def utc_now() -> str:
    """The time of day, such as 2026-01-31T12:00:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
