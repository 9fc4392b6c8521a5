"""What the subcommands that read runs share on their command lines."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from rlbench.cli.parser import Parser
from rlbench.errors import ConfigError
from rlbench.reports.cost import EUROS_PER_CORE_HOUR, WATTS_PER_CORE

DEFAULT_DIRECTORY = Path("results/runs")


def runs_parser(
    name: str, description: str, examples: str, out: str, *, several: bool = False
) -> argparse.ArgumentParser:
    """The parser of `rlbench NAME [DIR] [--out DIR]`; `out` says what `--out` is.

    several: it takes any number of DIRs, as `directories`, which is empty where none is given.
    """
    parser = Parser(name, description, examples)
    parser.add_argument(
        "directories" if several else "directory",
        metavar="DIR",
        nargs="*" if several else "?",
        type=folder,
        default=[] if several else DEFAULT_DIRECTORY,
        help="where the runs are, at any depth"
        + (", in one directory or several" if several else "")
        + f" (default: {DEFAULT_DIRECTORY})",
    )
    parser.add_argument("--out", metavar="DIR", type=folder, help=out)
    return parser


def words_parser(name: str, usage: str, description: str, examples: str) -> argparse.ArgumentParser:
    """The parser of `rlbench NAME KEY=VALUE ... [--config-dir DIR]`; see `by_key`."""
    parser = Parser(name, description, examples, usage)
    parser.add_argument("words", nargs="*", metavar="KEY=VALUE", help=argparse.SUPPRESS)
    parser.add_argument("--config-dir", metavar="DIR", help="a folder of YAML files of yours")
    return parser


def by_key(name: str, words: Sequence[str]) -> dict[str, str]:
    """The values of the KEY=VALUE words of `rlbench NAME`.

    Raises ConfigError for another word, and for a key that is given twice.
    """
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise ConfigError(name, word, "KEY=VALUE words, such as env=CartPole-v1")
        if key in given:
            raise ConfigError(key, value, f"one value; {key}={given[key]} is given, too")
        given[key] = value
    return given


def folder(word: str) -> Path:
    """The path that a word of the command line is; an empty one would be the working directory."""
    if not word:
        raise argparse.ArgumentTypeError("got nothing, takes a folder (. is the working directory)")
    return Path(word)


def file(word: str) -> Path:
    """The path of a file that a word of the command line is."""
    if not word or "\0" in word:
        raise argparse.ArgumentTypeError("got nothing, takes a path")
    return Path(word)


def add_open(parser: argparse.ArgumentParser) -> None:
    """Add `--open` to a command line that makes a page; see `open_page`."""
    parser.add_argument("--open", action="store_true", help="open the page in a browser")


def add_rates(parser: argparse.ArgumentParser) -> None:
    """Add the options of `Rates` to a command line."""
    parser.add_argument(
        "--euros-per-core-hour",
        metavar="EUROS",
        type=_amount,
        default=EUROS_PER_CORE_HOUR,
        help="price of a core for an hour, for the cost of a run and of a solve (default: "
        f"{EUROS_PER_CORE_HOUR}, about the list price of a cloud vCPU-hour)",
    )
    parser.add_argument(
        "--watts-per-core",
        metavar="WATTS",
        type=_amount,
        default=WATTS_PER_CORE,
        help=f"power of a busy core (default: {WATTS_PER_CORE}, a 40-core server CPU of 270 W; "
        "memory, disks and cooling not counted)",
    )


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: takes a number from 0 up")
    return value
