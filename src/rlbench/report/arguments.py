"""What the subcommands that read runs share on their command lines."""

from __future__ import annotations

import argparse
from pathlib import Path

DEFAULT_DIRECTORY = Path("results/runs")


def runs_parser(name: str, description: str, examples: str, out: str) -> argparse.ArgumentParser:
    """The parser of `rlbench NAME [DIR] [--out DIR]`; `out` says what `--out` is."""
    parser = argparse.ArgumentParser(
        prog=f"rlbench {name}",
        description=description,
        epilog=examples,
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
    parser.add_argument("--out", metavar="DIR", type=Path, help=out)
    return parser
