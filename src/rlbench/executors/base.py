"""What every executor is to the harness: tasks out, results and costs back."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rlbench.clock import process_cpu_s
from rlbench.envs.family import EnvPlan
from rlbench.interfaces import Counts, Lanes

TaskFn = Callable[[Any, Any, Any], Any]


@dataclass
class LaneWorker:
    """A task's surroundings (see `interfaces.Worker`): lanes that last from task to task.

    threads: how many lanes it steps at a time (see `EnvPlan.lanes`).
    """

    plan: EnvPlan
    threads: int | None = None
    cache: dict[str, Any] = field(default_factory=dict)
    _lanes: dict[int, Lanes] = field(default_factory=dict)

    def lanes(self, num_lanes: int) -> Lanes:
        if num_lanes not in self._lanes:
            self._lanes[num_lanes] = self.plan.lanes(num_lanes, threads=self.threads)
        return self._lanes[num_lanes]

    def counts(self) -> Counts:
        """Everything this worker's lanes have stepped so far."""
        total = Counts()
        for lanes in self._lanes.values():
            total.add(lanes.counts)
        return total

    def close(self) -> None:
        for lanes in self._lanes.values():
            lanes.close()


@dataclass(frozen=True)
class Cost:
    """What a worker has spent since it began: its counts and its CPU-seconds."""

    counts: Counts
    cpu_s: float

    @classmethod
    def of(cls, worker: LaneWorker) -> Cost:
        return cls(worker.counts(), process_cpu_s())


class LaneExecutor(abc.ABC):
    """An executor whose workers own counted lanes, and report their cost with each result."""

    workers: int

    @abc.abstractmethod
    def map(self, fn: TaskFn, tasks: Iterable[Any], shared: Any = None) -> Iterator[Any]:
        """See `interfaces.Executor.map`."""

    @abc.abstractmethod
    def counts(self) -> Counts:
        """Steps and episodes of all workers, up to the last result received."""

    @abc.abstractmethod
    def cpu_s(self) -> float:
        """CPU-seconds of workers that are other processes, up to the last result received."""

    @abc.abstractmethod
    def close(self) -> None: ...


class RemoteExecutor(LaneExecutor):
    """An executor whose workers are other processes; `_costs` holds what each last reported."""

    _costs: dict[Any, Cost]

    def counts(self) -> Counts:
        total = Counts()
        for cost in self._costs.values():
            total.add(cost.counts)
        return total

    def cpu_s(self) -> float:
        return sum(cost.cpu_s for cost in self._costs.values())
