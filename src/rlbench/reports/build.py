"""`rlbench report`: from a directory of runs to figures, tables and a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rlbench.claims.files import claims_files
from rlbench.opening import no_directory
from rlbench.reports.cost import Rates
from rlbench.reports.findings import Findings, findings_of
from rlbench.reports.output import (
    PAGE,
    NothingToReportError,
    make_output,
    write_files,
)
from rlbench.reports.page.films import Film, films_of
from rlbench.reports.tables import report_tables
from rlbench.reports.terminal import report_lines
from rlbench.runs.load import LoadedRuns, load_runs
from rlbench.wording import plural

if TYPE_CHECKING:
    from rlbench.reports.figures.draw import Drawn


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
    others: Sequence[Path] = (),
    baseline: str | None = None,
    only: Sequence[Path] | None = None,
    films: Sequence[Path] = (),
    figures: str | None = None,
    refresh: bool = False,
) -> Report:
    """Load every run below `directory`; write figures (PNG, SVG), tables (CSV) and the web page.

    directory: searched at any depth for run directories. out: where the files go;
    `directory/report` where None. others: directories whose runs belong in the same report. rates:
    what a core costs; the defaults of `Rates` where None. baseline: the agent, or the label of one
    group, that the others are compared with; None: DQN where it was run, else the agent of the
    first group. only: run directories; runs in others are counted and left out. films: that the
    page shows, beside those in its folder (see `films_of`). figures: `png` or `svg`, where only
    such files of them are wanted beside the page. refresh: the page reloads every few seconds.

    Raises NothingToReportError where a directory is absent or none holds a usable run, ReportError
    where `out` cannot be written or a film not be shown, ConfigError where no run is of the
    baseline.
    """
    # A link in the directory of the runs is not followed; one that is asked for is.
    below, out = (directory, directory / "report") if out is None else (out, out)
    loaded = _usable_runs((directory, *others), only)
    # Late: drawing takes half a second to import, and `--help` draws nothing.
    from rlbench.reports.figures.draw import FORMATS, draw_findings

    findings = findings_of(loaded, baseline)
    shown = films_of(out, films)
    make_output(out, below)  # before minutes of drawing
    drawing = draw_findings(findings)
    findings = replace(findings, problems=(*findings.problems, *drawing.problems))
    formats = FORMATS if figures is None else (figures,)
    drawn = [replace(figure, formats=formats) for figure in drawing.figures]
    files = _files(findings, drawn, rates or Rates(), shown, out, refresh)
    written = write_files(out, files)
    return Report(
        files=tuple(written),
        page=out / PAGE,
        runs=len(loaded.runs),
        problems=findings.problems,
        lines=tuple(report_lines(findings)),
    )


def _usable_runs(directories: Sequence[Path], only: Sequence[Path] | None) -> LoadedRuns:
    for directory in directories:
        missing = no_directory(directory)
        if missing is not None:
            raise NothingToReportError(f"{directory}: {missing}")
    loaded = load_runs(*directories, only=only)
    if not loaded.runs:
        found = (
            f"none of the {plural(loaded.found, 'run')} can be used"
            if loaded.found
            else "no run found (no run.json at any depth)"
        )
        detail = f"; the first: {loaded.problems[0]}" if loaded.problems else ""
        places = ", ".join(map(str, directories))
        raise NothingToReportError(f"{places}: {found}{detail}")
    return loaded


def _files(
    findings: Findings,
    figures: Sequence[Drawn],
    rates: Rates,
    films: Sequence[Film],
    out: Path,
    refresh: bool,
) -> dict[str, bytes]:
    """File name to content, the page last."""
    from rlbench.reports.page.compose import page_file  # late, as above

    tables = report_tables(findings.analyses, findings.suites, rates, findings.leagues)
    files = {table.file: table.csv() for table in tables}
    if findings.has_claimed_pair:
        files |= claims_files(findings.examination)
    for figure in figures:
        files |= figure.files
    return files | page_file(findings, tables, figures, rates, films, out, refresh=refresh)
