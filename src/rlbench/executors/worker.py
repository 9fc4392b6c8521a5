"""A worker process, from the inside: tasks in its main thread, and a warden beside it."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.errors import RlbenchError, RunError
from rlbench.executors.base import Cost, LaneWorker, TaskFn
from rlbench.executors.messages import Board, Posted, dumped, receive
from rlbench.executors.stuck import watches_of
from rlbench.interfaces import Stopped
from rlbench.signals import end_with_parent

EXIT_ORPHANED, EXIT_STUCK = 1, 2


@dataclass(frozen=True)
class Parent:
    """The process that a worker works for. thread_lasts: whether the thread that started the worker
    lasts as long as the process."""

    pid: int
    thread_lasts: bool


@dataclass(frozen=True)
class Call:
    """What a worker is to do with the tasks that follow: calls are numbered from 1 on. content: the
    function and the value that tasks share, as `Board.read` takes it."""

    number: int
    content: bytes | Posted


def work(
    connection: Connection, control: Connection, plan: EnvPlan, parent: Parent, board: Board
) -> None:
    """Do what comes through `connection` until its other end is closed. Each message is a Call or a
    task in a tuple; each task is answered by its result and the cost so far. Through `control` come
    the numbers of calls that are to stop."""
    if parent.thread_lasts:
        end_with_parent(parent.pid, signal.SIGKILL)
    worker = LaneWorker(plan, threads=1)
    warden = _Warden(connection, control, worker)
    worker.should_stop = warden.should_stop
    warden.start()
    try:
        _work(connection, worker, warden, board)
    except (EOFError, OSError):  # the parent has closed its end, or is gone
        worker.close()
        warden.forget()


def _work(connection: Connection, worker: LaneWorker, warden: _Warden, board: Board) -> None:
    connection.send_bytes(dumped((None, Cost.of(worker))))  # it is up
    fn: TaskFn | None = None
    shared: Any = None
    while True:
        message, _ = receive(connection)
        if isinstance(message, Call):
            fn, shared = board.read(message.content)
            warden.call = message.number
            continue
        assert fn is not None
        connection.send_bytes(_answer(fn, shared, message[0], worker, warden))


def _answer(fn: TaskFn, shared: Any, task: Any, worker: LaneWorker, warden: _Warden) -> memoryview:
    """The result of a task, or the error that it ended with, and the worker's cost, in bytes."""
    warden.busy = True
    try:
        return dumped((fn(worker, shared, task), Cost.of(worker)))
    except (RlbenchError, Stopped) as error:
        return dumped((error, Cost.of(worker)))
    except BaseException as error:
        said = RunError(f"{type(error).__name__} in a worker process: {error}")
        return dumped((said, Cost.of(worker)))
    finally:
        warden.busy = False


class _Warden(threading.Thread):
    """Hears what the task must not be asked for: that it is to stop, that the parent is gone; and
    sees when the environment, or the agent's code, has stopped to answer. It sleeps nearly all of
    the time.

    call: the number of the call that the worker is at. busy: whether it is at a task.
    """

    def __init__(self, connection: Connection, control: Connection, worker: LaneWorker) -> None:
        super().__init__(daemon=True)
        self._connection, self._control, self._worker = connection, control, worker
        self.call, self._stopped, self._asked, self.busy = 0, 0, 0, False
        self._watches = watches_of(worker.plan, self._done)

    def _done(self) -> object:
        """What changes while a task comes on; between tasks always."""
        return (self._asked, self._worker.counts().env_steps) if self.busy else object()

    def forget(self) -> None:
        """Let go of what was seen of the worker's calls."""
        for watch in self._watches:
            watch.forget()

    def should_stop(self) -> bool:
        self._asked += 1
        return self._stopped >= self.call

    def run(self) -> None:
        every_s = min((watch.look_every_s for watch in self._watches), default=None)
        while True:
            try:
                if self._control.poll(every_s):
                    self._stopped = self._control.recv()
            except (EOFError, OSError):
                os._exit(EXIT_ORPHANED)
            error = next((e for watch in self._watches if (e := watch.error())), None)
            if error is not None:
                self._connection.send_bytes(dumped((error, Cost.of(self._worker))))
                os._exit(EXIT_STUCK)
