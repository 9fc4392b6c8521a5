"""Tasks in Ray actors, on this machine or on a cluster that Ray is connected to."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Collection
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.errors import ConfigError, RlbenchError, RunError
from rlbench.executors.base import Cost, LaneWorker, RemoteExecutor, TaskFn
from rlbench.extras import install_command


class _Actor:
    def __init__(self, plan: EnvPlan) -> None:
        self._worker = LaneWorker(plan, threads=1)

    def cost(self) -> Cost:
        return Cost.of(self._worker)

    def run(self, fn: TaskFn, shared: Any, task: Any) -> tuple[Any, Cost]:
        try:
            result = fn(self._worker, shared, task)
        except RlbenchError as error:
            result = error
        return result, Cost.of(self._worker)


class RayExecutor(RemoteExecutor[Any]):
    """`workers` actors of one CPU each. RAY_ADDRESS names a running cluster; without it a private
    one is started on this machine, without its dashboard.

    Raises ConfigError where Ray is not installed, RunError where an actor dies or a task raises.
    """

    def __init__(self, plan: EnvPlan, workers: int) -> None:
        try:
            import ray
        except ImportError as error:
            takes = f"an installed Ray: {install_command('ray')}"
            raise ConfigError("executor", "ray", takes) from error
        self._ray = ray
        self._owns_ray = not ray.is_initialized()
        if self._owns_ray:
            # Actors import what this process can: an environment's package, say.
            paths = os.pathsep.join(path for path in sys.path if path)
            environment = {"env_vars": {"PYTHONPATH": paths}}
            address = os.environ.get("RAY_ADDRESS")
            ray.init(
                address=address,
                num_cpus=None if address else workers,
                include_dashboard=None if address else False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env=environment,
            )
        self.workers = workers
        actor: Any = ray.remote(num_cpus=1)(_Actor)
        self._actors: list[Any] = [actor.remote(plan) for _ in range(workers)]
        first = ray.get([actor.cost.remote() for actor in self._actors])
        self._costs: dict[Any, Cost] = dict(zip(self._actors, first, strict=True))
        self._pending: dict[Any, Any] = {}  # the reference of the result that each one works at

    def _share(self, fn: TaskFn, shared: Any) -> Any:
        return fn, self._ray.put(shared)  # once for all actors

    def _send(self, worker: Any, call: Any, task: Any) -> None:
        fn, shared = call
        self._pending[worker] = worker.run.remote(fn, shared, task)

    def _wait(self, running: Collection[Any]) -> list[Any]:
        workers = {self._pending[worker]: worker for worker in running}
        return [workers[ready] for ready in self._ray.wait(list(workers))[0]]

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
        if self._owns_ray:
            self._ray.shutdown()
