"""The words of a command line through Hydra: one run, a sweep with `-m`, and `--cfg`."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import hydra
from hydra import version
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rlbench.config.folders import (
    conf_dir,
    config_folder,
    find_modules_beside,
    own_folder,
    passed_over,
    search_folders,
)
from rlbench.config.refused import WRITES_NOTHING, refuse_config_name, refuse_words
from rlbench.config.source import CONFIG_NAME, OF_USER, VERSION_BASE, register
from rlbench.errors import ConfigError, RlbenchError

if TYPE_CHECKING:
    from rlbench.settings import Auto, Settings

RunOne = Callable[["Settings"], int]
RunGuest = Callable[[Sequence[str], "Auto | int", Path], None]
Answer = Callable[[Sequence[Path], Path], Sequence[str]]


def run_with_hydra(
    words: Sequence[str], run: RunOne, run_guest: RunGuest, answer: Answer | None = None
) -> int:
    """Do what `words` ask for; returns the exit status.

    run: called with the settings of the run that this process is there for; returns the exit
    status. run_guest: called where a launcher of another package has put a job of a sweep, with the
    words of its run, its cores and the folder that the sweep was started in. answer: what is
    printed at the end of a sweep (see `rlbench.sweeps.closing`); None: the usual lines.
    Raises ConfigError for words that Hydra does not take.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that errors come here instead of being printed
    line = _sorted(words)
    overrides, folder = line.overrides, line.folder
    if folder is not None and folder == own_folder() and str(folder) not in words:
        print(f"note: the files in {folder} are used, too", file=sys.stderr)
    if folder is not None and "hydra.mode=RUN" not in overrides:  # a job's sweep has said so
        for file in passed_over(folder):
            why = "as rlbench has one of this name; a file in experiment/ can set the same keys"
            print(f"note: {file} is not used, {why}", file=sys.stderr)
    refuse_words(overrides)
    register()
    task = Task(run, run_guest, answer)
    mode = line.mode()
    try:
        if mode is None:
            _leave_to_hydra(task, line)
        else:
            _compose_once(task, line, mode)
    except SystemExit as ended:  # Hydra has said why
        if not ended.code:  # --hydra-help
            raise
        return 2
    except Exception as error:
        from rlbench.config.compose import composer, known_keys
        from rlbench.config.errors import explain, is_hydras

        if isinstance(error, RlbenchError) or not is_hydras(error):
            raise
        raise explain(error, words, lambda: known_keys(overrides, composer(folder))) from None
    if isinstance(task.outcome, Exception):
        raise task.outcome
    return task.outcome


def values_under(words: Sequence[str]) -> tuple[dict[str, Any], Path | None]:
    """What each key is set to under `words`, of a sweep in its first job, and the folder of
    --config-dir. Raises ConfigError for words that are not taken."""
    from rlbench.config.compose import composer, known_keys
    from rlbench.config.errors import explain, flat

    parser = OverridesParser.create()
    given, _, folder, _ = _sorted([word for word in words if word not in ("-m", "--multirun")])
    refuse_words(given)
    compose_words = composer(folder)
    try:
        parsed = parser.parse_overrides(given)
        first = [
            f"{override.key_or_group}={next(iter(override.sweep_string_iterator()))}"
            if override.is_sweep_override()
            else word
            for word, override in zip(given, parsed, strict=True)
        ]
        values = OmegaConf.to_container(compose_words(first).config, resolve=True)
        assert isinstance(values, dict)
    except (HydraException, OmegaConfBaseException) as error:
        raise explain(error, given, lambda: known_keys(given, compose_words)) from None
    return {key: value for key, value in flat(values) if not isinstance(value, dict)}, folder


class Task:
    """What Hydra calls with a composed configuration.

    outcome: of a single run, its exit status or what it raised, which Hydra must not see, as it
    would print lines about it. A launcher of another package runs a sweep's jobs, perhaps in other
    processes, to which this is pickled, and learns of failures by an exception. answer: for the end
    of a sweep.
    """

    def __init__(self, run: RunOne, run_guest: RunGuest, answer: Answer | None = None) -> None:
        self._run, self._run_guest, self.answer = run, run_guest, answer
        self._directory = Path.cwd()
        self.outcome: int | Exception = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "answer": None}  # no job has a use for it

    def __call__(self, config: DictConfig) -> None:
        hydra = HydraConfig.get()
        if hydra.mode is RunMode.MULTIRUN:
            from rlbench.config.compose import words_for_jobs
            from rlbench.config.origins import words_of

            words = [*words_for_jobs(hydra), *words_of(hydra.overrides.task)]
            self._run_guest(words, config.cores, self._directory)
            return
        try:
            self.outcome = self._run_one(config)
        except Exception as error:
            self.outcome = error

    def _run_one(self, config: DictConfig) -> int:
        from rlbench.config.compose import Composed, from_config
        from rlbench.config.origins import origins, words_of

        hydra = HydraConfig.get()
        words = [*words_of(hydra.overrides.hydra), *words_of(hydra.overrides.task)]
        files = origins(GlobalHydra.instance().config_loader(), hydra.job.config_name, words)
        return self._run(from_config(Composed(config, files)))


