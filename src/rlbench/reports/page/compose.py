"""Everything that the report found, put together into the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.claims.examine import Examination, ExaminedClaim
from rlbench.claims.verdict import per_core_text
from rlbench.reports.answers import answers, hardware_lines, headline, overall_lines, seeds_line
from rlbench.reports.output import PAGE
from rlbench.reports.page.figures import (
    CLAIM_FIGURES,
    OVERVIEW_FIGURES,
    environment_figures,
    overview_figures,
)
from rlbench.reports.page.model import ClaimBlock, Page, Section
from rlbench.reports.page.render import render_page
from rlbench.reports.page.runs import run_details
from rlbench.reports.page.shown_tables import page_tables
from rlbench.table import Table
from rlbench.wording import TIMES, UNIT_NAMES, plural, significant

_CLAIMS_HOLD = (
    ("claims.csv", "the claims, one row for each ratio that speaks to them"),
    ("claims.json", "the claims with what was published and measured"),
)


@dataclass(frozen=True)
class PageInput:
    """What the page is made of.

    stems: of the environments' file names. overall: speed ratios over all environments together.
    directory: where the runs are. out: where the page will lie. files: the report's other files by
    name. problems: one line each.
    """

    data: Sequence[EnvironmentAnalysis]
    stems: Mapping[str, str]
    overall: Sequence[MeanRatio]
    examination: Examination
    tables: Sequence[Table]
    files: Mapping[str, bytes]
    problems: Sequence[str]
    directory: Path
    out: Path


def page_file(given: PageInput, *, refresh: bool = False) -> dict[str, bytes]:
    """The page: file name to content."""
    return {PAGE: render_page(compose(given), refresh=refresh)}


def compose(given: PageInput) -> Page:
    """The page as data."""
    claims = given.examination.claims
    factors = sorted({examined.claim.factor for examined in claims})
    by_env = {part.env: answers(part, factors, _anchor(given, part)) for part in given.data}
    found = [answer for part in given.data for answer in by_env[part.env]]
    runs = dict(run_details(given.data, given.directory, given.out))
    tables = page_tables(given.tables, {path: run.anchor for path, run in runs.items()})
    groups = [group for part in given.data for group in part.groups.groups]
    units = {row.unit for table in tables for row in table.rows}
    cores = {run.cores for group in groups for run in group.runs if run.cores is not None}
    return Page(
        headline=(*headline(found, factors), *overall_lines(given.overall)),
        hardware=tuple(hardware_lines(groups)),
        seeds=seeds_line(given.data),
        claimed_factors=tuple(f"{significant(factor)}{TIMES}" for factor in factors),
        answers=tuple(found),
        overview=tuple(overview_figures(OVERVIEW_FIGURES, given.files, found)),
        sections=tuple(
            Section(
                anchor=_anchor(given, part),
                env=part.env,
                answers=tuple(by_env[part.env]),
                figures=tuple(environment_figures(given.files, part, given.stems[part.env])),
            )
            for part in given.data
        ),
        claims=tuple(_claim(examined) for examined in claims),
        claim_figures=tuple(overview_figures(CLAIM_FIGURES, given.files, found)),
        tables=tuple(tables),
        runs=tuple(runs.values()),
        problems=tuple(given.problems),
        files=tuple(sorted([*((t.file, t.holds) for t in given.tables), *_CLAIMS_HOLD])),
        envs=tuple(part.env for part in given.data),
        agents=tuple(dict.fromkeys(group.agent for group in groups)),
        cores=tuple(map(str, sorted(cores))),
        units=tuple((unit, name.sentence) for unit, name in UNIT_NAMES.items() if unit in units),
        run_count=len(runs),
        version=" and ".join(sorted({r.rlbench for g in groups for r in g.runs if r.rlbench})),
    )


def _anchor(given: PageInput, part: EnvironmentAnalysis) -> str:
    return f"env-{given.stems[part.env]}"


def _claim(examined: ExaminedClaim) -> ClaimBlock:
    claim, evidence, verdict = examined.claim, examined.evidence, examined.verdict
    counted = len(evidence.counted)
    if not evidence.environments:
        measured = f"Nothing: none of the {claim.environments} was run."
    else:
        measured = (
            f"{plural(evidence.environments, 'environment')} of this kind, of which {counted} "
            f"{'counts' if counted == 1 else 'count'}. {per_core_text(claim, evidence)}"
        )
    return ClaimBlock(
        title=claim.title,
        outcome=verdict.outcome,
        statement=claim.statement,
        origin=claim.origin,
        reported=claim.reported,
        measured=measured.strip(),
        reason=verdict.reason,
        needs=verdict.needs,
    )
