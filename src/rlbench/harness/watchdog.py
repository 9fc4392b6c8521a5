"""Ends a run whose environment or agent does not answer in the run's own process; workers look
after themselves (see `executors.worker`)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Hashable
from types import TracebackType

from rlbench.errors import RunError, StuckError
from rlbench.executors.stuck import IdleWatch, StuckWatch, Watch
from rlbench.settings import Settings
from rlbench.signals import Stops

RAISE_WITHIN_S = 5.0


class Watchdog:
    """A thread that watches the one that makes it; a context manager.

    It raises StuckError there. Where that thread does not come back to Python, or comes to nothing
    once more, `record` is called with the error and the process ends with exit status 1.

    settings: how long a call of the environment may take, and how long the agent may do nothing.
    progress: what changes when the agent does something.
    """

    def __init__(
        self,
        settings: Settings,
        stops: Stops,
        progress: Callable[[], Hashable] = lambda: None,
        record: Callable[[RunError], None] = lambda error: None,
    ) -> None:
        self._stops, self._record = stops, record
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._watches: list[Watch] = []
        if settings.env.step_timeout_s is not None:
            self._watches.append(StuckWatch(settings.env.id, settings.env.step_timeout_s))
        if settings.agent_timeout_s is not None:
            idle = IdleWatch(settings.agent.name, settings.agent_timeout_s, progress)
            self._watches.append(idle)
        if self._watches and threading.current_thread() is threading.main_thread():
            self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watchdog:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for watch in self._watches:
            watch.forget()

    def _look(self) -> None:
        every_s, raised = min(watch.look_every_s for watch in self._watches), False
        while not self._over.wait(every_s):
            error = next((e for watch in self._watches if (e := watch.error())), None)
            if error is None:
                continue
            if raised:
                self._end(error)
            self._stops.fail(StuckError(str(error)))
            raised = True
            if not self._over.wait(RAISE_WITHIN_S) and self._stops.failing:
                self._end(error)

    def _end(self, error: RunError) -> None:
        try:
            self._record(error)
            print(f"rlbench: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(1)
