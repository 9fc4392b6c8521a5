"""The answer in words: who was faster, by how much, how sure, on what, and does the claim hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rlbench.analysis.decision import Decision, decide
from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group, baseline_groups, comparable_pairs, pair_names
from rlbench.analysis.league import League
from rlbench.analysis.level_times import LevelTime
from rlbench.analysis.return_differences import ReturnDifference, return_difference
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.reports.league import league_sentences
from rlbench.reports.notes import incomparable_notes
from rlbench.runs.records import Unit
from rlbench.wording import (
    UNIT_NAMES,
    advantage_text,
    agent_name,
    amount,
    difference_text,
    factor_text,
    interval_text,
    names_text,
    outcome_text,
    place_text,
    plural,
    significant,
    sureness_text,
    winner_text,
)

NEITHER = "neither solved it"
NO_THRESHOLD = "No threshold is known here, so nothing can be solved"
OTHER_UNITS: tuple[Unit, ...] = ("train_cpu_s", "env_steps", "command_s")


@dataclass(frozen=True)
class Answer:
    """Which of two groups was faster on one environment, by how much, and how sure that is."""

    env: str
    pair: str  # which groups were compared, where an environment has several such pairs
    sides: tuple[str, str]  # baseline and challenger: agents, or the groups of one agent
    decision: Decision | None  # None where nothing may be compared
    scored: ReturnDifference | None  # who scored more, where there is no ratio; None where unknown
    faster: str  # the one that was, "not settled" or "no comparison"
    factor: str  # how many times as fast the faster one was, with its interval
    sure: str
    seeds: str  # how many of each, and how many of them solved it
    sentences: tuple[str, ...]


def answers(analysis: EnvironmentAnalysis) -> list[Answer]:
    """One answer for each pair of groups that may be compared, by their scores where nothing counts
    as solved; one that says why not if none."""
    comparisons = analysis.comparisons
    if comparisons:
        return [_answer(analysis, ratios, is_only=len(comparisons) == 1) for ratios in comparisons]
    if not analysis.groups.thresholds:
        pairs = list(comparable_pairs(analysis.groups, analysis.baseline))
        scored = [(pair, found) for pair in pairs if (found := _scored(*pair)) is not None]
        if scored:
            return [_by_score(*pair, found, is_only=len(pairs) == 1) for pair, found in scored]
    return [_no_answer(analysis)]


def _answer(
    analysis: EnvironmentAnalysis,
    ratios: dict[Unit, SpeedRatio],
    is_only: bool,
) -> Answer:
    head = ratios["train_s"]
    decision = decide(head)
    baseline, challenger = agent_name(head.baseline), agent_name(head.challenger)
    groups = analysis.groups.named(head.baseline), analysis.groups.named(head.challenger)
    unsolved = not head.n_baseline_reached + head.n_challenger_reached
    scored = _scored(*groups) if decision.winner == "none" else None
    interval = interval_text(decision.low, decision.high, "words")
    return Answer(
        env=analysis.env,
        pair="" if is_only else f"{challenger} against {baseline}",
        sides=pair_names(*groups),
        decision=decision,
        scored=scored,
        faster=NEITHER if unsolved else winner_text(decision),
        factor=f"{factor_text(decision)} ({interval})" if interval else factor_text(decision),
        sure=f"{sureness_text(decision)}{f'; {difference_text(scored)}' if scored else ''}",
        seeds=(
            f"{challenger} {head.n_challenger_reached} of {head.n_challenger} solved, "
            f"{baseline} {head.n_baseline_reached} of {head.n_baseline}"
        ),
        sentences=tuple(_sentences(analysis, decision, ratios, scored)),
    )


def _scored(baseline: Group, challenger: Group) -> ReturnDifference | None:
    """Who scored more; None where a run stopped as soon as it was solved, for what it would have
    come to is not known."""
    if any(run.stopped_when_solved for group in (baseline, challenger) for run in group.runs):
        return None
    return return_difference(baseline, challenger)


def _by_score(
    baseline: Group, challenger: Group, scored: ReturnDifference, *, is_only: bool
) -> Answer:
    names = agent_name(baseline.label), agent_name(challenger.label)
    text = difference_text(scored)
    return Answer(
        env=baseline.env,
        pair="" if is_only else f"{names[1]} against {names[0]}",
        sides=pair_names(baseline, challenger),
        decision=None,
        scored=scored,
        faster="no comparison",
        factor="",
        sure=f"{NO_THRESHOLD}; {text}",
        seeds=f"{names[1]} {len(challenger.runs)}, {names[0]} {len(baseline.runs)}",
        sentences=(f"{NO_THRESHOLD}.", f"{text[:1].upper()}{text[1:]}."),
    )


def _no_answer(analysis: EnvironmentAnalysis) -> Answer:
    reason = _why_not(analysis)
    seeds = ", ".join(f"{agent_name(g.label)} {len(g.runs)}" for g in analysis.groups.groups)
    return Answer(
        env=analysis.env, pair="", sides=("", ""), decision=None, scored=None,
        faster="no comparison", factor="", sure=reason, seeds=seeds, sentences=(f"{reason}.",),
    )  # fmt: skip


def headline(found: Sequence[Answer], leagues: Sequence[League] = ()) -> Iterator[str]:
    """The whole comparison: a sentence for each league, and one for each pair that was compared
    where leagues do not hold all environments."""
    for league in leagues:
        yield from league_sentences(league)
    compared: dict[tuple[str, str], list[Answer]] = {}
    for answer in found:
        if answer.decision is not None:
            compared.setdefault(answer.sides, []).append(answer)
    by_score: dict[tuple[str, str], list[Answer]] = {}
    for answer in found:
        if answer.decision is None and answer.scored is not None:
            by_score.setdefault(answer.sides, []).append(answer)
    if not compared and not by_score:
        yield "From these runs no two agents can be compared on any environment."
    in_leagues = {env for one in leagues for env in one.envs}
    if not {a.env for part in compared.values() for a in part} <= in_leagues:
        for sides, part in compared.items():
            yield _tally(sides, part, is_only=len(compared) == 1)
    for part in by_score.values():
        yield _score_sentence(part)


def _tally(sides: tuple[str, str], found: Sequence[Answer], *, is_only: bool) -> str:
    """On how many environments each of two was faster, and what is open on the others; in how many
    comparisons, where an environment has several, as with two thresholds."""
    baseline, challenger = (agent_name(side) for side in sides)
    if len(found) == 1:
        return _only_answer(found[0])
    per_env = Counter(answer.env for answer in found)
    on = "on" if len(per_env) == len(found) else "in"
    total = plural(len(found), "environment" if on == "on" else "comparison")
    names = {id(a): a.env if per_env[a.env] == 1 else f"{a.env}, {a.pair}" for a in found}
    by_winner = {
        winner: sorted(
            names[id(a)] for a in found if a.decision is not None and a.decision.winner == winner
        )
        for winner in ("challenger", "baseline", "open", "none")
    }
    won = {challenger: by_winner["challenger"], baseline: by_winner["baseline"]}
    said: list[str] = []
    for name, places in won.items():
        if places:
            than = "" if is_only else f" than {baseline if name == challenger else challenger}"
            verb, of = (f" was clearly faster{than}", f" of {total}") if not said else ("", "")
            said.append(f"{name}{verb} {on} {len(places)}{of}{_listed(places)}")
    if said:
        sentence = ", ".join(said)
    else:
        sentence = f"Neither {challenger} nor {baseline} was clearly faster {on} any of {total}"
    if by_winner["open"]:
        sentence += f"; {on} {len(by_winner['open'])} the seeds do not settle it"
        sentence += _listed(by_winner["open"])
    if by_winner["none"]:
        none = [a for a in found if a.decision is not None and a.decision.winner == "none"]
        unsolved = all(answer.faster == NEITHER for answer in none)
        why = NEITHER if unsolved else "there is no ratio"
        sentence += f"; {on} {len(none)} {why}{_listed(by_winner['none'])}"
        known = [answer for answer in none if answer.scored is not None]
        if len(none) == 1 and known and known[0].scored is not None:
            sentence += f", where {difference_text(known[0].scored)}"
        elif known:
            sentence += f". {_scores_tally(known, names, all_known=len(known) == len(none))}"
    return f"{sentence}."


def _score_sentence(found: Sequence[Answer]) -> str:
    """Who scored more where nothing counts as solved."""
    if len(found) == 1 and found[0].scored is not None:
        text = difference_text(found[0].scored)
        return f"On {found[0].env} nothing counts as solved; {text}."
    names = {id(a): f"{a.env}, {a.pair}" if a.pair else a.env for a in found}
    several = any(a.pair for a in found)
    total = plural(len(found), "comparison" if several else "environment")
    return (
        f"{'In' if several else 'On'} {total} nothing counts as solved, so no times are compared. "
        f"{_scores_tally(found, names, all_known=True)}."
    )


def _scores_tally(found: Sequence[Answer], names: Mapping[int, str], *, all_known: bool) -> str:
    """Of several comparisons without a ratio whose scores are known, who scored clearly more on
    which."""
    clearly: dict[str, list[str]] = {}
    for answer in found:
        if answer.scored is not None and answer.scored.is_settled and answer.scored.ahead:
            clearly.setdefault(agent_name(answer.scored.ahead), []).append(names[id(answer)])
    if not clearly:
        which = "any" if all_known else str(len(found))
        return f"By score it is not settled on {which} of these who was ahead"
    (name, places), *others = sorted(clearly.items())
    sentence = f"By score {name} was clearly ahead on {len(places)} of these{_listed(places)}"
    for name, places in others:
        sentence += f", {name} on {len(places)}{_listed(places)}"
    rest = len(found) - sum(map(len, clearly.values()))
    return f"{sentence}; on {rest} it is not settled who was" if rest else sentence


def _only_answer(answer: Answer) -> str:
    """The answer where there is only one."""
    if answer.scored is not None:
        why = NEITHER if answer.faster == NEITHER else "there is no speed ratio"
        return f"On {answer.env} {why}; {difference_text(answer.scored)}."
    decision = answer.decision
    assert decision is not None, "only what was compared is counted"
    said = outcome_text(decision)
    return f"{said} on {answer.env}." if decision.is_settled else f"On {answer.env} {said}."


def overall_lines(ratios: Iterable[MeanRatio]) -> Iterator[str]:
    """The geometric mean over environments, in training time."""
    for ratio in ratios:
        if ratio.unit != "train_s" or ratio.ratio is None:
            continue
        decision = decide(ratio)
        yield f"All together, {place_text(ratio)}: {advantage_text(decision)}."


def seeds_line(analyses: Iterable[EnvironmentAnalysis]) -> str:
    """How many seeds there are, and what follows from so many."""
    sizes: dict[str, set[int]] = {}
    for analysis in analyses:
        for group in analysis.groups.contenders:
            sizes.setdefault(group.agent, set()).add(len(group.runs))
    if not sizes:
        return "No run of an agent that learns."
    parts = [
        f"{f'{min(found)} to ' if len(found) > 1 else ''}{plural(max(found), 'seed')} of "
        f"{agent_name(agent)}"
        for agent, found in sizes.items()
    ]
    line = f"{_joined(parts)} on each environment."
    fewest = min(min(found) for found in sizes.values())
    if fewest < 4:
        return f"{line} Fewer than four give no 95 % interval: such a difference may be chance."
    return line


def hardware_lines(groups: Iterable[Group]) -> list[str]:
    """On what the runs were made; one line for each kind of machine and number of cores."""
    kinds: dict[str, int] = {}
    for group in groups:
        for run in group.runs:
            total, memory = run.machine.cpu_count, run.machine.memory_mb
            of = "" if total is None else f" of {total}"
            cores = "an unknown number of cores" if run.cores is None else f"{run.cores}{of} cores"
            line = f"{cores}, {run.cpu_model or 'unknown CPU'}"
            if memory is not None:
                line += f", {memory / 1024:.0f} GB of memory"
            if run.device in ("", "cpu"):
                line += ", no GPU used"
            else:
                line += f", device {run.device}"
            kinds[line] = kinds.get(line, 0) + 1
    return [
        f"{line} ({plural(count, 'run')})" if len(kinds) > 1 else line
        for line, count in kinds.items()
    ]


def _sentences(
    analysis: EnvironmentAnalysis,
    decision: Decision,
    ratios: dict[Unit, SpeedRatio],
    scored: ReturnDifference | None,
) -> Iterator[str]:
    head = ratios["train_s"]
    level = f"a mean return of {significant(head.level)}"
    names = f"{agent_name(head.challenger)} nor {agent_name(head.baseline)}"
    if decision.winner == "none":
        text = "" if scored is None else difference_text(scored)
        more = f" {text[:1].upper()}{text[1:]}." if text else ""
        if not head.n_baseline_reached + head.n_challenger_reached and scored is not None:
            yield f"Neither {names} reached {level}.{more}"
        else:
            yield (
                f"{agent_name(head.baseline)} and {agent_name(head.challenger)}: no speed ratio, "
                f"{decision.reason}.{more}"
            )
    elif decision.winner_label is None:
        yield f"Which of the two reaches {level} sooner is not settled."
    else:
        yield f"{agent_name(decision.winner_label)} reached {level} sooner."
    for label, reached, total in (
        (head.challenger, head.n_challenger_reached, head.n_challenger),
        (head.baseline, head.n_baseline_reached, head.n_baseline),
    ):
        mean = _mean(analysis.threshold_time(label))
        yield f"{agent_name(label)}: {reached} of {plural(total, 'seed')} solved it{mean}"
    others = [
        f"{UNIT_NAMES[unit].short}: {advantage_text(decide(ratios[unit]))}"
        for unit in OTHER_UNITS
        if ratios[unit].ratio is not None
    ]
    if others:
        yield f"By other measures. {'; '.join(others)}."


def _mean(time: LevelTime | None) -> str:
    if time is None or time.restricted_mean is None or not time.n_reached:
        return "."
    text = f", in {amount(time.restricted_mean, 'train_s')} of training on average"
    if time.n_reached < time.n_runs and time.horizon is not None:
        text += f", each of the others counted as {amount(time.horizon, 'train_s')}"
    return f"{text}."


def _why_not(analysis: EnvironmentAnalysis) -> str:
    """Why no two groups of an environment may be compared."""
    if next(incomparable_notes(analysis.groups, analysis.baseline), ""):
        return "The agents ran under different conditions, see the notes"
    if not analysis.groups.thresholds:
        return NO_THRESHOLD
    if not baseline_groups(analysis.groups, analysis.baseline):
        return f"No run of {agent_name(analysis.baseline or 'an agent that learns')} here"
    agents = {group.agent for group in analysis.groups.contenders}
    if len(agents) == 1:
        return f"No agent but {agent_name(agents.pop())} was run here"
    return "The agents cannot be compared here"


def _listed(names: Sequence[str]) -> str:
    return f" ({names_text(names)})" if names else ""


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 2 else parts)
