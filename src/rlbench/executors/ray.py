"""Tasks in Ray actors, on this machine or on a cluster."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlbench.envs.family import EnvPlan
from rlbench.errors import ConfigError, RunError
from rlbench.executors.base import Cost, TaskFn, Traffic
from rlbench.executors.ray_cluster import ADDRESS, cluster_cpus, connect
from rlbench.executors.ray_worker import CONTROL, Content, RayWorker
from rlbench.executors.remote import TRIES, RemoteExecutor, WorkerLostError
from rlbench.executors.tasks import Task
from rlbench.interfaces import Array

# Of arrays that are added up; fewer are sent to whoever adds them. On a cluster that spares the
# master messages; on one machine, with 2 actors, 40 MiB took 0.13 s sent and 0.18 s passed on,
# 416 MiB 1.0 and 1.3 s.
PASSED_ON_FROM_BYTES = 2**25
PIECES = 8
# Of what the tasks of a call share; less is sent with a worker's first task, which costs a third of
# the CPU time that keeping it does.
KEPT_FROM_BYTES = 2**16


@dataclass(frozen=True)
class _Call:
    """A call of `map`; content: see `ray_worker.Content`."""

    number: int
    content: Content


class RayExecutor(RemoteExecutor[Any]):
    """`workers` actors of one CPU each (see `ray_cluster.connect`). They come up while the caller
    does something else: the first `map` waits for them.

    Raises ConfigError where Ray is not installed or the cluster has fewer CPUs, RunError where a
    task raises, or its actors die again and again.
    """

    def __init__(self, plan: EnvPlan, workers: int, address: str | None = None) -> None:
        self.workers = workers
        self._plan = plan
        self._cluster = connect(address, workers)
        self._ray = self._cluster.ray
        if workers > self._cluster.cpus:
            cpus = self._cluster.cpus
            self._cluster.close()
            raise ConfigError("executor.workers", workers, f"1 to {cpus}, the CPUs of the cluster")
        options = {"num_cpus": 1, "concurrency_groups": {CONTROL: 1}}
        self._actor: Any = self._ray.remote(**options)(RayWorker)
        self._number = 0  # of the last call of `map`
        self._costs: dict[Any, Cost] = {}
        self._nodes: dict[Any, str] = {}  # where each actor is
        self._known: dict[Any, int] = {}  # the number of the last call whose content it was sent
        self._pending: dict[Any, Any] = {}  # the reference of what each one works at
        self._sent_bytes = self._received_bytes = 0
        self._starting = tuple(self._start() for _ in range(workers))

    @classmethod
    def address(cls, asked: str | None) -> str | None:
        return asked or os.environ.get(ADDRESS) or None

    @classmethod
    def cpus_at(cls, address: str) -> int:
        return cluster_cpus(address)

    def _start(self) -> Any:
        worker = self._actor.remote(self._plan)
        self._pending[worker] = worker.come_up.remote()
        return worker

    def _cannot_start(self, why: str) -> RunError:
        free = int(self._ray.available_resources().get("CPU", 0))
        return RunError(f"Ray workers could not start ({why}; {free} CPUs of the cluster are free)")

    def _share(self, fn: TaskFn, shared: Any) -> _Call:
        self._number += 1
        data = self._ray.cloudpickle.dumps((fn, shared))
        if len(data) < KEPT_FROM_BYTES:
            return _Call(self._number, data)
        self._sent_bytes += len(data) * len(set(self._nodes.values()))
        return _Call(self._number, [self._ray.put(data)])

    def _send(self, worker: Any, call: _Call, task: Any) -> None:
        self._pending[worker] = worker.run.remote(*self._message(worker, call, task))

    def _message(self, worker: Any, call: _Call, task: Any) -> tuple[bytes, Content]:
        """What a worker is sent so that it begins a task."""
        message = self._ray.cloudpickle.dumps((call.number, task))
        content = None if self._known.get(worker) == call.number else call.content
        self._known[worker] = call.number
        self._sent_bytes += len(message) + (len(content) if isinstance(content, bytes) else 0)
        return message, content

    def _ask_to_stop(self, running: Collection[Any]) -> None:
        for worker in running:
            worker.stop.options(concurrency_group=CONTROL).remote(self._number)

    def _wait(self, workers: Collection[Any], timeout_s: float | None) -> list[Any]:
        pending = {self._pending[worker]: worker for worker in workers}
        ready, _ = self._ray.wait(list(pending), timeout=timeout_s)
        if ready:  # and all others that are
            ready, _ = self._ray.wait(list(pending), num_returns=len(pending), timeout=0)
        return [pending[reference] for reference in ready]

    def _receive(self, worker: Any) -> Any:
        errors = self._ray.exceptions
        try:
            data = self._ray.get(self._pending[worker])
        except errors.RayTaskError as error:
            if isinstance(error.cause, WorkerLostError):
                raise self._lost_worker(error.cause) from None
            return RunError(f"a task failed in a Ray actor: {error.cause!s}")
        except errors.RayError as error:
            raise self._lost_worker(error) from None
        result, self._costs[worker] = self._ray.cloudpickle.loads(data)
        self._nodes.setdefault(worker, result)  # which is the first that it says
        self._received_bytes += len(data)
        return result

    def add_up(
        self, fn: TaskFn, tasks: Collection[Any], shared: Any, total: Array, arrays: int
    ) -> Array:
        """Many or large arrays stay with the actors that made them: the sum goes from one to the
        next. It does so in pieces, so that several actors add at a time."""
        if total.nbytes * arrays < PASSED_ON_FROM_BYTES:
            return super().add_up(fn, tasks, shared, total, arrays)
        call, listed = self._share(fn, shared), list(tasks)
        for losses in range(1, TRIES + 1):
            self._come_up()
            workers = list(self._costs)
            try:
                return self._passed_on(workers, call, listed, total)
            except WorkerLostError as error:
                why = error
            for worker in self._silent(workers):
                self._replace(worker, why, Task(0, listed, losses))
        raise RunError(f"{why} ({TRIES} times)") from why

    def _passed_on(
        self, workers: Sequence[Any], call: _Call, tasks: Sequence[Any], total: Array
    ) -> Array:
        """The sum, after the actors have added the arrays of one task after another."""
        starts = [len(total) * n // PIECES for n in range(PIECES)]
        pieces = [self._ray.put(piece) for piece in np.split(total, starts[1:])]
        asked = []
        for worker, task in zip(itertools.cycle(workers), tasks, strict=False):
            kept = worker.keep.remote(*self._message(worker, call, task))
            pieces = [
                worker.add.remote(kept, piece, start)
                for piece, start in zip(pieces, starts, strict=True)
            ]
            asked.append((worker, kept))
        for worker, kept in asked:
            self._pending[worker] = kept
            result = self._receive(worker)
            if isinstance(result, Exception):
                raise result
        try:
            total = np.concatenate(self._ray.get(pieces))
        except self._ray.exceptions.RayError as error:
            raise self._lost_worker(error) from None
        self._sent_bytes += total.nbytes
        self._received_bytes += total.nbytes
        return total

    def _silent(self, workers: Sequence[Any]) -> list[Any]:
        """Those that do not answer any more."""
        for worker in workers:
            self._pending[worker] = worker.come_up.remote()
        return [worker for worker in workers if not self._answers(worker)]

    def _answers(self, worker: Any) -> bool:
        try:
            self._receive(worker)
        except WorkerLostError:
            return False
        return True

    def _lost_worker(self, error: Exception) -> WorkerLostError:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        name = self._plan.facts.id
        return WorkerLostError(f"a Ray worker of environment {name} was lost: {why}")

    def _forget(self, worker: Any) -> None:
        for known in (self._nodes, self._known, self._pending):
            known.pop(worker, None)
        with contextlib.suppress(Exception):
            self._ray.kill(worker)

    def traffic(self) -> Traffic:
        return Traffic(self._sent_bytes, self._received_bytes)

    def close(self) -> None:
        for actor in self._pending:
            with contextlib.suppress(Exception):
                self._ray.kill(actor)
        self._cluster.close()
