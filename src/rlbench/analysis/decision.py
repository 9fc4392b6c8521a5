"""Who was faster, by how much and how sure: decided here and nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import MeanRatio

Side = Literal["challenger", "baseline"]
Winner = Literal["challenger", "baseline", "open", "none"]
"""`open`: the seeds do not settle who was faster. `none`: there is no ratio."""


@dataclass(frozen=True)
class Limit:
    """The group of which so few runs reached the level that the ratio is only a bound."""

    label: str
    reached: int
    runs: int


@dataclass(frozen=True)
class Decision:
    """What a speed ratio says of its two groups, from the side of the one that was ahead.

    The factor says how many times as fast the side that was ahead was: at least 1. `low` and
    `high` are the ends of its 95 % interval; None for an open end, and both None without an
    interval.
    """

    winner: Winner
    ahead: Side | None  # None without a ratio
    baseline: str  # the label of the baseline's group
    challenger: str
    factor: float | None
    low: float | None
    high: float | None
    bound: str  # of the factor: ">=" where it is at least that, "<=" where at most, "" neither
    limit: Limit | None  # what makes it a bound, where unsolved runs do
    p: float | None  # by the test of the interval: at most 0.05 where a side won
    reason: str  # why there is no ratio or no interval; empty where there is nothing to say

    @property
    def is_settled(self) -> bool:
        """Whether one side won."""
        return self.winner in ("challenger", "baseline")

    @property
    def has_interval(self) -> bool:
        """Whether one end of the interval is known, or both."""
        return self.low is not None or self.high is not None

    @property
    def winner_label(self) -> str | None:
        """The label of the group that won; None where none did."""
        return getattr(self, self.winner) if self.is_settled else None

    @property
    def ahead_label(self) -> str | None:
        """The label of the group that was ahead, settled or not; None without a ratio."""
        return None if self.ahead is None else getattr(self, self.ahead)


def decide(ratio: SpeedRatio | MeanRatio) -> Decision:
    """Who was faster.

    A side wins where the 95 % interval lies wholly on its side of 1. An interval may be open on one
    side, where unsolved runs leave it so; the end that is known decides. With few seeds there is no
    interval, so nothing is settled, with or without a bound.
    """
    if ratio.ratio is None:
        return Decision(
            "none", None, ratio.baseline, ratio.challenger, None, None, None, "", None, None,
            ratio.reason,
        )  # fmt: skip
    winner: Winner = "open"
    if ratio.low is not None and ratio.low > 1:
        winner = "challenger"
    elif ratio.high is not None and ratio.high < 1:
        winner = "baseline"
    ahead: Side = "challenger" if ratio.ratio >= 1 else "baseline"
    factor, low, high = (
        (ratio.ratio, ratio.low, ratio.high)
        if ahead == "challenger"
        else (_inverse(ratio.ratio), _inverse(ratio.high), _inverse(ratio.low))
    )
    bound = ratio.bound
    if ahead == "baseline":
        bound = {">=": "<=", "<=": ">=", "": ""}[bound]
    return Decision(
        winner=winner,
        ahead=ahead,
        baseline=ratio.baseline,
        challenger=ratio.challenger,
        factor=factor,
        low=_known(low),
        high=_known(high),
        bound=bound,
        limit=_limit(ratio),
        p=ratio.p if isinstance(ratio, SpeedRatio) else None,
        reason=ratio.reason,
    )


def reaches(ratio: SpeedRatio | MeanRatio, factor: float) -> Literal["yes", "no", "open"]:
    """Whether the challenger was at least `factor` times as fast: settled where the whole interval
    lies on one side of that."""
    if ratio.low is not None and ratio.low >= factor:
        return "yes"
    if ratio.high is not None and ratio.high < factor:
        return "no"
    return "open"


def _limit(ratio: SpeedRatio | MeanRatio) -> Limit | None:
    limits = {
        ">=": Limit(ratio.baseline, ratio.n_baseline_reached, ratio.n_baseline),
        "<=": Limit(ratio.challenger, ratio.n_challenger_reached, ratio.n_challenger),
    }
    found = limits.get(ratio.bound)
    # Where all of its runs were solved, they were so before any training.
    return found if found is not None and found.reached < found.runs else None


def _inverse(value: float | None) -> float | None:
    """One over a factor; an open end stays open."""
    if value is None:
        return None
    return math.inf if value == 0 else 1.0 / value


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
