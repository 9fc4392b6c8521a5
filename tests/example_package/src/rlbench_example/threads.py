"""Tasks in threads of this process: as many as the run has cores, and one more."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.executors.base import Cost, LaneWorker
from rlbench.executors.remote import RemoteExecutor
from rlbench.interfaces import Counts


class ThreadsExecutor(RemoteExecutor[int]):
    """A worker is a number here; each has its lanes."""

    def __init__(self, plan: EnvPlan, workers: int) -> None:
        self.workers = workers
        self._pool = ThreadPoolExecutor(workers)
        self._lane_workers = [LaneWorker(plan, threads=1) for _ in range(workers)]
        self._costs = {number: Cost(Counts(), 0.0) for number in range(workers)}
        self._running: dict[int, Future[Any]] = {}

    @classmethod
    def workers_for(cls, cores: int) -> int:
        return cores + 1

    def _send(self, worker: int, call: Any, task: Any) -> None:
        fn, shared = call
        self._running[worker] = self._pool.submit(fn, self._lane_workers[worker], shared, task)

    def _wait(self, running: Collection[int], timeout_s: float | None) -> list[int]:
        futures = [self._running[worker] for worker in running]
        done = wait(futures, timeout_s, return_when=FIRST_COMPLETED).done
        return [worker for worker in running if self._running[worker] in done]

    def _receive(self, worker: int) -> Any:
        future = self._running.pop(worker)
        error = future.exception()  # waits
        # CPU-seconds are those of the run's own process, which counts them itself.
        self._costs[worker] = Cost(self._lane_workers[worker].counts(), 0.0)
        return future.result() if error is None else error

    def close(self) -> None:
        self._pool.shutdown()
        for worker in self._lane_workers:
            worker.close()
