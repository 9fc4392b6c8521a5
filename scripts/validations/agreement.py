"""Whether two agents learn alike: their returns over a run's steps, and a margin of equivalence.

A run's figure is its mean return over the steps of its budget (the area under its learning curve,
over the steps): the return of the last evaluation holds until the next one. The difference of two
agents is the median over all pairs of their runs, with the exact 95 % interval of the rank-sum
test. They are *equivalent* where the whole interval is within the margin, a tenth of the way from
the untrained policy to the threshold; *different* where it is not and leaves out 0; else the runs
do not settle it. Where the true difference is as large as the margin, the interval lies within it
in at most 1 of 40 such experiments. With 20 runs a side of agents that do not differ, it does in
nearly all experiments where the standard deviation of one agent's runs is half the margin, in 7 of
10 where it is the margin, in 1 of 10 where it is one and a half; with 10 runs a side in 97, 13 and
less than one of 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlbench.analysis.curves import evaluated
from rlbench.analysis.mean_curves import step_values
from rlbench.analysis.rank_sum import ends_left_out
from rlbench.runs.records import FloatArray, Run

MARGIN = 0.1  # of the way from the untrained policy to the threshold
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)  # of the steps, at which returns are shown

Outcome = Literal["equivalent", "different", "not settled"]


@dataclass(frozen=True)
class Agreement:
    """Two agents' mean returns over the steps of their runs.

    ours, theirs: medians over runs. difference: ours less theirs, the median over all pairs. low,
    high: its 95 % interval, None where there are too few runs for one.
    """

    ours: float
    theirs: float
    difference: float
    low: float | None
    high: float | None
    margin: float
    n_ours: int
    n_theirs: int

    @property
    def outcome(self) -> Outcome:
        """What the runs say."""
        if self.low is None or self.high is None:
            return "not settled"
        if -self.margin < self.low and self.high < self.margin:
            return "equivalent"
        return "different" if self.low > 0.0 or self.high < 0.0 else "not settled"


def agreement(ours: Sequence[float], theirs: Sequence[float], margin: float) -> Agreement:
    """Of one figure a run, both sides with at least one."""
    pairs = np.sort(np.subtract.outer(np.asarray(ours), np.asarray(theirs)).ravel())
    outside = ends_left_out(len(theirs), len(ours))
    return Agreement(
        ours=float(np.median(ours)),
        theirs=float(np.median(theirs)),
        difference=float(np.median(pairs)),
        low=None if outside is None else float(pairs[outside]),
        high=None if outside is None else float(pairs[-1 - outside]),
        margin=margin,
        n_ours=len(ours),
        n_theirs=len(theirs),
    )


def mean_return(run: Run, env_steps: int) -> float:
    """The run's mean return over its first `env_steps` steps. Its first evaluation is at 0."""
    steps, returns = evaluated(run, "env_steps")
    ends = np.minimum(np.append(steps[1:], max(env_steps, steps[-1])), env_steps)
    lengths = np.maximum(ends - np.minimum(steps, env_steps), 0.0)
    return float(np.average(returns, weights=lengths))


def untrained(runs: Sequence[Run]) -> float:
    """The mean return of the first evaluations."""
    return float(np.mean([evaluated(run, "env_steps")[1][0] for run in runs]))


def median_returns(runs: Sequence[Run], env_steps: int) -> FloatArray:
    """The median over runs of the returns in force at `SHARES` of the steps.  # [5]"""
    at = np.array(SHARES) * env_steps
    of_runs = [step_values(*evaluated(run, "env_steps"), at, True) for run in runs]
    medians: FloatArray = np.median(of_runs, axis=0)
    return medians
