"""`rlbench report`: from a directory of runs to figures and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rlbench.analysis.environment import EnvironmentAnalysis, analyze
from rlbench.analysis.groups import check_baseline, group_runs
from rlbench.analysis.speed_ratios import threshold_ratios
from rlbench.analysis.suite_statistics import SuiteStatistics, across_environments
from rlbench.claims.examine import Examination, examine
from rlbench.claims.files import claims_files
from rlbench.claims.text import verdict_lines
from rlbench.reports.cost import Rates
from rlbench.reports.notes import (
    budget_notes,
    contention_notes,
    drift_notes,
    incomparable_notes,
    suite_notes,
)
from rlbench.reports.output import PAGE, NothingToReportError, file_stems, write_files
from rlbench.reports.tables import report_tables
from rlbench.reports.terminal import across_lines, environment_lines
from rlbench.runs.load import load_runs
from rlbench.table import Table
from rlbench.wording import plural


@dataclass(frozen=True)
class Report:
    """What was made of a directory of runs."""

    files: tuple[Path, ...]
    page: Path  # the one of them to open
    runs: int
    problems: tuple[str, ...]  # one line each
    lines: tuple[str, ...]  # the summary to print


def build_report(
    directory: Path,
    out: Path | None = None,
    rates: Rates | None = None,
    *,
    baseline: str | None = None,
    refresh: bool = False,
) -> Report:
    """Load every run below `directory`; write figures (PNG, SVG), tables (CSV) and the web page.

    Args:
        directory: searched at any depth for run directories.
        out: where the files go; `directory/report` where None.
        rates: what a core costs; the defaults of `Rates` where None.
        baseline: the agent, or the label of one group, that the others are compared with; None:
            DQN where it was run, else the agent of the first group.
        refresh: the page loads itself anew every few seconds.

    Raises:
        NothingToReportError: the directory is absent or holds no usable run.
        ReportError: `out` cannot be written.
    """
    out = directory / "report" if out is None else out
    if not directory.is_dir():
        raise NothingToReportError(f"{directory}: no such directory")
    loaded = load_runs(directory, skip=out)
    if not loaded.runs:
        found = (
            f"none of the {plural(loaded.found, 'run')} can be used"
            if loaded.found
            else ("no run found (no run.json at any depth)")
        )
        detail = f"; the first: {loaded.problems[0]}" if loaded.problems else ""
        raise NothingToReportError(f"{directory}: {found}{detail}")
    environments = group_runs(loaded.runs)
    check_baseline(environments, baseline)
    analyses = [analyze(environment, baseline) for environment in environments]
    notes = [
        note
        for environment in environments
        for note in (*budget_notes(environment), *incomparable_notes(environment, baseline))
    ]
    ratios = [ratio for analysis in analyses for ratio in analysis.ratios]
    examination = examine(environments)
    suites = across_environments(environments, ratios, baseline)
    missing = list(suite_notes(environments, suites, baseline))
    failures = [
        f"{run.path}: failed{': ' + run.error if run.error else ''}"
        for run in loaded.runs
        if run.status == "failed"
    ]
    notes += [*contention_notes(loaded.runs), *drift_notes(environments)]
    problems = (*loaded.problems, *failures, *notes)
    tables = report_tables(analyses, suites, rates or Rates())
    files = {table.file: table.csv() for table in tables} | claims_files(examination)
    files |= _figures(analyses, suites)
    files |= _page(analyses, suites, examination, tables, files, problems, directory, out, refresh)
    written = write_files(out, files)
    lines = [line for analysis in analyses for line in environment_lines(analysis)]
    lines += [*across_lines(suites, missing), *verdict_lines(examination)]
    return Report(tuple(written), out / PAGE, len(loaded.runs), problems, tuple(lines))


def _figures(
    analyses: Sequence[EnvironmentAnalysis], suites: Sequence[SuiteStatistics]
) -> dict[str, bytes]:
    # Late: drawing takes half a second to import, and `--help` draws nothing.
    from rlbench.reports.figures.files import (
        draw_across,
        draw_all,
        draw_environment,
        draw_overview,
    )
    from rlbench.reports.figures.published import draw_published

    stems = file_stems(analysis.env for analysis in analyses)
    ratios = threshold_ratios([ratio for analysis in analyses for ratio in analysis.ratios])
    pairs = {(ratio.env, label) for ratio in ratios for label in (ratio.baseline, ratio.challenger)}
    compared = [g for a in analyses for g in a.groups.groups if (g.env, g.label) in pairs]
    overall = [ratio for suite in suites for ratio in suite.ratios if ratio.unit == "train_s"]
    return draw_all(
        [
            draw_published,
            partial(draw_across, suites),
            partial(draw_overview, [*ratios, *overall], compared),
            *(partial(draw_environment, part, stems[part.env]) for part in analyses),
        ]
    )


def _page(
    analyses: Sequence[EnvironmentAnalysis],
    suites: Sequence[SuiteStatistics],
    examination: Examination,
    tables: Sequence[Table],
    files: Mapping[str, bytes],
    problems: Sequence[str],
    directory: Path,
    out: Path,
    refresh: bool,
) -> dict[str, bytes]:
    # Late, as the figures are: `--help` sets no page.
    from rlbench.reports.page.compose import PageInput, page_file

    stems = file_stems(analysis.env for analysis in analyses)
    overall = [ratio for suite in suites for ratio in suite.ratios]
    given = PageInput(
        analyses, stems, overall, examination, tables, files, problems, directory, out
    )
    return page_file(given, refresh=refresh)
