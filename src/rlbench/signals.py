"""How a process of rlbench is stopped: by signals, and by the end of the one that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

# A batch system sends SIGTERM, a terminal that is closed SIGHUP.
STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
# `timeout` and batch systems signal a process and then its group, which is still one request.
ONE_REQUEST_S = 1.0
PARENT = "RLBENCH_PARENT"  # the process that a job of a sweep must not outlive
PR_SET_PDEATHSIG = 1  # of prctl(2)


class Stops:
    """Requests to stop, for as long as this context lasts: SIGINT, SIGTERM and SIGHUP alike.

    patience: how many requests are only counted, as somebody looks at `requests`; each one that
    comes after them raises KeyboardInterrupt. Signals within a second of a request belong to it.

    Within another context it raises KeyboardInterrupt at once where one that was raised there has
    not ended it: code that is being imported can catch anything.

    In a thread other than the main one it does nothing: whoever has the main thread is signalled.
    """

    def __init__(self, patience: float = 0) -> None:
        self.patience, self.requests = patience, 0
        self._now: Callable[[], float] | None = None
        self._asked_s = 0.0
        self._error: BaseException | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stops:
        # First, as this takes a while at the start of a process, and whoever enters this catches
        # nothing yet.
        from rlbench.clock import monotonic_s

        self._now = monotonic_s
        if threading.current_thread() is threading.main_thread():
            outer = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
            if isinstance(outer, Stops) and outer.raised:
                raise KeyboardInterrupt  # that of the request has been lost in somebody's code
            self._before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
            for number in STOP_SIGNALS:
                if not _left_alone(number):
                    signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def asked(self) -> bool:
        """Whether there was a request."""
        return self.requests > 0

    @property
    def raised(self) -> bool:
        """Whether a request raised KeyboardInterrupt; else one that is met is somebody else's."""
        return self.requests > self.patience

    def settle(self) -> None:
        """The outcome stands: each request from now on raises KeyboardInterrupt, for whoever waits
        for something else to pass over it."""
        self.patience = self.requests

    def end_with(self, status: int) -> None:
        """Requests from now on, even after this context, end the process at once with `status`."""
        for number in self._before:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda number, frame: os._exit(status))
        self._before = {}

    def fail(self, error: BaseException) -> None:
        """Have the main thread raise `error`, from another thread, whatever it is doing in Python.
        Nothing happens where signals are not handled here."""
        if self._before:
            self._error = error
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    @property
    def failing(self) -> bool:
        """Whether the error of `fail` still waits to be raised."""
        return self._error is not None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        now = 0.0 if self._now is None else self._now()
        if self.asked and now - self._asked_s < ONE_REQUEST_S:
            return
        self.requests, self._asked_s = self.requests + 1, now
        if self.requests > self.patience:
            raise KeyboardInterrupt


def ignore_stops() -> None:
    """Requests to stop change nothing any more: the process is ending."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def held_back(*names: str) -> Iterator[None]:
    """Signals to stop, and SIGQUIT, or those of other `names`, wait for the end of this. Processes
    that are started within never get any: they end when their parent does."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    numbers = [getattr(signal, name) for name in names] or (*STOP_SIGNALS, signal.SIGQUIT)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent(parent: int, number: int) -> None:
    """Have the kernel send signal `number` to this process when process `parent`, which started
    it, has ended, however it ended. Only Linux can; elsewhere nothing happens.

    It is the thread that started this process whose end counts.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:  # it had ended before
        signal.raise_signal(number)


def end_with_launcher() -> None:
    """A job of a sweep is stopped, and writes its checkpoint, when its launcher has ended."""
    parent = os.environ.pop(PARENT, "")
    if not (parent.isascii() and parent.isdecimal()):
        return
    if sys.platform.startswith("linux") and str(os.getppid()) != parent:
        print(f"rlbench: process {parent} ({PARENT}), which started this one, has ended",
              file=sys.stderr)  # fmt: skip
        raise KeyboardInterrupt
    end_with_parent(int(parent), signal.SIGTERM)


def describe(status: int) -> str:
    """How a process ended, from its exit status as `subprocess` and `multiprocessing` give it."""
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    memory = "; a machine that is short of memory ends processes like this"
    return f"was killed by {name}{memory if name == 'SIGKILL' else ''}"


def _left_alone(number: int) -> bool:
    """`nohup` has a process ignore SIGHUP."""
    return number != signal.SIGINT and signal.getsignal(number) is signal.SIG_IGN
