"""`rlbench tensorboard`: event files of runs, named by what differs among them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rlbench.cli.arguments import runs_parser
from rlbench.tensorboard.convert import Parts, convert
from rlbench.tensorboard.runs import DIRECTORY
from rlbench.wording import plural

DESCRIPTION = """\
Write TensorBoard event files from the logs of every run below DIR: returns, episode lengths, the
agent's scalars and steps a second, over environment steps. Runs are named by what differs among
them, as in CartPole-v1/es sigma=0.02/seed1, and the HParams tab lists them with their settings and
how they ended. Files of these runs under older names are replaced.
With logger=tensorboard a run writes them itself while it goes on, named by its directory.
Of the policies that finished runs have kept (all that snapshots=true keeps, else the last one)
more is shown where it is asked for.
TensorBoard is no part of rlbench: pip install tensorboard."""
EXAMPLE = """\
examples:
  rlbench tensorboard results/runs --out results/tensorboard
  rlbench tensorboard results/runs --out results/tensorboard --histograms --graph --films
  tensorboard --logdir results/tensorboard"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done, problems are notes on stderr.

    Raises ReportError where there is no run, or no place for the files.
    """
    parser = runs_parser(
        "tensorboard",
        DESCRIPTION,
        EXAMPLE,
        f"where the event files go, which is for the runs of one DIR (default: DIR/{DIRECTORY})",
    )
    parser.add_argument(
        "--histograms", action="store_true", help="the distributions of each layer's parameters"
    )
    parser.add_argument(
        "--td-errors",
        action="store_true",
        help="the distribution of DQN's TD errors over an episode that each policy plays",
    )
    parser.add_argument("--graph", action="store_true", help="the network as a graph")
    parser.add_argument(
        "--films", action="store_true", help="an episode of each policy as a moving picture"
    )
    arguments = parser.parse_args(argv)
    written = convert(arguments.directory, arguments.out, _parts(arguments))
    place = arguments.out or arguments.directory / DIRECTORY
    print(f"{plural(written, 'run')} in {place}; see them with: tensorboard --logdir {place}")
    return 0


def _parts(arguments: argparse.Namespace) -> Parts | None:
    """What is asked for beside the rows of the logs; None: nothing."""
    names = ("histograms", "td_errors", "graph", "films")
    asked = [name for name in names if getattr(arguments, name)]
    if not asked:
        return None
    from rlbench.boards.parts import parts_of  # late, as it needs the environments

    return parts_of(asked)
