"""The answer in words: who was faster, by how much, how sure, on what, and does the claim hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rlbench.analysis.decision import Decision, decide, reaches
from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group, baseline_groups, pair_names
from rlbench.analysis.level_times import LevelTime
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.claims.evidence import is_claimed_pair
from rlbench.reports.notes import incomparable_notes
from rlbench.reports.terminal import OTHER_UNITS
from rlbench.runs.records import Unit
from rlbench.wording import (
    UNIT_NAMES,
    agent_name,
    amount,
    factor_text,
    interval_text,
    plural,
    ratio_text,
    significant,
    sureness_text,
    winner_text,
)

MAX_NAMES = 8


@dataclass(frozen=True)
class Answer:
    """Which of two groups was faster on one environment, by how much, and how sure that is."""

    env: str
    pair: str  # which groups were compared, where an environment has several such pairs
    sides: tuple[str, str]  # baseline and challenger: agents, or the groups of one agent
    decision: Decision | None  # None where nothing may be compared
    faster: str  # the one that was, "not settled" or "no comparison"
    factor: str  # how many times as fast the faster one was
    interval: str  # of the factor
    sure: str
    seeds: str  # how many of each, and how many of them solved it
    ratio: str  # the baseline's time over the challenger's, with its interval
    claimed: tuple[str, ...]  # "yes", "no" or "open" for each claimed factor; none where no claim
    sentences: tuple[str, ...]


def answers(analysis: EnvironmentAnalysis, claimed: Sequence[float]) -> list[Answer]:
    """One answer for each pair of groups that may be compared; one that says why not if none.

    claimed: factors by which a text says that ES is faster.
    """
    comparisons = analysis.comparisons
    if not comparisons:
        return [_no_answer(analysis)]
    return [
        _answer(analysis, ratios, claimed, is_only=len(comparisons) == 1) for ratios in comparisons
    ]


def _answer(
    analysis: EnvironmentAnalysis,
    ratios: dict[Unit, SpeedRatio],
    claimed: Sequence[float],
    is_only: bool,
) -> Answer:
    head = ratios["train_s"]
    decision = decide(head)
    baseline, challenger = agent_name(head.baseline), agent_name(head.challenger)
    groups = analysis.groups.named(head.baseline), analysis.groups.named(head.challenger)
    factors = claimed if is_claimed_pair(*groups) else ()
    return Answer(
        env=analysis.env,
        pair="" if is_only else f"{challenger} against {baseline}",
        sides=pair_names(*groups),
        decision=decision,
        faster=winner_text(decision),
        factor=factor_text(decision),
        interval=interval_text(decision.low, decision.high, "words"),
        sure=sureness_text(decision),
        seeds=(
            f"{challenger} {head.n_challenger_reached} of {head.n_challenger} solved, "
            f"{baseline} {head.n_baseline_reached} of {head.n_baseline}"
        ),
        ratio=ratio_text(head),
        claimed=tuple(reaches(head, factor) for factor in factors if decision.winner != "none"),
        sentences=tuple(_sentences(analysis, decision, ratios)),
    )


def _no_answer(analysis: EnvironmentAnalysis) -> Answer:
    reason = _why_not(analysis)
    seeds = ", ".join(f"{agent_name(g.label)} {len(g.runs)}" for g in analysis.groups.groups)
    return Answer(
        env=analysis.env, pair="", sides=("", ""), decision=None,
        faster="no comparison", factor="", interval="", sure=reason, seeds=seeds, ratio="",
        claimed=(), sentences=(f"{reason}.",),
    )  # fmt: skip


def headline(found: Sequence[Answer], claimed: Sequence[float]) -> Iterator[str]:
    """The whole comparison in a few sentences."""
    compared: dict[tuple[str, str], list[Answer]] = {}
    for answer in found:
        if answer.decision is not None and answer.decision.winner != "none":
            compared.setdefault(answer.sides, []).append(answer)
    if not compared:
        yield "From these runs no two agents can be compared on any environment."
    for sides, part in compared.items():
        yield _tally(sides, part)
    verdicts = [a.claimed for part in compared.values() for a in part if a.claimed]
    for index, times in enumerate(claimed if verdicts else ()):
        of_factor = [verdict[index] for verdict in verdicts]
        yes, no = of_factor.count("yes"), of_factor.count("no")
        said = f"ES {significant(times)} times as fast, as a popular claim has it"
        if no == len(of_factor):
            yield f"{said}: nowhere here. Every 95 % interval ends below that."
        else:
            yield (
                f"{said}: yes on {yes} of {plural(len(of_factor), 'comparison')}, "
                f"ruled out on {no}, open on {len(of_factor) - yes - no}."
            )


def _tally(sides: tuple[str, str], found: Sequence[Answer]) -> str:
    """On how many environments each of two was faster."""
    total = len({answer.env for answer in found})
    won = {
        side: _envs(a for a in found if a.decision is not None and a.decision.winner == side)
        for side in ("challenger", "baseline", "open")
    }
    baseline, challenger = (agent_name(side) for side in sides)
    sentence = (
        f"{challenger} was clearly faster on {len(won['challenger'])} of "
        f"{plural(total, 'environment')}{_listed(won['challenger'])}, "
        f"{baseline} on {len(won['baseline'])}{_listed(won['baseline'])}"
    )
    if won["open"]:
        sentence += f"; on {len(won['open'])} the seeds do not settle it{_listed(won['open'])}"
    return f"{sentence}."


def overall_lines(ratios: Iterable[MeanRatio]) -> Iterator[str]:
    """The geometric mean over environments, in training time."""
    for ratio in ratios:
        if ratio.unit != "train_s" or ratio.ratio is None:
            continue
        decision = decide(ratio)
        yield f"All together, {ratio.env}: {_factor_of(decision)}."


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
    analysis: EnvironmentAnalysis, decision: Decision, ratios: dict[Unit, SpeedRatio]
) -> Iterator[str]:
    head = ratios["train_s"]
    if decision.winner == "none":
        yield (
            f"{agent_name(head.baseline)} and {agent_name(head.challenger)}: no speed ratio, "
            f"{decision.reason}."
        )
    else:
        level = f"a mean return of {significant(head.level)}"
        interval = interval_text(decision.low, decision.high, "words")
        inside = (
            f" (95 % interval {interval})" if interval else f" ({decision.reason or 'no interval'})"
        )
        if decision.winner_label is None:
            yield (
                f"Which of the two reaches {level} sooner is not settled: "
                f"{factor_text(decision)}{inside}."
            )
        else:
            yield (
                f"{agent_name(decision.winner_label)} reached {level} sooner, "
                f"{factor_text(decision)} as fast{inside}."
            )
    for label, reached, total in (
        (head.challenger, head.n_challenger_reached, head.n_challenger),
        (head.baseline, head.n_baseline_reached, head.n_baseline),
    ):
        mean = _mean(analysis.threshold_time(label))
        yield f"{agent_name(label)}: {reached} of {plural(total, 'seed')} solved it{mean}"
    others = [
        f"{UNIT_NAMES[unit].short}: {_factor_of(decide(ratios[unit]))}"
        for unit in OTHER_UNITS
        if ratios[unit].ratio is not None
    ]
    if others:
        yield f"By other measures. {'; '.join(others)}."


def _factor_of(decision: Decision) -> str:
    """Who was faster and how many times: `ES 4.3\u00d7 as fast (95 % interval 2.4 to 7.7)`."""
    interval = interval_text(decision.low, decision.high, "words")
    inside = f" (95 % interval {interval})" if interval else ""
    if decision.winner_label is None:
        return f"not settled, {factor_text(decision)}{inside}"
    return f"{agent_name(decision.winner_label)} {factor_text(decision)} as fast{inside}"


def _mean(time: LevelTime | None) -> str:
    if time is None or time.restricted_mean is None:
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
        return "No threshold is known here, so nothing can be solved"
    if not baseline_groups(analysis.groups, analysis.baseline):
        return f"No run of {agent_name(analysis.baseline or 'an agent that learns')} here"
    agents = {group.agent for group in analysis.groups.contenders}
    if len(agents) == 1:
        return f"No agent but {agent_name(agents.pop())} was run here"
    return "The agents cannot be compared here"


def _envs(found: Iterable[Answer]) -> list[str]:
    return sorted({answer.env for answer in found})


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return f" ({', '.join(names[:MAX_NAMES])}{more})" if names else ""


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 2 else parts)
