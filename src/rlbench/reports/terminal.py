"""The report in a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rlbench.analysis.decision import decide
from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group
from rlbench.analysis.level_times import LevelTime
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.claims.text import verdict_lines
from rlbench.reports.answers import OTHER_UNITS, answers
from rlbench.reports.findings import Findings
from rlbench.reports.league import league_lines
from rlbench.runs.records import Unit
from rlbench.wording import (
    UNIT_NAMES,
    advantage_text,
    agent_name,
    amount,
    difference_text,
    outcome_text,
    place_text,
    plural,
    shortened,
    significant,
)


def environment_lines(analysis: EnvironmentAnalysis) -> Iterator[str]:
    """What happened on one environment, the answer to "which was faster" last."""
    levels = analysis.groups.thresholds
    solved = f" (solved at {' or '.join(map(significant, levels))})" if levels else ""
    yield f"{shortened(analysis.env, 60)}{solved}"
    for group in analysis.groups.groups:
        time = analysis.threshold_time(group.label)
        seeds = plural(len(group.runs), "seed")
        yield f"  {agent_name(group.label)}: {seeds}{_solved_text(time)}{_ended_text(group)}"
    found = answers(analysis)
    for answer in found:
        if answer.decision is None and answer.scored is not None:
            yield f"  {f'{answer.pair}: ' if answer.pair else ''}{difference_text(answer.scored)}"
    for ratios, answer in zip(analysis.comparisons, found, strict=False):
        scored = "" if answer.scored is None else difference_text(answer.scored)
        yield from _comparison_lines(ratios, scored)


def report_lines(findings: Findings) -> Iterator[str]:
    """All of the report."""
    for analysis in findings.analyses:
        yield from environment_lines(analysis)
    yield from across_lines(findings.suites, findings.missing)
    for league in findings.leagues:
        yield from league_lines(league)
    if findings.has_claimed_pair:
        yield from verdict_lines(findings.examination)


def across_lines(suites: Sequence[SuiteStatistics], missing: Sequence[str]) -> Iterator[str]:
    """What happened over all environments, what is not known, and why."""
    for found in suites:
        head = next((ratio for ratio in found.ratios if ratio.unit == "train_s"), None)
        if head is None:
            continue
        yield place_text(head)
        yield from _decided(head)
    for note in missing:
        yield f"{note[:1].upper()}{note[1:]}"


def _solved_text(time: LevelTime | None) -> str:
    if time is None:
        return ", no threshold to reach"
    if not time.n_reached:
        horizon = f" within {amount(time.horizon, 'train_s')} of training" if time.horizon else ""
        return f", none solved it{horizon}"
    text = f", {time.n_reached} solved it"
    if time.restricted_mean is None:
        return text
    text += f", mean {amount(time.restricted_mean, 'train_s')} of training"
    if time.n_reached < time.n_runs and time.horizon is not None:
        text += f", the others counted as {amount(time.horizon, 'train_s')}"
    return text


def _ended_text(group: Group) -> str:
    """How many seeds did not come to their end."""
    counts = ((group.count("failed"), "failed"), (group.n_unfinished, "unfinished"))
    return "".join(f"; {count} {how}" for count, how in counts if count)


def _comparison_lines(ratios: dict[Unit, SpeedRatio], scored: str) -> Iterator[str]:
    yield from _decided(ratios["train_s"])
    if scored:
        yield f"    {scored}"
    for unit in OTHER_UNITS:
        if ratios[unit].ratio is not None:
            yield f"    by {UNIT_NAMES[unit].short}: {advantage_text(decide(ratios[unit]))}"


def _decided(ratio: SpeedRatio | MeanRatio) -> Iterator[str]:
    """Who was faster, and how many times as fast in training time."""
    decision = decide(ratio)
    said = outcome_text(decision)
    why = "" if decision.has_interval or not decision.reason else f": {decision.reason}"
    yield f"  {said if decision.is_settled else f'{said[:1].upper()}{said[1:]}'}{why}"
    if ratio.ratio is not None:
        yield f"    by {UNIT_NAMES[ratio.unit].short}: {advantage_text(decision)}"
