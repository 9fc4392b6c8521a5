"""Tasks in worker processes of this machine."""

from __future__ import annotations

import multiprocessing as mp
import signal
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.errors import RlbenchError, RunError
from rlbench.executors.base import Cost, LaneWorker, RemoteExecutor, TaskFn

JOIN_S = 10.0


class ProcessExecutor(RemoteExecutor):
    """`workers` spawned processes, each handed the next task as it becomes free.

    Raises RunError where a worker dies, or a task raises.
    """

    def __init__(self, plan: EnvPlan, workers: int) -> None:
        self.workers = workers
        # Spawned, not forked: a child must not inherit the threads of the parent's libraries.
        context = mp.get_context("spawn")
        self._processes: dict[Connection, SpawnProcess] = {}
        self._costs: dict[Connection, Cost] = {}
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, plan), daemon=True)
            process.start()
            theirs.close()
            self._processes[ours] = process
        # Each worker's first word says that it is up: that time is startup, not training.
        for connection in self._processes:
            self._receive(connection)

    def map(self, fn: TaskFn, tasks: Iterable[Any], shared: Any = None) -> Iterator[Any]:
        queue = enumerate(tasks)
        running: dict[Connection, int] = {}
        results: dict[int, Any] = {}
        due = 0
        try:
            for connection in self._processes:
                connection.send((fn, shared))
                self._hand_out(connection, queue, running)
            while running:
                for ready in wait(list(running)):
                    assert isinstance(ready, Connection)
                    number = running.pop(ready)
                    result = self._receive(ready)
                    if isinstance(result, Exception):
                        raise result
                    results[number] = result
                    self._hand_out(ready, queue, running)
                while due in results:
                    yield results.pop(due)
                    due += 1
        finally:
            # What was begun is finished and counted, also when the caller has had enough.
            for connection in running:
                self._receive(connection)

    @staticmethod
    def _hand_out(
        connection: Connection, queue: Iterator[tuple[int, Any]], running: dict[Connection, int]
    ) -> None:
        for number, task in queue:
            connection.send((task,))
            running[connection] = number
            return

    def _receive(self, connection: Connection) -> Any:
        try:
            result, self._costs[connection] = connection.recv()
        except (EOFError, ConnectionResetError):
            process = self._processes[connection]
            process.join(JOIN_S)
            raise RunError(
                f"a worker process died (exit code {process.exitcode}); "
                "a machine short of memory ends processes so"
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
