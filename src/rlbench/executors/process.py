"""Tasks in worker processes of this machine."""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import threading
from collections.abc import Callable, Collection, Generator, Iterable
from multiprocessing import resource_tracker, util
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.errors import RunError
from rlbench.executors.base import Cost, RemoteExecutor, TaskFn
from rlbench.executors.worker import Call, Parent, work
from rlbench.signals import describe, held_back

JOIN_S = 10.0
LAST = -1000  # of what multiprocessing does when this process ends


class ProcessExecutor(RemoteExecutor[Connection]):
    """`workers` spawned processes, which come up while the caller does something else: the first
    `map` waits for them.

    Raises RunError where a worker dies, or a task raises.
    """

    def __init__(self, plan: EnvPlan, workers: int) -> None:
        self.workers = workers
        self._env_id = plan.facts.id
        # Spawned, not forked: a child must not inherit the threads of the parent's libraries.
        context = mp.get_context("spawn")
        self._processes: dict[Connection, SpawnProcess] = {}
        self._controls: dict[Connection, Connection] = {}
        self._costs: dict[Connection, Cost] = {}
        self._calls: dict[Connection, Call] = {}  # the last one that each worker was given
        self._number = 0  # of the last call
        parent = Parent(os.getpid(), threading.current_thread() is threading.main_thread())
        # The parent decides when a worker ends, so a signal to the process group must not. The
        # tracker is multiprocessing's own, and unblocks signals where it is started.
        with held_back():
            resource_tracker.ensure_running()
        _end_tracker_at_exit()
        with held_back():
            for _ in range(workers):
                ours, theirs = context.Pipe()
                heard, control = context.Pipe(duplex=False)
                arguments = (theirs, heard, plan, parent)
                process = context.Process(target=work, args=arguments, daemon=True)
                process.start()
                theirs.close()
                heard.close()
                self._processes[ours], self._controls[ours] = process, control

    def map(
        self,
        fn: TaskFn,
        tasks: Iterable[Any],
        shared: Any = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Generator[Any, None, None]:
        for connection in self._processes:
            if connection in self._costs:
                continue
            try:  # its first message says that it is up
                self._receive(connection)
            except RunError as error:
                raise RunError(
                    f"worker processes could not start ({error}); in a script of your own, what "
                    'starts them must stand below `if __name__ == "__main__":`'
                ) from error
        yield from super().map(fn, tasks, shared, should_stop)

    def _share(self, fn: TaskFn, shared: Any) -> Call:
        self._number += 1
        return Call(self._number, fn, shared)

    def _send(self, worker: Connection, call: Call, task: Any) -> None:
        with contextlib.suppress(OSError):  # a worker that is gone is found when it is to answer
            if self._calls.get(worker) is not call:
                worker.send(call)
                self._calls[worker] = call
            worker.send((task,))

    def _ask_to_stop(self, running: Collection[Connection]) -> None:
        for worker in running:
            with contextlib.suppress(OSError):
                self._controls[worker].send(self._number)

    def _wait(self, running: Collection[Connection], timeout_s: float | None) -> list[Connection]:
        ready = wait(list(running), timeout_s)
        return [worker for worker in ready if isinstance(worker, Connection)]

    def _receive(self, worker: Connection) -> Any:
        try:
            result, self._costs[worker] = worker.recv()
        except (EOFError, OSError):
            process = self._processes[worker]
            process.join(JOIN_S)
            how = describe(process.exitcode) if process.exitcode is not None else "went away"
            raise RunError(f"a worker process of environment {self._env_id} {how}") from None
        return result

    def close(self) -> None:
        for connection, process in self._processes.items():
            if self._given_up or connection not in self._costs:
                process.kill()  # it is in the middle of a task, or of its imports
            connection.close()  # a worker ends when its pipe does
        for process in self._processes.values():
            process.join(JOIN_S)
            if process.is_alive():
                process.kill()
                process.join()
        for control in self._controls.values():
            control.close()


def _end_tracker_at_exit() -> None:
    """Multiprocessing's tracker would end by itself, but a moment after this process."""
    tracker = resource_tracker._resource_tracker
    stop = getattr(tracker, "_stop", None)
    if stop is not None:
        util.Finalize(None, stop, exitpriority=LAST)
