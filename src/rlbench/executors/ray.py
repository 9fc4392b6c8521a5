"""Tasks in Ray actors, on this machine or on a cluster that Ray is connected to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.errors import RlbenchError, RunError
from rlbench.executors.base import Cost, LaneWorker, RemoteExecutor, TaskFn
from rlbench.executors.ray_cluster import connect
from rlbench.interfaces import Stopped

CONTROL = "control"  # a thread of each actor, beside the one that tasks have


class _Actor:
    def __init__(self, plan: EnvPlan) -> None:
        self._worker = LaneWorker(plan, threads=1)
        self._call = self._stopped = 0
        self._worker.should_stop = lambda: self._stopped >= self._call

    def cost(self) -> Cost:
        return Cost.of(self._worker)

    def stop(self, call: int) -> None:
        self._stopped = call

    def run(self, call: int, fn: TaskFn, shared: Any, task: Any) -> tuple[Any, Cost]:
        self._call = call
        try:
            result = fn(self._worker, shared, task)
        except (RlbenchError, Stopped) as error:
            result = error
        return result, Cost.of(self._worker)


class RayExecutor(RemoteExecutor[Any]):
    """`workers` actors of one CPU each (see `ray_cluster.connect`).

    Raises ConfigError where Ray is not installed, RunError where an actor dies or a task raises.
    """

    def __init__(self, plan: EnvPlan, workers: int) -> None:
        self._cluster = connect(None, workers)
        self._ray = self._cluster.ray
        self.workers = workers
        self._number = 0  # of the last call of `map`
        remote: Any = self._ray.remote  # its types know no concurrency groups
        actor: Any = remote(num_cpus=1, concurrency_groups={CONTROL: 1})(_Actor)
        self._actors: list[Any] = [actor.remote(plan) for _ in range(workers)]
        first = self._ray.get([actor.cost.remote() for actor in self._actors])
        self._costs: dict[Any, Cost] = dict(zip(self._actors, first, strict=True))
        self._pending: dict[Any, Any] = {}  # the reference of the result that each one works at

    def _share(self, fn: TaskFn, shared: Any) -> Any:
        self._number += 1
        return self._number, fn, self._ray.put(shared)  # once for all actors

    def _send(self, worker: Any, call: Any, task: Any) -> None:
        self._pending[worker] = worker.run.remote(*call, task)

    def _ask_to_stop(self, running: Collection[Any]) -> None:
        for worker in running:
            worker.stop.options(concurrency_group=CONTROL).remote(self._number)

    def _wait(self, running: Collection[Any], timeout_s: float | None) -> list[Any]:
        workers = {self._pending[worker]: worker for worker in running}
        return [workers[ready] for ready in self._ray.wait(list(workers), timeout=timeout_s)[0]]

    def _receive(self, worker: Any) -> Any:
        try:
            result, self._costs[worker] = self._ray.get(self._pending.pop(worker))
        except self._ray.exceptions.RayTaskError as error:
            return RunError(f"a task failed in a Ray actor: {error.cause!s}")
        except self._ray.exceptions.RayError as error:
            raise RunError(f"a Ray actor died: {str(error).splitlines()[0]}") from error
        return result

    def close(self) -> None:
        for actor in self._actors:
            self._ray.kill(actor)
        self._cluster.close()
