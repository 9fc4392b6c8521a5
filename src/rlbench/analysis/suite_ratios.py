"""Who was faster over all environments: the geometric mean of speed ratios, and who came first.

Seeds are resampled within each environment and agent (stratified bootstrap), environments never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.bootstrap import percentile_interval, weights_of_strata
from rlbench.analysis.groups import Group
from rlbench.analysis.level_times import censored_times
from rlbench.analysis.score_statistics import mean_of_pairs
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_scores import Estimate, one_seed_reason
from rlbench.analysis.suites import Contest, Suite
from rlbench.analysis.survival import CensoredTimes
from rlbench.analysis.time_ratios import (
    UNDEFINED_RESAMPLES,
    geometric_mean,
    geometric_mean_interval,
    log_ratio_samples,
)
from rlbench.runs.records import UNITS, FloatArray, Unit


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
    interval: tuple[float, float] | None,
    *,
    further_bounds: Sequence[str] = (),
    reason: str = "",
) -> MeanRatio:
    """The geometric mean of ratios that exist, all in one unit.

    env: what stands in the place of an environment. sides: the names of baseline and challenger.
    interval: of the mean, whose ends a bound leaves out. further_bounds: that the mean has beside
    those of its ratios.
    """
    bounds = {*(ratio.bound for ratio in ratios), *further_bounds} - {""}
    settled = len(bounds) < 2
    low, high = interval if interval is not None and settled else (None, None)
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
        ratio=geometric_mean(r.ratio or 1.0 for r in ratios) if settled else None,
        low=None if "<=" in bounds else low,
        high=None if ">=" in bounds else high,
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
    used = [(c, r) for c, r in found if r is not None and r.ratio]
    if len(used) < 2:
        return None
    interval, reason = _ratio_interval([c for c, _ in used], [r for _, r in used])
    words = [reason] if reason else []
    if len({r.bound for _, r in used} - {""}) == 2:
        never = [
            f"{suite.baseline if r.bound == '>=' else suite.challenger} on {r.env}"
            for _, r in used
            if r.bound
        ]
        words = [f"bounds both ways, so no mean: never solved by {', '.join(never)}"]
    missing = [c.env for c, r in found if r is None or not r.ratio]
    if missing:
        words.append(f"left out, no ratio there: {', '.join(missing)}")
    return mean_ratio(
        overall_name(suite, len(used)),
        (suite.baseline, suite.challenger),
        [r for _, r in used],
        interval,
        reason="; ".join(words),
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
    alone = [
        one_seed_reason(agent, contest.env)
        for contest, both in times
        for agent, found in zip(suite.sides, both, strict=True)
        if len(found) < 2
    ]
    interval = (
        None
        if alone
        else percentile_interval(mean_of_pairs(wins, weights[: len(times)], weights[len(times) :]))
    )
    low, high = interval or (None, None)
    return Estimate(
        suite.label, suite.challenger, "probability_of_sooner", float(chance[0]), low, high,
        len(times), sum(counts), alone[0] if alone else "",
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


def _ratio_interval(
    contests: Sequence[Contest], ratios: Sequence[SpeedRatio]
) -> tuple[tuple[float, float] | None, str]:
    for contest in contests:
        for group in (contest.baseline, contest.challenger):
            if len(group.runs) < 2:
                return None, one_seed_reason(group.agent, contest.env)
    groups = [group for contest in contests for group in (contest.baseline, contest.challenger)]
    weights = weights_of_strata(tuple(len(group.runs) for group in groups))
    samples = [
        ratio_samples(contest.baseline, contest.challenger, ratio, weights[2 * i : 2 * i + 2])
        for i, (contest, ratio) in enumerate(zip(contests, ratios, strict=True))
    ]
    interval = geometric_mean_interval(samples)
    return interval, "" if interval else UNDEFINED_RESAMPLES


def ratio_samples(
    baseline: Group, challenger: Group, ratio: SpeedRatio, weights: Sequence[FloatArray]
) -> FloatArray:
    """Logarithms of the resampled ratios of a pair of groups that has a ratio.  # [B]

    weights: how often each run of the baseline, and of the challenger, was drawn.  # each [B, n]
    """
    times = [censored_times(g, ratio.level, ratio.unit) for g in (baseline, challenger)]
    assert times[0] is not None and times[1] is not None
    assert ratio.horizon is not None  # there is a ratio
    return log_ratio_samples(times[0], times[1], ratio.horizon, (weights[0], weights[1]))
