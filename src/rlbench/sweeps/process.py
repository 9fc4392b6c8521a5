"""One job's process: started on its own cores, listened to, and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from rlbench.errors import visible
from rlbench.harness.record import CONCURRENT_JOBS
from rlbench.harness.siblings import SWEEP
from rlbench.signals import PARENT, STOP_SIGNALS, describe, held_back

CHUNK_BYTES = 1 << 16
INTERRUPTED = (130, *(-number for number in STOP_SIGNALS))
# What SLURM sends to all processes of a job is for the launcher that asked for it; it would end a
# run at once. These it never gets.
OF_LAUNCHERS = tuple(name for name in ("SIGUSR1", "SIGUSR2") if hasattr(signal, name))


class JobProcess:
    """A fresh Python that runs `python -m rlbench` with `words`, on `cores`, in `directory` (None:
    where this process is).

    It leads a new process group: a Ctrl-C at the terminal reaches the sweep alone, which
    passes it on, once. When the process that started it is gone, it writes a checkpoint and ends.

    starts_all: whether this process starts all jobs that run beside it.
    """

    def __init__(
        self,
        words: Sequence[str],
        cores: Sequence[int],
        concurrent_jobs: int,
        directory: Path | None = None,
        *,
        starts_all: bool = True,
    ) -> None:
        environment = {
            **os.environ,
            CONCURRENT_JOBS: str(concurrent_jobs),
            SWEEP: str(os.getpid()) if starts_all and concurrent_jobs > 1 else "",
            "PYTHONUNBUFFERED": "1",
            PARENT: str(os.getpid()),
        }
        # A new process inherits the cores, and the blocked signals, of the one that starts it.
        with _confined_to(cores), held_back(*OF_LAUNCHERS):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rlbench", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                cwd=directory,
                process_group=0,
            )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.stdout, self.stderr = _Lines(self._process.stdout), _Lines(self._process.stderr)

    @property
    def streams(self) -> tuple[_Lines, _Lines]:
        return self.stdout, self.stderr

    def poll(self) -> int | None:
        """The exit status once the process has ended, else None."""
        return self._process.poll()

    def finish(self) -> None:
        """Read the last words of a process that has ended, and free all it held."""
        self.kill()  # workers that outlived it would use the next job's cores
        for stream in self.streams:
            stream.read()
            stream.close()

    def interrupt(self) -> None:
        """Ask it to write a checkpoint and end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it and its workers at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def cause(self, status: int) -> str:
        """Why it ended with `status`, in one line."""
        if status >= 0 and self.stderr.last:
            return self.stderr.last.removeprefix("rlbench: ")
        return describe(status)


class _Lines:
    """The last line of a pipe, which is read without waiting."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._rest = b""
        self.last = ""
        os.set_blocking(pipe.fileno(), False)

    def fileno(self) -> int:
        return self._pipe.fileno()

    def read(self) -> bool:
        """Take in what is there; False once the other side has closed the pipe."""
        while True:
            try:
                chunk = os.read(self.fileno(), CHUNK_BYTES)
            except BlockingIOError:
                return True
            lines = (self._rest + chunk).replace(b"\r", b"\n").split(b"\n")
            self._rest = lines.pop() if chunk else b""
            for line in lines:
                if line.strip():
                    self.last = visible(line.decode(errors="replace").strip())
            if not chunk:
                return False

    def close(self) -> None:
        self._pipe.close()


@contextlib.contextmanager
def _confined_to(cores: Sequence[int]) -> Iterator[None]:
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
