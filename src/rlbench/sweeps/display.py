"""What a sweep shows while it runs: one live table on a terminal, else a line for each event."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from types import TracebackType

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rlbench.sweeps.jobs import Job, State

STYLES = {State.FAILED: "red", State.RUNNING: "green", State.STOPPING: "yellow"}
IMPORTANCE = (
    (State.RUNNING, State.STOPPING),
    (State.FAILED, State.INTERRUPTED),
    (State.WAITING,),
    (State.DONE, State.BEFORE),
)
CHROME_LINES = 6  # title, header, rules and the shell's prompt


class Display:
    """Shows `jobs`; a context manager. `refresh` follows their notes, `event` a change of state.

    quiet: show nothing.
    """

    def __init__(self, jobs: Sequence[Job], *, quiet: bool = False) -> None:
        self._jobs = jobs
        self._quiet = quiet
        self._console = Console()
        self._live: Live | None = None
        if self._console.is_terminal and not quiet:
            self._live = Live(console=self._console, auto_refresh=False, transient=False)

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
                self._live.update(_table(self._jobs, len(self._jobs)))  # all, to scroll through
                self._live.stop()

    def refresh(self) -> None:
        if self._live is not None:
            rows = max(3, self._console.height - CHROME_LINES)
            with _reader_may_be_gone():
                self._live.update(_table(self._jobs, rows), refresh=True)

    def event(self, job: Job) -> None:
        """Show that the state of `job` has changed."""
        if self._live is not None:
            self.refresh()
            return
        number = self._jobs.index(job) + 1
        seconds = "" if job.elapsed_s is None else f" after {duration(job.elapsed_s)}"
        note = f": {job.note}" if job.note else ""
        self.print(f"[{number}/{len(self._jobs)}] {job.label}: {job.state.value}{seconds}{note}")

    def print(self, line: str) -> None:
        """Print a line about the whole sweep."""
        if self._quiet:
            return
        with _reader_may_be_gone():
            if self._live is not None and self._live.is_started:
                self._console.print(line, markup=False, highlight=False)
            else:
                print(line, flush=True)


@contextlib.contextmanager
def _reader_may_be_gone() -> Iterator[None]:
    """A closed pipe or terminal is no reason to lose runs: they go on, and end, unseen."""
    with contextlib.suppress(OSError):
        yield


def count(jobs: Sequence[Job]) -> str:
    """`3 done, 1 failed`: how many jobs are in each state."""
    states = Counter(job.state for job in jobs)
    return ", ".join(f"{states[state]} {state.value}" for state in State if states[state])


def duration(seconds: float) -> str:
    """A duration for readers: `4.2 s`, `1:05`, `2:03:04`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _table(jobs: Sequence[Job], rows: int) -> Table:
    title = f"{len(jobs)} jobs: {count(jobs)}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, expand=True)
    table.add_column("job", no_wrap=True, overflow="ellipsis", ratio=3)
    table.add_column("state", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("last line", no_wrap=True, overflow="ellipsis", ratio=4)
    for job in window(jobs, rows):
        seconds = "" if job.elapsed_s is None else duration(job.elapsed_s)
        state = Text(job.state.value, style=STYLES.get(job.state, ""))
        note = job.note
        if job.state in (State.RUNNING, State.STOPPING):  # the job's name is in the table already
            note = note.partition(" | ")[2] or note
        table.add_row(Text(job.label), state, seconds, Text(note))
    return table


def window(jobs: Sequence[Job], rows: int) -> list[Job]:
    """The `rows` jobs most worth seeing, in their order: what runs, what failed, what comes next,
    what ended last."""
    chosen: set[int] = set()
    for states in IMPORTANCE:
        matching = [number for number, job in enumerate(jobs) if job.state in states]
        if states[0] is State.DONE:
            matching.reverse()
        chosen.update(matching[: rows - len(chosen)])
    return [jobs[number] for number in sorted(chosen)]
