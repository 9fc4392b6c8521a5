"""Executors whose workers are elsewhere: in other processes, or on other machines."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Callable, Collection, Generator, Hashable, Iterable
from typing import Any, Generic, TypeVar

from rlbench.errors import RunError
from rlbench.executors.base import Cost, LaneExecutor, TaskFn
from rlbench.executors.tasks import Task, TaskQueue
from rlbench.interfaces import Counts, Stopped

LOOK_EVERY_S = 0.1  # how often `should_stop` is asked while nothing else happens
TRIES = 3  # of a task whose workers are lost, and of workers that do not come up
START_S = 600.0  # how long a run waits for a worker when it has none
W = TypeVar("W", bound=Hashable)  # what identifies a worker: a connection, a handle, a number


class WorkerLostError(RunError):
    """A worker is gone: its process has ended, or its machine does not answer. Its task is done
    again by another one."""


class RemoteExecutor(LaneExecutor, Generic[W]):
    """An executor whose workers run side by side, each handed the next task as it becomes free.

    A subclass fills `_costs`, what each worker has reported last, with its workers; or it has them
    in `_starting`, and `_receive` fills it when they come up. Where `_receive` raises
    WorkerLostError it also has `_start`; any other error ends the run. _given_up: whether a task
    may still be running that nobody waits for, so that `close` must not either.
    """

    _costs: dict[W, Cost]
    _starting: tuple[W, ...] = ()
    _given_up = False
    _gone, _lost = Cost(), Cost()  # what workers had reported before they were lost; see `lost`
    _losses: tuple[str, ...] = ()
    _failed_starts, _alone_s = 0, 0.0

    def map(
        self,
        fn: TaskFn,
        tasks: Iterable[Any],
        shared: Any = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Generator[Any, None, None]:
        self._come_up()
        call, queue = self._share(fn, shared), TaskQueue(tasks)
        idle, running = list(self._costs), dict[W, Task]()
        try:
            while True:
                while idle and (task := queue.next()) is not None:
                    worker = idle.pop(0)
                    self._send(worker, call, task.content)
                    running[worker] = task
                if not running and queue.is_empty:
                    return
                ready = self._wait_for(running, should_stop is not None)
                idle += [w for w in ready if self._take(w, running.pop(w, None), queue)]
                yield from queue.results()
                if should_stop is not None and not queue.stopped and should_stop():
                    queue.stop()
                    self._ask_to_stop(running)
        except (Exception, GeneratorExit):
            self._end(running)
            raise
        except BaseException:  # somebody is in a hurry
            self._given_up = True
            raise

    def _come_up(self) -> None:
        """Wait for all workers, where none is there yet: each is to get one of the first tasks."""
        if not self._costs:
            while self._starting:
                for worker in self._wait_for((), looks=False):
                    self._take(worker, None, TaskQueue(()))

    def _wait_for(self, running: Collection[W], looks: bool) -> Collection[W]:
        """Workers that have something to say: those at a task, and those that come up.

        Raises RunError where only the latter are left, and do not come.
        """
        timeout_s = LOOK_EVERY_S if looks or not running else None
        ready = self._wait([*running, *self._starting], timeout_s)
        self._alone_s = 0.0 if running or ready else self._alone_s + LOOK_EVERY_S
        if self._alone_s > START_S:
            missing = f"{len(self._starting)} of {self.workers}"
            raise self._cannot_start(f"{missing} have not come up within {START_S:g} s")
        return ready

    def _take(self, worker: W, task: Task | None, queue: TaskQueue) -> bool:
        """Receive what a worker has to say: the result of its task or, where it had none, that it
        has come up. Whether it is free now."""
        before = self._costs.get(worker, Cost())
        try:
            result = self._receive(worker)
        except WorkerLostError as error:
            if task is not None:
                queue.give_back(task)
            self._replace(worker, error, task)
            return False
        if task is None:
            self._starting = tuple(each for each in self._starting if each != worker)
            self._failed_starts = 0
            return True
        if isinstance(result, Exception) and not isinstance(result, Stopped):
            raise result
        self._lost = self._lost.plus(self._costs[worker].plus(before, -1), task.losses)
        queue.finish(task, result)
        return True

    def _replace(self, worker: W, error: WorkerLostError, task: Task | None) -> None:
        """Have another worker come up in the place of one that is gone.

        Raises RunError where that has happened too often: at one task, or before one came up.
        """
        self._gone = self._gone.plus(self._costs.pop(worker, Cost()))
        self._starting = tuple(each for each in self._starting if each != worker)
        self._losses = (*self._losses, str(error))
        self._forget(worker)
        self._starting = (*self._starting, self._start())
        self._failed_starts += task is None
        if self._failed_starts == TRIES:
            raise self._cannot_start(str(error)) from error
        if task is not None and task.losses == TRIES:
            raise RunError(f"{error} ({TRIES} in turn, at the same task)") from error

    def _end(self, running: Collection[W]) -> None:
        """Have running tasks end, so that their steps are counted."""
        self._given_up = True
        self._ask_to_stop(running)
        for worker in running:
            with contextlib.suppress(WorkerLostError):  # it is replaced when it is to work again
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
    def _wait(self, workers: Collection[W], timeout_s: float | None) -> Collection[W]:
        """Wait for at least one of the workers, or for `timeout_s`; those that have finished their
        task, or have come up."""

    @abc.abstractmethod
    def _receive(self, worker: W) -> Any:
        """The result of the worker's task, or the exception that it raised; waits for it, and keeps
        what the worker reports in `_costs`. Of a worker that comes up, the latter alone. Raises
        WorkerLostError where the worker is gone."""

    def _start(self) -> W:
        """Another worker, which comes up."""
        raise NotImplementedError

    def _forget(self, worker: W) -> None:
        """A worker is lost: nothing more comes from it."""
        return

    def _cannot_start(self, why: str) -> RunError:
        """The error where workers do not come up."""
        return RunError(f"workers could not start ({why})")

    def counts(self) -> Counts:
        return self._spent().counts

    def cpu_s(self) -> float:
        return self._spent().cpu_s

    def _spent(self) -> Cost:
        spent = Cost().plus(self._gone)
        for cost in list(self._costs.values()):  # another thread may look while workers come up
            spent = spent.plus(cost)
        return spent

    def lost(self) -> Cost:
        return self._lost

    def losses(self) -> list[str]:
        losses, self._losses = list(self._losses), ()
        return losses
