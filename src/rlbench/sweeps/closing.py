"""The end of a sweep: what is said of it, and whether it went well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rlbench.errors import HeldError, RunError
from rlbench.sweeps.display import Display, count
from rlbench.sweeps.jobs import Job, State, together

MOST_NAMED = 20  # runs that shared their cores
Answer = Callable[[Sequence[Path], Path], Sequence[str]]


def conclude(jobs: Sequence[Job], display: Display, answer: Answer, *, interrupted: bool) -> None:
    """Print how the sweep went, and `answer` of its runs by where they are; raises
    KeyboardInterrupt, without asking that, if it was interrupted."""
    display.print(f"{len(jobs)} jobs: {count(jobs)}")
    for label, job in together([job for job in jobs if job.state is State.FAILED]):
        display.print(f"  failed: {label}: {job.note}")
    for line in shared_lines(jobs):
        display.print(line)
    if interrupted:
        display.print("interrupted: the same command goes on with what is missing")
        raise KeyboardInterrupt
    places: dict[Path, list[Path]] = {}
    for job in jobs:
        # A run that failed is part of the answer; one that another version made is not.
        if job.settings is not None and job.directory is not None and job.error is None:
            places.setdefault(job.settings.results_dir, []).append(job.directory)
    for results_dir, directories in sorted(places.items()):
        for line in answer(directories, results_dir):
            display.print(line)


def shared_lines(jobs: Sequence[Job]) -> Iterator[str]:
    """Which of the jobs that are done had to share their cores, most first, and how to make their
    runs again."""
    shared = [job for job in jobs if job.state in (State.DONE, State.BEFORE) and job.shared]
    if not shared:
        return
    shared.sort(key=lambda job: max(job.shared), reverse=True)
    runs = "1 run" if len(shared) == 1 else f"{len(shared)} runs"
    yield f"{runs} had to share the cores with something else, which makes their times too long:"
    for job in shared[:MOST_NAMED]:
        who = ", ".join(f"{who} had {share:.0%} of the time" for share, who in job.shared)
        yield f"  shared: {job.label}: {who}"
    if len(shared) > MOST_NAMED:
        yield f"  and {len(shared) - MOST_NAMED} more"
    yield "the same command with overwrite=shared makes them again, and no others"


def refuse_what_is_left(jobs: Sequence[Job], *, quiet: bool) -> None:
    """Raise RunError where a job failed or was interrupted, HeldError where one runs elsewhere.
    quiet: nothing has been shown yet."""
    total = len(jobs)
    failed = [job for job in jobs if job.state is State.FAILED]
    if failed:
        # What a display has shown already is not repeated.
        first = f": {failed[0].label}: {failed[0].note}" if quiet else ""
        raise RunError(f"{len(failed)} of {total} jobs failed{first}")
    for state, what, error in (
        (State.ELSEWHERE, "run in another process; wait until it has ended, then", HeldError),
        (State.INTERRUPTED, "were interrupted;", RunError),
    ):
        number = sum(job.state is state for job in jobs)
        if number:
            raise error(f"{number} of {total} jobs {what} start this sweep again")
