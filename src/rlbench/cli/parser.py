"""The parser of every subcommand: a mistake is one line, as everywhere else."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from rlbench.errors import short


class Parser(argparse.ArgumentParser):
    """Names what is wrong and where help is, without the usage, which takes several lines."""

    def error(self, message: str) -> NoReturn:
        line = " ".join(map(short, message.split()))
        print(f"{self.prog}: {line} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)
