"""What was measured here that speaks to a claim: speed ratios, and their mean over environments."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from rlbench.analysis.bootstrap import (
    RESAMPLES,
    new_generator,
    percentile_interval,
    resample_weights,
)
from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.analysis.level_times import censored_times
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.survival import restricted_mean
from rlbench.claims.statements import MINIMUM_SEEDS, Claim, family_of
from rlbench.published.levels import published_levels
from rlbench.runs.records import UNITS, FloatArray, Unit
from rlbench.wording import TIMES, significant

_RAM = "obs_type=ram"


@dataclass(frozen=True)
class Comparison:
    """DQN against ES on one environment, to the threshold."""

    env: str
    baseline: Group
    challenger: Group
    ratios: dict[Unit, SpeedRatio]
    left_out: str  # why it does not count towards a verdict; empty where it does
    too_short: str  # why it can only bound the mean from below; empty where it does more

    @property
    def counts(self) -> bool:
        """Whether it is part of the mean over environments."""
        return not self.left_out


@dataclass(frozen=True)
class Pooled:
    """The geometric mean of speed ratios over environments.

    bound: ">=" where DQN never got there on some environment, or its budget was too short to show
    the claimed factor; "<=" where ES never did; with both kinds nothing is known of the mean, and
    there is none.
    """

    unit: Unit
    environments: int
    ratio: float | None
    low: float | None
    high: float | None
    bound: str


@dataclass(frozen=True)
class Rate:
    """How fast an agent's environments ran here: median over runs."""

    agent: str
    env_steps_per_core_s: float
    frame_skip: float

    def core_hours(self, frames: float) -> float:
        """What so many frames would take at this rate."""
        return frames / self.frame_skip / self.env_steps_per_core_s / 3600.0


@dataclass(frozen=True)
class Evidence:
    """All that was measured on one family of environments."""

    environments: int  # with a run of any agent
    comparisons: tuple[Comparison, ...]
    pooled: dict[Unit, Pooled]  # over those that count; empty where no claim asks for it
    rates: tuple[Rate, ...]
    cores: tuple[int, ...]

    @property
    def counted(self) -> tuple[Comparison, ...]:
        """The comparisons behind the mean."""
        return tuple(comparison for comparison in self.comparisons if comparison.counts)


def gather(
    environments: Sequence[EnvironmentGroups],
    ratios: Sequence[SpeedRatio],
    family: str,
    claim: Claim | None,
) -> Evidence:
    """The evidence of one family; where its own task was measured, that alone counts."""
    members = [e for e in environments if family_of(e.env) == family]
    factor = None if claim is None else claim.factor
    comparisons = [found for e in members if (found := _compare(e, ratios, factor)) is not None]
    own = claim.own_task if claim is not None else None
    if own is not None and any(c.counts and re.fullmatch(own, c.env) for c in comparisons):
        comparisons = [
            c
            if re.fullmatch(own, c.env) or not c.counts
            else replace(c, left_out="the claim's own task was measured")
            for c in comparisons
        ]
    counted = [comparison for comparison in comparisons if comparison.counts]
    groups = [group for e in members for group in e.groups if not group.is_reference]
    return Evidence(
        environments=len(members),
        comparisons=tuple(comparisons),
        pooled={} if claim is None else {unit: pool(counted, unit) for unit in UNITS},
        rates=tuple(rate for agent in ("es", "dqn") if (rate := _rate(groups, agent)) is not None),
        cores=tuple(sorted({r.cores for g in groups for r in g.runs if r.cores is not None})),
    )


