"""`rlbench tensorboard`: event files of runs, named by what differs among them."""

from __future__ import annotations

from collections.abc import Sequence

from rlbench.cli.arguments import runs_parser
from rlbench.tensorboard.convert import convert
from rlbench.tensorboard.runs import DIRECTORY
from rlbench.wording import plural

DESCRIPTION = """\
Write TensorBoard event files from the logs of every run below DIR: returns, episode lengths, the
agent's scalars and steps a second, over environment steps. Runs are named by what differs among
them, as in CartPole-v1/es sigma=0.02/seed1, and the HParams tab lists them with their settings and
how they ended. Files of these runs under older names are replaced.
With logger=tensorboard a run writes them itself while it goes on, named by its directory.
TensorBoard is no part of rlbench: pip install tensorboard."""
EXAMPLE = """\
example:
  rlbench tensorboard results/runs --out results/tensorboard
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
    arguments = parser.parse_args(argv)
    written = convert(arguments.directory, arguments.out)
    place = arguments.out or arguments.directory / DIRECTORY
    print(f"{plural(written, 'run')} in {place}; see them with: tensorboard --logdir {place}")
    return 0
