"""Who was faster over all environments: the geometric mean of speed ratios, and who came first.

Both intervals speak of these environments and no others: only seeds make them uncertain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.bootstrap import (
    ALL_ALIKE,
    MINIMUM_SEEDS,
    bootstrap_interval,
    weights_of_strata,
)
from rlbench.analysis.groups import Group
from rlbench.analysis.level_times import censored_times
from rlbench.analysis.mean_ratios import Ends, geometric_mean, interval_of_these
from rlbench.analysis.score_statistics import mean_of_pairs
from rlbench.analysis.speed_ratios import SpeedRatio, speed_pairs
from rlbench.analysis.suite_scores import Estimate, few_seeds_reason
from rlbench.analysis.suites import Contest, Suite
from rlbench.analysis.survival import CensoredTimes
from rlbench.runs.records import UNITS, FloatArray, Unit

SEEDS_FOR_A_MEAN = 3  # of each agent on each environment, for the interval of a mean ratio


@dataclass(frozen=True)
class MeanRatio:
    """The geometric mean of speed ratios to the threshold over environments.

    A bound on one environment makes the mean a bound in the same direction; bounds in both
    directions leave nothing to say, and there is no mean.
    """

    env: str  # what stands in the place of an environment
    baseline: str
    challenger: str
    unit: Unit
    n_environments: int
    n_baseline: int  # runs, over all environments
    n_baseline_reached: int
    n_challenger: int
    n_challenger_reached: int
    ratio: float | None
    low: float | None
    high: float | None
    bound: str  # as in SpeedRatio
    reason: str  # why there is no mean or no interval, and which environments were left out


def mean_ratio(
    env: str,
    sides: tuple[str, str],
    ratios: Sequence[SpeedRatio],
    interval: Ends,
    reason: str = "",
) -> MeanRatio:
    """The geometric mean of ratios that exist, all in one unit.

    env: what stands in the place of an environment. sides: the names of baseline and challenger.
    """
    bounds = {ratio.bound for ratio in ratios} - {""}
    settled = len(bounds) < 2
    low, high = interval if settled else (None, None)
    return MeanRatio(
        env=env,
        baseline=sides[0],
        challenger=sides[1],
        unit=ratios[0].unit,
        n_environments=len(ratios),
        n_baseline=sum(r.n_baseline for r in ratios),
        n_baseline_reached=sum(r.n_baseline_reached for r in ratios),
        n_challenger=sum(r.n_challenger for r in ratios),
        n_challenger_reached=sum(r.n_challenger_reached for r in ratios),
        ratio=geometric_mean(r.ratio for r in ratios if r.ratio is not None) if settled else None,
        low=low,
        high=high,
        bound=next(iter(bounds), "") if settled else "",
        reason=reason,
    )


def overall_ratio(suite: Suite, ratios: Sequence[SpeedRatio], unit: Unit) -> MeanRatio | None:
    """The geometric mean of the suite's ratios to the threshold; None with fewer than two.

    An environment without a ratio (neither agent reached the level, say) is left out and named in
    `reason`.

    ratios: of these environments, any level and unit.
    """
    by_env = {
        (r.env, r.baseline, r.challenger): r for r in ratios if r.is_threshold and r.unit == unit
    }
    found = [(c, by_env.get((c.env, c.baseline.label, c.challenger.label))) for c in suite.contests]
    used = [(c, r) for c, r in found if r is not None and r.ratio is not None]
    if len(used) < 2:
        return None
    few = _few_seeds([c for c, _ in used])
    words = [few] if few else []
    if {r.bound for _, r in used} >= {">=", "<="}:
        unsolved = [
            f"{suite.baseline if r.bound == '>=' else suite.challenger} on {r.env}"
            for _, r in used
            if r.bound
        ]
        words = [f"bounds both ways, so no mean: too seldom solved by {', '.join(unsolved)}"]
    missing = [c.env for c, r in found if r is None or r.ratio is None]
    if missing:
        words.append(f"left out, no ratio there: {', '.join(missing)}")
    pairs = [speed_pairs(c.baseline, c.challenger, r.level, unit) for c, r in used]
    return mean_ratio(
        overall_name(suite, len(used)),
        (suite.baseline, suite.challenger),
        [r for _, r in used],
        (None, None) if few else interval_of_these(pairs),
        "; ".join(words),
    )


def overall_ratios(suite: Suite, ratios: Sequence[SpeedRatio]) -> list[MeanRatio]:
    """The geometric mean in every unit that has one."""
    found = [overall_ratio(suite, ratios, unit) for unit in UNITS]
    return [ratio for ratio in found if ratio is not None]


def overall_name(suite: Suite, environments: int) -> str:
    """What stands in an environment's place."""
    name = f"{environments} environments (geometric mean)"
    return f"{name}, {suite.label}" if suite.label else name


def solved_first(suite: Suite) -> Estimate | None:
    """The chance that a run of the challenger is solved before one of the baseline in training
    time, ties half.

    The mean over environments. Of two runs that are both censored, or one censored before the
    other was solved, nothing is known: they count half. None with fewer than two environments.
    """
    times: list[tuple[Contest, list[CensoredTimes]]] = []
    for contest in suite.contests:
        level = contest.challenger.threshold
        known = [] if level is None else [_times(group, level) for group in contest.sides]
        both = [part for part in known if part is not None]
        if len(both) == 2:
            times.append((contest, both))
    if len(times) < 2:
        return None
    wins = [pairs_won(*both) for _, both in times]
    counts = [len(both[side]) for side in (0, 1) for _, both in times]
    once = [np.ones((1, count)) for count in counts]
    chance = mean_of_pairs(wins, once[: len(times)], once[len(times) :])
    weights = weights_of_strata(tuple(counts))
    few = [
        few_seeds_reason(agent, contest.env, len(found))
        for contest, both in times
        for agent, found in zip(suite.sides, both, strict=True)
        if len(found) < MINIMUM_SEEDS
    ]
    drawn = mean_of_pairs(wins, weights[: len(times)], weights[len(times) :])
    degrees = min(
        max(sum(len(both[side]) - 1 for _, both in times), 1) for side in range(len(suite.sides))
    )
    low, high = (None, None) if few else bootstrap_interval(drawn, degrees)
    reason = few[0] if few else "" if low is not None else ALL_ALIKE
    return Estimate(
        suite.label, suite.challenger, "probability_of_sooner", float(chance[0]), low, high,
        len(times), sum(counts), reason,
    )  # fmt: skip


def pairs_won(ours: CensoredTimes, theirs: CensoredTimes) -> FloatArray:
    """1 where ours reached the level first, 0 where theirs did, 1/2 where it is unknown.
    # [n, m]"""
    first = ours.event[:, None] & (ours.time[:, None] < theirs.time)
    last = theirs.event & (theirs.time < ours.time[:, None])
    # A run censored at the very moment at which the other reached the level was still under way.
    first |= ours.event[:, None] & ~theirs.event & (ours.time[:, None] == theirs.time)
    last |= theirs.event & ~ours.event[:, None] & (ours.time[:, None] == theirs.time)
    won: FloatArray = 0.5 + 0.5 * first - 0.5 * last
    return won


def _times(group: Group, level: float) -> CensoredTimes | None:
    return censored_times(group, level, "train_s")


def _few_seeds(contests: Sequence[Contest]) -> str:
    for contest in contests:
        for group in contest.sides:
            if len(group.runs) < SEEDS_FOR_A_MEAN:
                return (
                    f"{len(group.runs)} of {SEEDS_FOR_A_MEAN} seeds of {group.agent} on "
                    f"{contest.env}, so no interval"
                )
    return ""
