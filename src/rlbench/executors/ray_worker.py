"""A Ray actor, from the inside: tasks in a thread of their own, which the one that was asked for
them looks at."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.errors import RlbenchError, RunError
from rlbench.executors.base import Cost, LaneWorker, TaskFn
from rlbench.executors.stuck import watches_of
from rlbench.interfaces import Array, Stopped

CONTROL = "control"  # a thread of each actor, beside the one that is asked for tasks
# Messages are bytes, which Ray passes on as they are; anything else it would pickle once more. To a
# worker they say the number of the call of `map`, and the task; an answer says a result, and what
# the worker has cost so far. Content is the function and the shared value of a call: in bytes or,
# where Ray keeps these, as a list of the reference to them. It comes with the first task of a call.
Content = bytes | list[Any] | None


class RayWorker:
    """Does tasks over environments of `plan`."""

    def __init__(self, plan: EnvPlan) -> None:
        self._worker = LaneWorker(plan, threads=1, should_stop=self._should_stop)
        self._call = self._stopped = self._asked = 0
        self._fn: TaskFn | None = None
        self._shared: Any = None
        self._kept: list[Array] = []
        self._thread = ThreadPoolExecutor(1)
        thread = self._thread.submit(threading.get_ident).result()
        self._watches = watches_of(plan, self._progress, thread)

    def come_up(self) -> bytes:
        """The answer of a worker that is there: its node."""
        return self._answer(_ray().get_runtime_context().get_node_id())

    def stop(self, call: int) -> None:
        """Have the tasks of this call end."""
        self._stopped = call

    def run(self, message: bytes, content: Content = None) -> bytes:
        """The answer to a task: its result, or the error that it ended with."""
        return self._answer(self._do(message, content))

    def keep(self, message: bytes, content: Content = None) -> bytes:
        """Do a task whose result is a list of arrays, and keep these for `add`: None, or an
        error."""
        result = self._do(message, content)
        if isinstance(result, Exception):
            return self._answer(result)
        self._kept = result
        return self._answer(None)

    def add(self, kept: bytes, piece: Array, start: int) -> Array:
        """`piece` of a sum, which begins at `start` of the whole, with what is kept added to it.
        kept: what `keep` answered, so that this comes after it."""
        total = piece.copy()
        for array in self._kept:
            total += array[start : start + len(piece)]
        return total

    def _do(self, message: bytes, content: Content) -> Any:
        ray = _ray()
        self._call, task = ray.cloudpickle.loads(message)
        if content is not None:
            data = content if isinstance(content, bytes) else ray.get(content[0])
            self._fn, self._shared = ray.cloudpickle.loads(data)
        return self._watched(self._thread.submit(self._result, task))

    def _result(self, task: Any) -> Any:
        assert self._fn is not None
        try:
            return self._fn(self._worker, self._shared, task)
        except (RlbenchError, Stopped) as error:
            return error
        except BaseException as error:
            return RunError(f"{type(error).__name__} in a Ray worker: {error}")

    def _watched(self, future: Future[Any]) -> Any:
        """Its result, or the error where the environment, or the agent, has stopped to answer."""
        every_s = min((watch.look_every_s for watch in self._watches), default=None)
        while True:
            try:
                return future.result(every_s)
            except NotYetError:
                error = next((e for watch in self._watches if (e := watch.error())), None)
            if error is not None:
                return error

    def _answer(self, result: Any) -> bytes:
        data: bytes = _ray().cloudpickle.dumps((result, Cost.of(self._worker)))
        return data

    def _should_stop(self) -> bool:
        self._asked += 1
        return self._stopped >= self._call

    def _progress(self) -> object:
        return self._asked, self._worker.counts().env_steps


def _ray() -> Any:
    """The module, much of which is untyped; where Ray is not installed this one can be imported."""
    import ray

    return ray
