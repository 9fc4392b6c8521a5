"""What was measured here that speaks to a claim: speed ratios, and their mean over environments.

The claims are about evolution strategies and reinforcement learning, so they look at `es` and the
agents that may stand for the latter, whatever others were run and whatever a report's baseline is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from rlbench.analysis.groups import EnvironmentGroups, Group, comparable_pairs
from rlbench.analysis.mean_ratios import interval_of_such
from rlbench.analysis.speed_ratios import SpeedRatio, speed_ratio
from rlbench.analysis.suite_ratios import MeanRatio, mean_ratio
from rlbench.claims.conditions import why_not
from rlbench.claims.rivals import DQN, RIVALS, Rival
from rlbench.claims.scores import EarlyScores, ShareAhead, early_scores, share_ahead
from rlbench.claims.statements import MINIMUM_SEEDS, Claim, all_claims, family_of
from rlbench.published.levels import published_levels
from rlbench.runs.records import MEMORY, UNITS, Unit

CHALLENGER = "es"
LEAST_TRAIN_S = 300.0  # of a run on Atari whose speed is taken
SEEN = {"": "pixels", MEMORY: "memory"}  # in a sentence, what is seen of a game


@dataclass(frozen=True)
class Comparison:
    """A rival against ES on one environment: times to the threshold, and scores where the claim is
    of those (else, or where there are none, why, in words)."""

    env: str
    baseline: Group
    challenger: Group
    ratios: dict[Unit, SpeedRatio]
    scores: EarlyScores | str
    left_out: str  # why it does not count towards a verdict; empty where it does
    may_decide: bool  # the conditions hold, whatever came out

    @property
    def counts(self) -> bool:
        """Whether it is part of what the verdict looks at."""
        return not self.left_out

    @property
    def observations(self) -> str:
        """What is seen of the environment, as in `Run.observations`."""
        return self.baseline.first.observations

    @property
    def rival(self) -> Rival:
        """What ES is compared with."""
        return RIVALS[self.baseline.agent]


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
    rival: Rival  # which stands for reinforcement learning
    observations: str  # what is seen where the verdict looks, as in `Run.observations`
    comparisons: tuple[Comparison, ...]  # by environment; others than those two, too, count not
    means: dict[Unit, MeanRatio | None]  # over those that count; empty where no claim asks for it
    share: ShareAhead | None  # of those that count; None where times decide
    speeds: tuple[MeasuredSpeed, ...]
    cores: tuple[int, ...]

    @property
    def counted(self) -> tuple[Comparison, ...]:
        """The comparisons behind the verdict."""
        return tuple(comparison for comparison in self.comparisons if comparison.counts)

    @property
    def scores(self) -> tuple[tuple[Comparison, EarlyScores], ...]:
        """Those that count, with the scores that decide; none where times do."""
        if self.share is None:
            return ()
        return tuple((c, c.scores) for c in self.counted if isinstance(c.scores, EarlyScores))


def collect_evidence(
    environments: Sequence[EnvironmentGroups], family: str, claim: Claim | None
) -> Evidence:
    """The evidence of one family; where the task of the claim itself was measured, that alone
    counts."""
    members = [e for e in environments if family_of(e.env) == family]
    rivals, seen = ((DQN,), ("",)) if claim is None else (claim.rivals, claim.observations)
    found = {
        (observations, rival.agent): [
            one for e in members if (one := _compare(e, rival, observations, claim)) is not None
        ]
        for observations in seen
        for rival in rivals
    }
    decides = ("", DQN.agent) if claim is None else _what_decides(found, claim)
    chosen = found.pop(decides)
    by_scores = _by_scores(chosen, claim)
    comparisons = by_scores or _only_the_task(chosen, claim)
    counted = [comparison for comparison in comparisons if comparison.counts]
    observations, rival = decides[0], RIVALS[decides[1]]
    for (seen_there, _), others in found.items():
        why = f"the verdict is against {rival.name}"
        if seen_there != observations:
            why = f"the verdict is of games seen as {SEEN[observations]}"
        comparisons += [replace(c, left_out=c.left_out or why) for c in others]
    groups = [group for e in members for group in e.groups if not group.is_reference]
    # Steps of what the published runs saw: they are compared in those.
    as_published = [group for group in groups if claim is None or not group.first.observations]
    least_s = LEAST_TRAIN_S if claim is not None and claim.by_scores else 0.0
    speeds = [_speed(as_published, agent, least_s) for agent in (CHALLENGER, rival.agent)]
    return Evidence(
        environments=len(members),
        rival=rival,
        observations=observations,
        comparisons=tuple(sorted(comparisons, key=lambda comparison: comparison.env)),
        means={} if claim is None else {unit: mean_over(counted, unit) for unit in UNITS},
        share=_share(counted) if by_scores else None,
        speeds=tuple(speed for speed in speeds if speed is not None),
        cores=tuple(sorted({r.cores for g in groups for r in g.runs if r.cores is not None})),
    )


def enough(claim: Claim, comparisons: Sequence[Comparison]) -> bool:
    """Whether so many are enough for a verdict; the claim's own task is enough by itself."""
    own_task = any(c.env == claim.sufficient_task for c in comparisons)
    return own_task or len(comparisons) >= claim.minimum_environments


