"""The front door: subcommands, and everything else to Hydra; every error in one line."""

from __future__ import annotations

import contextlib
import difflib
import errno
import io
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rlbench import __version__
from rlbench.errors import ConfigError, RlbenchError, RunError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
SUBCOMMANDS = {
    "report": "rlbench.cli.report",
    "claims": "rlbench.cli.claims",
    "tensorboard": "rlbench.cli.tensorboard",
    "envs": "rlbench.cli.envs",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run `rlbench` with the words `argv` (default: the command line's); the exit status."""
    for name in THREAD_VARIABLES:
        os.environ[name] = "1"  # read once, when NumPy is imported: so before anything does
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words and "=" not in words[0] and not words[0].startswith("-"):
            return _subcommand(words[0], words[1:])
        if "--version" in words:
            print(f"rlbench {__version__}")
            return 0
        return _hydra(words)
    except RlbenchError as error:
        return _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has gone, as in `rlbench envs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        return _fail(f"{error.filename or 'results_dir'}: {error.strerror}", 1)


def _subcommand(name: str, words: list[str]) -> int:
    import importlib

    if name not in SUBCOMMANDS:
        near = difflib.get_close_matches(name, SUBCOMMANDS, n=1)
        meant = f"; did you mean {near[0]}?" if near else " (see rlbench --help)"
        raise ConfigError("command", name, f"{', '.join(SUBCOMMANDS)}, or KEY=VALUE{meant}")
    return int(importlib.import_module(SUBCOMMANDS[name]).main(words) or 0)


def _hydra(words: list[str]) -> int:
    import hydra
    from hydra._internal.utils import get_args_parser
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException
    from hydra.types import RunMode
    from omegaconf.errors import OmegaConfBaseException

    from rlbench.config.source import conf_dir, register

    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that errors come here instead of being printed
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            arguments = get_args_parser().parse_args(words)
    except SystemExit:
        reason = complaint.getvalue().strip().rpartition("error: ")[2]
        raise ConfigError("command line", " ".join(words), f"KEY=VALUE words ({reason})") from None
    if arguments.experimental_rerun is not None:  # it unpickles the file
        raise ConfigError("--experimental-rerun", arguments.experimental_rerun, "nothing here")

    outcomes: list[int | Exception] = []

    def task(config: Any) -> None:
        """One run. In a single run nothing is raised, as Hydra would print lines of its own; a
        launcher of Hydra's own, perhaps in another process, is told by raising."""
        alone = HydraConfig.get().mode is not RunMode.MULTIRUN
        outcome = _one_run(config, alone)
        if alone:
            outcomes.append(outcome)
        elif isinstance(outcome, Exception):
            raise outcome
        elif outcome:
            raise RunError(f"the run ended with exit status {outcome}")

    register()
    front_door = hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")
    try:
        with _command_line(words):
            front_door(task)()
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        from rlbench.config.compose import known_keys
        from rlbench.config.errors import explain, is_hydras

        if not is_hydras(error):
            raise
        raise explain(error, words, lambda: known_keys(arguments.overrides)) from None
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
    return 0


def _one_run(config: Any, alone: bool) -> int | Exception:
    """The exit status of the run that `config` asks for, or what it raised. alone: this process
    is there for this run only, so that the time since its start is the run's."""
    from rlbench.config.compose import from_config

    try:
        settings = from_config(config)
        from rlbench.clock import Start
        from rlbench.harness.experiment import run

        return run(settings, Start.of_process() if alone else Start.now())
    except Exception as error:
        return error


@contextlib.contextmanager
def _command_line(words: list[str]) -> Iterator[None]:
    """Hydra reads `sys.argv`; lend it `words` for as long as it runs."""
    before, sys.argv = sys.argv, ["rlbench", *words]
    try:
        yield
    finally:
        sys.argv = before


def _fail(message: str, status: int) -> int:
    print(f"rlbench: {' '.join(message.split())}", file=sys.stderr)
    return status
