"""A sweep whose jobs another launcher runs, perhaps on other machines: what is done before it has
them, and what their files say after."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rlbench.errors import RunError
from rlbench.harness.stopping import starts_over
from rlbench.runs.directory import HELD, RunDir, is_held
from rlbench.settings import Settings
from rlbench.sweeps.closing import Answer, conclude, refuse_what_is_left
from rlbench.sweeps.display import Display
from rlbench.sweeps.following import MAX_CORES, followed
from rlbench.sweeps.jobs import Job, Room, State, left_undone, prepare, refuse_if_all_bad

# Runs jobs of these words, of so many cores at most, until all have ended; gives what each of them
# raised. It may itself raise, where nothing more is said.
Start = Callable[[Sequence[Sequence[str]], int], Sequence[BaseException | None]]
NO_LONGER = "no longer waiting; what a scheduler has goes on (squeue shows it, scancel stops it)"
NO_REASON = "its job ended before the run was over"


def launch_elsewhere(
    words_of_jobs: Sequence[Sequence[str]],
    compose: Callable[[Sequence[str]], Settings],
    start: Start,
    default_cores: int,
    *,
    answer: Answer,
) -> list[Job]:
    """Have `start` run every job that is not finished yet; returns all of them.

    default_cores: of a job with `cores=auto`. The rest, and what is raised, is as in
    `sweeps.launch`.
    """
    jobs = prepare(words_of_jobs, compose, default_cores, MAX_CORES)
    refuse_if_all_bad(jobs)
    if any(job.settings is not None and job.settings.dry_run for job in jobs):
        from rlbench.sweeps.dry_run import print_plan

        print_plan(jobs)
    else:
        display = Display(jobs, Room(MAX_CORES), live=False)
        display.show_what_does_not_run()
        for job in jobs:
            _clear(job)
        _run(jobs, start, display)
        conclude(jobs, display, answer, interrupted=False)
    refuse_what_is_left(jobs, quiet=False)
    return jobs


def _clear(job: Job) -> None:
    """Empty the directory of a job that is to start over, now and not when it is begun: a scheduler
    may begin a job more than once, and later times it is to go on."""
    settings, directory = job.settings, job.directory
    if job.state is not State.WAITING or settings is None or directory is None:
        return
    if starts_over(settings, directory):
        try:
            place = RunDir(directory, settings.results_dir)
            place.open(overwrite=True)
            place.close()
        except RunError as error:
            _did_not_end(job, str(error))


def _run(jobs: Sequence[Job], start: Start, display: Display) -> None:
    waiting = [job for job in jobs if job.state is State.WAITING]
    if not waiting:
        return
    own = ("cores=", "overwrite=")
    words = [
        [
            *(word for word in job.words if not word.startswith(own)),
            f"cores={job.wanted_cores}",
            "overwrite=false",
        ]
        for job in waiting
    ]
    try:
        with followed(jobs, display):
            errors, failure = start(words, max(job.wanted_cores for job in waiting)), None
    except RunError as error:
        errors, failure = [None] * len(waiting), error
    except KeyboardInterrupt:
        display.print(NO_LONGER)
        raise
    for job, raised in zip(waiting, errors, strict=True):
        _settle(job, raised or failure)
    if failure is not None and all(
        job.state is State.FAILED and job.summary is None for job in waiting
    ):
        raise failure  # it began none of them


def _settle(job: Job, error: BaseException | None) -> None:
    """What has become of a job, by what its files say."""
    assert job.settings is not None and job.directory is not None
    left = left_undone(job.settings, job.directory)
    job.read_summary()
    if left is None:
        job.state, job.note = State.DONE, ""
    elif job.summary is not None and job.summary.status == "interrupted":
        job.state, job.note = State.INTERRUPTED, str(error or "")
    elif job.summary is not None and job.summary.status == "failed":
        job.state, job.note = State.FAILED, job.summary.error or NO_REASON
    else:
        _did_not_end(job, " ".join(str(error or NO_REASON).split()))


def _did_not_end(job: Job, reason: str) -> None:
    assert job.directory is not None
    held = reason.endswith(HELD) or is_held(job.directory)
    job.state, job.note = State.ELSEWHERE if held else State.FAILED, reason
