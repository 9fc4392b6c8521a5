"""Normalised scores: 0 is acting at random, 1 is what means solved (on Atari: a human tester)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlbench.analysis.curves import evaluated, group_end, random_return, run_values
from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.analysis.suites import Contest, Suite
from rlbench.published.atari import reference_scores
from rlbench.runs.records import FloatArray, Unit


@dataclass(frozen=True)
class Scale:
    """The two returns that a normalised score is measured between."""

    random: float  # the score 0
    reference: float  # the score 1
    source: str  # where the two come from, in words

    def score(self, returns: FloatArray) -> FloatArray:
        """(return - random) / (reference - random)."""
        scores: FloatArray = (returns - self.random) / (self.reference - self.random)
        return scores


@dataclass(frozen=True)
class ContestScores:
    """Every run's normalised score on one environment at its common horizon."""

    contest: Contest
    scale: Scale
    horizon: float  # training seconds; infinite where all stopped early and no budget is known
    baseline: FloatArray  # [n], NaN for a run that was cut off before the horizon
    challenger: FloatArray  # [m]

    @property
    def env(self) -> str:
        """The environment's id."""
        return self.contest.env

    @property
    def sides(self) -> tuple[FloatArray, FloatArray]:
        """The scores of challenger and baseline."""
        return self.challenger, self.baseline


def scale_of(environment: EnvironmentGroups, group: Group) -> Scale | str:
    """How returns of a group are normalised; where they cannot be, why.

    On Atari both ends are published, elsewhere 0 is the mean return of the runs of the random agent
    under the same conditions (fingerprint) and 1 the threshold.
    """
    published = reference_scores(environment.env)
    if published is not None and published.random != published.human:
        return Scale(published.random, published.human, "published random and human scores")
    if group.threshold is None:
        return "no threshold"
    acting_at_random = random_return(environment, group.first.fingerprint)
    if acting_at_random is None:
        return "no run of agent=random under the same conditions"
    if acting_at_random >= group.threshold:
        return "acting at random reaches the threshold"
    return Scale(acting_at_random, group.threshold, "runs of agent=random and the threshold")


def contest_scores(contest: Contest) -> ContestScores | str:
    """The scores of one environment; where there are none, why."""
    scale = scale_of(contest.environment, contest.challenger)
    if isinstance(scale, str):
        return scale
    horizon = min(group_end(group, "train_s") for group in contest.sides)
    challenger, baseline = (
        scale.score(returns_at(group, "train_s", np.array([horizon]))[:, 0])
        for group in contest.sides
    )
    if np.isnan(baseline).all() or np.isnan(challenger).all():
        return "no run is known up to the common horizon"
    return ContestScores(contest, scale, horizon, baseline, challenger)


def suite_scores(suite: Suite) -> tuple[tuple[ContestScores, ...], dict[str, str]]:
    """The scores of every environment that has any, and why the others have none."""
    found = {contest.env: contest_scores(contest) for contest in suite.contests}
    return (
        tuple(part for part in found.values() if not isinstance(part, str)),
        {env: part for env, part in found.items() if isinstance(part, str)},
    )


def returns_at(group: Group, unit: Unit, times: FloatArray) -> FloatArray:
    """Each run's return in force at some times; NaN where it was cut off before.  # [n, T]

    A run that stopped because it was solved counts as the level that it was to stop at from then
    on. What its last evaluation showed beyond is luck: it is the evaluation that ended the run.
    """
    found = np.array([run_values(run, unit, times) for run in group.runs])
    for row, run in zip(found, group.runs, strict=True):
        known, _ = evaluated(run, unit)
        if run.stopped_when_solved and run.stop_level is not None and len(known):
            stopped = times >= known[-1]
            row[stopped] = np.minimum(row[stopped], run.stop_level)
    return found
