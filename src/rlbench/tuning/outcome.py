"""What a trial came to, from the files of its runs: which of two is better, and whether one that
still runs is worth its time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from statistics import fmean, median
from typing import Any, Literal

import numpy as np

from rlbench.runs.load import load_run
from rlbench.runs.records import Evaluations, Run

Objective = Literal["time_to_threshold", "final_return"]
LEAST_TRIALS = 4  # that ended, before another one is compared with them


@dataclass(frozen=True)
class Outcome:
    """Of each of a trial's runs, one a seed: the seconds of training until the threshold was
    reached and confirmed (None: it was not), the mean return of the last evaluation (None: there
    was none), and the seconds of training in all."""

    solved_s: tuple[float | None, ...]
    final_return: tuple[float | None, ...]
    train_s: tuple[float, ...]

    @classmethod
    def of(cls, runs: Sequence[Run | None]) -> Outcome:
        """None for a run that has not begun."""
        return cls(
            tuple(None if run is None else _solved_s(run) for run in runs),
            tuple(None if run is None else _final_return(run) for run in runs),
            tuple(0.0 if run is None else run.end.train_s for run in runs),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Outcome | None:
        """The inverse of `vars`; None for what is none."""
        lists = [
            one for name in cls.__dataclass_fields__ if isinstance(one := values.get(name), list)
        ]
        lengths = {len(one) for one in lists}
        if len(lists) < 3 or len(lengths) > 1 or 0 in lengths:
            return None
        solved, returned, trained = (tuple(map(_number, one)) for one in lists)
        return cls(solved, returned, tuple(one or 0.0 for one in trained))

    @property
    def unsolved(self) -> int:
        """How many runs did not reach the threshold."""
        return sum(one is None for one in self.solved_s)

    @property
    def mean_solved_s(self) -> float | None:
        """The mean time to the threshold; None where a run did not reach it, whose time is not
        known."""
        times = [one for one in self.solved_s if one is not None]
        return fmean(times) if len(times) == len(self.solved_s) else None

    @property
    def mean_spent_s(self) -> float:
        """The mean time until a run was solved or over."""
        pairs = zip(self.solved_s, self.train_s, strict=True)
        return fmean(train if solved is None else solved for solved, train in pairs)

    @property
    def mean_return(self) -> float:
        """The mean final return of all runs."""
        return _mean(self.final_return)

    @property
    def return_of_unsolved(self) -> float:
        """The mean final return of the runs that did not reach the threshold."""
        pairs = zip(self.solved_s, self.final_return, strict=True)
        return _mean([returned for solved, returned in pairs if solved is None])

    @property
    def shortfall(self) -> float:
        """0 where all runs reached the threshold; else more for each that did not, and the more the
        lower their final returns are. Only the order has a meaning: the number of runs, and less
        than 1 for the return."""
        if not self.unsolved:
            return 0.0
        return self.unsolved + 0.5 - math.atan(self.return_of_unsolved) / math.pi

    def rank_key(self, objective: Objective) -> tuple[float, float]:
        """The smaller, the better. On time to threshold, trials whose runs all reached it come
        first, by their mean time; then those of which one did not, two, and so on, among these the
        one whose unsolved runs ended with the higher return."""
        if objective == "final_return":
            return -self.mean_return, 0.0
        if not self.unsolved:
            return 0.0, self.mean_spent_s
        return self.unsolved, -self.return_of_unsolved


def read_run(directory: Path) -> Run | None:
    """The run in a directory; None where there is none that can be used."""
    return load_run(directory, PurePath(directory.name))[0]


def is_behind(
    own: Sequence[Evaluations], others: Sequence[Sequence[Evaluations]], warm_s: float
) -> bool:
    """Whether a trial is worse than the median of others, by the best evaluations that each had by
    the second of training at which its runs are now, the mean over its runs.

    own: of its runs that have begun. others: of the runs of the same seeds of each other trial; one
    that ended earlier keeps what it came to. warm_s: before so much training nobody is behind, as
    little has been learned then.
    """
    now_s = [_newest_s(one) for one in own]
    if len(others) < LEAST_TRIALS or max(now_s, default=0.0) < warm_s:
        return False
    return _so_far(own, now_s) < median(_so_far(other, now_s) for other in others)


def _so_far(runs: Sequence[Evaluations], now_s: Sequence[float]) -> float:
    return fmean(_best_by(one, seconds) for one, seconds in zip(runs, now_s, strict=True))


def _newest_s(evaluations: Evaluations) -> float:
    return float(evaluations.train_s[-1]) if len(evaluations) else 0.0


def _best_by(evaluations: Evaluations, train_s: float) -> float:
    returns = evaluations.return_mean[evaluations.train_s <= train_s]
    return float(np.nanmax(returns, initial=-np.inf))


def _solved_s(run: Run) -> float | None:
    return None if run.solved_at is None else run.solved_at.at.train_s


def _final_return(run: Run) -> float | None:
    returns = run.evaluations.return_mean
    known = returns[~np.isnan(returns)]
    return float(known[-1]) if len(known) else None


def _mean(values: Sequence[float | None]) -> float:
    """A run without an evaluation is worse than any."""
    return fmean(-math.inf if one is None else one for one in values) if values else math.nan


def _number(value: object) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and math.isfinite(value) else None  # type: ignore[arg-type]
