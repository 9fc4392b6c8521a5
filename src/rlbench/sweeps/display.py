"""What a sweep shows while it runs: one live table on a terminal, else a line for each event."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from types import TracebackType

from rich.live import Live

from rlbench.harness.screen import duration, live_console
from rlbench.sweeps.job_table import progress_words, table_of
from rlbench.sweeps.jobs import Job, Room, State

UNDER_WAY = (State.WAITING, State.RUNNING)


class Display:
    """Shows `jobs`, which share `room`; a context manager. `refresh` follows their notes,
    `event` a change of state.

    quiet: show nothing. live: whether a terminal shows a table, which others must not write into.
    """

    def __init__(
        self, jobs: Sequence[Job], room: Room, *, quiet: bool = False, live: bool = True
    ) -> None:
        self._jobs, self.room, self._quiet = jobs, room, quiet
        self._live: Live | None = None
        console = live_console() if live and not quiet else None
        if console is not None:
            self._live = Live(console=console, auto_refresh=False, transient=False)

    def __enter__(self) -> Display:
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
            with _reader_may_be_gone():
                self._draw(rows=10**6)  # all, to scroll through
                self._live.stop()

    def refresh(self) -> None:
        if self._live is not None:
            with _reader_may_be_gone():
                self._draw(self._live.console.height)

    def event(self, job: Job) -> None:
        """Show that the state of `job` has changed."""
        if self._live is not None:
            self.refresh()
            return
        number = self._jobs.index(job) + 1
        seconds = "" if job.elapsed_s is None else f" after {duration(job.elapsed_s)}"
        note = f": {job.note}" if job.note else ""
        self.print(f"[{number}/{len(self._jobs)}] {job.label}: {job.state.value}{seconds}{note}")
        if job.state is State.DONE and any(other.state in UNDER_WAY for other in self._jobs):
            self.print(f"  {progress_words(self._jobs, self.room)}")

    def show_what_does_not_run(self) -> None:
        """Mistakes first, so that nobody waits for the good jobs to learn of them."""
        bad = [job for job in self._jobs if job.state is State.FAILED]
        if bad:
            self.print(f"{len(bad)} of {len(self._jobs)} jobs cannot run, the others do:")
        for job in [*bad, *(job for job in self._jobs if job.state is State.BEFORE)]:
            self.event(job)

    def print(self, line: str) -> None:
        """Print a line about the whole sweep."""
        if self._quiet:
            return
        with _reader_may_be_gone():
            if self._live is not None:  # it wraps between words
                self._live.console.print(line, markup=False, highlight=False)
            else:
                print(line, flush=True)

    def _draw(self, rows: int) -> None:
        assert self._live is not None
        width = self._live.console.width
        self._live.update(table_of(self._jobs, width, rows, self.room), refresh=True)


@contextlib.contextmanager
def _reader_may_be_gone() -> Iterator[None]:
    """A closed pipe or terminal is no reason to lose runs: they go on, and end, unseen."""
    with contextlib.suppress(OSError):
        yield


def count(jobs: Sequence[Job]) -> str:
    """`3 done, 1 failed`: how many jobs are in each state."""
    states = Counter(job.state for job in jobs)
    return ", ".join(f"{states[state]} {state.value}" for state in State if states[state])
