"""One run in a fresh process, as the jobs of a sweep have: its clock counts the same as that of the
command line, and the process that asked for it keeps its cores and its environment."""

from __future__ import annotations

import contextlib
import selectors
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from rlbench.errors import RunError
from rlbench.harness.machine import available_cores
from rlbench.harness.screen import live_console
from rlbench.sweeps.process import INTERRUPTED, JobProcess

REFRESH_S = 0.5  # poll rarely: this process shares its cores with the run that is timed
ENDING_S = 0.01


def run_in_fresh_process(words: Sequence[str], *, progress: bool) -> None:
    """Run `python -m rlbench` with `words`, one run, to its end.

    progress: show the newest line that the run prints. Raises RunError with the line of a run that
    failed, and KeyboardInterrupt after an interruption: the first lets the run write its
    checkpoint, the second ends it at once.
    """
    see_to_its_end(JobProcess([*words, "hydra.mode=RUN"], available_cores(), 1), progress=progress)


def see_to_its_end(process: JobProcess, *, progress: bool) -> None:
    """Wait until a job's process has ended; what is shown and raised is as above."""
    interrupts = 0
    try:
        with NewestLine() if progress else contextlib.nullcontext() as line:
            status = None
            while status is None:
                try:
                    status = _wait(process, line)
                except KeyboardInterrupt:
                    interrupts += 1
                    process.interrupt() if interrupts == 1 else process.kill()
                except BaseException:  # another launcher ends this process: the job saves first
                    process.interrupt()
                    _wait(process, line)
                    raise
            process.finish()
            if line is not None:
                line.show(process.stdout.last)
    finally:
        process.kill()
    if interrupts:
        raise KeyboardInterrupt
    if status in INTERRUPTED:
        raise RunError(f"interrupted from outside: {process.stdout.last}; run it again to go on")
    if status:
        raise RunError(process.cause(status))


def _wait(process: JobProcess, line: NewestLine | None) -> int:
    """Listen to a process until it has ended; its exit status."""
    with selectors.DefaultSelector() as selector:
        for stream in process.streams:
            selector.register(stream, selectors.EVENT_READ)
        while (status := process.poll()) is None:
            for key, _ in selector.select(REFRESH_S if selector.get_map() else ENDING_S):
                if not key.fileobj.read():  # type: ignore[union-attr]
                    selector.unregister(key.fileobj)
            if line is not None:
                line.show(process.stdout.last)
        return status


class NewestLine:
    """Shows one line of text after another: in place on a terminal and in a notebook, elsewhere
    below each other. A context manager. transient: on a terminal it is gone at the end."""

    def __init__(self, *, transient: bool = False) -> None:
        console = live_console()
        self._live: Live | None = None
        if console is not None:
            self._live = Live(console=console, auto_refresh=False, transient=transient)
        self._in_notebook = Console().is_jupyter
        self._shown = ""

    def __enter__(self) -> NewestLine:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
        elif self._in_notebook and self._shown:
            print()

    def show(self, line: str) -> None:
        """Show `line`, unless it is shown already."""
        if line == self._shown:
            return
        if self._live is not None:
            self._live.update(Text(line, no_wrap=True, overflow="ellipsis"), refresh=True)
        elif self._in_notebook:
            # Spaces over what is left of a longer line; rich would need ipywidgets for this.
            print(f"\r{line:<{len(self._shown)}}", end="", flush=True)
        else:
            print(line, flush=True)
        self._shown = line