def _what_decides(
    found: Mapping[tuple[str, str], Sequence[Comparison]], claim: Claim
) -> tuple[str, str]:
    """What is seen, and which rival: the first, pixels before memory and the paper's rival before
    others, with enough environments on which the conditions hold; else the one with most of them;
    DQN where none was run. What came out plays no part."""
    order = [(seen, rival.agent) for seen in claim.observations for rival in claim.rivals]
    may = {key: [c for c in found[key] if c.may_decide] for key in order}
    for key in order:
        if enough(claim, may[key]):
            return key
    most = max(order, key=lambda key: (len(may[key]), len(found[key])))
    return most if found[most] else (claim.observations[0], DQN.agent)


def _by_scores(comparisons: Sequence[Comparison], claim: Claim | None) -> list[Comparison]:
    """The comparisons as they count where scores decide; empty where times do, since the claim is
    of times, or too few environments have scores."""
    if claim is None or not claim.by_scores:
        return []
    found = [
        c
        if not c.may_decide
        else replace(c, left_out=c.scores if isinstance(c.scores, str) else "")
        for c in comparisons
    ]
    return found if enough(claim, [c for c in found if c.counts]) else []


def _share(counted: Sequence[Comparison]) -> ShareAhead:
    return share_ahead(c.scores for c in counted if isinstance(c.scores, EarlyScores))


def _only_the_task(comparisons: list[Comparison], claim: Claim | None) -> list[Comparison]:
    """Where the claim's own task counts, the others no longer do."""
    task = None if claim is None else claim.sufficient_task
    if task is None or not any(c.counts and c.env == task for c in comparisons):
        return comparisons
    why = "the claim's task was measured"
    return [c if c.env == task else replace(c, left_out=c.left_out or why) for c in comparisons]


def is_claimed_pair(baseline: Group, challenger: Group) -> bool:
    """Whether two groups are agents that the claims are about."""
    return challenger.agent == CHALLENGER and _stands_for_learning(baseline)


def have_claimed_agents(groups: Iterable[Group]) -> bool:
    """Whether among these are both sides of some claim."""
    groups = list(groups)
    return any(group.agent == CHALLENGER for group in groups) and any(
        _stands_for_learning(group) for group in groups
    )


def _stands_for_learning(group: Group) -> bool:
    """Whether it is DQN, or the rival of a claim on an environment of that claim."""
    if group.agent not in RIVALS or group.agent == DQN.agent:
        return group.agent == DQN.agent
    family = family_of(group.env)
    return any(
        claim.family == family and RIVALS[group.agent] in claim.rivals for claim in all_claims()
    )


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
        (comparisons[0].rival.agent, CHALLENGER),
        known,
        (only.low, only.high)
        if len(known) == 1
        else interval_of_such([r.least for r in known], [r.most for r in known]),
    )


def _compare(
    environment: EnvironmentGroups, rival: Rival, observations: str, claim: Claim | None
) -> Comparison | None:
    """The environment's pair that may decide the claim, of several the one with the most seeds;
    None where no pair may be compared. observations: what is seen of it; no matter without a claim.
    """
    pairs = [
        (baseline, challenger)
        for baseline, challenger in comparable_pairs(environment, rival.agent)
        if baseline.agent == rival.agent
        and challenger.agent == CHALLENGER
        and baseline.threshold is not None
        and (claim is None or _seen(baseline, claim) == observations)
    ]
    if not pairs:
        return None
    reasons = ["" if claim is None else why_not(*pair) for pair in pairs]
    # No rule looks at the result: first who may decide, then who has the most seeds.
    reason, (baseline, challenger) = min(
        zip(reasons, pairs, strict=True),
        key=lambda found: (
            bool(found[0]),
            isinstance(_scores(found[1][0], found[1][1], claim), str),
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
        scores=_scores(baseline, challenger, claim),
        left_out=reason or _left_out(ratios["train_s"]),
        may_decide=not reason,
    )


def _scores(baseline: Group, challenger: Group, claim: Claim | None) -> EarlyScores | str:
    levels = published_levels(baseline.env)
    if claim is None or not claim.by_scores or levels is None:
        return "no claim asks for them"
    return early_scores(baseline, challenger, levels.levels[0], claim.factor)


def _seen(group: Group, claim: Claim) -> str:
    """What is seen, as the claim may ask; all that no verdict looks at is with the first."""
    seen = group.first.observations
    return seen if seen in claim.observations else claim.observations[0]


def _left_out(ratio: SpeedRatio) -> str:
    seeds = min(ratio.n_baseline, ratio.n_challenger)
    if seeds < MINIMUM_SEEDS:
        return f"{seeds} of {MINIMUM_SEEDS} seeds"
    if ratio.ratio is None:
        return ratio.reason
    return ""


def _speed(groups: Sequence[Group], agent: str, least_s: float) -> MeasuredSpeed | None:
    """Of the runs of at least so much training. Shorter ones on Atari say nothing of hours: an
    agent that plays at random before it learns, as DQN does, is many times as fast until then."""
    speeds, skips = [], []
    for run in (run for group in groups if group.agent == agent for run in group.runs):
        speed = run.end.env_steps_per_s
        if speed and run.cores and run.end.train_s >= least_s:
            speeds.append(speed / run.cores)
            skips.append(float(run.frame_skip or 1))
    return MeasuredSpeed(agent, median(speeds), median(skips)) if speeds else None
