"""From words on the command line to `Settings`: no part of Hydra gets past this file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, flag_override
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from rlbench.checking import check
from rlbench.config.errors import (
    Keys,
    explain,
    is_hydras,
    keys_of,
    refuse_old_names,
    unknown_key,
)
from rlbench.config.folders import conf_dir, find_modules_beside, own_folder
from rlbench.config.origins import origins, words_of
from rlbench.config.refused import CHOICES, WRITES_NOTHING, refuse_words
from rlbench.config.source import CONFIG_NAME, OF_USER, VERSION_BASE, register
from rlbench.errors import ConfigError, UnknownKeyError
from rlbench.settings import AUTO, Origins, Settings

FOR_THE_WHOLE = ("experiment", "experiment_agent", "tuned", "namespace", "games")  # groups


class Composed(NamedTuple):
    """What words amount to, and the files of the user's own that have a part in it."""

    config: DictConfig
    files: Origins


Compose = Callable[[Sequence[str]], Composed]


def compose(overrides: Sequence[str], config_dir: Path | None = None) -> Settings:
    """The settings that `overrides` (KEY=VALUE words) amount to.

    config_dir: a folder of YAML files beside `conf`, as of --config-dir. Raises ConfigError: a bad
    key or value, or an environment that is not there.
    """
    refuse_words(overrides)
    compose_words = composer(config_dir)
    try:
        return from_config(compose_words(overrides))
    except Exception as error:  # what Hydra raises is not always a class that Hydra defines
        if not (isinstance(error, HydraException | OmegaConfBaseException) or is_hydras(error)):
            raise
        raise explain(error, overrides, lambda: known_keys(overrides, compose_words)) from None


def from_config(composed: Composed) -> Settings:
    """Checked settings from a composed configuration (without its `hydra` node)."""
    with composed.files.named():
        return _checked(composed).come_from(composed.files)


def _checked(composed: Composed) -> Settings:
    config, files = composed.config, composed.files.files
    try:
        values = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        key = error.full_key or ""
        place = files.get(key) or files.get(key.rpartition(".")[0], "")
        raise ConfigError(key, None, "a value, which is missing", place) from None
    except OmegaConfBaseException as error:  # an interpolation that leads nowhere
        raise explain(error, (), Keys) from None
    assert isinstance(values, dict)
    plain = {str(key): value for key, value in values.items()}
    for key in ("agent", "env"):
        if key not in plain:
            takes = "the keys of a whole configuration, agent and env among them"
            raise ConfigError("configuration", ", ".join(plain), takes)
        if isinstance(plain[key], str):  # only a file can say that: agent=NAME chooses a file
            takes = f"keys with values; `- override /{key}: {plain[key]}` under `defaults` chooses"
            raise ConfigError(key, plain[key], takes, files.get(key, ""))
    for group in FOR_THE_WHOLE:
        if group in plain:
            takes = (
                "a file of this group sets keys of the whole: # @package _global_ is its first line"
            )
            raise UnknownKeyError(group, plain[group], takes)
    refuse_old_names(plain)
    keys = keys_of(plain)
    plain["agent"] = _agent(plain.get("agent"))
    try:
        settings = check(Settings, plain)
    except UnknownKeyError as error:
        known = [name for name in keys.names if not f"{name}.".startswith(f"{error.key}.")]
        raise unknown_key(error.key, error.got, replace(keys, names=known)) from None
    from rlbench.envs.catalogue import find_spec  # imports Gymnasium, which --cfg needs not
    from rlbench.executors import check_executor

    find_spec(settings.env.id)
    check_executor(settings.executor.name)
    if settings.logger:
        from rlbench.trackers import check_loggers

        check_loggers(settings.logger)
    return settings


def executor_names() -> list[str]:
    """What `executor=` takes, executors of installed packages included."""
    from rlbench.executors import EXECUTORS

    return [AUTO, *EXECUTORS]


