"""`rlbench claims`: the popular claims, what was published, what was measured here, a verdict."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rlbench.analysis.groups import group_runs
from rlbench.claims.examine import Examination, examine
from rlbench.claims.files import claims_files
from rlbench.claims.text import examination_lines
from rlbench.cli.arguments import DEFAULT_DIRECTORY, runs_parser
from rlbench.cli.drawing import own_matplotlib
from rlbench.errors import ReportError
from rlbench.opening import is_directory
from rlbench.reports.output import add_files
from rlbench.runs.load import load_runs
from rlbench.wording import plural

MAX_WIDTH = 100

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
    parser.set_defaults(directories=[])  # only a DIR that is named has to be there
    arguments = parser.parse_args(argv)
    for directory in arguments.directories:
        if not is_directory(directory):
            raise ReportError(f"{directory}: no such directory")
    examination = examine_runs_below(*(arguments.directories or [DEFAULT_DIRECTORY]))
    width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
    for line in examination_lines(examination, max(width, 40)):
        print(line)
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
    loaded = load_runs(*directories)
    for problem in loaded.problems:
        print(f"note: {problem}", file=sys.stderr)
    return examine(group_runs(loaded.runs))
