"""`rlbench`: a subcommand, or else a run or a sweep; every error in one line."""

from __future__ import annotations

import atexit
import contextlib
import difflib
import errno
import importlib
import os
import sys
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rlbench import __version__
from rlbench.cli.overview import SUBCOMMANDS
from rlbench.cli.streams import steady_streams
from rlbench.errors import ConfigError, RlbenchError, short
from rlbench.harness.threads import one_thread_each
from rlbench.signals import Stops, end_with_launcher, ignore_stops

if TYPE_CHECKING:
    from rlbench.settings import Auto, Settings

EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run `rlbench` with the words `argv`; the exit status.

    Default: the command line's, in a process that is there for them alone and ends with this.
    """
    alone, status = argv is None, EXIT_INTERRUPTED
    with Stops() as stops:
        try:
            end_with_launcher()
            one_thread_each()  # before anything imports NumPy
            if alone:
                atexit.register(ignore_stops)  # the last of them: then Python forgets its handlers
                _quiet_libraries()
            status = _main(list(sys.argv[1:] if argv is None else argv), stops, alone)
        except KeyboardInterrupt:
            pass
        except Exception:  # what a stop has left behind in code that was not made for it
            if not stops.raised:
                raise
        except SystemExit as end:
            if not (alone and (end.code is None or isinstance(end.code, int))):
                raise
            status = end.code or 0
        if alone:
            stops.end_with(status)
            main_thread = threading.main_thread()
            threads = any(not t.daemon and t is not main_thread for t in threading.enumerate())
            if threads or status == EXIT_INTERRUPTED:
                _end_at_once(status)
    return status


def _end_at_once(status: int) -> NoReturn:
    """End the process as Python would, but for two things that it does then. It waits for threads
    that an environment or an agent has left. And after a KeyboardInterrupt in code that `exec` ran,
    as dataclasses do, it ends as if SIGINT had killed it, though that was caught long ago."""
    try:
        atexit._run_exitfuncs()  # what the libraries have to tidy up
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(status)


def _main(words: list[str], stops: Stops, alone: bool) -> int:
    """What the words ask for; then, in a process that is there for it `alone`, `stops` change the
    exit status no more."""
    reads = _is_read(words)
    with steady_streams(waits=reads) as output:
        try:
            status = _command(words, stops)
        except SystemExit as end:  # as --help of a subcommand
            if output.lost() is None:
                raise
            status = int(bool(end.code))
        lost = output.lost()
        if lost is not None:
            line = f"standard output: cannot be written: {lost.strerror}"
            status = max(status, _fail(line, 1 if reads else 0))
        if alone:
            stops.end_with(status)
        return status


def _command(words: list[str], stops: Stops) -> int:
    """Do what the words ask for; an error is printed, where it is not a stop in other words. The
    exit status."""
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
        if stops.raised:
            return EXIT_INTERRUPTED
        return _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except MemoryError as error:
        return _fail(f"not enough memory{f': {error}' if str(error) else ''}", 1)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return _fail(f"{error.filename}: {error.strerror}", 2)
        return _fail(f"{error.filename or 'results_dir'}: {error.strerror or error}", 1)


def _is_read(words: list[str]) -> bool:
    """Whether what the words ask for is to be read, and not a run, which goes on without."""
    first = words[0] if words else ""
    options = any(word.startswith("--") and word != "--multirun" for word in words)
    command = "=" not in first and not first.startswith("-") and first not in ("compare", "tune")
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

    return run_with_hydra(words, run_one, run_guest)


def run_one(settings: Settings) -> int:
    """One run, in a process that is there for it alone; the exit status."""
    from rlbench.clock import Start
    from rlbench.harness.experiment import run
    from rlbench.nets.tensorflow_runtime import process_only_trains

    process_only_trains()
    return run(settings, Start.of_process())


def run_guest(words: Sequence[str], cores: Auto | int, directory: Path) -> None:
    """A job of a sweep that a launcher of another package has put on this machine."""
    from rlbench.sweeps.guest import run_guest as run

    run(words, cores, directory)


def _quiet_libraries() -> None:
    """Numbers that overflow are named by the run itself, in one line; libraries warn of them beside
    it, in this process and in workers. `python -W` and PYTHONWARNINGS still have their say."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        os.environ["PYTHONWARNINGS"] = "ignore"


def _fail(message: str, status: int) -> int:
    print(f"rlbench: {' '.join(map(short, message.split()))}", file=sys.stderr)
    return status
