"""`rlbench tensorboard`: event files of runs that were made without them."""

from __future__ import annotations

from collections.abc import Sequence

from rlbench.cli.arguments import runs_parser
from rlbench.tensorboard.convert import convert
from rlbench.tensorboard.runs import DIRECTORY
from rlbench.wording import plural

DESCRIPTION = """\
Write TensorBoard event files from the logs of every run below DIR: returns, episode lengths, the
agent's scalars and steps a second, over environment steps. With logger=tensorboard a run writes
them itself while it goes on. TensorBoard is no part of rlbench: pip install tensorboard."""
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
        f"where the event files go, in folders named as the runs' (default: DIR/{DIRECTORY})",
    )
    arguments = parser.parse_args(argv)
    written = convert(arguments.directory, arguments.out)
    place = arguments.out or arguments.directory / DIRECTORY
    print(f"{plural(written, 'run')} in {place}; see them with: tensorboard --logdir {place}")
    return 0
