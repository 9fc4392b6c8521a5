"""Where configurations come from: the folder `conf`, and what no YAML file answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import OmegaConf

from rlbench.agents import AGENTS
from rlbench.config.packages import agent_config

GROUPS = ("agent", "env", "tuned", "namespace")


class FallbackSource(ConfigSource):
    """Answers `agent=`, `env=` and the pair's tuned settings where there is no YAML file; it stands
    last in the search path, so that a file always wins (see `_answer`).

    Whether Gymnasium knows an id is checked later, when the whole configuration is there.
    """

    @staticmethod
    def scheme() -> str:
        return "rlbench"

    def load_config(self, config_path: str) -> ConfigResult:
        answer = _answer(config_path)
        if answer is None:
            raise ConfigLoadError(f"Config not found : {config_path}")
        return ConfigResult(
            provider=self.provider,
            path=self.full_path(),
            config=OmegaConf.create(answer),
            header={"package": None},
        )

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path.rstrip("/") in GROUPS

    def is_config(self, config_path: str) -> bool:
        group, _, name = config_path.removesuffix(".yaml").partition("/")
        if group == "agent":  # without importing the agent
            return name in AGENTS
        return _answer(config_path) is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        # Environments are listed by `rlbench envs`; --help stays free of the import of Gymnasium.
        return sorted(AGENTS) if config_path.rstrip("/") == "agent" else []


def conf_dir() -> Path:
    """The folder `conf`: inside the package when installed from a wheel, else the checkout's."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "conf"
    return packaged if packaged.is_dir() else package.parents[1] / "conf"


def register() -> None:
    """Make the source known to Hydra; to be called before anything is composed."""
    Plugins.instance().register(FallbackSource)


def _answer(config_path: str) -> dict[str, Any] | None:
    """What there is at a path that no file answers; None where there is nothing.

    agent/<name>: the agent of an installed package, with the defaults of its settings.
    env/<id>: {id: <id>}.
    env/<package>:<id>: what `env/<id>` says, with this id.
    tuned/<agent>/<package>:<id>: what `tuned/<agent>/<id>` says, if it is there.
    namespace/<agent>/<namespace>/<name>: what `tuned/<agent>/<namespace>` says, if it is there:
    settings for every `ALE/...`, say.
    """
    group, _, name = config_path.removesuffix(".yaml").partition("/")
    if group == "agent":
        return agent_config(name) if name in AGENTS else None
    if group == "env":
        return _env(name) if name else None
    agent, _, env_id = name.partition("/")
    package, _, bare_id = env_id.rpartition(":")
    namespace = bare_id.rpartition("/")[0]
    if group == "tuned" and package:
        return _tuned_if_there(f"{agent}/{bare_id}")
    if group == "namespace" and namespace:
        return _tuned_if_there(f"{agent}/{namespace}")
    return None


def _env(env_id: str) -> dict[str, Any]:
    package, _, bare_id = env_id.rpartition(":")
    if not package:
        return {"id": env_id}
    return {"defaults": [f"/env/{bare_id}@_here_", "_self_"], "id": env_id}


def _tuned_if_there(name: str) -> dict[str, Any]:
    return {"defaults": [{"optional /tuned@_here_": [name]}]}
