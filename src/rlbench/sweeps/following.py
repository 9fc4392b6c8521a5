"""What the jobs of a sweep do while another launcher has them, by what they write."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence

from rlbench.clock import monotonic_s
from rlbench.harness.stopping import finished
from rlbench.runs.directory import RunDir
from rlbench.sweeps.display import Display
from rlbench.sweeps.jobs import Job, Room, State

LOOK_S = 5.0  # seldom: a thousand jobs on a file system of a cluster are a thousand looks
MAX_CORES = 10**6  # of machines that are not known here


@contextlib.contextmanager
def followed(jobs: Sequence[Job], display: Display, every_s: float = LOOK_S) -> Iterator[None]:
    """Until the end of this, say which of the `jobs` have begun and which are done. The launcher
    has the main thread meanwhile, so another one looks."""
    ended = threading.Event()
    watch = _Watch(jobs, display)

    def look() -> None:
        while not ended.wait(every_s):
            watch.look()

    thread = threading.Thread(target=look, name="rlbench-following", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _Watch:
    """The logs of jobs as they were when it was made, and what has changed since."""

    def __init__(self, jobs: Sequence[Job], display: Display) -> None:
        self._jobs = [job for job in jobs if job.state is State.WAITING]
        self._display = display
        self._logs = {id(job): _log_of(job) for job in self._jobs}
        self._began_s: dict[int, float] = {}

    def look(self) -> None:
        """Update what has become of each job."""
        for job in self._jobs:
            if job.state is State.WAITING and _log_of(job) != self._logs[id(job)]:
                self._began_s[id(job)] = monotonic_s()
                job.state = State.RUNNING
                self._display.event(job)
            if job.state is State.RUNNING:
                job.elapsed_s = monotonic_s() - self._began_s[id(job)]
                self._end_if_done(job)
        running = sum(job.state is State.RUNNING for job in self._jobs)
        self._display.room = Room(MAX_CORES, max(1, running))

    def _end_if_done(self, job: Job) -> None:
        assert job.settings is not None and job.directory is not None
        settings = job.settings.model_copy(update={"overwrite": False})
        if finished(settings, job.directory) is not None:
            job.state = State.DONE
            job.read_summary()
            job.elapsed_s = None if job.summary is None else job.summary.clock.wall_s
            self._display.event(job)


def _log_of(job: Job) -> tuple[int, int] | None:
    """What changes when a job writes to its log; None where there is none."""
    assert job.settings is not None and job.directory is not None
    try:
        found = RunDir(job.directory, job.settings.results_dir).log.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
