"""The search for one agent's settings: trial after trial, each of whole runs in fresh processes."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import numpy as np

from rlbench.config.compose import compose
from rlbench.errors import ConfigError, HeldError, RunError
from rlbench.harness.screen import duration, live_console
from rlbench.opening import UnreadableFileError, make_directory
from rlbench.runs.columns import Clock
from rlbench.runs.history import History, read_history
from rlbench.runs.load import find_run_directories
from rlbench.runs.log import FILE as LOG
from rlbench.runs.pulse import FILE as PULSE
from rlbench.runs.pulse import read_pulse
from rlbench.runs.records import Evaluations
from rlbench.settings import AUTO
from rlbench.sweeps.core_locks import lock
from rlbench.sweeps.jobs import Job, State
from rlbench.sweeps.launch import launch
from rlbench.sweeps.single import NewestLine
from rlbench.tuning.outcome import Outcome, is_behind, read_run
from rlbench.tuning.question import Question
from rlbench.tuning.study import Study, Trial
from rlbench.tuning.words import UNLIMITED, chosen_words, outcome_words

BEHIND, SPENT = "behind the median", "the effort is used up"
MOST_FAILED = 3  # trials where no other one ended: then nothing here works
MOST_REPEATED = 20  # proposals in a row that were tried before: then there is nothing new
WARM_SHARE = 0.2  # of the longest run so far, before a trial may be given up
Say = Callable[[str], None]


class Search:
    """A study and the seconds of training that its runs took, which are those of all that it has
    begun, read from their logs: nothing is counted twice. say: shows a line."""

    def __init__(self, question: Question, say: Say) -> None:
        self.question, self._say = question, say
        self.study = Study(question.directory, question.space, question.objective, question.about)
        if self.study.is_new and (first := question.as_it_is()):
            self.study.enqueue(first)
        self._histories: dict[Path, tuple[int, History]] = {}  # by directory, with the log's size
        self._spent_s = self._spent_by_all()
        self._repeated = 0  # proposals in a row that were tried before
        self._curves: list[list[Evaluations]] = []  # of each complete trial, its runs by seed
        self._warm_s = 0.0
        for trial, outcome in self.study.complete():
            names = trial.user_attrs.get("runs")
            self._keep_curves(list(map(str, names)) if isinstance(names, list) else [], outcome)
        if not self.is_over:
            self.study.repeat_what_was_cut()

    @property
    def spent_s(self) -> float:
        """Seconds of training of all runs, lost work included."""
        return sum(self._spent_s.values())

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to try."""
        asked, over = self.question.asked, len(self.study.over)
        return over >= asked.trials or self._is_spent() or self._repeated >= MOST_REPEATED

    def step(self) -> None:
        """Make one trial.

        Raises KeyboardInterrupt after an interruption, and HeldError where other processes have its
        runs; when the search goes on, the trial is tried again, and its runs go on. Raises what is
        wrong where no trial works.
        """
        self.question.check_base()
        trial = self.study.ask()
        if self.study.was_tried(trial):
            self.study.drop(trial)
            self._repeated += 1
            return
        self._repeated = 0
        try:
            jobs = self._run(trial)
        except HeldError:  # by what is left of a search that was killed
            raise
        except (ConfigError, RunError) as error:
            self._fail(trial, error)
            return
        jobs = sorted(jobs, key=lambda job: self.question.asked.seeds.index(int(job.seed)))
        cut = {job.note for job in jobs if job.state is State.CUT}
        places = [job.directory for job in jobs if job.directory is not None]
        for job in jobs:
            self._news_of(trial, job)
        if SPENT in cut:
            self._say(f"{SPENT}: trial {trial.number} is cut short and does not count")
            return
        outcome = Outcome.of([read_run(place) for place in places])
        names = [str(place.relative_to(self.question.runs)) for place in places]
        self.study.tell(trial, outcome, behind=bool(cut), runs=names)
        for place in places:
            _remove_checkpoints(place, self.question.runs)
        if cut:
            self._say_of(trial, f"given up: {BEHIND} of {len(self._curves)} trials")
            return
        self._keep_curves(names, outcome)
        best = self.study.best()
        mark = " (best so far)" if best and best[0].number + 1 == trial.number else ""
        self._say_of(trial, outcome_words(outcome, self.question.objective) + mark)

    def _say_of(self, trial: Trial, what: str) -> None:
        """`[3/20] es sigma=0.1: 3 of 3 solved; 61.0 s of effort`."""
        trials = self.question.asked.trials
        of = "" if trials >= UNLIMITED else f"/{trials}"
        chosen = chosen_words(trial.chosen)
        effort = f"{duration(self.spent_s)} of effort"
        number = len(self.study.over)
        self._say(f"[{number}{of}] {self.question.agent} {chosen}: {what}; {effort}")

    def _run(self, trial: Trial) -> list[Job]:
        if not trial.is_in:
            raise RunError("its values are not in the space: another program wrote them")
        asked = self.question.asked
        flags = [] if asked.config_dir is None else ["--config-dir", str(asked.config_dir)]
        live = NewestLine(transient=True) if live_console() is not None else nullcontext()
        with live as line:
            return launch(
                [self.question.words_of_run(trial.chosen, seed) for seed in asked.seeds],
                lambda words: compose(words, asked.config_dir),
                [*flags, "hydra.mode=RUN"],
                AUTO,
                quiet=True,
                watch=lambda jobs: self._watch(trial, jobs, line),
            )

    def _fail(self, trial: Trial, error: ConfigError | RunError) -> None:
        self.study.failed(trial, str(error))
        self._spent_s = self._spent_by_all()  # what failed soon was not followed
        self._say_of(trial, f"failed: {error}")
        if self.study.all_failed >= MOST_FAILED:
            number = self.study.all_failed
            raise RunError(f"all of the first {number} trials failed, the last one as {error}")

    def _spent_by_all(self) -> dict[Path, float]:
        return {place: _spent_s(place) for place in find_run_directories(self.question.runs)}

    def _watch(self, trial: Trial, jobs: Sequence[Job], line: NewestLine | None) -> str:
        """Why the rest of a trial is not worth its time; "" where it is."""
        running = [job for job in jobs if job.state is State.RUNNING]
        news = [self._news_of(trial, job) for job in running]
        if running and line is not None:
            line.show(f"trial {trial.number}: {running[-1].note}")
        more_s = sum(self._not_logged_s(job.directory) for job in running if job.directory)
        if self._is_spent(more_s):
            return SPENT
        if not self.question.asked.prune or not any(news):
            return ""
        begun = [job for job in jobs if job.directory in self._histories]
        own = [self._histories[job.directory][1].evaluations for job in begun if job.directory]
        numbers = [self.question.asked.seeds.index(int(job.seed)) for job in begun]
        others = [[curves[number] for number in numbers] for curves in self._curves]
        return BEHIND if is_behind(own, others, self._warm_s) else ""

    def _news_of(self, trial: Trial, job: Job) -> bool:
        """Take in what the log of a job's run has got; whether that are evaluations."""
        assert job.directory is not None
        log = job.directory / LOG
        size, history = self._histories.get(job.directory, (0, None))
        try:
            if log.stat().st_size == size:
                return False
            size, new = log.stat().st_size, read_history(log, None)
        except (OSError, UnreadableFileError):
            return False
        self._histories[job.directory] = size, new
        self._spent_s[job.directory] = _trained_s(new.end)
        seen = 0 if history is None else len(history.evaluations)
        fresh = new.evaluations.return_mean[seen:]
        for value in fresh[~np.isnan(fresh)]:
            trial.report(float(value))
        return len(fresh) > 0

    def _keep_curves(self, names: Sequence[str], outcome: Outcome) -> None:
        """Take the runs of a trial that is complete as what others are measured by."""
        places = [self.question.runs / name for name in names]  # a stranger's study has any
        inside = [p for p in places if p.is_relative_to(self.question.runs) and ".." not in p.parts]
        runs = [read_run(place) for place in inside]
        if len(runs) != len(self.question.asked.seeds) or None in runs:
            return
        self._curves.append([run.evaluations for run in runs if run is not None])
        best = self.study.best()
        longest = max(float(curve.train_s[-1]) for curves in self._curves for curve in curves)
        fastest = longest if best is None else best[1].mean_spent_s
        self._warm_s = min(fastest, WARM_SHARE * longest)

    def _is_spent(self, more_s: float = 0.0) -> bool:
        effort_s = self.question.asked.effort_s
        return effort_s is not None and self.spent_s + more_s >= effort_s

    def _not_logged_s(self, directory: Path) -> float:
        """What a run has trained since the last row of its log."""
        now = read_pulse(directory / PULSE)
        return 0.0 if now is None else max(0.0, _trained_s(now) - self._spent_s.get(directory, 0.0))


