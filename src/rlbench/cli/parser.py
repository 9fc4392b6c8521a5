"""The parser of every subcommand: a mistake is one line, as everywhere else."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from rlbench.errors import short


class Parser(argparse.ArgumentParser):
    """The parser of `rlbench NAME USAGE`; its help ends with the examples, line by line.

    Names what is wrong and where help is, without the usage, which takes several lines.
    """

    def __init__(self, name: str, description: str, examples: str, usage: str = "") -> None:
        prog = f"rlbench {name}"
        super().__init__(
            prog=prog,
            usage=f"{prog} {usage}" if usage else None,
            description=description,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        line = " ".join(map(short, message.split()))
        print(f"{self.prog}: {line} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)
