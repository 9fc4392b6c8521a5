"""`rlbench report`: from a directory of runs to figures and tables."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rlbench.report.claims.examine import Examination, examine
from rlbench.report.claims.record import claims_files
from rlbench.report.claims.text import verdict_lines
from rlbench.report.curves import Curve, environment_curves
from rlbench.report.groups import (
    EnvironmentGroups,
    budget_notes,
    contention_notes,
    group_runs,
    incomparable_notes,
)
from rlbench.report.load import load_runs
from rlbench.report.names import file_stems, plural
from rlbench.report.output import PAGE, NothingToReportError, ReportError, write_files
from rlbench.report.reached import ReachedCurve, reached_curves
from rlbench.report.summary import summary_lines
from rlbench.report.tables import (
    curves_table,
    level_times_table,
    runs_table,
    speed_ratio_table,
    survival_table,
)
from rlbench.report.timing import LevelTime, SpeedRatio, headline, level_times, speed_ratios

DEFAULT_DIRECTORY = Path("results/runs")
DESCRIPTION = """\
Draw figures, write tables and a web page (index.html, which needs nothing beside it) from every
run below a directory."""
EXAMPLES = """\
examples:
  rlbench report results/runs --out results/report
  rlbench report --watch     again and again while a sweep runs; Ctrl-C ends it, exit status 130"""


@dataclass(frozen=True)
class Report:
    """What was made of a directory of runs."""

    files: tuple[Path, ...]
    page: Path  # the one of them to open
    runs: int
    problems: tuple[str, ...]  # one line each
    lines: tuple[str, ...]  # the summary to print


@dataclass(frozen=True)
class Analysis:
    """One environment's statistics."""

    groups: EnvironmentGroups
    curves: tuple[Curve, ...]
    times: tuple[LevelTime, ...]
    ratios: tuple[SpeedRatio, ...]
    reached: tuple[ReachedCurve, ...]


def build_report(directory: Path, out: Path | None = None, *, refresh: bool = False) -> Report:
    """Load every run below `directory`; write figures (PNG, SVG), tables (CSV) and the web page.

    Args:
        directory: searched at any depth for run directories.
        out: where the files go; `directory/report` where None.
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
    analyses = [analyse(environment) for environment in environments]
    notes = [
        note
        for environment in environments
        for note in (*budget_notes(environment), *incomparable_notes(environment))
    ]
    ratios = [ratio for analysis in analyses for ratio in analysis.ratios]
    examination = examine(environments, ratios)
    failures = [
        f"{run.path}: failed{': ' + str(run.facts['error']) if run.facts.get('error') else ''}"
        for run in loaded.runs
        if run.status == "failed"
    ]
    notes += contention_notes(loaded.runs)
    problems = (*loaded.problems, *failures, *notes)
    files = _tables(analyses) | claims_files(examination) | _figures(analyses)
    files |= _page(analyses, examination, files, problems, directory, out, refresh)
    written = write_files(out, files)
    lines = [
        line
        for analysis in analyses
        for line in summary_lines(analysis.groups, analysis.times, analysis.ratios)
    ]
    lines += verdict_lines(examination)
    return Report(tuple(written), out / PAGE, len(loaded.runs), problems, tuple(lines))


def analyse(environment: EnvironmentGroups) -> Analysis:
    """All statistics of one environment."""
    return Analysis(
        groups=environment,
        curves=tuple(environment_curves(environment)),
        times=tuple(level_times(environment)),
        ratios=tuple(speed_ratios(environment)),
        reached=tuple(reached_curves(environment)),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done (problems are notes on stderr), 2 nothing to report or no place."""
    parser = argparse.ArgumentParser(
        prog="rlbench report",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        type=Path,
        default=DEFAULT_DIRECTORY,
        help=f"where the runs are, at any depth (default: {DEFAULT_DIRECTORY})",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=None,
        help="where the report goes (default: DIR/report)",
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="wait for runs, rebuild whenever they change, until Ctrl-C",
    )
    parser.add_argument(
        "--interval",
        metavar="SECONDS",
        type=_interval,
        default=None,
        help="with --watch: how often to look (default: 10)",
    )
    arguments = parser.parse_args(argv)
    if arguments.interval is not None and not arguments.watch:
        parser.error("--interval: goes with --watch")
    try:
        if arguments.watch:
            from rlbench.report.watch import INTERVAL_S, watch

            watch(arguments.directory, arguments.out, arguments.interval or INTERVAL_S)
        report = build_report(arguments.directory, arguments.out)
    except ReportError as error:
        print(f"rlbench report: {error}", file=sys.stderr)
        return 2
    for line in report.lines:
        print(line)
    for problem in report.problems:
        print(f"note: {problem}", file=sys.stderr)
    place = report.files[0].parent
    print(f"{plural(len(report.files), 'file')} in {place}; open {report.page} in a browser")
    return 0


def _interval(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = math.nan
    if not 0.05 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"got {word}, takes seconds from 0.05 to 86400")
    return seconds


def _tables(analyses: Sequence[Analysis]) -> dict[str, bytes]:
    tables = {
        "runs.csv": runs_table([a.groups for a in analyses]),
        "time_to_threshold.csv": level_times_table(t for a in analyses for t in a.times),
        "survival.csv": survival_table(c for a in analyses for c in a.reached),
        "speed_ratio.csv": speed_ratio_table(r for a in analyses for r in a.ratios),
        "curves.csv": curves_table(c for a in analyses for c in a.curves),
    }
    return {name: text.encode("utf-8", "replace") for name, text in tables.items()}


def _figures(analyses: Sequence[Analysis]) -> dict[str, bytes]:
    # Late: drawing takes half a second to import, and `--help` draws nothing.
    from rlbench.report.figures.files import (
        EnvironmentStatistics,
        draw_environments,
        draw_overview,
    )
    from rlbench.report.figures.published import draw_published

    stems = file_stems(analysis.groups.env for analysis in analyses)
    parts = [
        EnvironmentStatistics(stems[a.groups.env], a.groups, a.curves, a.times, a.reached)
        for a in analyses
    ]
    ratios = headline([ratio for analysis in analyses for ratio in analysis.ratios])
    pairs = {(ratio.env, label) for ratio in ratios for label in (ratio.dqn, ratio.es)}
    compared = [g for a in analyses for g in a.groups.groups if (g.env, g.label) in pairs]
    return draw_environments(parts) | draw_overview(ratios, compared) | draw_published()


def _page(
    analyses: Sequence[Analysis],
    examination: Examination,
    files: Mapping[str, bytes],
    problems: Sequence[str],
    directory: Path,
    out: Path,
    refresh: bool,
) -> dict[str, bytes]:
    # Late, as the figures are: `--help` sets no page.
    from rlbench.report.page.compose import PageInput, page_file
    from rlbench.report.page.model import EnvironmentData

    stems = file_stems(analysis.groups.env for analysis in analyses)
    data = [
        EnvironmentData(stems[a.groups.env], a.groups, a.curves, a.times, a.ratios)
        for a in analyses
    ]
    given = PageInput(data, examination, files, problems, directory, out)
    return page_file(given, refresh=refresh)
