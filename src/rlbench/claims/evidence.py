"""What was measured here that speaks to a claim: speed ratios, and their mean over environments.

The claims are about evolution strategies and reinforcement learning, so they look at `es` and `dqn`
alone, whatever other agents were run and whatever a report's baseline is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from rlbench.analysis.groups import EnvironmentGroups, Group, comparable_pairs
from rlbench.analysis.mean_ratios import interval_of_such
from rlbench.analysis.speed_ratios import SpeedRatio, speed_ratio
from rlbench.analysis.suite_ratios import MeanRatio, mean_ratio
from rlbench.claims.conditions import why_not
from rlbench.claims.statements import MINIMUM_SEEDS, Claim, family_of
from rlbench.runs.records import UNITS, Unit

BASELINE, CHALLENGER = "dqn", "es"


@dataclass(frozen=True)
class Comparison:
    """DQN against ES on one environment, to the threshold."""

    env: str
    baseline: Group
    challenger: Group
    ratios: dict[Unit, SpeedRatio]
    left_out: str  # why it does not count towards a verdict; empty where it does

    @property
    def counts(self) -> bool:
        """Whether it is part of the mean over environments."""
        return not self.left_out


@dataclass(frozen=True)
class MeasuredSpeed:
    """How fast an agent's environments ran here: median over runs."""

    agent: str
    env_steps_per_core_s: float
    frame_skip: float

    def core_hours(self, frames: float) -> float:
        """What so many frames would take at this speed."""
        return frames / self.frame_skip / self.env_steps_per_core_s / 3600.0


@dataclass(frozen=True)
class Evidence:
    """All that was measured on one family of environments."""

    environments: int  # with a run of any agent
    comparisons: tuple[Comparison, ...]
    means: dict[Unit, MeanRatio | None]  # over those that count; empty where no claim asks for it
    speeds: tuple[MeasuredSpeed, ...]
    cores: tuple[int, ...]

    @property
    def counted(self) -> tuple[Comparison, ...]:
        """The comparisons behind the mean."""
        return tuple(comparison for comparison in self.comparisons if comparison.counts)


def collect_evidence(
    environments: Sequence[EnvironmentGroups], family: str, claim: Claim | None
) -> Evidence:
    """The evidence of one family; where the task of the claim itself was measured, that alone
    counts."""
    members = [e for e in environments if family_of(e.env) == family]
    comparisons = [found for e in members if (found := _compare(e, claim)) is not None]
    enough = claim.sufficient_task if claim is not None else None
    if enough is not None and any(c.counts and c.env == enough for c in comparisons):
        comparisons = [
            c
            if c.env == enough or not c.counts
            else replace(c, left_out="the claim's task was measured")
            for c in comparisons
        ]
    counted = [comparison for comparison in comparisons if comparison.counts]
    groups = [group for e in members for group in e.groups if not group.is_reference]
    speeds = [_speed(groups, agent) for agent in (CHALLENGER, BASELINE)]
    return Evidence(
        environments=len(members),
        comparisons=tuple(comparisons),
        means={} if claim is None else {unit: mean_over(counted, unit) for unit in UNITS},
        speeds=tuple(speed for speed in speeds if speed is not None),
        cores=tuple(sorted({r.cores for g in groups for r in g.runs if r.cores is not None})),
    )


def is_claimed_pair(baseline: Group, challenger: Group) -> bool:
    """Whether two groups are the agents that the claims are about."""
    return (baseline.agent, challenger.agent) == (BASELINE, CHALLENGER)


def mean_over(comparisons: Sequence[Comparison], unit: Unit) -> MeanRatio | None:
    """The geometric mean over environments. Its interval speaks of environments like these, while
    that of a report's mean speaks of the environments that were run; where there is one (the task
    of the claim itself), it is that environment's.

    None where there is no comparison, or some environment has no ratio in this unit.
    """
    ratios = [comparison.ratios.get(unit) for comparison in comparisons]
    known = [ratio for ratio in ratios if ratio is not None and ratio.ratio is not None]
    if not known or len(known) < len(comparisons):
        return None
    only = known[0]
    return mean_ratio(
        f"geometric mean of {len(comparisons)}",
        (BASELINE, CHALLENGER),
        known,
        (only.low, only.high)
        if len(known) == 1
        else interval_of_such([r.least for r in known], [r.most for r in known]),
    )


def _compare(environment: EnvironmentGroups, claim: Claim | None) -> Comparison | None:
    """The environment's pair that may decide the claim, of several the one with the most seeds;
    None where no pair may be compared."""
    pairs = [
        (baseline, challenger)
        for baseline, challenger in comparable_pairs(environment, BASELINE)
        if is_claimed_pair(baseline, challenger) and baseline.threshold is not None
    ]
    if not pairs:
        return None
    reasons = ["" if claim is None else why_not(*pair) for pair in pairs]
    # No rule looks at the result: first who may decide, then who has the most seeds.
    reason, (baseline, challenger) = min(
        zip(reasons, pairs, strict=True),
        key=lambda found: (
            bool(found[0]),
            -min(len(group.runs) for group in found[1]),
            *(group.label for group in found[1]),
        ),
    )
    assert baseline.threshold is not None
    level = baseline.threshold
    ratios = {unit: speed_ratio(baseline, challenger, level, unit) for unit in UNITS}
    return Comparison(
        env=environment.env,
        baseline=baseline,
        challenger=challenger,
        ratios=ratios,
        left_out=reason or _left_out(ratios["train_s"]),
    )


def _left_out(ratio: SpeedRatio) -> str:
    seeds = min(ratio.n_baseline, ratio.n_challenger)
    if seeds < MINIMUM_SEEDS:
        return f"{seeds} of {MINIMUM_SEEDS} seeds"
    if ratio.ratio is None:
        return ratio.reason
    return ""


def _speed(groups: Sequence[Group], agent: str) -> MeasuredSpeed | None:
    speeds, skips = [], []
    for run in (run for group in groups if group.agent == agent for run in group.runs):
        speed = run.end.env_steps_per_s
        if speed and run.cores:
            speeds.append(speed / run.cores)
            skips.append(float(run.frame_skip or 1))
    return MeasuredSpeed(agent, median(speeds), median(skips)) if speeds else None
