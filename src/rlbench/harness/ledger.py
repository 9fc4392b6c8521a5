"""The ledger: the account of what a run has cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rlbench.clock import Start, process_cpu_s, wall_s
from rlbench.executors.base import Cost
from rlbench.interfaces import Counts
from rlbench.runs.columns import Clock

PHASES = ("startup", "train", "eval", "checkpoint")


class Ledger:
    """Wall, CPU and phase times of a run, on top of what it goes on from.

    A ledger opens in the startup phase, which `started` ends. Phases do not nest. Time in none of
    them is unattributed, and shown as such.
    start: the moment at which the attempt began, normally `Start.of_process()`.
    """

    def __init__(self, start: Start, earlier: Clock | None = None, frame_skip: int = 1) -> None:
        self._offset = earlier or Clock()  # what the clock shows beside what this attempt has cost
        self._counts: Callable[[], Counts] = Counts
        self._workers_cpu_s: Callable[[], float] = lambda: 0.0
        self._lost: Callable[[], Cost] = Cost
        self._frame_skip = frame_skip
        self._start = start
        self._began = start.at_s
        self._phase: str | None = "startup"
        self._entered, self._entered_cpu = self._began, 0.0
        self._spent = dict.fromkeys(PHASES, 0.0)
        self._train_cpu_s = 0.0

    def connect(
        self,
        counts: Callable[[], Counts],
        workers_cpu_s: Callable[[], float],
        lost: Callable[[], Cost] = Cost,
    ) -> None:
        """Where the counts, the workers' CPU-seconds and what was lost with workers are read
        from."""
        self._counts, self._workers_cpu_s, self._lost = counts, workers_cpu_s, lost

    def go_back(self, to: Clock) -> None:
        """The clock goes on from `to`: what has been spent since is lost."""
        attempt = self._attempt()
        self._offset = to.after(self._offset.plus(attempt)).minus(attempt)

    def begin_again(self) -> None:
        """All that earlier attempts have spent is lost."""
        self.go_back(self._attempt())

    def started(self) -> None:
        """The startup is over."""
        self._leave()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Attribute what happens within to phase `name`."""
        if self._phase is not None:
            raise RuntimeError(f"phase {name!r} inside phase {self._phase!r}")
        if name not in PHASES:
            raise ValueError(f"phase {name!r}: takes {', '.join(PHASES)}")
        self._enter(name)
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def aside(self, name: str) -> Iterator[None]:
        """Attribute what happens within to phase `name`, in the middle of another phase or not."""
        outer = self._phase
        if outer is not None:
            self._leave()
        try:
            with self.phase(name):
                yield
        finally:
            if outer is not None:
                self._enter(outer)

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
        return self._offset.train_s + self._spent["train"] + open_s

    def cpu_s(self) -> float:
        """CPU-seconds of this attempt alone."""
        return process_cpu_s() - self._start.cpu_s + self._workers_cpu_s()

    def now(self) -> Clock:
        """The clock at this moment."""
        return self._offset.plus(self._attempt())

    def _attempt(self) -> Clock:
        """What this attempt has cost."""
        spent, train_cpu_s, cpu_s = dict(self._spent), self._train_cpu_s, self.cpu_s()
        moment = wall_s()
        if self._phase is not None:
            spent[self._phase] += moment - self._entered
            if self._phase == "train":
                train_cpu_s += cpu_s - self._entered_cpu
        elapsed_s = moment - self._began
        counts, lost = self._counts(), self._lost()
        return Clock(
            env_steps=counts.env_steps,
            env_frames=counts.env_steps * self._frame_skip,
            episodes=counts.episodes,
            wall_s=elapsed_s,
            train_s=spent["train"],
            eval_s=spent["eval"],
            startup_s=spent["startup"],
            checkpoint_s=spent["checkpoint"],
            unattributed_s=elapsed_s - sum(spent.values()),
            cpu_s=cpu_s,
            train_cpu_s=train_cpu_s,
            lost_env_steps=lost.counts.env_steps,
            lost_cpu_s=lost.cpu_s,
        )

    def _enter(self, name: str) -> None:
        self._phase, self._entered = name, wall_s()
        self._entered_cpu = self.cpu_s()

    def _leave(self) -> None:
        assert self._phase is not None
        self._spent[self._phase] += wall_s() - self._entered
        if self._phase == "train":
            self._train_cpu_s += self.cpu_s() - self._entered_cpu
        self._phase = None