class _Line(NamedTuple):
    """A command line: its KEY=VALUE words, its flags with their values, the folder of --config-dir
    (its own, or the one in the working directory), and what Hydra's parser makes of it all."""

    overrides: list[str]
    flags: list[str]
    folder: Path | None
    arguments: argparse.Namespace

    def mode(self) -> RunMode | None:
        """Whether one run or a sweep is asked for. None where it takes Hydra to say that: something
        else is asked for, or a file may be what asks, as some in experiment/ are."""
        given = {name for name, value in vars(self.arguments).items() if value}
        if given - {"overrides", "multirun", "config_dir"}:
            return None
        may_say = ("hydra", "experiment")
        asks = [word for word in self.overrides if word.lstrip("+~").startswith(may_say)]
        modes = [word for word in asks if "hydra.mode" in word]
        if self.arguments.multirun:
            return None if modes else RunMode.MULTIRUN
        if modes == ["hydra.mode=RUN"]:
            return RunMode.RUN
        return None if asks or search_folders(self.folder) != [conf_dir()] else RunMode.RUN


def _leave_to_hydra(task: Task, line: _Line) -> None:
    """Hydra composes everything once to learn the mode alone, and then again."""
    start = hydra.main(str(conf_dir()), CONFIG_NAME, version_base=VERSION_BASE)(task)
    with _command_line([*line.overrides, *WRITES_NOTHING, *line.flags]):
        start()


def _compose_once(task: Task, line: _Line, mode: RunMode) -> None:
    """What `hydra.main` does once the mode is known."""
    path = create_config_search_path(str(conf_dir()))
    if line.arguments.config_dir is not None:
        folder = Path(line.arguments.config_dir).absolute()
        path.prepend(OF_USER, f"file://{folder}", SearchPathQuery(provider="schema"))
    version.setbase(VERSION_BASE)
    loaded = Hydra.create_main_hydra2("command_line", path)
    start = loaded.run if mode is RunMode.RUN else loaded.multirun
    try:
        with _command_line([*line.overrides, *line.flags]):
            start(CONFIG_NAME, task, [*line.overrides, *WRITES_NOTHING, f"hydra.mode={mode.name}"])
    finally:
        GlobalHydra.instance().clear()


class _Word(str):
    """A word of the command line: another one that reads the same is not this one."""


def _sorted(words: Sequence[str]) -> _Line:
    """`words` by what they are: Hydra takes KEY=VALUE words in one piece only.

    Raises ConfigError for flags that are not taken, and for a folder that is not there.
    """
    parser, complaint = get_args_parser(), io.StringIO()
    parser.allow_abbrev = False
    try:
        with contextlib.redirect_stderr(complaint):
            arguments = parser.parse_intermixed_args(given := [_Word(word) for word in words])
    except SystemExit:
        reason = complaint.getvalue().strip().rpartition("error: ")[2]
        raise ConfigError("command line", " ".join(words), f"KEY=VALUE words ({reason})") from None
    if arguments.experimental_rerun is not None:
        takes = "nothing: it is not supported, as it would unpickle the file"
        raise ConfigError("--experimental-rerun", arguments.experimental_rerun, takes)
    if arguments.shell_completion:
        takes = "nothing: `rlbench completion bash` prints what a shell needs"
        raise ConfigError("--shell-completion", " ".join(arguments.overrides), takes)
    refuse_config_name(arguments.config_name)
    if arguments.package is not None and arguments.cfg is None:
        raise ConfigError("--package", arguments.package, "no value without --cfg")
    if "--" in words:  # Hydra's parser would take what follows otherwise than this one
        raise ConfigError("command line", "--", "KEY=VALUE words and flags, with nothing between")
    taken = {id(word) for word in arguments.overrides}  # the value of a flag may read the same
    overrides = [str(word) for word in arguments.overrides]
    flags = [str(word) for word in given if id(word) not in taken]
    overrides = [_one_list(word) for word in overrides]
    if arguments.multirun and arguments.cfg is None:
        overrides = [_for_the_jobs(word) for word in overrides]
    if arguments.config_dir is not None:
        named = config_folder("--config-dir", arguments.config_dir)
        find_modules_beside(named)
        return _Line(overrides, flags, named, arguments)
    own = own_folder()
    find_modules_beside(own)
    if own is not None:
        flags += ["--config-dir", str(own)]
        arguments.config_dir = str(own)
    return _Line(overrides, flags, own, arguments)


def _one_list(word: str) -> str:
    """`logger=A,B` as the list that it means: no two runs differ in it."""
    key, _, value = word.partition("=")
    return f"{key}=[{value}]" if key == "logger" and "," in value and "[" not in value else word


def _for_the_jobs(word: str) -> str:
    """`agent.KEY=VALUE` of a sweep as a choice of one value, anything else as it is.

    Hydra puts single values into a configuration of the whole sweep first, whose agent is the
    default one where the sweep is over agents, and which need not have the key.
    """
    try:
        override = OverridesParser.create().parse_override(word)
    except HydraException:
        return word  # what is wrong with it is said later
    if override.is_sweep_override() or override.is_delete():
        return word
    key, _, value = word.partition("=")
    chosen = value and key.lstrip("+").startswith("agent.")
    return f"{key}=choice({value})" if chosen else word


@contextlib.contextmanager
def _command_line(words: Sequence[str]) -> Iterator[None]:
    """Hydra reads `sys.argv`, and a run keeps it: it holds `words` for as long as Hydra runs."""
    before, sys.argv = sys.argv, ["rlbench", *words]
    try:
        yield
    finally:
        sys.argv = before
