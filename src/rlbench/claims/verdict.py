"""The decision rule: what a claim's evidence amounts to, and what would be needed to decide.

Documented in docs/claims.md; a change here is a change there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rlbench.analysis.decision import reaches
from rlbench.claims.evidence import SEEN, Evidence, enough
from rlbench.claims.power import TOO_OFTEN, Power, power_of, settings_of
from rlbench.claims.rivals import A2C
from rlbench.claims.scores import HALF, ShareAhead, SharePower, share_ahead, share_power
from rlbench.claims.statements import MINIMUM_SEEDS, Claim
from rlbench.published.papers import atari_record, humanoid_record
from rlbench.runs.reading import printable
from rlbench.runs.records import MEMORY
from rlbench.wording import count, factor, millions, names_text, plural, ratio_text, significant

FROM_MEMORY = "from memory"  # what games were seen as, where it was not pixels
EARLY_NOTE = (
    "What decides: returns, as medians over seeds; their difference, as the median over all pairs "
    "of seeds with its 95 % interval in brackets; and who had scored more by that:"
)
Outcome = Literal["supported", "not supported", "not testable here"]


@dataclass(frozen=True)
class Verdict:
    """The outcome, why, and what it would take where the runs do not decide.

    condition: what the runs differ in from the claim, though it was decided all the same; else "".
    """

    outcome: Outcome
    reason: str
    needs: tuple[str, ...]
    power: Power | SharePower | None = None  # None with too few runs for the rule
    condition: str = ""

    @property
    def stated(self) -> str:
        """The outcome, with its condition where there is one."""
        return f"{self.outcome} {self.condition}".rstrip()


def reach_verdict(claim: Claim, evidence: Evidence) -> Verdict:
    """By scores, where the claim is of these and enough environments have them: whether ES had
    scored more on more than half of the games, see `_by_scores`.

    By times: supported where the whole interval of the mean speed ratio in training time lies at or
    above the claimed factor; not supported where all of it lies below, and the budgets were long
    enough that a true claim would seldom look like that. Otherwise, or with too few environments or
    seeds, not testable here."""
    shortage = _shortage(claim, evidence)
    if shortage:
        return Verdict("not testable here", shortage, tuple(_needs(claim, evidence)))
    condition = FROM_MEMORY if evidence.observations == MEMORY else ""
    if evidence.share is not None:
        return _by_scores(claim, evidence, evidence.share, condition)
    mean, rival = evidence.means["train_s"], evidence.rival.name
    where = _environments(claim, evidence)
    power = power_of(settings_of(evidence.counted), claim.factor)
    if mean is None or mean.ratio is None:
        reason = (
            f"undecided: {where} were measured, but on some {rival} solved it too seldom and on "
            "others ES did, so nothing bounds the mean"
        )
        needs = tuple(_to_settle(claim, evidence))
        return Verdict("not testable here", _sentence(reason), needs, power)
    measured = (
        f"on {where}, equal cores and at least {MINIMUM_SEEDS} seeds an agent, {rival}'s training "
        f"time over that of ES was {ratio_text(mean)}"
    )
    match reaches(mean, claim.factor):
        case "yes":
            reason = f"{measured}; the claim's {factor(claim.factor)} lies at or below all of that"
            return Verdict("supported", _sentence(reason), (), power, condition)
        case "no" if power.refuted_at_claim <= TOO_OFTEN:
            reason = f"{measured}; the claim's {factor(claim.factor)} lies above all of that"
            return Verdict("not supported", _sentence(reason), (), power, condition)
    reason = f"undecided: {measured}, which does not settle {factor(claim.factor)}"
    needs = tuple(_to_settle(claim, evidence))
    return Verdict("not testable here", _sentence(reason), needs, power)


def _by_scores(claim: Claim, evidence: Evidence, share: ShareAhead, condition: str) -> Verdict:
    """Supported: the whole interval of the share of games on which ES had scored more lies above a
    half. Not supported: all of it lies below. Otherwise not testable here."""
    rival = evidence.rival.name
    where = (
        f"on {_environments(claim, evidence)}, equal cores and at least {MINIMUM_SEEDS} seeds an "
        f"agent"
    )
    needs = (
        f"A new set: {claim.environments} and one length of training that are chosen before "
        "anything is run; more games, and a longer time where neither agent came far.",
    )
    early, late = _early(claim, evidence), _late(evidence)
    far = "a tenth of the way from random play to a human tester"
    if not share.is_enough:
        reason = (
            f"undecided: {where}, neither ES after {early} nor {rival} after {late} had come {far} "
            f"on {share.neither}"
        )
        return Verdict("not testable here", _sentence(reason), needs)
    low, high = share.interval
    outcome = _outcome_of(share)
    measured = (
        f"{where}, ES after {early} had scored more than {rival} after {late} on {share.ahead} of "
        f"{share.decided} (95 % interval of the share: {low:.0%} to {high:.0%})"
    )
    if share.open:
        measured += f"; on {share.open} of these it is open who had"
    if share.neither:
        measured += f"; on {share.neither} more neither had come {far} by these times"
    begun = untrained_text(evidence, outcome, "that far" if share.neither else far)
    power = share_power(share.decided)
    if outcome == "not testable here":
        reason = f"undecided: {measured}, which may be chance{begun}"
        return Verdict(outcome, _sentence(reason), needs, power)
    reason = f"{measured}{begun}"
    return Verdict(outcome, _sentence(reason), (), power, condition)


def _outcome_of(share: ShareAhead) -> Outcome:
    """What the rule by scores says of some games."""
    low, high = share.interval if share.decided else (0.0, 1.0)
    if low > HALF:
        return "supported"
    return "not supported" if high < HALF else "not testable here"


def untrained_text(evidence: Evidence, outcome: Outcome, far: str) -> str:
    """On how many of the games that decide ES was untrained still; on which untrained networks had
    come far already, so that little can be learned there, and what the others say alone."""
    scores = [(c.env, found) for c, found in evidence.scores if found.further != "neither"]
    untrained = sum(found.is_untrained for _, found in scores)
    text = f"; on {_part(untrained, len(scores))} ES had finished no generation by then, so its "
    text = f"{text}untrained networks were compared" if untrained else ""
    begun = [printable(env) for env, found in scores if found.begins_far]
    if not begun:
        return text
    text += f"; on {_part(len(begun), len(scores))} ({names_text(begun)}) untrained networks had "
    text += f"come {far} already"
    rest = share_ahead(found for _, found in scores if not found.begins_far)
    if rest.decided and outcome != "not testable here":
        alone = _outcome_of(rest)
        said = "say the same" if alone == outcome else "say the opposite"
        if alone == "not testable here":
            said = "not settle it"
        others = f"other {rest.decided}" if rest.decided > 1 else "other one"
        text += f", and the {others} alone would {said}"
    return text


def _part(number: int, total: int) -> str:
    return f"{number} of the {total}" if number < total else f"all {total}"


def _early(claim: Claim, evidence: Evidence) -> str:
    """How long ES had: in seconds too where they are the same on all environments."""
    part = f"a {claim.factor:.0f}th of the time"
    seconds = _seconds({scores.returns.challenger_s for _, scores in evidence.scores})
    return f"{seconds} of training, {part}," if seconds else part


def _late(evidence: Evidence) -> str:
    return _seconds({scores.returns.baseline_s for _, scores in evidence.scores}) or "all of it"


def _seconds(times: set[float]) -> str:
    """The time that all have; empty where they differ."""
    return f"{significant(min(times))} s" if len(times) == 1 else ""


def early_lines(evidence: Evidence) -> Iterator[str]:
    """The scores that decide, a line for each environment; none where times do."""
    rival = evidence.rival.name
    for comparison, scores in evidence.scores:
        found = scores.returns
        interval = (
            ""
            if found.low is None or found.high is None
            else f" [{significant(found.low)}, {significant(found.high)}]"
        )
        names = {
            "challenger": "ES had more",
            "baseline": f"{rival} had more",
            "open": "open",
            "neither": "neither had come far",
        }
        untrained = " (untrained)" if scores.is_untrained else ""
        far = "; untrained networks had come a tenth of the way" if scores.begins_far else ""
        yield (
            f"{printable(comparison.env)}: ES {significant(found.challenger_return)} after "
            f"{significant(found.challenger_s)} s{untrained}, {rival} "
            f"{significant(found.baseline_return)} after {significant(found.baseline_s)} s; "
            f"ES less {rival} {significant(found.difference)}{interval}: "
            f"{names[scores.further]}{far}"
        )


def rival_text(claim: Claim, evidence: Evidence) -> str:
    """Which reinforcement learning was measured, and why it and no other one that was run; empty
    where none was."""
    if not evidence.comparisons:
        return ""
    rival, first = evidence.rival, claim.rivals[0]
    text = f"The reinforcement learning here is {rival.described}."
    if all(comparison.rival is rival for comparison in evidence.comparisons):
        return text
    if rival is first:
        return f"{text} It stands for what the paper compares with, so no other one decides."
    may = [
        c
        for c in evidence.comparisons
        if c.rival is first and c.observations == evidence.observations and c.may_decide
    ]
    return (
        f"{text} {first.name}, which stands for what the paper compares with, meets the conditions "
        f"on {_members(claim, len(may))}, too few to decide."
    )


def power_text(claim: Claim, verdict: Verdict) -> str:
    """What the rule would say if the truth were known; empty where it was not applied."""
    power = verdict.power
    if power is None:
        return ""
    if isinstance(power, SharePower):
        return (
            f"With so many {claim.environments} the rule would find the claim supported in "
            f"{power.supported_at_most:.0%} of such experiments if ES scored more on nine of ten, "
            f"and not supported in {power.refuted_at_few:.0%} if it did on one of ten. If it did "
            f"on half of them, the claim would wrongly be found not supported in "
            f"{power.wrong_at_half:.1%}."
        )
    return (
        f"With these seeds and budgets the rule would find the claim supported in "
        f"{power.supported_at_double:.0%} of such experiments if ES were "
        f"{factor(2 * claim.factor)} as fast, and not supported in {power.refuted_at_one:.0%} if "
        f"both were equally fast. If the claim were just true, it would wrongly be found not "
        f"supported in {power.refuted_at_claim:.0%}."
    )


def per_core_text(claim: Claim, evidence: Evidence) -> str:
    """How the measurement compares with what the reported runs amount to on equal cores; empty
    where there is no interval, or the paper timed ES alone."""
    mean, reported = evidence.means["train_s"], claim.core_hour_factor
    if mean is None or reported is None or (mean.low is None and mean.high is None):
        return ""
    place = "contains it"
    if mean.low is not None and mean.low > reported:
        place = "lies above it"
    if mean.high is not None and mean.high < reported:
        place = "lies below it"
    return (
        f"Per core the reported runs amount to {factor(reported)}; the interval measured here "
        f"{place}."
    )


def _shortage(claim: Claim, evidence: Evidence) -> str:
    """What there is too little of for a verdict; empty where there is enough."""
    if not evidence.environments:
        return f"No {claim.environments.removesuffix('s')} was run here."
    if not evidence.comparisons:
        return (
            f"{_capital(_members(claim, evidence.environments))} "
            f"{'was' if evidence.environments == 1 else 'were'} run here, but on none can "
            f"{evidence.rival.name} and ES be compared under the same conditions."
        )
    counted, needed = len(evidence.counted), claim.minimum_environments
    if enough(claim, evidence.counted):
        return ""
    own = [
        c
        for c in evidence.comparisons
        if c.rival is evidence.rival and c.observations == evidence.observations
    ]
    left_out = [f"{c.env}: {c.left_out}" for c in own if not c.counts]
    shown = "; ".join(left_out[:4]) + ("; ..." if len(left_out) > 4 else "")
    why = f" ({shown})" if left_out else ""
    seen = f" seen as {SEEN[MEMORY]}" if evidence.observations == MEMORY else ""
    if not counted:
        kind = claim.environments.removesuffix("s")
        return f"No {kind}{seen} counts here{why}; at least {needed} are needed."
    return (
        f"Only {counted} of the at least {needed} {claim.environments}{seen} that are needed "
        f"count{why}."
    )


def _sufficient_task_counts(claim: Claim, evidence: Evidence) -> bool:
    task = claim.sufficient_task
    return task is not None and any(c.env == task for c in evidence.counted)


def _needs(claim: Claim, evidence: Evidence) -> Iterator[str]:
    """What it would take, in runs and in core-hours."""
    if claim.key == "atari":
        yield (
            f"Both agents on at least {claim.minimum_environments} Atari games, at least "
            f"{MINIMUM_SEEDS} seeds each, with equal cores and budgets, in runs that go on when "
            "solved; or budgets in which at least one of the two reaches the level (half of the "
            "way from random play to a human tester)."
        )
        yield from _atari_hours(claim, evidence)
    else:
        record = humanoid_record()
        yield (
            f"Both agents on Humanoid-v5 to a return of {record.score:g}, at least "
            f"{MINIMUM_SEEDS} seeds each, with equal cores; or on at least "
            f"{claim.minimum_environments} other MuJoCo tasks, which stand in for it."
        )
        few = record.few.core_hours
        text = f"The paper's ES took {few:.0f} core-hours to solve it on {record.few.cores} cores"
        for cores in evidence.cores[-1:]:
            text += f", so some {significant(few / cores)} hours a seed on {plural(cores, 'core')}"
        yield f"{text}; how long {evidence.rival.name} needs is not published."


def _to_settle(claim: Claim, evidence: Evidence) -> Iterator[str]:
    """What it would take where enough was measured and it decides nothing."""
    mean, rival = evidence.means["train_s"], evidence.rival.name
    if mean is None or mean.ratio is None:
        solves = "both agents solve"
    else:
        solves = {">=": f"{rival} solves", "<=": "ES solves", "": ""}[mean.bound]
    if solves:
        yield (
            f"Larger budgets, in which {solves} more of the {claim.environments}: until then one "
            "end of the interval stays open."
        )
    yield (
        f"More seeds and more {claim.environments}, until the whole interval lies on one side of "
        f"{factor(claim.factor)}."
    )


def _atari_hours(claim: Claim, evidence: Evidence) -> Iterator[str]:
    """The published lengths of training at the speed measured here, or what they took there."""
    record = atari_record()
    speeds = {speed.agent: speed for speed in evidence.speeds}
    a3c = ("A3C", record.a3c_frames, f"{record.a3c.core_hours:,.0f} core-hours")
    dqn = ("DQN", record.dqn_frames, f"{record.dqn_gpu_hours:,.0f} hours on a GPU")
    published = {
        "es": ("ES", record.es_frames, f"{record.es.core_hours:,.0f} core-hours"),
        evidence.rival.agent: a3c if evidence.rival is A2C else dqn,
    }
    total = 0.0
    for agent, (name, frames, took) in published.items():
        text = f"The {millions(frames)} frames a game of the published {name} took {took}"
        if agent in speeds:
            speed = speeds[agent]
            total += speed.core_hours(frames)
            text += (
                f"; at the {count(speed.env_steps_per_core_s)} steps/s a core measured "
                f"here they would take {significant(speed.core_hours(frames))} core-hours"
            )
        yield f"{text}."
    if len(speeds) == len(published):
        runs = claim.minimum_environments * MINIMUM_SEEDS
        yield (
            f"For {claim.minimum_environments} games and {MINIMUM_SEEDS} seeds at these lengths "
            f"that is {total * runs:,.0f} core-hours; runs that are solved sooner need less."
        )


def _environments(claim: Claim, evidence: Evidence) -> str:
    counted = evidence.counted
    if evidence.observations == MEMORY:
        return f"{_members(claim, len(counted))} seen as the emulator's memory, not as pixels"
    if _sufficient_task_counts(claim, evidence):
        return " and ".join(sorted(c.env for c in counted))
    return _members(claim, len(counted))


def _members(claim: Claim, number: int) -> str:
    names = claim.environments if number != 1 else claim.environments.removesuffix("s")
    return f"{number} {names}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return f"{_capital(text)}."
