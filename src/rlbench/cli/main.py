"""`rlbench`: a subcommand, or else a run or a sweep; every error in one line."""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rlbench import __version__
from rlbench.cli.overview import SUBCOMMANDS
from rlbench.cli.streams import steady_streams
from rlbench.errors import ConfigError, RlbenchError, short
from rlbench.harness.threads import one_thread_each
from rlbench.signals import Stops, end_with_launcher

if TYPE_CHECKING:
    from rlbench.settings import Settings

EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run `rlbench` with the words `argv` (default: the command line's); the exit status."""
    try:
        with Stops() as stops:
            try:
                end_with_launcher()
                one_thread_each()  # before anything imports NumPy
                if argv is None:
                    _quiet_libraries()
                return _main(list(sys.argv[1:] if argv is None else argv))
            finally:
                if argv is None:
                    stops.ignore()  # what is left is to end with the right exit status
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _main(words: list[str]) -> int:
    with steady_streams() as output:
        try:
            status = _command(words)
        except SystemExit as end:  # as --help of a subcommand
            if output.lost() is None:
                raise
            status = int(bool(end.code))
        lost = output.lost()
        if lost is not None:
            line = f"standard output: cannot be written: {lost.strerror}"
            status = max(status, _fail(line, 1 if _is_read(words) else 0))
        return status


def _command(words: list[str]) -> int:
    """Do what the words ask for; an error is printed. The exit status."""
    try:
        _check_working_directory()
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
        return EXIT_INTERRUPTED
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return _fail(f"{error.filename}: {error.strerror}", 2)
        return _fail(f"{error.filename or 'results_dir'}: {error.strerror or error}", 1)


def _is_read(words: list[str]) -> bool:
    """Whether what the words ask for is to be read, and not a run, which goes on without."""
    first = words[0] if words else ""
    options = any(word.startswith("--") and word != "--multirun" for word in words)
    command = "=" not in first and not first.startswith("-") and first != "compare"
    return options or command or not {"dry_run=true", "dry_run=quick"}.isdisjoint(words)


def _check_working_directory() -> None:
    try:
        Path.cwd()
    except OSError as error:
        takes = f"a folder that is there ({error.strerror})"
        raise ConfigError("the working directory", os.environ.get("PWD"), takes) from error


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


def _quiet_libraries() -> None:
    """Numbers that overflow are named by the run itself, in one line; libraries warn of them beside
    it, in this process and in workers. `python -W` and PYTHONWARNINGS still have their say."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        os.environ["PYTHONWARNINGS"] = "ignore"


def _fail(message: str, status: int) -> int:
    print(f"rlbench: {' '.join(map(short, message.split()))}", file=sys.stderr)
    return status
