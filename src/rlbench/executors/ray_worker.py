"""A Ray actor, from the inside: it hands its tasks to a process of its own.

In a process of Ray Python is slower (docs/measured.md): a little in its main thread, more in any
other, and what an actor does that is to hear of a stop is in another one.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from rlbench.clock import process_cpu_s
from rlbench.envs.family import EnvPlan
from rlbench.executors.base import Cost
from rlbench.executors.messages import Board, dumped
from rlbench.executors.worker import Call
from rlbench.executors.worker_process import WorkerProcess
from rlbench.interfaces import Array

CONTROL = "control"  # a thread of each actor, beside the one that is asked for tasks
# Messages are bytes, which Ray passes on as they are; anything else it would pickle once more. To a
# worker they say the number of the call of `map`, and the task; an answer says a result, and what
# the worker has cost so far. Content is the function and the shared value of a call: in bytes or,
# where Ray keeps these, as a list of the reference to them. It comes with the first task of a call.
Content = bytes | list[Any] | None


class RayWorker:
    """Does tasks over environments of `plan`. Its methods raise WorkerLostError where its process
    is gone."""

    def __init__(self, plan: EnvPlan) -> None:
        self._board = Board()
        with _no_main_module():
            self._process = WorkerProcess(plan, self._board)
        self._is_up = False
        self._call = dumped(None)
        self._cost = Cost()
        self._kept: list[Array] = []

    def come_up(self) -> bytes:
        """The answer of a worker that is there: its node."""
        if not self._is_up:
            self._receive()
            self._is_up = True
        if not self._process.process.is_alive():
            self._receive()
        return self._answer(_ray().get_runtime_context().get_node_id())

    def stop(self, call: int) -> None:
        """Have the tasks of this call end."""
        self._process.ask_to_stop(call)

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
        number, task = ray.cloudpickle.loads(message)
        if content is not None:
            data = content if isinstance(content, bytes) else ray.get(content[0])
            self._call = dumped(Call(number, self._board.post_bytes(data)))
        self._process.send(number, self._call, task)
        return self._receive()

    def _receive(self) -> Any:
        result, self._cost, _ = self._process.receive()
        return result

    def _answer(self, result: Any) -> bytes:
        cost = self._cost.plus(Cost(cpu_s=process_cpu_s()))  # and this process's own
        data: bytes = _ray().cloudpickle.dumps((result, cost))
        return data


@contextlib.contextmanager
def _no_main_module() -> Iterator[None]:
    """A process that is spawned meanwhile does not import this one's main module, which would
    import Ray."""
    main = vars(sys.modules["__main__"])
    file = main.pop("__file__", None)
    try:
        yield
    finally:
        if file is not None:
            main["__file__"] = file


def _ray() -> Any:
    """The module, much of which is untyped; where Ray is not installed this one can be imported."""
    import ray

    return ray
