"""Where configurations come from: the folder `conf`, and what no file there answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import DictConfig, OmegaConf

from rlbench.agents import AGENTS, with_algorithm
from rlbench.config.packages import agent_config, conf_folders

VERSION_BASE = "1.3"  # of Hydra, whose habits differ from one to the next
CONFIG_NAME = "config"
OF_USER = "command-line"  # what Hydra calls the folder of --config-dir


class FallbackSource(ConfigSource):
    """Answers what neither `conf` nor --config-dir has: with the YAML files of installed packages,
    then as `_answer` says. It stands last in the search path.

    Whether Gymnasium knows an id is checked later, when the whole configuration is there.
    """

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(provider, path)
        self._folders = conf_folders()

    @staticmethod
    def scheme() -> str:
        return "rlbench"

    def load_config(self, config_path: str) -> ConfigResult:
        file, own = self._file(config_path), own_tuned(config_path)
        if file is not None:
            config, header = OmegaConf.load(file), self._get_header_dict(file.read_text())
        elif own:
            config, header = _merged(own), self._get_header_dict("")
        elif (answer := _answer(config_path)) is not None:
            config, header = OmegaConf.create(answer), self._get_header_dict("")
        else:
            raise ConfigLoadError(f"Config not found : {config_path}")
        return ConfigResult(
            provider=self.provider, path=self.full_path(), config=config, header=header
        )

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return any((folder / config_path).is_dir() for folder in self._folders) or (
            config_path.rstrip("/") in ("agent", "env", "executor", "tuned", "namespace", "own")
        )

    def is_config(self, config_path: str) -> bool:
        if self._file(config_path) is not None or own_tuned(config_path):
            return True
        group, _, name = config_path.removesuffix(".yaml").partition("/")
        if group == "agent":  # without importing the agent
            return with_algorithm(name)[0] in AGENTS
        return _answer(config_path) is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        # Environments are listed by `rlbench envs`; --help stays free of the import of Gymnasium.
        found = set(AGENTS) if config_path.rstrip("/") == "agent" else set()
        for folder in self._folders:
            found |= {file.stem for file in (folder / config_path).glob("*.yaml")}
        return sorted(found)

    def _file(self, config_path: str) -> Path | None:
        name = config_path.removesuffix(".yaml") + ".yaml"
        files = (folder / name for folder in self._folders)
        return next((file for file in files if file.is_file()), None)


def register() -> None:
    """Make the source known to Hydra; to be called before anything is composed."""
    Plugins.instance().register(FallbackSource)


def own_tuned(config_path: str) -> list[Path]:
    """The files of the user's own behind `own/<agent>/<id>`, later ones winning: what is tuned for
    the namespace of the id, for the id, and of an agent of several algorithms for this one alone
    (`tuned/sb3-PPO/<id>.yaml`). Here they win over what rlbench has tuned."""
    group, _, name = config_path.removesuffix(".yaml").partition("/")
    agent, _, env_id = name.partition("/")
    if group != "own" or not env_id:
        return []
    bare_id = env_id.rpartition(":")[2]
    agents = dict.fromkeys([with_algorithm(agent)[0], agent.replace(":", "-")])
    namespace = bare_id.rpartition("/")[0]
    names = [f"{agent}/{env}.yaml" for agent in agents for env in (namespace, bare_id) if env]
    files = [Path(folder, "tuned", name) for folder in _own_folders() for name in names]
    return [file for file in files if file.is_file()]


def _own_folders() -> list[Path]:
    """The folder that --config-dir names, in the search path that Hydra goes through now."""
    if not GlobalHydra.instance().is_initialized():
        return []
    places = GlobalHydra.instance().config_loader().get_search_path().get_path()
    return [
        Path(str(place.path).removeprefix("file://"))
        for place in places
        if place.provider == OF_USER
    ]


def _merged(files: list[Path]) -> DictConfig:
    config = OmegaConf.merge(*map(OmegaConf.load, files))
    assert isinstance(config, DictConfig)
    return config


def _answer(config_path: str) -> dict[str, Any] | None:
    """What there is at a path that no file answers; None where there is nothing.

    agent/<name>: the agent of an installed package, with the defaults of its settings.
    agent/<name>:<algorithm>: what `agent/<name>` says, with this algorithm. What is tuned for it is
    that for `<name>`, and so is what an experiment sets.
    env/<id>: {id: <id>}.
    executor/<name>: {name: <name>}.
    env/<package>:<id>: what `env/<id>` says, with this id.
    tuned/<agent>/<package>:<id>: what `tuned/<agent>/<id>` says, if it is there.
    namespace/<agent>/<namespace>/<name>: what `tuned/<agent>/<namespace>` says, if it is there:
    settings for every `ALE/...`, say.
    """
    group, _, name = config_path.removesuffix(".yaml").partition("/")
    if group == "agent":
        return _agent(name)
    if group == "executor":  # whether there is one is checked later, too
        return {"name": name} if name else None
    if group == "env":
        return _env(name) if name else None
    if group == "experiment_agent":
        experiment, _, agent = name.partition("/")
        base, algorithm = with_algorithm(agent)
        return _if_there(f"{group}/{experiment}", base) if algorithm else None
    agent, _, env_id = name.partition("/")
    agent, algorithm = with_algorithm(agent)
    if group == "tuned" and algorithm:
        return _if_there("tuned", f"{agent}/{env_id}")
    package, _, bare_id = env_id.rpartition(":")
    namespace = bare_id.rpartition("/")[0]
    if group == "tuned" and package:
        return _if_there("tuned", f"{agent}/{bare_id}")
    if group == "namespace" and namespace:
        return _if_there("tuned", f"{agent}/{namespace}")
    return None


def _env(env_id: str) -> dict[str, Any]:
    package, _, bare_id = env_id.rpartition(":")
    if not package:
        return {"id": env_id}
    return {"defaults": [f"/env/{bare_id}@_here_", "_self_"], "id": env_id}


def _agent(name: str) -> dict[str, Any] | None:
    agent, algorithm = with_algorithm(name)
    if agent not in AGENTS:
        return None
    if not algorithm:
        return agent_config(agent)
    return {"defaults": [f"/agent/{agent}@_here_", "_self_"], "algorithm": algorithm}


def _if_there(group: str, name: str) -> dict[str, Any]:
    return {"defaults": [{f"optional /{group}@_here_": [name]}]}
