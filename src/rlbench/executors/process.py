"""Tasks in worker processes of this machine."""

from __future__ import annotations

import multiprocessing as mp
import signal
from collections.abc import Collection, Generator, Iterable
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.errors import RlbenchError, RunError
from rlbench.executors.base import Cost, LaneWorker, RemoteExecutor, TaskFn

JOIN_S = 10.0


class ProcessExecutor(RemoteExecutor[Connection]):
    """`workers` spawned processes, which come up while the caller does something else: the first
    `map` waits for them.

    Raises RunError where a worker dies, or a task raises.
    """

    def __init__(self, plan: EnvPlan, workers: int) -> None:
        self.workers = workers
        # Spawned, not forked: a child must not inherit the threads of the parent's libraries.
        context = mp.get_context("spawn")
        self._processes: dict[Connection, SpawnProcess] = {}
        self._costs: dict[Connection, Cost] = {}
        self._calls: dict[Connection, Any] = {}  # the function and shared value each one has
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, plan), daemon=True)
            process.start()
            theirs.close()
            self._processes[ours] = process

    def map(
        self, fn: TaskFn, tasks: Iterable[Any], shared: Any = None
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
        yield from super().map(fn, tasks, shared)

    def _send(self, worker: Connection, call: Any, task: Any) -> None:
        if self._calls.get(worker) is not call:
            worker.send(call)
            self._calls[worker] = call
        worker.send((task,))

    def _wait(self, running: Collection[Connection]) -> list[Connection]:
        return [ready for ready in wait(list(running)) if isinstance(ready, Connection)]

    def _receive(self, worker: Connection) -> Any:
        try:
            result, self._costs[worker] = worker.recv()
        except (EOFError, ConnectionResetError):
            process = self._processes[worker]
            process.join(JOIN_S)
            raise RunError(
                f"a worker process died (exit code {process.exitcode}); "
                "a machine that is short of memory ends processes like this"
            ) from None
        return result

    def close(self) -> None:
        for connection in self._processes:
            connection.close()  # a worker ends when its pipe does
        for process in self._processes.values():
            process.join(JOIN_S)
            if process.is_alive():
                process.kill()
                process.join()


def _work(connection: Connection, plan: EnvPlan) -> None:
    # Ctrl-C reaches the whole process group; the parent decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = LaneWorker(plan, threads=1)
    connection.send((None, Cost.of(worker)))
    fn: TaskFn | None = None
    shared = None
    while True:
        try:
            message = connection.recv()
        except (EOFError, ConnectionResetError):
            worker.close()
            return
        if len(message) == 2:
            fn, shared = message
            continue
        assert fn is not None
        try:
            result = fn(worker, shared, message[0])
        except RlbenchError as error:
            result = error
        except Exception as error:
            result = RunError(f"{type(error).__name__} in a worker process: {error}")
        connection.send((result, Cost.of(worker)))
