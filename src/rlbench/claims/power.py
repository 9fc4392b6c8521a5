"""What the rule would say of a claim if the truth were known: the power of the runs' budgets.

Runs are made up in which the baseline's times are those of the challenger's runs times a true
factor, environments differing from each other as the measured ratios do. They are watched for as
long as the real ones were, and the rule is applied to them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.level_times import censored_times, horizon_of
from rlbench.analysis.mean_ratios import geometric_mean, interval_of_such
from rlbench.analysis.survival import CensoredTimes
from rlbench.analysis.time_ratios import PairRatios, pair_ratios
from rlbench.claims.evidence import Comparison

REPETITIONS = 100
TOO_OFTEN = 0.05  # so often at most a claim that is true may be found unsupported
_SEED = 20170310


@dataclass(frozen=True)
class Power:
    """Of so many sets of runs like these, with these budgets, in which share the rule would say
    what."""

    supported_at_double: float  # supported, where the true factor is twice the claimed one
    refuted_at_one: float  # not supported, where both are equally fast
    refuted_at_claim: float  # not supported, where the claim is true: wrongly


@dataclass(frozen=True)
class Setting:
    """One environment as the rule sees it: the challenger's times, and how the runs were made."""

    times: CensoredTimes  # of the challenger
    baseline_runs: int
    watched: float  # how long a run of the baseline was watched; infinite without a limit
    relative: float  # this environment's ratio over the mean of all


def settings_of(comparisons: Sequence[Comparison]) -> list[Setting]:
    """The settings of the environments that count."""
    if not comparisons:
        return []
    found = []
    mean = geometric_mean(c.ratios["train_s"].ratio or 1.0 for c in comparisons)
    for comparison in comparisons:
        level = comparison.ratios["train_s"].level
        times = censored_times(comparison.challenger, level, "train_s")
        assert times is not None  # it has a ratio
        found.append(
            Setting(
                times,
                len(comparison.baseline.runs),
                horizon_of(comparison.baseline, level, "train_s"),
                (comparison.ratios["train_s"].ratio or mean) / mean,
            )
        )
    return found


def power_of(settings: Sequence[Setting], claimed: float) -> Power:
    """How often the rule would say what, were the truth known."""
    generator = np.random.default_rng(_SEED)

    def ends(factor: float) -> list[tuple[float, float]]:
        return [
            mean_interval([made_up(s, factor * s.relative, generator) for s in settings])
            for _ in range(REPETITIONS)
        ]

    double, one, claim = ends(2.0 * claimed), ends(1.0), ends(claimed)
    return Power(
        supported_at_double=sum(low >= claimed for low, _ in double) / REPETITIONS,
        refuted_at_one=sum(high < claimed for _, high in one) / REPETITIONS,
        refuted_at_claim=sum(high < claimed for _, high in claim) / REPETITIONS,
    )


def mean_interval(pairs: Sequence[PairRatios]) -> tuple[float, float]:
    """The interval of the mean over environments as the rule takes it, 0 and infinite where an end
    is open."""
    if len(pairs) == 1:
        low, high = pairs[0].interval()
    else:
        least, most = zip(*(found.medians() for found in pairs), strict=True)
        low, high = interval_of_such(least, most)
    return low or 0.0, math.inf if high is None else high


def made_up(setting: Setting, factor: float, generator: np.random.Generator) -> PairRatios:
    """The pairs of one environment, seeds of both agents drawn from the challenger's."""
    times = setting.times
    ours = generator.integers(len(times), size=len(times))
    theirs = generator.integers(len(times), size=setting.baseline_runs)
    slower = factor * times.latest[theirs]
    solved = slower <= setting.watched
    watched = np.where(
        np.isfinite(slower) | math.isfinite(setting.watched),
        setting.watched,
        factor * times.time[theirs],
    )
    baseline = CensoredTimes(np.where(solved, slower, watched), solved & np.isfinite(slower))
    return pair_ratios(baseline, CensoredTimes(times.time[ours], times.event[ours]))
