"""`rlbench claims`: the popular claims, what was published, what was measured here, a verdict."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from rlbench.analysis.groups import group_runs
from rlbench.claims.examine import Examination, examine
from rlbench.claims.files import claims_files
from rlbench.claims.statements import family_of
from rlbench.claims.text import examination_lines
from rlbench.cli.arguments import DEFAULT_DIRECTORY, runs_parser
from rlbench.cli.drawing import own_matplotlib
from rlbench.errors import ReportError
from rlbench.opening import no_directory
from rlbench.published.papers import popular_factor, popular_times
from rlbench.reports.output import add_files, check_place
from rlbench.runs.load import load_runs
from rlbench.runs.records import Run
from rlbench.scaling.measured import read_measured
from rlbench.scaling.need import machine_of, need_line
from rlbench.wording import plural

MAX_WIDTH = 100
MOST_TRIED = 20  # runs whose files may be unusable for a model

DESCRIPTION = """\
State two popular claims about evolution strategies, what the paper behind them reported, what the
runs below the DIRs measured, and whether they support the claims. Without runs the published part
is shown all the same. The rule by which a verdict is reached is in docs/claims.md."""
EXAMPLE = """\
examples:
  rlbench claims                                  with the runs in results/runs
  rlbench claims results/reference --out claims   also claims.json, claims.csv and two figures"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done, also without runs.

    Raises ReportError where a DIR is named and absent, or the files have no place.
    """
    parser = runs_parser(
        "claims", DESCRIPTION, EXAMPLE, "write claims.json, claims.csv and figures there",
        several=True,
    )  # fmt: skip
    arguments = parser.parse_intermixed_args(argv)
    for directory in arguments.directories:  # only one that is named has to be there
        missing = no_directory(directory)
        if missing is not None:
            raise ReportError(f"{directory}: {missing}")
    if arguments.out is not None:
        check_place(arguments.out)
    runs = _runs_below(*(arguments.directories or [DEFAULT_DIRECTORY]))
    examination = examine(group_runs(runs))
    width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
    for line in examination_lines(examination, max(width, 40)):
        print(line)
    needed = _more_workers(runs)
    if needed:
        print("\n" + textwrap.fill(needed, max(width, 40)))
    if arguments.out is not None:
        files = claims_files(examination)
        with own_matplotlib():
            # Late: drawing takes half a second to import.
            from rlbench.reports.figures.draw import draw_claims

            drawing = draw_claims(examination)
        for figure in drawing.figures:
            files |= figure.files
        for problem in drawing.problems:
            print(f"note: {problem}", file=sys.stderr)
        written = add_files(arguments.out, files)
        print(f"\n{plural(len(written), 'file')} in {arguments.out}")
    return 0


def examine_runs_below(*directories: Path) -> Examination:
    """Hold the claims against every run below the directories, which need not exist. What cannot
    be used of the runs is named on stderr.
    """
    return examine(group_runs(_runs_below(*directories)))


def _runs_below(*directories: Path) -> tuple[Run, ...]:
    present = [directory for directory in directories if no_directory(directory) is None]
    if not present:
        return ()
    loaded = load_runs(*present)
    for problem in loaded.problems:
        print(f"note: {problem}", file=sys.stderr)
    return loaded.runs


def _more_workers(runs: Sequence[Run]) -> str:
    """What ES would need to turn the claim's day into its hour: by its longest run on an Atari
    game, else on a robot, else on anything. Empty where no run can be modelled."""
    if importlib.util.find_spec("simpy") is None:
        return ""
    rank = {"atari": 2, "robotics": 1, "other": 0}
    found = [run for run in runs if run.agent == "es"]
    found.sort(key=lambda run: (rank[family_of(run.env)], run.end.train_s), reverse=True)
    for run in found[:MOST_TRIED]:
        try:
            measured = read_measured(run.directory, machine_of(run))
        except ReportError:
            continue
        slow, fast = popular_times("atari")
        return need_line(measured, popular_factor("atari"), slow, fast)
    return ""
