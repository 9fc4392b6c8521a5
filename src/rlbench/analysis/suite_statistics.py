"""All statistics over several environments, and what there is none of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlbench.analysis.curves import Curve
from rlbench.analysis.groups import EnvironmentGroups
from rlbench.analysis.normalized_scores import ContestScores, suite_scores
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import MeanRatio, overall_ratios, solved_first
from rlbench.analysis.suite_scores import Estimate, Profile, estimates, profiles, score_curves
from rlbench.analysis.suites import Suite, find_suites


@dataclass(frozen=True)
class SuiteStatistics:
    """What can be said of one suite of environments."""

    suite: Suite
    scores: tuple[ContestScores, ...]
    unscored: Mapping[str, str]  # environment to the reason why it has no normalised score
    estimates: tuple[Estimate, ...]
    profiles: tuple[Profile, ...]
    curves: tuple[Curve, ...]  # interquartile means of normalised scores
    ratios: tuple[MeanRatio, ...]


def across_environments(
    environments: Sequence[EnvironmentGroups],
    ratios: Sequence[SpeedRatio],
    baseline: str | None = None,
) -> list[SuiteStatistics]:
    """The statistics of every suite with two environments or more.

    ratios: the speed ratios of all environments.
    baseline: see `comparable_pairs`.
    """
    return [
        suite_statistics(suite, ratios)
        for suite in find_suites(environments, baseline)
        if len(suite.contests) > 1
    ]


def suite_statistics(suite: Suite, ratios: Sequence[SpeedRatio]) -> SuiteStatistics:
    """The statistics of one suite."""
    scores, unscored = suite_scores(suite)
    enough = len(scores) > 1
    first = solved_first(suite)
    return SuiteStatistics(
        suite=suite,
        scores=scores,
        unscored=unscored,
        estimates=(
            *(estimates(suite, scores) if enough else ()),
            *((first,) if first is not None else ()),
        ),
        profiles=tuple(profiles(suite, scores)) if enough else (),
        curves=tuple(score_curves(suite, scores)) if enough else (),
        ratios=tuple(overall_ratios(suite, ratios)),
    )
