"""Ends a run whose environment does not answer in the run's own process; workers look after
themselves (see `executors.worker`)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from rlbench.errors import RunError, StuckError
from rlbench.executors.stuck import StuckWatch
from rlbench.signals import Stops

RAISE_WITHIN_S = 5.0


class Watchdog:
    """A thread that watches the one that makes it; a context manager.

    It raises StuckError there. Where that thread does not come back to Python, `record` is called
    with the error and the process ends with exit status 1. timeout_s: of one call, None: for ever.
    """

    def __init__(
        self,
        env_id: str,
        timeout_s: float | None,
        stops: Stops,
        record: Callable[[RunError], None],
    ) -> None:
        self._stops, self._record = stops, record
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        if timeout_s is not None and threading.current_thread() is threading.main_thread():
            self._watch = StuckWatch(env_id, timeout_s)
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

    def _look(self) -> None:
        while not self._over.wait(self._watch.look_every_s):
            error = self._watch.error()
            if error is not None:
                self._stops.fail(StuckError(str(error)))
                if not self._over.wait(RAISE_WITHIN_S):
                    self._end(error)

    def _end(self, error: RunError) -> None:
        try:
            self._record(error)
            print(f"rlbench: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(1)
