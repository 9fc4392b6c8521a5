"""Who scored more: the difference of two groups' returns, with the exact interval that the rank-sum
test gives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rlbench.analysis.curves import group_end
from rlbench.analysis.groups import Group
from rlbench.analysis.normalized_scores import returns_at
from rlbench.analysis.rank_sum import ends_left_out
from rlbench.runs.records import FloatArray


@dataclass(frozen=True)
class ReturnDifference:
    """How much more the challenger scored than the baseline, both over seeds.

    baseline_s, challenger_s: after how many seconds of training.
    """

    baseline: str  # the label of the baseline's group
    challenger: str
    baseline_return: float  # the median
    challenger_return: float
    difference: float  # the challenger's return less the baseline's: the median over all pairs
    low: float | None  # ends of its 95 % interval; None where there are too few seeds for one
    high: float | None
    n_baseline: int  # runs that are known up to the horizon
    n_challenger: int
    baseline_s: float
    challenger_s: float

    @property
    def ahead(self) -> str | None:
        """The label of the group that scored more here; None where both scored the same."""
        if self.difference == 0.0:
            return None
        return self.challenger if self.difference > 0.0 else self.baseline

    @property
    def is_settled(self) -> bool:
        """Whether the interval lies on one side of equal."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def return_difference(baseline: Group, challenger: Group) -> ReturnDifference | None:
    """The difference of the returns in force at the end of the shorter budget; None where a side
    has no run that is known up to there."""
    horizon = min(group_end(group, "train_s") for group in (baseline, challenger))
    theirs, mine = _returns(baseline, horizon), _returns(challenger, horizon)
    if not len(mine) or not len(theirs):
        return None
    return difference_of_returns(baseline, challenger, (theirs, mine), (horizon, horizon))


def difference_of_returns(
    baseline: Group,
    challenger: Group,
    returns: tuple[ArrayLike, ArrayLike],
    seconds: tuple[float, float],
) -> ReturnDifference:
    """The difference of given returns, at least one of either side.

    returns: of the baseline's runs [n] and the challenger's [m]; seconds: of training, after which
    they are in force.
    """
    theirs, mine = (np.asarray(side, float) for side in returns)
    pairs = np.sort((mine[:, None] - theirs[None, :]).ravel())  # [n m]
    outside = ends_left_out(len(theirs), len(mine))
    return ReturnDifference(
        baseline=baseline.label,
        challenger=challenger.label,
        baseline_return=float(np.median(theirs)),
        challenger_return=float(np.median(mine)),
        difference=float(np.median(pairs)),
        low=None if outside is None else float(pairs[outside]),
        high=None if outside is None else float(pairs[-1 - outside]),
        n_baseline=len(theirs),
        n_challenger=len(mine),
        baseline_s=seconds[0],
        challenger_s=seconds[1],
    )


def _returns(group: Group, horizon: float) -> FloatArray:
    if not math.isfinite(horizon):
        return np.array([])
    found = returns_at(group, "train_s", np.array([horizon]))[:, 0]
    known: FloatArray = found[np.isfinite(found)]
    return known
