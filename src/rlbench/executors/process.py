"""Tasks in worker processes of this machine."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.errors import RunError
from rlbench.executors.base import Cost, TaskFn, Traffic
from rlbench.executors.messages import Board, Posted, dumped
from rlbench.executors.remote import RemoteExecutor
from rlbench.executors.worker import Call
from rlbench.executors.worker_process import WorkerProcess


@dataclass(frozen=True)
class _Message:
    """A call as it is sent to each worker."""

    number: int
    data: memoryview


class ProcessExecutor(RemoteExecutor[WorkerProcess]):
    """`workers` spawned processes, which come up while the caller does something else: the first
    `map` waits for them.

    Raises RunError where a task raises, or its workers die again and again.
    """

    def __init__(self, plan: EnvPlan, workers: int) -> None:
        self.workers = workers
        self._plan = plan
        self._board = Board()
        self._processes: set[WorkerProcess] = set()
        self._costs: dict[WorkerProcess, Cost] = {}
        self._number = 0  # of the last call
        self._sent_bytes = self._received_bytes = 0
        self._starting = tuple(self._start() for _ in range(workers))

    def _start(self) -> WorkerProcess:
        worker = WorkerProcess(self._plan, self._board)
        self._processes.add(worker)
        return worker

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

    def _send(self, worker: WorkerProcess, call: _Message, task: Any) -> None:
        self._sent_bytes += worker.send(call.number, call.data, task)

    def _ask_to_stop(self, running: Collection[WorkerProcess]) -> None:
        for worker in running:
            worker.ask_to_stop(self._number)

    def _wait(
        self, workers: Collection[WorkerProcess], timeout_s: float | None
    ) -> list[WorkerProcess]:
        at = {worker.connection: worker for worker in workers}
        ready = set(wait(list(at), timeout_s))
        return [worker for connection, worker in at.items() if connection in ready]

    def _receive(self, worker: WorkerProcess) -> Any:
        result, self._costs[worker], size = worker.receive()
        self._received_bytes += size
        return result

    def _forget(self, worker: WorkerProcess) -> None:
        self._processes.remove(worker)
        worker.end(now=True)
        worker.join()

    def traffic(self) -> Traffic:
        return Traffic(self._sent_bytes, self._received_bytes)

    def close(self) -> None:
        for worker in self._processes:
            # At once where it is in the middle of a task, or of its imports.
            worker.end(now=self._given_up or worker not in self._costs)
        for worker in self._processes:
            worker.join()
        self._board.close()
