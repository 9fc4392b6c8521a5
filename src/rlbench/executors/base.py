"""What every executor is to the harness: tasks out, results and costs back."""

from __future__ import annotations

import abc
from collections.abc import Callable, Collection, Generator, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from rlbench.clock import process_cpu_s
from rlbench.envs.family import EnvPlan
from rlbench.interfaces import Counts, Lanes, Stopped

TaskFn = Callable[[Any, Any, Any], Any]
LOOK_EVERY_S = 0.1  # how often `should_stop` is asked while nothing else happens
W = TypeVar("W", bound=Hashable)  # what identifies a worker: a connection, a handle, a number


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
    """What a worker has spent since it began: its counts and its CPU-seconds."""

    counts: Counts
    cpu_s: float

    @classmethod
    def of(cls, worker: LaneWorker) -> Cost:
        return cls(worker.counts(), process_cpu_s())


class LaneExecutor(abc.ABC):
    """An executor whose workers own counted lanes, and report their cost with each result.

    It is built as `cls(plan, workers)`; an executor of a package is registered under its name in
    the entry points `rlbench.executors`.
    """

    workers: int

    @abc.abstractmethod
    def __init__(self, plan: EnvPlan, workers: int) -> None:
        """`workers` workers over environments of `plan`."""

    @classmethod
    def workers_for(cls, cores: int) -> int:
        """How many workers a run of `cores` cores on this machine has. An executor whose workers
        are on other machines may have more."""
        return cores

    @abc.abstractmethod
    def map(
        self,
        fn: TaskFn,
        tasks: Iterable[Any],
        shared: Any = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Generator[Any, None, None]:
        """See `interfaces.Executor.map`."""

    @abc.abstractmethod
    def counts(self) -> Counts:
        """Steps and episodes of all workers, up to the last result received."""

    @abc.abstractmethod
    def cpu_s(self) -> float:
        """CPU-seconds of workers that are other processes, up to the last result received."""

    @abc.abstractmethod
    def close(self) -> None:
        """End the workers."""


class RemoteExecutor(LaneExecutor, Generic[W]):
    """An executor whose workers run side by side, each handed the next task as it becomes free.

    _costs: what each worker has reported last; a subclass fills it with its workers. _given_up:
    whether a task may still be running that nobody waits for, so that `close` must not either.
    """

    _costs: dict[W, Cost]
    _given_up = False

    def map(
        self,
        fn: TaskFn,
        tasks: Iterable[Any],
        shared: Any = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Generator[Any, None, None]:
        call = self._share(fn, shared)
        queue = enumerate(tasks)
        running: dict[W, int] = {}
        results: dict[int, Any] = {}
        due, stopped = 0, False

        def hand_out(worker: W) -> None:
            for number, task in () if stopped else queue:
                self._send(worker, call, task)
                running[worker] = number
                return

        try:
            for worker in self._costs:
                hand_out(worker)
            while running:
                for worker in self._wait(running, None if should_stop is None else LOOK_EVERY_S):
                    number = running.pop(worker)
                    result = self._receive(worker)
                    if isinstance(result, Exception) and not isinstance(result, Stopped):
                        raise result
                    results[number] = result
                    hand_out(worker)
                while due in results and not isinstance(results[due], Stopped):
                    yield results.pop(due)
                    due += 1
                if should_stop is not None and not stopped and should_stop():
                    stopped = True
                    self._ask_to_stop(running)
        except (Exception, GeneratorExit):
            self._end(running)
            raise
        except BaseException:  # somebody is in a hurry
            self._given_up = True
            raise

    def _end(self, running: Collection[W]) -> None:
        """Have running tasks end, so that their steps are counted."""
        self._given_up = True
        self._ask_to_stop(running)
        for worker in running:
            self._receive(worker)
        self._given_up = False

    def _share(self, fn: TaskFn, shared: Any) -> Any:
        """What `_send` is given for each task of one `map`: function and shared value, in a form
        that need not be sent again with each task."""
        return fn, shared

    @abc.abstractmethod
    def _send(self, worker: W, call: Any, task: Any) -> None:
        """Have a free worker begin a task."""

    def _ask_to_stop(self, running: Collection[W]) -> None:
        """Make `should_stop` of these workers true until their tasks have ended; where this does
        nothing, tasks run to their ends."""
        return

    @abc.abstractmethod
    def _wait(self, running: Collection[W], timeout_s: float | None) -> Collection[W]:
        """Wait for at least one of the running workers, or for `timeout_s`; those that have
        finished."""

    @abc.abstractmethod
    def _receive(self, worker: W) -> Any:
        """The result of the worker's task, or the exception that it raised; waits for it, and keeps
        what the worker reports in `_costs`. Raises RunError where the worker is gone."""

    def counts(self) -> Counts:
        total = Counts()
        for cost in list(self._costs.values()):  # another thread may look while workers come up
            total.add(cost.counts)
        return total

    def cpu_s(self) -> float:
        return sum(cost.cpu_s for cost in self._costs.values())