@contextmanager
def searched(questions: Sequence[Question], say: Say) -> Iterator[list[Search]]:
    """Make the searches of several agents, whoever has had the least effort first. The studies are
    held for this process until the end of this. Raises what `held` and `Search.step` raise."""
    with ExitStack() as held_studies:
        for question in questions:
            place = question.directory.absolute()
            held_studies.enter_context(held(place, question.asked.results_dir.absolute()))
        searches = [Search(question, say) for question in questions]
        while left := [search for search in searches if not search.is_over]:
            min(left, key=lambda search: search.spent_s).step()
        yield searches


@contextmanager
def held(directory: Path, results_dir: Path) -> Iterator[None]:
    """Make a study's directory and hold it for this process until the end of this.

    Raises ConfigError where it cannot be made, RunError where another process has it.
    """
    try:
        make_directory(directory, results_dir)
        descriptor = lock(directory / ".lock")
    except OSError as error:
        takes = f"a folder that can be written ({error.filename}: {error.strerror})"
        raise ConfigError("results_dir", str(results_dir), takes) from error
    if descriptor is None:
        raise RunError(f"{directory}: another process is at this study")
    try:
        yield
    finally:
        os.close(descriptor)


def _spent_s(directory: Path) -> float:
    try:
        return _trained_s(read_history(directory / LOG, None).end)
    except UnreadableFileError:
        return 0.0


def _trained_s(clock: Clock) -> float:
    return clock.train_s + clock.lost_train_s


def _remove_checkpoints(directory: Path, runs: Path) -> None:
    """Of a trial that is over: the replays of a hundred runs would fill a disk."""
    place = directory / "checkpoint"
    if place.is_dir() and not place.is_symlink() and place.is_relative_to(runs):
        with contextlib.suppress(OSError):
            shutil.rmtree(place)
