"""Who was faster over all environments: the geometric mean of speed ratios, and who came first.

Seeds are resampled within each environment and agent (stratified bootstrap), environments never.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rlbench.analysis.bootstrap import percentile_interval, weights_of_strata
from rlbench.analysis.level_times import censored_times
from rlbench.analysis.score_statistics import Estimate, mean_of_pairs
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suites import Contest, Suite
from rlbench.analysis.survival import CensoredTimes, restricted_mean
from rlbench.runs.records import UNITS, FloatArray, Unit


def overall_ratio(suite: Suite, ratios: Sequence[SpeedRatio], unit: Unit) -> SpeedRatio | None:
    """The geometric mean of the suite's ratios to the threshold; None with fewer than two.

    An environment without a ratio (neither agent got there, say) is left out and named in
    `reason`. A bound makes the mean a bound in the same direction; bounds in both directions
    leave nothing to say, and there is no mean.

    Args:
        suite: the environments.
        ratios: of these environments, any level and unit.
    """
    by_env = {
        (r.env, r.baseline, r.challenger): r for r in ratios if r.is_threshold and r.unit == unit
    }
    found = [(c, by_env.get((c.env, c.baseline.label, c.challenger.label))) for c in suite.contests]
    used = [(c, r) for c, r in found if r is not None and r.ratio]
    if len(used) < 2:
        return None
    missing = [c.env for c, r in found if r is None or not r.ratio]
    bounds = {r.bound for _, r in used} - {""}
    interval, reason = _ratio_interval([c for c, _ in used], [r for _, r in used])
    low, high = interval or (None, None)
    words = [reason] if reason else []
    if len(bounds) == 2:
        never = [f"{'dqn' if r.bound == '>=' else 'es'} on {r.env}" for _, r in used if r.bound]
        words = [f"bounds both ways, so no mean: {', '.join(never)} never got there"]
    if missing:
        words.append(f"left out, no ratio there: {', '.join(missing)}")
    ratio = math.exp(float(np.mean([math.log(r.ratio or 1.0) for _, r in used])))
    return SpeedRatio(
        env=overall_name(suite, len(used)),
        baseline="dqn",
        challenger="es",
        level=math.nan,
        is_threshold=True,
        unit=unit,
        n_baseline=sum(r.n_baseline for _, r in used),
        n_baseline_reached=sum(r.n_baseline_reached for _, r in used),
        n_challenger=sum(r.n_challenger for _, r in used),
        n_challenger_reached=sum(r.n_challenger_reached for _, r in used),
        horizon=None,
        baseline_mean=None,
        challenger_mean=None,
        ratio=None if len(bounds) == 2 else ratio,
        low=None if "<=" in bounds else low,
        high=None if ">=" in bounds else high,
        log_rank_p=None,
        bound=bounds.pop() if len(bounds) == 1 else "",
        reason="; ".join(words),
    )


def overall_ratios(suite: Suite, ratios: Sequence[SpeedRatio]) -> list[SpeedRatio]:
    """The geometric mean in every unit that has one."""
    found = [overall_ratio(suite, ratios, unit) for unit in UNITS]
    return [ratio for ratio in found if ratio is not None]


def overall_name(suite: Suite, environments: int) -> str:
    """What stands in an environment's place."""
    name = f"{environments} environments (geometric mean)"
    return f"{name}, {suite.label}" if suite.label else name


def sooner(suite: Suite) -> Estimate | None:
    """The chance that a run of ES is solved before one of DQN in training time, ties half.

    The mean over environments. Of two runs that are both censored, or one censored before the
    other was solved, nobody knows: they count half. None with fewer than two environments.
    """
    times = []
    for contest in suite.contests:
        level = contest.challenger.threshold
        if level is None:
            continue
        es, dqn = (
            censored_times(g, level, "train_s") for g in (contest.challenger, contest.baseline)
        )
        if es is not None and dqn is not None:
            times.append((contest.env, es, dqn))
    if len(times) < 2:
        return None
    wins = [pairs_won(es, dqn) for _, es, dqn in times]
    counts = [len(es) for _, es, _ in times] + [len(dqn) for _, _, dqn in times]
    plain = [np.ones((1, count)) for count in counts]
    chance = mean_of_pairs(wins, plain[: len(times)], plain[len(times) :])
    weights = weights_of_strata(tuple(counts))
    alone = [
        f"one seed of {agent} on {env}, so no interval"
        for env, es, dqn in times
        for agent, found in (("es", es), ("dqn", dqn))
        if len(found) < 2
    ]
    interval = (
        None
        if alone
        else percentile_interval(mean_of_pairs(wins, weights[: len(times)], weights[len(times) :]))
    )
    low, high = interval or (None, None)
    return Estimate(
        suite.label, "es", "probability_of_sooner", float(chance[0]), low, high, len(times),
        sum(counts), alone[0] if alone else "",
    )  # fmt: skip


def pairs_won(ours: CensoredTimes, theirs: CensoredTimes) -> FloatArray:
    """1 where ours was there first, 0 where theirs was, 1/2 where nobody knows.  # [n, m]"""
    first = ours.event[:, None] & (ours.time[:, None] < theirs.time)
    last = theirs.event & (theirs.time < ours.time[:, None])
    # A run censored at the very moment at which the other got there was still on the way.
    first |= ours.event[:, None] & ~theirs.event & (ours.time[:, None] == theirs.time)
    last |= theirs.event & ~ours.event[:, None] & (ours.time[:, None] == theirs.time)
    won: FloatArray = 0.5 + 0.5 * first - 0.5 * last
    return won


def _ratio_interval(
    contests: Sequence[Contest], ratios: Sequence[SpeedRatio]
) -> tuple[tuple[float, float] | None, str]:
    for contest in contests:
        for group in (contest.baseline, contest.challenger):
            if len(group.runs) < 2:
                return None, f"one seed of {group.agent} on {contest.env}, so no interval"
    groups = [group for contest in contests for group in (contest.baseline, contest.challenger)]
    weights = weights_of_strata(tuple(len(group.runs) for group in groups))
    logs = []
    for index, (contest, ratio) in enumerate(zip(contests, ratios, strict=True)):
        means = []
        for side, group in enumerate((contest.baseline, contest.challenger)):
            times = censored_times(group, ratio.level, ratio.unit)
            assert times is not None
            assert ratio.horizon is not None  # there is a ratio
            means.append(restricted_mean(times, ratio.horizon, weights[2 * index + side]))
        with np.errstate(divide="ignore", invalid="ignore"):
            logs.append(np.log(means[0]) - np.log(means[1]))
    interval = percentile_interval(np.exp(np.mean(logs, axis=0, dtype=np.float64)))
    return interval, "" if interval else "too many resamples have no ratio"
