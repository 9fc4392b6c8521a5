"""A worker process, from the outside: it is started, given tasks, heard and ended."""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import threading
from functools import cache
from multiprocessing import resource_tracker, util
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.executors.base import Cost
from rlbench.executors.messages import Board, dumped, receive
from rlbench.executors.remote import WorkerLostError
from rlbench.executors.worker import Parent, work
from rlbench.signals import describe, held_back

JOIN_S = 10.0
LAST = -1000  # of what multiprocessing does when this process ends


class WorkerProcess:
    """A spawned process that does tasks over environments of `plan`.

    connection: what it says comes through it; first that it is up. board: where what tasks share
    may lie.
    """

    def __init__(self, plan: EnvPlan, board: Board) -> None:
        self._env_id = plan.facts.id
        # Spawned, not forked: a child must not inherit the threads of the parent's libraries.
        context = mp.get_context("spawn")
        parent = Parent(os.getpid(), threading.current_thread() is threading.main_thread())
        self.connection, theirs = context.Pipe()
        heard, self._control = context.Pipe(duplex=False)
        arguments = (theirs, heard, plan, parent, board)
        self.process = context.Process(target=work, args=arguments, daemon=True)
        # The parent decides when a worker ends, so a signal to the process group must not. The
        # tracker is multiprocessing's own, and unblocks signals where it is started.
        with held_back():
            resource_tracker.ensure_running()
        with held_back():
            self.process.start()
        _end_tracker_at_exit()
        theirs.close()
        heard.close()
        self._call = 0  # the number of the last one that it was given

    def send(self, number: int, call: memoryview, task: Any) -> int:
        """Have it begin a task of a call; how many bytes were sent. call: a `worker.Call` of that
        number, as `dumped` makes it."""
        sent = 0
        with contextlib.suppress(OSError):  # one that is gone is found when it is to answer
            if self._call != number:
                sent += self._send(call)
                self._call = number
            sent += self._send(dumped((task,)))
        return sent

    def _send(self, data: memoryview) -> int:
        self.connection.send_bytes(data)
        return len(data)

    def receive(self) -> tuple[Any, Cost, int]:
        """Wait for what it says: the result of its task or the error that it ended with, what it
        has cost so far, and how many bytes that had.

        Raises WorkerLostError where it is gone.
        """
        try:
            (result, cost), size = receive(self.connection)
        except (EOFError, OSError):
            raise WorkerLostError(self._how_it_ended()) from None
        return result, cost, size

    def _how_it_ended(self) -> str:
        self.process.join(JOIN_S)
        status = self.process.exitcode
        how = describe(status) if status is not None else "went away"
        return f"a worker process of environment {self._env_id} {how}"

    def ask_to_stop(self, call: int) -> None:
        """Have the tasks of this call end."""
        with contextlib.suppress(OSError):
            self._control.send(call)

    def end(self, *, now: bool) -> None:
        """Have it end: at once, or when it has done its task. `join` waits for that."""
        if now:
            self.process.kill()
        self.connection.close()  # it ends when its pipe does

    def join(self) -> None:
        self.process.join(JOIN_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self._control.close()


@cache
def _end_tracker_at_exit() -> None:
    """Multiprocessing's tracker would end by itself, but a moment after this process."""
    tracker = resource_tracker._resource_tracker
    stop = getattr(tracker, "_stop", None)
    if stop is not None:
        util.Finalize(None, stop, exitpriority=LAST)
