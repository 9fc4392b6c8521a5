"""A study in one file, which Optuna alone reads and writes: what to try next, what came of
it, and what was cut short and is tried again."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState

from rlbench.config.spaces import Choice, Dimension, Space
from rlbench.config.words import as_text
from rlbench.errors import RunError
from rlbench.opening import in_the_way
from rlbench.seeding import Seeds
from rlbench.tuning.outcome import Objective, Outcome

FILE, NAME = "study.db", "rlbench"
FIRST_AT_RANDOM = 8  # trials before the sampler goes by what it has seen
DIGITS = 4  # of a number that is tried
AGAIN, FAILED = "again", "failed"  # attributes of a trial: of which it is the repetition; why


class Trial:
    """One trial that has begun. number: 1, 2, 3, ... chosen: as it would be typed."""

    def __init__(self, trial: optuna.Trial, space: Space) -> None:
        self.trial, self.number = trial, trial.number + 1
        self.chosen = typed(space, trial.params)
        self.is_in = all(space[key].holds(value) for key, value in trial.params.items())
        self._reported = 0

    def report(self, return_mean: float) -> None:
        """The mean return of the next evaluation of one of its runs."""
        self._reported += 1
        self.trial.report(return_mean, self._reported)


class Study:
    """The study of one agent. space: what is varied. objective: what is best."""

    def __init__(
        self, directory: Path, space: Space, objective: Objective, about: Mapping[str, Any]
    ) -> None:
        self.space, self.objective = space, objective
        self._distributions = {key: _distribution(one) for key, one in space.items()}
        self._study = _open(directory, space, objective)
        self.is_new = not self._study.trials
        for name, value in about.items():
            self._study.set_user_attr(name, value)

    @property
    def over(self) -> list[FrozenTrial]:
        """The trials that count: ended, given up as behind, or failed; not those cut short."""
        states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        trials = self._study.get_trials(deepcopy=False, states=states)
        return [t for t in trials if t.state != TrialState.FAIL or FAILED in t.user_attrs]

    @property
    def all_failed(self) -> int:
        """How many trials failed, where no other one has ended; else 0."""
        over = self.over
        return len(over) * all(trial.state == TrialState.FAIL for trial in over)

    def complete(self) -> Iterator[tuple[FrozenTrial, Outcome]]:
        """The trials whose runs all ended, and what they came to."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            outcome = Outcome.from_dict(trial.user_attrs)
            if outcome is not None:
                yield trial, outcome

    def best(self) -> tuple[FrozenTrial, Outcome] | None:
        """The best trial, of equals the first."""
        return min(self.complete(), key=lambda pair: pair[1].rank_key(self.objective), default=None)

    def chosen_by(self, trial: FrozenTrial) -> dict[str, str]:
        """What a trial was given, as it would be typed."""
        return typed(self.space, trial.params)

    def enqueue(self, chosen: Mapping[str, Any]) -> None:
        """What is to be tried next; what it does not name is chosen then."""
        self._study.enqueue_trial(dict(chosen))

    def repeat_what_was_cut(self) -> None:
        """Have the trials tried again that a stop or a crash cut short, before any others."""
        trials = self._study.get_trials(deepcopy=False)
        queued = {trial.user_attrs.get(AGAIN) for trial in trials}
        for trial in trials:
            if trial.state == TrialState.RUNNING:
                if trial.number not in queued:
                    self._study.enqueue_trial(dict(trial.params), {AGAIN: trial.number})
                self._study.tell(trial.number, state=TrialState.FAIL)

    def ask(self) -> Trial:
        """The next trial."""
        number = len(self._study.get_trials(deepcopy=False))
        # A sampler that went on with one stream would draw the same again after a restart.
        seed = Seeds(0).child("tuning").integer(number)
        self._study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=FIRST_AT_RANDOM, seed=seed
        )
        with _no_warnings():  # of fixed values that are out of range, which is checked
            return Trial(self._study.ask(self._distributions), self.space)

    def was_tried(self, trial: Trial) -> bool:
        """Whether a trial that counts had the same settings."""
        return any(self.chosen_by(other) == trial.chosen for other in self.over)

    def drop(self, trial: Trial) -> None:
        """Do not make this trial; it does not count."""
        self._study.tell(trial.trial, state=TrialState.FAIL)

    def tell(self, trial: Trial, outcome: Outcome, *, behind: bool, runs: Sequence[str]) -> None:
        """What a trial came to. behind: it was given up. runs: where its runs are."""
        for name, value in {**vars(outcome), "runs": runs}.items():
            trial.trial.set_user_attr(name, list(value))
        if self.objective == "time_to_threshold":
            # Optuna ranks a trial with a constraint above 0 after all without, by that.
            with _no_warnings():
                trial.trial.set_constraint("unsolved", outcome.shortfall)
        if behind:
            self._study.tell(trial.trial, state=TrialState.PRUNED)
        elif self.objective == "final_return":
            self._study.tell(trial.trial, outcome.mean_return)
        else:
            self._study.tell(trial.trial, outcome.mean_spent_s)

    def failed(self, trial: Trial, reason: str) -> None:
        """A trial has failed; it is not tried again."""
        trial.trial.set_user_attr(FAILED, reason)
        self._study.tell(trial.trial, state=TrialState.FAIL)


def _open(directory: Path, space: Space, objective: Objective) -> optuna.Study:
    path = directory.absolute() / FILE
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if (reason := in_the_way(path)) is not None:
        raise RunError(f"{path}: {reason}")
    try:
        study = optuna.create_study(
            storage=_storage(path),
            study_name=NAME,
            direction="maximize" if objective == "final_return" else "minimize",
            load_if_exists=True,
        )
        tried = {key for trial in study.get_trials(deepcopy=False) for key in trial.params}
    except Exception as error:  # of SQLite, of SQLAlchemy, of Optuna
        said = " ".join(str(error).split())[:200]
        raise RunError(f"{path}: Optuna cannot use it ({said}); move it away") from error
    if others := sorted(tried - space.keys()):
        raise RunError(f"{path}: it has trials of {others[0]}, which is not varied; move it away")
    return study


def _storage(path: Path) -> optuna.storages.RDBStorage:
    """In a URL some characters of a path would have a meaning; here all are as they are."""
    connect = partial(sqlite3.connect, path, check_same_thread=False)
    return optuna.storages.RDBStorage(f"sqlite:///{FILE}", {"creator": connect})


def _distribution(dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choice):
        return CategoricalDistribution(dimension.values)
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def typed(space: Space, params: Mapping[str, Any]) -> dict[str, str]:
    """Values of a trial as they would be typed."""
    return {key: _typed(space[key], value) for key, value in params.items()}


def _typed(dimension: Dimension, value: Any) -> str:
    """A value as it would be typed; a number with few digits."""
    if isinstance(dimension, Choice):
        return str(value)
    if dimension.whole:
        return as_text(value)
    rounded = float(f"{value:.{DIGITS}g}")
    return as_text(min(max(rounded, dimension.low), dimension.high))


@contextmanager
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