def pool(comparisons: Sequence[Comparison], unit: Unit) -> Pooled:
    """The geometric mean over environments, with a bootstrap interval in which the environments
    are drawn anew, and the seeds of both agents within each."""
    ratios = [comparison.ratios.get(unit) for comparison in comparisons]
    known = [r for r in ratios if r is not None and r.ratio is not None]
    if not known or len(known) < len(comparisons):
        return Pooled(unit, len(comparisons), None, None, None, "")
    bounds = {ratio.bound for ratio in known} - {""}
    if any(comparison.too_short for comparison in comparisons):
        bounds.add(">=")
    if len(bounds) > 1:
        return Pooled(unit, len(comparisons), None, None, None, "")
    bound = next(iter(bounds), "")
    mean = math.exp(float(np.mean([math.log(r.ratio) for r in known if r.ratio is not None])))
    generator = new_generator()  # one for all: environments are independent of each other
    samples = np.stack([_log_samples(c, unit, generator) for c in comparisons])  # [E, B]
    drawn = resample_weights(len(comparisons), RESAMPLES, generator)  # [B, E]
    with np.errstate(invalid="ignore"):
        means = np.sum(np.where(drawn.T > 0, drawn.T * samples, 0.0), axis=0) / len(comparisons)
    interval = percentile_interval(means)
    low, high = (None, None) if interval is None else (math.exp(e) for e in interval)
    return Pooled(
        unit,
        len(comparisons),
        mean,
        None if bound == "<=" else low,
        None if bound == ">=" else high,
        bound,
    )


def _compare(
    environment: EnvironmentGroups, ratios: Sequence[SpeedRatio], factor: float | None
) -> Comparison | None:
    """The environment's pair with the most seeds; None where no pair may be compared."""
    pairs: dict[tuple[str, str], dict[Unit, SpeedRatio]] = {}
    for ratio in ratios:
        if ratio.env == environment.env and ratio.is_threshold:
            pairs.setdefault((ratio.baseline, ratio.challenger), {})[ratio.unit] = ratio
    if not pairs:
        return None
    groups = {group.label: group for group in environment.groups}
    dqn, es = min(pairs, key=lambda pair: (-min(len(groups[label].runs) for label in pair), pair))
    found = pairs[dqn, es]
    head = found["train_s"]
    return Comparison(
        env=environment.env,
        baseline=groups[dqn],
        challenger=groups[es],
        ratios=found,
        left_out=_left_out(head, groups[dqn], groups[es]),
        too_short="" if factor is None else _too_short(head, factor),
    )


def _too_short(ratio: SpeedRatio, factor: float) -> str:
    """That, and why, the budget is too short for the factor to show (see `SpeedRatio.could_show`);
    empty where it is not."""
    if ratio.could_show(factor):
        return ""
    assert ratio.horizon is not None
    return (
        f"DQN did not always get there within the {significant(ratio.horizon)} s that both had, "
        f"which are too few to show {significant(factor)}{TIMES}: a lower bound"
    )


def _left_out(ratio: SpeedRatio, dqn: Group, es: Group) -> str:
    seeds = min(ratio.n_baseline, ratio.n_challenger)
    if seeds < MINIMUM_SEEDS:
        return f"{seeds} of {MINIMUM_SEEDS} seeds"
    if ratio.ratio is None:
        return ratio.reason
    if any(_RAM in word for run in (*dqn.runs, *es.runs) for word in run.argv):
        return "played from the console's memory, not from the screen"
    levels = published_levels(ratio.env)
    if levels is not None and es.threshold is not None and es.threshold < levels.threshold:
        return f"solved at {es.threshold:g}, below the published level {levels.threshold:g}"
    if ratio.low is None and ratio.high is None:
        return ratio.reason or "no interval"
    return ""


def _log_samples(comparison: Comparison, unit: Unit, generator: np.random.Generator) -> FloatArray:
    """Logarithms of the resampled ratios of one environment.  # [B]"""
    ratio = comparison.ratios[unit]
    assert ratio.horizon is not None
    means = []
    for group in (comparison.baseline, comparison.challenger):
        times = censored_times(group, ratio.level, unit)
        assert times is not None
        weights = resample_weights(len(times), RESAMPLES, generator)
        means.append(restricted_mean(times, ratio.horizon, weights))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs: FloatArray = np.log(means[0]) - np.log(means[1])
    return logs


def _rate(groups: Sequence[Group], agent: str) -> Rate | None:
    rates, skips = [], []
    for run in (run for group in groups if group.agent == agent for run in group.runs):
        speed, skip = run.facts.get("env_steps_per_s"), run.facts.get("frame_skip")
        if isinstance(speed, float) and speed > 0 and run.cores:
            rates.append(speed / run.cores)
            skips.append(skip if isinstance(skip, float) and skip > 0 else 1.0)
    return Rate(agent, median(rates), median(skips)) if rates else None
