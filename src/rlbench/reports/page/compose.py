"""Everything that the report found, put together into the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlbench.analysis.league import League
from rlbench.claims.examine import ExaminedClaim
from rlbench.claims.verdict import EARLY_NOTE, early_lines, per_core_text, power_text, rival_text
from rlbench.reports.answers import (
    answers,
    hardware_lines,
    headline,
    overall_lines,
    seeds_line,
)
from rlbench.reports.cost import Rates
from rlbench.reports.figures.draw import Drawn
from rlbench.reports.figures.looks import Looks
from rlbench.reports.figures.registry import (
    ClaimFigure,
    EnvironmentFigure,
    OverviewFigure,
    ReportFigure,
    SuiteFigure,
)
from rlbench.reports.findings import Findings
from rlbench.reports.league import league_rows, league_title, shown_alone
from rlbench.reports.output import PAGE
from rlbench.reports.page.charts import chart_of
from rlbench.reports.page.figures import page_figure
from rlbench.reports.page.films import Film
from rlbench.reports.page.model import AnswerRow, ClaimBlock, Figure, LeagueBlock, Page, Section
from rlbench.reports.page.render import render_page
from rlbench.reports.page.runs import run_details
from rlbench.reports.page.shown_tables import page_tables
from rlbench.table import Table
from rlbench.wording import UNIT_NAMES, agent_name, plural

_WHAT_AGENTS_ARE = {
    "es": "evolution strategies",
    "dqn": "a deep Q-network, which is reinforcement learning",
}
_CLAIMS_HOLD = (
    ("claims.csv", "the claims, one row for each ratio that speaks to them"),
    ("claims.json", "the claims with what was published and measured"),
)


def page_file(
    findings: Findings,
    tables: Sequence[Table],
    figures: Sequence[Drawn],
    rates: Rates,
    films: Sequence[Film],
    out: Path,
    *,
    refresh: bool = False,
) -> dict[str, bytes]:
    """The page: file name to content.

    out: where the page will lie. refresh: it reloads every few seconds.
    """
    page = compose(findings, tables, figures, rates, films, out)
    return {PAGE: render_page(page, refresh=refresh)}


def compose(
    findings: Findings,
    tables: Sequence[Table],
    figures: Sequence[Drawn],
    rates: Rates,
    films: Sequence[Film],
    out: Path,
) -> Page:
    """The page as data."""
    looks = Looks(findings.groups)
    claims = findings.examination.claims if findings.bears_on_claims else ()
    readings = _readings(figures)
    sections = [
        Section(
            anchor=f"env-{findings.stems[analysis.env]}",
            env=analysis.env,
            answers=tuple(answers(analysis)),
            figures=_figures(figures, EnvironmentFigure, analysis.env, said=readings),
            chart=chart_of(analysis, looks.on(analysis.env), rates),
        )
        for analysis in findings.analyses
    ]
    found = [answer for section in sections for answer in section.answers]
    groups = findings.groups
    runs = dict(run_details(findings.analyses, out))
    shown = page_tables(tables, {path: run.anchor for path, run in runs.items()})
    clocks = {row.unit for table in shown for row in table.rows}
    cores = {run.cores for group in groups for run in group.runs if run.cores is not None}
    return Page(
        question=_question(findings),
        introduction=_introduction(findings.contenders),
        headline=tuple(headline(found, findings.leagues)),
        together=tuple(overall_lines(findings.overall_ratios)),
        hardware=tuple(hardware_lines(groups)),
        seeds=seeds_line(findings.analyses),
        answers=tuple(_answer_rows(sections)),
        leagues=tuple(map(_league, findings.leagues)),
        films=tuple(films),
        overview=_figures(figures, OverviewFigure),
        suites=_figures(figures, SuiteFigure),
        readings=readings,
        sections=tuple(sections),
        claims=tuple(_claim(e) for e in claims if e.evidence.environments),
        claim_figures=_figures(figures, ClaimFigure),
        tables=tuple(shown),
        runs=tuple(runs.values()),
        problems=findings.problems,
        files=tuple(
            sorted([*((t.file, t.holds) for t in tables), *(_CLAIMS_HOLD if claims else ())])
        ),
        envs=tuple(analysis.env for analysis in findings.analyses),
        agents=tuple(dict.fromkeys(group.agent for group in groups)),
        cores=tuple(map(str, sorted(cores))),
        units=tuple((unit, name.sentence) for unit, name in UNIT_NAMES.items() if unit in clocks),
        run_count=len(runs),
        version=" and ".join(sorted({r.rlbench for g in groups for r in g.runs if r.rlbench})),
    )


def _league(league: League) -> LeagueBlock:
    return LeagueBlock(
        title=league_title(league),
        baseline=agent_name(league.baseline),
        alone=tuple(one.label for one in shown_alone(league)),
        rows=tuple(league_rows(league)),
    )


def _figures(
    drawn: Sequence[Drawn],
    kind: type[ReportFigure[Any]],
    env: str = "",
    said: Sequence[tuple[str, str]] = (),
) -> tuple[Figure, ...]:
    """The figures of a kind. said: titles with captions that stand above all of them."""
    return tuple(
        page_figure(one, with_caption=(one.title, one.caption) not in said)
        for one in drawn
        if (one.kind, one.env) == (kind, env)
    )


def _readings(drawn: Sequence[Drawn]) -> tuple[tuple[str, str], ...]:
    """How to read the figures of each environment: titles with captions, each once."""
    return tuple(
        dict.fromkeys((one.title, one.caption) for one in drawn if one.kind is EnvironmentFigure)
    )


def _question(findings: Findings) -> str:
    """The heading of the page."""
    names = [agent_name(agent) for agent in findings.contenders]
    if not names:
        return "What does acting at random reach?"
    solved = any(analysis.groups.thresholds for analysis in findings.analyses)
    does = "solves it sooner" if solved else "scores more"
    if len(names) == 1 and any(len(a.groups.contenders) > 1 for a in findings.analyses):
        return f"Which {names[0]} {does}?"
    if len(names) == 1:
        return f"How fast does {names[0]} solve it?"
    return f"Which {does}: {', '.join(names[:-1])} or {names[-1]}?"


def _introduction(agents: Sequence[str]) -> str:
    """Who was run, and that all ran alike."""
    described = [
        f"{agent_name(agent)} ({_WHAT_AGENTS_ARE[agent]})"
        if agent in _WHAT_AGENTS_ARE
        else agent_name(agent)
        for agent in agents
    ]
    return (
        f"rlbench trained {plural(len(agents), 'agent')} on the same environments, with the same "
        f"cores, the same clock and the same evaluation: {', '.join(described) or 'none'}."
    )


def _answer_rows(sections: Sequence[Section]) -> list[AnswerRow]:
    """The answers with the pair that each is about, where that is not the same everywhere."""
    found = [(section, answer) for section in sections for answer in section.answers]
    several = len({answer.sides for _, answer in found if answer.decision is not None}) > 1
    rows = []
    for section, answer in found:
        decision = answer.decision
        pair = answer.pair
        if not pair and several and decision is not None:
            pair = f"{agent_name(decision.challenger)} against {agent_name(decision.baseline)}"
        winner = "" if decision is None else decision.winner_label or ""
        rows.append(AnswerRow(answer, section.anchor, pair, winner.partition(" ")[0]))
    return rows


def _claim(examined: ExaminedClaim) -> ClaimBlock:
    claim, evidence, verdict = examined.claim, examined.evidence, examined.verdict
    counted = len(evidence.counted)
    measured = (
        f"{plural(evidence.environments, 'environment')} of this kind, of which {counted} "
        f"{'counts' if counted == 1 else 'count'}. {rival_text(claim, evidence)} "
        f"{per_core_text(claim, evidence)} {power_text(claim, verdict)}"
    )
    return ClaimBlock(
        title=claim.title,
        outcome=verdict.stated,
        statement=claim.statement,
        origin=claim.origin,
        reported=claim.reported,
        measured=" ".join(measured.split()),
        early=tuple(early_lines(evidence)),
        early_note=EARLY_NOTE,
        reason=verdict.reason,
        needs=verdict.needs,
    )
