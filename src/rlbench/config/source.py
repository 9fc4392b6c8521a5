"""Where configurations come from: the conf folder, any Gymnasium id without a file there, and one
file of tuned settings for all ids of a namespace."""

from __future__ import annotations

from pathlib import Path

from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import OmegaConf

GROUP = "env/"
NAMESPACE_GROUP = "namespace/"


class GymnasiumIdSource(ConfigSource):
    """Answers `env/<id>` with `{id: <id>}`, so that `env=<id>` composes for every id.

    It stands after the conf folder in the search path: a YAML of that name wins. Whether
    Gymnasium knows the id is checked later, when the whole configuration is there.

    It also answers `namespace/<agent>/<namespace>/<name>` with what stands in
    `conf/tuned/<agent>/<namespace>.yaml`, where there is one: settings for every `ALE/...`, say.
    """

    @staticmethod
    def scheme() -> str:
        return "gymnasium-id"

    def load_config(self, config_path: str) -> ConfigResult:
        if not self.is_config(config_path):
            raise ConfigLoadError(f"Config not found : {config_path}")
        namespace = _namespace_file(config_path)
        config = OmegaConf.load(namespace) if namespace else OmegaConf.create(_answer(config_path))
        return ConfigResult(
            provider=self.provider,
            path=self.full_path(),
            config=config,
            header={"package": None},
        )

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path.rstrip("/") in (GROUP.rstrip("/"), NAMESPACE_GROUP.rstrip("/"))

    def is_config(self, config_path: str) -> bool:
        return bool(_answer(config_path)) or _namespace_file(config_path) is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        return []  # `rlbench envs` lists what Gymnasium has; --help stays free of its import


def conf_dir() -> Path:
    """The folder `conf`: inside the package when installed from a wheel, else the checkout's."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "conf"
    return packaged if packaged.is_dir() else package.parents[1] / "conf"


def register() -> None:
    """Make the source known to Hydra; to be called before anything is composed."""
    Plugins.instance().register(GymnasiumIdSource)


def _answer(config_path: str) -> dict[str, str]:
    """{id: <id>} for `env/<id>`, else nothing."""
    if not config_path.startswith(GROUP):
        return {}
    env_id = config_path.removeprefix(GROUP).removesuffix(".yaml")
    return {"id": env_id} if env_id else {}


def _namespace_file(config_path: str) -> Path | None:
    """The file that answers `namespace/<agent>/<namespace>/<name>`, where there is one."""
    parts = config_path.removeprefix(NAMESPACE_GROUP).split("/")
    if not config_path.startswith(NAMESPACE_GROUP) or len(parts) != 3:
        return None
    agent, namespace, _ = parts
    if not (agent.isidentifier() and namespace.isidentifier()):  # a name, not a way out of conf
        return None
    path = conf_dir() / "tuned" / agent / f"{namespace}.yaml"
    return path if path.is_file() else None