def known_keys(overrides: Iterable[str], compose_words: Compose) -> Keys:
    """All keys of the configuration under the choices of agent and the like in `overrides`; none
    where these cannot be composed. `compose_words` is what composes them."""
    choices = [word for word in overrides if _key(word) in CHOICES]
    try:
        config = compose_words(choices).config
        values = OmegaConf.to_container(config, resolve=False)
    except Exception as error:
        if not is_hydras(error):
            raise
        return Keys()
    assert isinstance(values, dict)
    keys = keys_of({str(key): value for key, value in values.items()})
    with contextlib.suppress(OmegaConfBaseException):  # the name may be made of other values
        return replace(keys, agent=str(OmegaConf.select(config, "agent.name") or ""))
    return keys


def sweep_composer(loader: ConfigLoader, master: DictConfig) -> Callable[[Sequence[str]], Settings]:
    """Composes the jobs of the sweep whose own configuration is `master`."""

    def compose_words(words: Sequence[str]) -> Composed:
        config = loader.load_sweep_config(master, list(words))
        with flag_override(config, ["struct", "readonly"], [False, False]):
            del config["hydra"]
        all_words = [*words_of(master.hydra.overrides.hydra), *words]
        return Composed(config, origins(loader, master.hydra.job.config_name, all_words))

    def compose_job(words: Sequence[str]) -> Settings:
        try:
            return from_config(compose_words(words))
        except (HydraException, OmegaConfBaseException) as error:
            raise explain(error, words, lambda: known_keys(words, compose_words)) from None

    return compose_job


def words_for_jobs(hydra: Any) -> list[str]:
    """What every process of the sweep is given besides its job's words: the flags that say where
    configurations are, the words that set Hydra itself, and that it is one run. hydra: that node of
    the configuration of the sweep, or of a job."""
    flags = []
    for source in hydra.runtime.config_sources:
        if source.provider == "command-line":
            flags += ["--config-dir", str(source.path)]
        elif source.provider == "main" and str(source.path) != str(conf_dir()):
            path = str(source.path)
            flags += ["--config-path", path if source.schema == "file" else f"pkg://{path}"]
    if hydra.job.config_name != CONFIG_NAME:
        flags += ["--config-name", str(hydra.job.config_name)]
    left_out = ("hydra.mode=", "hydra/launcher=", "hydra.launcher.", *WRITES_NOTHING)
    words = words_of(hydra.overrides.hydra)
    words = [word for word in words if not word.lstrip("+~").startswith(left_out)]
    return [*flags, *words, "hydra.mode=RUN"]


def composer(config_dir: Path | None) -> Compose:
    """Composes words as on the command line, where `config_dir` is what --config-dir names."""
    folder = own_folder() if config_dir is None else config_dir
    find_modules_beside(folder)
    return lambda overrides: _compose(overrides, folder)


def _compose(overrides: Sequence[str], folder: Path | None) -> Composed:
    register()
    with initialize_config_dir(version_base=VERSION_BASE, config_dir=str(conf_dir())):
        loader = GlobalHydra.instance().config_loader()
        if folder is not None:  # behind `conf` and before what installed packages bring
            path = loader.get_search_path()
            path.append(OF_USER, f"file://{folder}", SearchPathQuery("main"))
            assert isinstance(loader, ConfigLoaderImpl)
            loader.repository.initialize_sources(path)  # of which `origins` asks
        config = hydra_compose(CONFIG_NAME, list(overrides))
        return Composed(config, origins(loader, CONFIG_NAME, overrides))


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+~")


def _agent(values: Any) -> dict[str, Any]:
    """An agent's YAML, {name, _target_, **params}, as the fields of AgentSettings."""
    if not isinstance(values, dict):
        names = sorted(path.stem for path in (conf_dir() / "agent").glob("*.yaml"))
        raise ConfigError("agent", values, " or ".join(names))
    params = {str(key): value for key, value in values.items()}
    name, target = params.pop("name", None), params.pop("_target_", None)
    if target is None:
        raise ConfigError("agent._target_", None, "the import path of the agent's class")
    if not isinstance(target, str):
        raise ConfigError("agent._target_", target, "the import path of the agent's class")
    from rlbench.agents import AGENTS

    if isinstance(name, str) and name in AGENTS and target != AGENTS.import_path(name):
        takes = f"a name that no other agent has; agent={name} chooses the agent of that name"
        raise ConfigError("agent.name", name, takes)
    return {"name": name, "target": target, "params": params}
