"""`rlbench report`: the command line of the report."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence

from rlbench.cli.arguments import DEFAULT_DIRECTORY, add_open, add_rates, file, runs_parser
from rlbench.cli.browser import open_page, page_line
from rlbench.cli.drawing import own_matplotlib
from rlbench.harness.screen import for_terminal
from rlbench.reports.build import build_report
from rlbench.reports.cost import Rates
from rlbench.reports.page.films import FOUND

DESCRIPTION = """\
Draw figures, write tables and a web page (index.html, which needs nothing beside it) from every
run below one directory or several."""
EXAMPLES = """\
examples:
  rlbench report results/runs --out results/report --open
  rlbench report results/mine results/theirs     one report of all runs, in results/mine/report
  rlbench report --watch     again and again while a sweep runs; Ctrl-C ends it, exit status 130"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done, problems are notes on stderr.

    Raises ReportError where there is nothing to report, or no place for it.
    """
    parser = runs_parser(
        "report",
        DESCRIPTION,
        EXAMPLES,
        "where the report goes (default: report in the first DIR)",
        several=True,
    )
    add_open(parser)
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
    parser.add_argument(
        "--baseline",
        metavar="NAME",
        help="the agent, or one group of its runs as the report labels it, that all others are "
        "compared with (default: dqn where it was run)",
    )
    parser.add_argument(
        "--film",
        metavar="FILE",
        type=file,
        action="append",
        default=[],
        help="a film of `rlbench race` (MP4) that the page shows, where it is; several --film show "
        f"several. Those called {FOUND} in the folder of the report are shown without it",
    )
    parser.add_argument(
        "--figures",
        choices=("png", "svg"),
        help="write the figures beside the page only as such files (default: as both)",
    )
    add_rates(parser)
    arguments = parser.parse_intermixed_args(argv)
    if arguments.interval is not None and not arguments.watch:
        parser.error("--interval: goes with --watch")
    with own_matplotlib():
        return _report(arguments)


def _report(arguments: argparse.Namespace) -> int:
    rates = Rates(arguments.euros_per_core_hour, arguments.watts_per_core)
    directory, *others = arguments.directories or [DEFAULT_DIRECTORY]
    show = open_page if arguments.open else None
    if arguments.watch:
        from rlbench.reports.watch import INTERVAL_S, watch

        watch(
            directory,
            arguments.out,
            rates,
            arguments.interval or INTERVAL_S,
            others=others,
            show=show,
            baseline=arguments.baseline,
            films=arguments.film,
            figures=arguments.figures,
        )
    report = build_report(
        directory,
        arguments.out,
        rates,
        others=others,
        baseline=arguments.baseline,
        films=arguments.film,
        figures=arguments.figures,
    )
    for line in report.lines:
        print(for_terminal(line, sys.stdout))
    for problem in report.problems:
        print(for_terminal(f"note: {problem}", sys.stderr), file=sys.stderr)
    print(page_line(report.page))
    if show is not None:
        show(report.page)
    return 0


def _interval(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = math.nan
    if not 0.05 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"got {word}, takes seconds from 0.05 to 86400")
    return seconds
