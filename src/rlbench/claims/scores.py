"""A claim in the form of its words: on how many games ES had scored more after a small part of the
time than its rival after all of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rlbench.analysis.groups import Group
from rlbench.analysis.quantiles import at_least, share_interval
from rlbench.analysis.return_differences import ReturnDifference, return_difference
from rlbench.claims.statements import MINIMUM_SEEDS

Further = Literal["challenger", "baseline", "neither"]

# True shares of games for which it is said how often the rule would see them.
MOST, FEW, HALF = 0.9, 0.1, 0.5


@dataclass(frozen=True)
class EarlyScores:
    """ES's returns after a part of the time, and its rival's after all of it, on one game.

    first_level: the lowest published level, a tenth of the way from random play to a human tester.
    """

    returns: ReturnDifference
    first_level: float

    @property
    def further(self) -> Further:
        """Who had scored more, by the median over all pairs of runs; `neither` where both scored
        the same, or neither side's median had come to the first level: then there was nothing
        that the other could have reached sooner."""
        found = self.returns
        if max(found.baseline_return, found.challenger_return) < self.first_level:
            return "neither"
        if found.difference == 0.0:
            return "neither"
        return "challenger" if found.difference > 0.0 else "baseline"


@dataclass(frozen=True)
class ShareAhead:
    """On how many games ES was the one that had scored more, and its rival; `neither` is left out
    of the share, as ties are of a sign test."""

    ahead: int
    behind: int
    neither: int

    @property
    def decided(self) -> int:
        """Games on which one of the two had scored more."""
        return self.ahead + self.behind

    @property
    def interval(self) -> tuple[float, float]:
        """The exact 95 % interval of ES's share among games like these (Clopper & Pearson 1934)."""
        return share_interval(self.ahead, self.decided)


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
    """Both agents' returns, of the challenger after 1 / factor of the time; where they cannot be
    had, why, in a few words."""
    groups = (baseline, challenger)
    if any(run.stop_level is not None for group in groups for run in group.runs):
        return "its runs were to stop when solved"
    found = return_difference(baseline, challenger, part=1.0 / factor)
    if found is None or found.n_baseline < MINIMUM_SEEDS or found.n_challenger < MINIMUM_SEEDS:
        return f"fewer than {MINIMUM_SEEDS} runs are known up to the end of the time"
    return EarlyScores(found, first_level)


def share_ahead(scores: Iterable[EarlyScores]) -> ShareAhead:
    """The games counted."""
    sides = [found.further for found in scores]
    return ShareAhead(*(sides.count(side) for side in ("challenger", "baseline", "neither")))


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
