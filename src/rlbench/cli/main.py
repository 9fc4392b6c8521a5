"""`rlbench`: a subcommand, or else a run or a sweep; every error in one line."""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rlbench import __version__
from rlbench.cli.overview import SUBCOMMANDS
from rlbench.errors import ConfigError, RlbenchError, short
from rlbench.harness.threads import one_thread_each

if TYPE_CHECKING:
    from rlbench.settings import Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run `rlbench` with the words `argv` (default: the command line's); the exit status."""
    one_thread_each()  # before anything imports NumPy
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if not words:
            return _subcommand("help", [])
        if "=" not in words[0] and not words[0].startswith("-"):
            return _subcommand(words[0], words[1:])
        if "--help" in words or "-h" in words:
            from rlbench.cli.help import print_everything

            return print_everything(words)
        if "--version" in words:
            print(f"rlbench {__version__}")
            return 0
        return _run_or_sweep(words)
    except RlbenchError as error:
        return _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has ended, as in `rlbench envs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return _fail(f"{error.filename}: {error.strerror}", 2)
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        return _fail(f"{error.filename or 'results_dir'}: {error.strerror}", 1)


def _subcommand(name: str, words: list[str]) -> int:
    if name not in SUBCOMMANDS:
        near = difflib.get_close_matches(name, SUBCOMMANDS, n=1)
        meant = f"; did you mean {near[0]}?" if near else " (see rlbench --help)"
        raise ConfigError("command", name, f"{', '.join(SUBCOMMANDS)}, or KEY=VALUE{meant}")
    return int(importlib.import_module(SUBCOMMANDS[name]).main(words) or 0)


def _run_or_sweep(words: list[str]) -> int:
    from rlbench.config.command_line import run_with_hydra

    return run_with_hydra(words, run_one)


def run_one(settings: Settings, alone: bool) -> int:
    """One run, in a process that is there for it `alone` or for others, too; the exit status."""
    from rlbench.clock import Start
    from rlbench.harness.experiment import run
    from rlbench.nets.tensorflow_runtime import process_only_trains

    if alone:
        process_only_trains()
    return run(settings, Start.of_process() if alone else Start.now())


def _fail(message: str, status: int) -> int:
    print(f"rlbench: {' '.join(map(short, message.split()))}", file=sys.stderr)
    return status
