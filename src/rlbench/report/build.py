"""`rlbench report`: from a directory of runs to figures and tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rlbench.report.claims.examine import examine
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
from rlbench.report.output import ReportError, write_files
from rlbench.report.summary import summary_lines
from rlbench.report.tables import curves_table, level_times_table, runs_table, speed_ratio_table
from rlbench.report.timing import LevelTime, SpeedRatio, headline, level_times, speed_ratios

DEFAULT_DIRECTORY = Path("results/runs")


@dataclass(frozen=True)
class Report:
    """What was made of a directory of runs."""

    files: tuple[Path, ...]
    problems: tuple[str, ...]  # one line each
    lines: tuple[str, ...]  # the summary to print


@dataclass(frozen=True)
class Analysis:
    """One environment's statistics."""

    groups: EnvironmentGroups
    curves: tuple[Curve, ...]
    times: tuple[LevelTime, ...]
    ratios: tuple[SpeedRatio, ...]


def build_report(directory: Path, out: Path | None = None) -> Report:
    """Load every run below `directory` and write figures (PNG, SVG) and tables (CSV).

    Args:
        directory: searched at any depth for run directories.
        out: where the files go; `directory/report` where None.

    Raises:
        ReportError: the directory is absent, holds no run, or `out` cannot be written.
    """
    out = directory / "report" if out is None else out
    if not directory.is_dir():
        raise ReportError(f"{directory}: no such directory")
    loaded = load_runs(directory, skip=out)
    if not loaded.runs:
        found = (
            f"none of the {plural(loaded.found, 'run')} can be used"
            if loaded.found
            else ("no run found (no run.json at any depth)")
        )
        detail = f"; the first: {loaded.problems[0]}" if loaded.problems else ""
        raise ReportError(f"{directory}: {found}{detail}")
    environments = group_runs(loaded.runs)
    analyses = [analyse(environment) for environment in environments]
    notes = [
        note
        for environment in environments
        for note in (*budget_notes(environment), *incomparable_notes(environment))
    ]
    ratios = [ratio for analysis in analyses for ratio in analysis.ratios]
    examination = examine(environments, ratios)
    files = _tables(analyses) | claims_files(examination) | _figures(analyses)
    written = write_files(out, files)
    lines = [
        line
        for analysis in analyses
        for line in summary_lines(analysis.groups, analysis.times, analysis.ratios)
    ]
    lines += verdict_lines(examination)
    failures = [
        f"{run.path}: failed{': ' + str(run.facts['error']) if run.facts.get('error') else ''}"
        for run in loaded.runs
        if run.status == "failed"
    ]
    notes += contention_notes(loaded.runs)
    return Report(tuple(written), (*loaded.problems, *failures, *notes), tuple(lines))


def analyse(environment: EnvironmentGroups) -> Analysis:
    """All statistics of one environment."""
    return Analysis(
        groups=environment,
        curves=tuple(environment_curves(environment)),
        times=tuple(level_times(environment)),
        ratios=tuple(speed_ratios(environment)),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done (problems are notes on stderr), 2 nothing to report or no place."""
    parser = argparse.ArgumentParser(
        prog="rlbench report",
        description="Draw figures and write tables from every run below a directory.",
        epilog="example: rlbench report results/runs --out results/report",
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
    arguments = parser.parse_args(argv)
    try:
        report = build_report(arguments.directory, arguments.out)
    except ReportError as error:
        print(f"rlbench report: {error}", file=sys.stderr)
        return 2
    for line in report.lines:
        print(line)
    for problem in report.problems:
        print(f"note: {problem}", file=sys.stderr)
    place = report.files[0].parent
    print(f"{plural(len(report.files), 'file')} in {place}")
    return 0


def _tables(analyses: Sequence[Analysis]) -> dict[str, bytes]:
    return {
        "runs.csv": runs_table([a.groups for a in analyses]).encode("utf-8", "replace"),
        "time_to_threshold.csv": level_times_table(t for a in analyses for t in a.times).encode(
            "utf-8", "replace"
        ),
        "speed_ratio.csv": speed_ratio_table(r for a in analyses for r in a.ratios).encode(
            "utf-8", "replace"
        ),
        "curves.csv": curves_table(c for a in analyses for c in a.curves).encode(
            "utf-8", "replace"
        ),
    }


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
        EnvironmentStatistics(stems[a.groups.env], a.groups, a.curves, a.times) for a in analyses
    ]
    ratios = headline([ratio for analysis in analyses for ratio in analysis.ratios])
    pairs = {(ratio.env, label) for ratio in ratios for label in (ratio.dqn, ratio.es)}
    compared = [g for a in analyses for g in a.groups.groups if (g.env, g.label) in pairs]
    return draw_environments(parts) | draw_overview(ratios, compared) | draw_published()
