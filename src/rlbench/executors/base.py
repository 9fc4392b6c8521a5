"""What every executor is to the harness: tasks out, results and costs back."""

from __future__ import annotations

import abc
from collections.abc import Callable, Collection, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from rlbench.clock import process_cpu_s
from rlbench.envs.family import EnvPlan
from rlbench.errors import ConfigError
from rlbench.interfaces import Array, Counts, Lanes

TaskFn = Callable[[Any, Any, Any], Any]


@dataclass
class LaneWorker:
    """A task's surroundings (see `interfaces.Worker`): lanes that last from task to task.

    threads: how many lanes it steps at a time (see `EnvPlan.lanes`). should_stop: whether the task
    that runs is to give up; whoever runs it sets this.
    """

    plan: EnvPlan
    threads: int | None = None
    should_stop: Callable[[], bool] = lambda: False
    cache: dict[str, Any] = field(default_factory=dict)
    _lanes: dict[tuple[int, int], Lanes] = field(default_factory=dict)
    _evaluation: dict[tuple[int, int], Lanes] = field(default_factory=dict)

    def lanes(self, num_lanes: int, place: int = 0) -> Lanes:
        asked = num_lanes, place
        if asked not in self._lanes:
            self._lanes[asked] = self.plan.lanes(num_lanes, threads=self.threads)
        return self._lanes[asked]

    def evaluation_lanes(self, num_lanes: int, max_episode_steps: int) -> Lanes:
        """Lanes whose steps are no training: they are in no count."""
        asked = num_lanes, max_episode_steps
        if asked not in self._evaluation:
            self._evaluation[asked] = self.plan.lanes(*asked, threads=self.threads)
        return self._evaluation[asked]

    def counts(self) -> Counts:
        """Everything this worker's training lanes have stepped so far."""
        total = Counts()
        for lanes in list(self._lanes.values()):  # another thread may look while one is made
            total.add(lanes.counts)
        return total

    def close(self) -> None:
        for lanes in (*self._lanes.values(), *self._evaluation.values()):
            lanes.close()


@dataclass(frozen=True)
class Cost:
    """What workers have spent: their counts and CPU-seconds."""

    counts: Counts = field(default_factory=Counts)
    cpu_s: float = 0.0

    @classmethod
    def of(cls, worker: LaneWorker) -> Cost:
        """What a worker has spent since it began, in whose process this is called."""
        return cls(worker.counts(), process_cpu_s())

    def plus(self, other: Cost, times: int = 1) -> Cost:
        """The sum of this and `times` the other one."""
        ours, theirs = self.counts, other.counts
        counts = Counts(
            ours.env_steps + times * theirs.env_steps, ours.episodes + times * theirs.episodes
        )
        return Cost(counts, self.cpu_s + times * other.cpu_s)


@dataclass(frozen=True)
class Traffic:
    """What has gone from this process to its workers and back: the contents of messages, without
    what carries them. What several workers read in one place is counted once."""

    sent_bytes: int = 0
    received_bytes: int = 0

    def minus(self, other: Traffic) -> Traffic:
        """What came after the other one."""
        return Traffic(
            self.sent_bytes - other.sent_bytes, self.received_bytes - other.received_bytes
        )


class LaneExecutor(abc.ABC):
    """An executor whose workers own counted lanes, and report their cost with each result.

    It is built as `cls(plan, workers)`, and with `address=` where it takes one; an executor of a
    package is registered under its name in the entry points `rlbench.executors`.
    """

    workers: int

    @abc.abstractmethod
    def __init__(self, plan: EnvPlan, workers: int) -> None:
        """`workers` workers over environments of `plan`."""

    @classmethod
    def workers_for(cls, cores: int) -> int:
        """How many workers a run of `cores` cores on this machine has, where nothing is asked
        for."""
        return cores

    @classmethod
    def address(cls, asked: str | None) -> str | None:
        """Where the machines are that the workers are on; None: they are on this one. asked: the
        setting `executor.address`. Raises ConfigError where there is no choice."""
        if asked is not None:
            takes = "null: of the executors only ray goes beyond this machine"
            raise ConfigError("executor.address", asked, takes)
        return None

    @classmethod
    def cpus_at(cls, address: str) -> int:
        """How many CPUs there are for workers at an address."""
        raise NotImplementedError

    @abc.abstractmethod
    def map(
        self,
        fn: TaskFn,
        tasks: Iterable[Any],
        shared: Any = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Generator[Any, None, None]:
        """See `interfaces.Executor.map`."""

    def add_up(
        self, fn: TaskFn, tasks: Collection[Any], shared: Any, total: Array, arrays: int
    ) -> Array:
        """See `interfaces.Executor.add_up`."""
        total = total.copy()
        for parts in self.map(fn, tasks, shared):
            for part in parts:
                total += part
        return total

    @abc.abstractmethod
    def counts(self) -> Counts:
        """Steps and episodes of all workers, up to the last result received."""

    @abc.abstractmethod
    def cpu_s(self) -> float:
        """CPU-seconds of workers that are other processes, up to the last result received."""

    def lost(self) -> Cost:
        """What went into tasks whose worker was lost. How far these had come is not known: each
        counts for as much as it took when it was done again. It is in no other count."""
        return Cost()

    def traffic(self) -> Traffic | None:
        """What has been sent and received so far; None where there are no messages."""
        return None

    def losses(self) -> list[str]:
        """How workers were lost since this was called last, a line each."""
        return []

    @abc.abstractmethod
    def close(self) -> None:
        """End the workers."""
