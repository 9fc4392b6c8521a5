"""Runs the jobs of a sweep, as many at once as their cores allow, and reports how it went."""

from __future__ import annotations

import math
import selectors
from collections.abc import Callable, Sequence

from rlbench.clock import monotonic_s
from rlbench.errors import ConfigError
from rlbench.harness.machine import available_cores
from rlbench.runs.directory import HELD
from rlbench.settings import AUTO, Auto, Settings, resolve
from rlbench.signals import Stops
from rlbench.sweeps.closing import Answer, conclude, refuse_what_is_left
from rlbench.sweeps.display import Display
from rlbench.sweeps.jobs import Job, Room, State, left_undone, prepare, refuse_if_all_bad
from rlbench.sweeps.process import INTERRUPTED, JobProcess

Watch = Callable[[Sequence[Job]], str]
REFRESH_S = 0.5  # poll rarely: the sweep shares its cores with the jobs that it times
STOPPING = "stopping: each job writes its checkpoint; once more kills them"


def launch(
    words_of_jobs: Sequence[Sequence[str]],
    compose: Callable[[Sequence[str]], Settings],
    common_words: Sequence[str],
    at_once: Auto | int,
    *,
    quiet: bool = False,
    answer: Answer = lambda directories, results_dir: (),
    watch: Watch = lambda jobs: "",
) -> list[Job]:
    """Run every job that is not finished yet; returns all of them.

    words_of_jobs: each job's KEY=VALUE words. compose: settings from such words. common_words:
    what each process is given besides. at_once: how many jobs run side by side; auto: as many as
    the cores allow (one, where a job has `cores=auto`, as it then takes all). quiet: show nothing.
    answer: lines that say what the runs in some directories below results_dir came to, printed at
    the end; not asked after an interruption. watch: asked again and again while jobs run; once it
    gives a reason, what runs is stopped, each with its checkpoint, what waits is not begun, and all
    of these are CUT.

    Raises ConfigError where no job could even be composed, RunError where one failed or runs in
    another process, and KeyboardInterrupt after an interruption, when every running job has written
    its checkpoint.
    """
    available = available_cores()
    if at_once != AUTO and not (type(at_once) is int and 1 <= at_once <= len(available)):
        takes = f"auto or 1 to {len(available)}, the cores of this machine"
        raise ConfigError("hydra.launcher.jobs", at_once, takes)
    jobs = prepare(words_of_jobs, compose, len(available) // resolve(at_once, 1))
    refuse_if_all_bad(jobs)
    if any(job.settings is not None and job.settings.dry_run for job in jobs):
        from rlbench.sweeps.dry_run import print_plan

        print_plan(jobs)
    else:
        room = Room(len(available), at_once)
        display = Display(jobs, room, quiet=quiet)
        sweep = _Sweep(jobs, available, room, common_words, display, watch)
        sweep.run()
        conclude(jobs, display, answer, interrupted=sweep.interrupted)
    refuse_what_is_left(jobs, quiet=quiet)
    return jobs


class _Sweep:
    """The jobs that run now, the cores that are free, and how often a stop was asked for."""

    def __init__(
        self,
        jobs: Sequence[Job],
        available: Sequence[int],
        room: Room,
        common_words: Sequence[str],
        display: Display,
        watch: Watch,
    ) -> None:
        self._jobs = jobs
        self._free = list(available)
        self._room = room
        self._common_words = common_words
        self._running: dict[int, tuple[JobProcess, float]] = {}  # by position: process, start
        self._stops, self._passed_on, self._ended = Stops(math.inf), 0, 0
        self._shown = 0.0
        self._display, self._watch = display, watch
        self._reason = ""  # why the rest is not worth running

    def run(self) -> None:
        with selectors.DefaultSelector() as selector, self._stops, self._display:
            self._display.show_what_does_not_run()
            try:
                while self._start_what_fits(selector) or self._running:
                    self._listen(selector)
                    self._cut_short()
                    self._pass_on_stops()
                    self._collect(selector)
            finally:  # only a mistake of our own leaves something running here
                for process, _ in self._running.values():
                    process.kill()

    @property
    def interrupted(self) -> bool:
        return self._stops.asked

    def _cut_short(self) -> None:
        """Stop the sweep where `watch` gives a reason to."""
        if self._reason or self._stops.asked:
            return
        self._reason = self._watch(self._jobs)
        if not self._reason:
            return
        for process, _ in self._running.values():
            process.interrupt()
        for job in self._jobs:
            if job.state is State.WAITING:
                job.state, job.note = State.CUT, self._reason
                self._display.event(job)

    def _pass_on_stops(self) -> None:
        """At the first stop let each job write its checkpoint; at the second kill them."""
        while self._passed_on < self._stops.requests:
            self._passed_on += 1
            self._display.print(STOPPING if self._passed_on == 1 else "killing what still runs")
            for position, (process, _) in self._running.items():
                if self._passed_on == 1:
                    self._jobs[position].state = State.STOPPING
                    process.interrupt()
                else:
                    process.kill()

    def _start_what_fits(self, selector: selectors.BaseSelector) -> bool:
        """Start jobs, in order, while there is room; whether any still waits."""
        for position, job in enumerate(self._jobs):
            if job.state is not State.WAITING:
                continue
            if self._stops.asked:
                return False
            if job.wanted_cores > len(self._free) or len(self._running) >= self._room.limit(job):
                return True
            self._start(position, job, selector)
        return False

    def _start(self, position: int, job: Job, selector: selectors.BaseSelector) -> None:
        job.cores, self._free = self._free[: job.wanted_cores], self._free[job.wanted_cores :]
        to_run = sum(other.state is not State.BEFORE for other in self._jobs)
        words = [
            *self._common_words,
            *(word for word in job.words if not word.startswith("cores=")),
            f"cores={job.wanted_cores}",
        ]
        process = JobProcess(words, job.cores, min(self._room.limit(job), to_run))
        self._running[position] = process, monotonic_s()
        for stream in process.streams:
            selector.register(stream, selectors.EVENT_READ)
        job.state = State.RUNNING
        self._display.event(job)

    def _listen(self, selector: selectors.BaseSelector) -> None:
        for key, _ in selector.select(REFRESH_S):
            stream = key.fileobj
            if not stream.read():  # type: ignore[union-attr]
                selector.unregister(stream)
        for position, (process, started) in self._running.items():
            job = self._jobs[position]
            job.note = process.stdout.last or process.stderr.last
            job.elapsed_s = monotonic_s() - started
        if monotonic_s() - self._shown >= REFRESH_S:
            self._display.refresh()
            self._shown = monotonic_s()

    def _collect(self, selector: selectors.BaseSelector) -> None:
        for position, (process, started) in list(self._running.items()):
            status = process.poll()
            if status is None:
                continue
            for stream in process.streams:
                if stream in selector.get_map():
                    selector.unregister(stream)
            process.finish()
            del self._running[position]
            job = self._jobs[position]
            self._free = sorted([*self._free, *job.cores])
            job.elapsed_s = monotonic_s() - started
            self._ended += 1
            job.ended = self._ended
            if status == 0:
                assert job.settings is not None and job.directory is not None
                left = left_undone(job.settings, job.directory)
                job.state = State.DONE if left is None else State.FAILED
                job.note = left or process.stdout.last
                job.read_summary()
            elif self._reason and status in INTERRUPTED:
                job.state, job.note = State.CUT, self._reason
            elif self._stops.asked and (status in INTERRUPTED or self._stops.requests > 1):
                job.state, job.note = State.INTERRUPTED, process.stdout.last
            else:
                job.note = process.cause(status)
                job.state = State.ELSEWHERE if job.note.endswith(HELD) else State.FAILED
            self._display.event(job)
