"""Tasks in worker processes of this machine."""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import threading
from collections.abc import Collection
from dataclasses import dataclass
from multiprocessing import resource_tracker, util
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.errors import RunError
from rlbench.executors.base import Cost, TaskFn, Traffic
from rlbench.executors.messages import Board, Posted, dumped, receive
from rlbench.executors.remote import RemoteExecutor, WorkerLostError
from rlbench.executors.worker import Call, Parent, work
from rlbench.signals import describe, held_back

JOIN_S = 10.0
LAST = -1000  # of what multiprocessing does when this process ends


@dataclass
class _Worker:
    """control: through which it hears that it is to stop. call: the number of the last one that it
    was given."""

    process: SpawnProcess
    control: Connection
    call: int = 0


@dataclass(frozen=True)
class _Message:
    """A call as it is sent to each worker."""

    number: int
    data: memoryview


class ProcessExecutor(RemoteExecutor[Connection]):
    """`workers` spawned processes, which come up while the caller does something else: the first
    `map` waits for them.

    Raises RunError where a task raises, or its workers die again and again.
    """

    def __init__(self, plan: EnvPlan, workers: int) -> None:
        self.workers = workers
        self._plan = plan
        # Spawned, not forked: a child must not inherit the threads of the parent's libraries.
        self._context = mp.get_context("spawn")
        self._board = Board()
        self._workers: dict[Connection, _Worker] = {}
        self._costs: dict[Connection, Cost] = {}
        self._number = 0  # of the last call
        self._sent_bytes = self._received_bytes = 0
        # The parent decides when a worker ends, so a signal to the process group must not. The
        # tracker is multiprocessing's own, and unblocks signals where it is started.
        with held_back():
            resource_tracker.ensure_running()
        _end_tracker_at_exit()
        self._starting = tuple(self._start() for _ in range(workers))

    def _start(self) -> Connection:
        parent = Parent(os.getpid(), threading.current_thread() is threading.main_thread())
        ours, theirs = self._context.Pipe()
        heard, control = self._context.Pipe(duplex=False)
        arguments = (theirs, heard, self._plan, parent, self._board)
        process = self._context.Process(target=work, args=arguments, daemon=True)
        with held_back():
            process.start()
        theirs.close()
        heard.close()
        self._workers[ours] = _Worker(process, control)
        return ours

    def _cannot_start(self, why: str) -> RunError:
        return RunError(
            f"worker processes could not start ({why}); in a script of your own, what "
            'starts them must stand below `if __name__ == "__main__":`'
        )

    def _share(self, fn: TaskFn, shared: Any) -> _Message:
        self._number += 1
        content = self._board.post((fn, shared))
        if isinstance(content, Posted):
            self._sent_bytes += content.size
        return _Message(self._number, dumped(Call(self._number, content)))

    def _send(self, worker: Connection, call: _Message, task: Any) -> None:
        known = self._workers[worker]
        with contextlib.suppress(OSError):  # a worker that is gone is found when it is to answer
            if known.call != call.number:
                self._send_bytes(worker, call.data)
                known.call = call.number
            self._send_bytes(worker, dumped((task,)))

    def _send_bytes(self, worker: Connection, data: memoryview) -> None:
        worker.send_bytes(data)
        self._sent_bytes += len(data)

    def _ask_to_stop(self, running: Collection[Connection]) -> None:
        for worker in running:
            with contextlib.suppress(OSError):
                self._workers[worker].control.send(self._number)

    def _wait(self, workers: Collection[Connection], timeout_s: float | None) -> list[Connection]:
        ready = wait(list(workers), timeout_s)
        return [worker for worker in ready if isinstance(worker, Connection)]

    def _receive(self, worker: Connection) -> Any:
        try:
            (result, cost), size = receive(worker)
        except (EOFError, OSError):
            raise WorkerLostError(self._how_it_ended(worker)) from None
        self._costs[worker] = cost
        self._received_bytes += size
        return result

    def _how_it_ended(self, worker: Connection) -> str:
        process = self._workers[worker].process
        process.join(JOIN_S)
        how = describe(process.exitcode) if process.exitcode is not None else "went away"
        return f"a worker process of environment {self._plan.facts.id} {how}"

    def _forget(self, worker: Connection) -> None:
        gone = self._workers.pop(worker)
        gone.process.kill()
        for connection in (worker, gone.control):
            connection.close()

    def traffic(self) -> Traffic:
        return Traffic(self._sent_bytes, self._received_bytes)

    def close(self) -> None:
        for connection, worker in self._workers.items():
            if self._given_up or connection not in self._costs:
                worker.process.kill()  # it is in the middle of a task, or of its imports
            connection.close()  # a worker ends when its pipe does
        for worker in self._workers.values():
            worker.process.join(JOIN_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.control.close()
        self._board.close()


def _end_tracker_at_exit() -> None:
    """Multiprocessing's tracker would end by itself, but a moment after this process."""
    tracker = resource_tracker._resource_tracker
    stop = getattr(tracker, "_stop", None)
    if stop is not None:
        util.Finalize(None, stop, exitpriority=LAST)
