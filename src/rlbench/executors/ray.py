"""Tasks in Ray actors, on this machine or on a cluster that Ray is connected to."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.errors import ConfigError, RlbenchError, RunError
from rlbench.executors.base import Cost, LaneWorker, RemoteExecutor, TaskFn


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


class RayExecutor(RemoteExecutor):
    """`workers` actors of one CPU each. RAY_ADDRESS names a running cluster; without it a private
    one is started on this machine, without its dashboard.

    Raises ConfigError where Ray is not installed, RunError where an actor dies or a task raises.
    """

    def __init__(self, plan: EnvPlan, workers: int) -> None:
        try:
            import ray
        except ImportError as error:
            raise ConfigError(
                "executor", "ray", "an installed Ray: pip install 'rlbench[ray]'"
            ) from error
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

    def map(self, fn: TaskFn, tasks: Iterable[Any], shared: Any = None) -> Iterator[Any]:
        queue = enumerate(tasks)
        shared_ref = self._ray.put(shared)
        running: dict[Any, tuple[Any, int]] = {}
        results: dict[int, Any] = {}
        due = 0

        def hand_out(actor: Any) -> None:
            for number, task in queue:
                running[actor.run.remote(fn, shared_ref, task)] = (actor, number)
                return

        try:
            for actor in self._actors:
                hand_out(actor)
            while running:
                for ready in self._ray.wait(list(running))[0]:
                    actor, number = running.pop(ready)
                    result = self._receive(ready, actor)
                    if isinstance(result, Exception):
                        raise result
                    results[number] = result
                    hand_out(actor)
                while due in results:
                    yield results.pop(due)
                    due += 1
        finally:
            # What was begun is finished and counted, also when the caller has had enough.
            for ready, (actor, _) in running.items():
                self._receive(ready, actor)

    def _receive(self, ready: Any, actor: Any) -> Any:
        try:
            result, self._costs[actor] = self._ray.get(ready)
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
