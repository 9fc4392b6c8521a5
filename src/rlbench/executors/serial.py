"""Tasks one after another, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.executors.base import LaneExecutor, LaneWorker, TaskFn
from rlbench.interfaces import Counts, Stopped


class SerialExecutor(LaneExecutor):
    """No other process: what is right for one core, and for environments that vectorise."""

    def __init__(self, plan: EnvPlan, workers: int = 1) -> None:
        self.workers = 1  # however many are asked for
        self._worker = LaneWorker(plan)

    @classmethod
    def workers_for(cls, cores: int) -> int:
        return 1

    def map(
        self,
        fn: TaskFn,
        tasks: Iterable[Any],
        shared: Any = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Generator[Any, None, None]:
        asked = self._worker.should_stop = should_stop or (lambda: False)
        for task in tasks:
            if asked():
                return
            try:
                result = fn(self._worker, shared, task)
            except Stopped:
                return
            yield result

    def counts(self) -> Counts:
        return self._worker.counts()

    def cpu_s(self) -> float:
        return 0.0  # this process's own, which the ledger reads

    def close(self) -> None:
        self._worker.close()
