"""The ledger: the account of what a run has cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rlbench.clock import Start, process_cpu_s, seconds_since, wall_s
from rlbench.interfaces import Counts
from rlbench.runs.columns import Clock

PHASES = ("startup", "train", "eval", "checkpoint")


class Ledger:
    """Wall, CPU and phase times of one attempt, on top of what earlier attempts cost.

    A ledger opens in the startup phase, which `started` ends. Phases do not nest. Time in none of
    them is unattributed, and shown as such.
    start: the moment at which the attempt began, normally `Start.of_process()`.
    """

    def __init__(self, start: Start, earlier: Clock | None = None, frame_skip: int = 1) -> None:
        self._earlier = earlier or Clock()
        self._counts: Callable[[], Counts] = Counts
        self._workers_cpu_s: Callable[[], float] = lambda: 0.0
        self._frame_skip = frame_skip
        self._start = start
        self._began = wall_s() - seconds_since(start)
        self._phase: str | None = "startup"
        self._entered, self._entered_cpu = self._began, 0.0
        self._spent = dict.fromkeys(PHASES, 0.0)
        self._train_cpu_s = 0.0

    def connect(self, counts: Callable[[], Counts], workers_cpu_s: Callable[[], float]) -> None:
        """Where the counts and the workers' CPU-seconds are read from."""
        self._counts, self._workers_cpu_s = counts, workers_cpu_s

    def go_on_from(self, earlier: Clock) -> None:
        """Earlier attempts cost at least so much, which their log has lost."""
        known = vars(self._earlier)
        self._earlier = Clock(**{name: max(known[name], v) for name, v in vars(earlier).items()})

    def started(self) -> None:
        """The startup is over."""
        self._spent["startup"] += wall_s() - self._entered
        self._phase = None

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Attribute what happens within to phase `name`."""
        if self._phase is not None:
            raise RuntimeError(f"phase {name!r} inside phase {self._phase!r}")
        if name not in PHASES:
            raise ValueError(f"phase {name!r}: takes {', '.join(PHASES)}")
        self._phase, self._entered = name, wall_s()
        self._entered_cpu = self._cpu_s()
        try:
            yield
        finally:
            self._spent[name] += wall_s() - self._entered
            if name == "train":
                self._train_cpu_s += self._cpu_s() - self._entered_cpu
            self._phase = None

    @contextmanager
    def preparation(self) -> Iterator[None]:
        """What comes before a run's first evaluation: training where steps are taken in it, else
        part of the startup, so that an untrained policy is judged at 0 seconds."""
        with self.phase("train"):
            yield
        if not self._counts().env_steps:
            self._spent["startup"] += self._spent["train"]
            self._spent["train"] = self._train_cpu_s = 0.0

    def train_s(self) -> float:
        """Seconds of training so far, those of a phase still open included."""
        open_s = wall_s() - self._entered if self._phase == "train" else 0.0
        return self._earlier.train_s + self._spent["train"] + open_s

    def now(self) -> Clock:
        """The clock at this moment."""
        earlier, spent = self._earlier, dict(self._spent)
        train_cpu_s, cpu_s = self._train_cpu_s, self._cpu_s()
        moment = wall_s()
        if self._phase is not None:
            spent[self._phase] += moment - self._entered
            if self._phase == "train":
                train_cpu_s += cpu_s - self._entered_cpu
        elapsed_s = moment - self._began
        counts = self._counts()
        return Clock(
            env_steps=earlier.env_steps + counts.env_steps,
            env_frames=earlier.env_frames + counts.env_steps * self._frame_skip,
            episodes=earlier.episodes + counts.episodes,
            wall_s=earlier.wall_s + elapsed_s,
            train_s=earlier.train_s + spent["train"],
            eval_s=earlier.eval_s + spent["eval"],
            startup_s=earlier.startup_s + spent["startup"],
            checkpoint_s=earlier.checkpoint_s + spent["checkpoint"],
            unattributed_s=earlier.unattributed_s + elapsed_s - sum(spent.values()),
            cpu_s=earlier.cpu_s + cpu_s,
            train_cpu_s=earlier.train_cpu_s + train_cpu_s,
        )

    def _cpu_s(self) -> float:
        return process_cpu_s() - self._start.cpu_s + self._workers_cpu_s()
