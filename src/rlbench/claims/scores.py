"""A claim in the form of its words: on how many games ES had scored more after a small part of the
time than its rival after all of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Literal

from rlbench.analysis.curves import evaluated
from rlbench.analysis.groups import Group
from rlbench.analysis.quantiles import at_least, share_interval
from rlbench.analysis.return_differences import ReturnDifference, difference_of_returns
from rlbench.claims.statements import MINIMUM_SEEDS
from rlbench.runs.records import Run

Further = Literal["challenger", "baseline", "open", "neither"]

# True shares of games for which it is said how often the rule would see them.
MOST, FEW, HALF = 0.9, 0.1, 0.5
NEARLY = 0.99  # of the budget, at which a run may have ended
ENOUGH = 0.5  # of the games that count, on which somebody must have scored more
ENDED = ("budget", "solved")  # a run that has used its budget, whether it was solved before or not


@dataclass(frozen=True)
class EarlyScores:
    """ES's returns after a part of the time, and its rival's after all of it, on one game.

    returns: with ES's last evaluation until then; later: with the one after that. first_level: the
    lowest published level, a tenth of the way from random play to a human tester. untrained: the
    median return of either agent's networks before any training, the rival's first. n_untrained:
    runs of ES in which no generation was over by then, so that the untrained network counts.
    """

    returns: ReturnDifference
    later: ReturnDifference
    first_level: float
    untrained: tuple[float, float]
    n_untrained: int

    @property
    def is_untrained(self) -> bool:
        """Whether that is so of most runs of ES."""
        return self.n_untrained > self.returns.n_challenger / 2

    @property
    def begins_far(self) -> bool:
        """Whether an untrained network has come to the first level already."""
        return max(self.untrained) >= self.first_level

    @property
    def further(self) -> Further:
        """Who had scored more, by the median over all pairs of runs.

        `neither`: neither side's median had come to the first level, so there was nothing that the
        other could have reached sooner. `open`: both scored the same, or it depends on which of
        the two evaluations of ES is taken.
        """
        sides = {self._further(found) for found in (self.returns, self.later)}
        return sides.pop() if len(sides) == 1 else "open"

    def _further(self, found: ReturnDifference) -> Further:
        if max(found.baseline_return, found.challenger_return) < self.first_level:
            return "neither"
        if found.difference == 0.0:
            return "open"
        return "challenger" if found.difference > 0.0 else "baseline"


@dataclass(frozen=True)
class ShareAhead:
    """On how many games ES had scored more, its rival had, it is open, and neither had come far.
    The last are left out of the share, as ties are of a sign test."""

    ahead: int
    behind: int
    open: int
    neither: int

    @property
    def decided(self) -> int:
        """Games on which one of the two had come far enough."""
        return self.ahead + self.behind + self.open

    @property
    def is_enough(self) -> bool:
        """Whether that is enough of the games for a word on them."""
        return self.decided > 0 and self.decided >= ENOUGH * (self.decided + self.neither)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of ES's share among games like these (Clopper & Pearson 1934): its
        lower end as if ES were behind where that is open, its upper end as if it were ahead."""
        low, _ = share_interval(self.ahead, self.decided)
        _, high = share_interval(self.ahead + self.open, self.decided)
        return low, high


@dataclass(frozen=True)
class SharePower:
    """How often the rule would say what of so many games, if ES scored more on 9 of 10 games like
    these, on 1 of 10, and on half of them."""

    supported_at_most: float
    refuted_at_few: float
    wrong_at_half: float  # not supported, where the claim is just true


def early_scores(
    baseline: Group, challenger: Group, first_level: float, factor: float
) -> EarlyScores | str:
    """Both agents' returns, of the challenger after 1 / factor of the budget; where they cannot be
    had, why, in a few words."""
    runs = [*baseline.runs, *challenger.runs]
    budgets = {run.budget_train_s for run in runs}
    (budget_s, *others) = budgets
    if others or budget_s is None:
        return "its runs had not one budget in seconds"
    early_s = budget_s / factor
    for run in runs:
        why = _unusable(run, budget_s)
        if why:
            return f"{run.agent}, seed {run.seed}: {why}"
    if min(len(baseline.runs), len(challenger.runs)) < MINIMUM_SEEDS:
        return f"fewer than {MINIMUM_SEEDS} seeds"
    late = [_returns(run)[-1] for run in baseline.runs]
    at_first = [median(map(_untrained_return, side.runs)) for side in (baseline, challenger)]

    def difference(shift: int) -> ReturnDifference:
        mine = [_returns(run)[_last(run, early_s) + shift] for run in challenger.runs]
        return difference_of_returns(baseline, challenger, (late, mine), (budget_s, early_s))

    return EarlyScores(
        returns=difference(0),
        later=difference(1),
        first_level=first_level,
        untrained=(at_first[0], at_first[1]),
        n_untrained=sum(
            not _last(run, early_s) and math.isfinite(_untrained_return(run))
            for run in challenger.runs
        ),
    )


def _unusable(run: Run, budget_s: float) -> str:
    """Why a run's return at its end is not that after the budget; empty where it is."""
    if run.stop_level is not None:
        return "was to stop when solved"
    times, _ = evaluated(run, "train_s")
    last_s = float(times[-1]) if len(times) else 0.0
    if run.status not in ENDED or len(times) < 2 or last_s < NEARLY * budget_s:
        return f"was not evaluated at the end of {budget_s:g} s"
    return ""


def _last(run: Run, at_s: float) -> int:
    """Which evaluation was the last one until then, and never the one at the end."""
    times, _ = evaluated(run, "train_s")
    return max(int((times[:-1] <= at_s).sum()) - 1, 0)


def _returns(run: Run) -> list[float]:
    return [float(value) for value in evaluated(run, "train_s")[1]]


def _untrained_return(run: Run) -> float:
    """The return before any training; below all others where that was not evaluated."""
    times, returns = evaluated(run, "train_s")
    return float(returns[0]) if times[0] <= 0.0 else -math.inf


def share_ahead(scores: Iterable[EarlyScores]) -> ShareAhead:
    """The games counted."""
    sides = [found.further for found in scores]
    return ShareAhead(*(sides.count(s) for s in ("challenger", "baseline", "open", "neither")))


def share_power(decided: int) -> SharePower:
    """By the binomial distribution, for so many games on which one of the two had scored more."""
    intervals = [share_interval(ahead, decided) for ahead in range(decided + 1)]
    fewest = sum(low <= HALF for low, _ in intervals)  # of ES, to support the claim
    most = sum(high < HALF for _, high in intervals)  # one more than ES has where it is refuted

    def at_most(share: float) -> float:
        return 1.0 - at_least(most, decided, share) if most else 0.0

    return SharePower(
        supported_at_most=at_least(fewest, decided, MOST) if fewest <= decided else 0.0,
        refuted_at_few=at_most(FEW),
        wrong_at_half=at_most(HALF),
    )
