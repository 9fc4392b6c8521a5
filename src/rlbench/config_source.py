"""Where configurations come from: the conf folder, and any Gymnasium id without a file there."""

from __future__ import annotations

from pathlib import Path

from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import OmegaConf

GROUP = "env/"


class GymnasiumIdSource(ConfigSource):
    """Answers `env/<id>` with `{id: <id>}`, so that `env=<id>` composes for every id.

    It stands after the conf folder in the search path: a YAML of that name wins. Whether
    Gymnasium knows the id is checked later, when the whole configuration is there.
    """

    @staticmethod
    def scheme() -> str:
        return "gymnasium-id"

    def load_config(self, config_path: str) -> ConfigResult:
        if not self.is_config(config_path):
            raise ConfigLoadError(f"Config not found : {config_path}")
        return ConfigResult(
            provider=self.provider,
            path=self.full_path(),
            config=OmegaConf.create({"id": _id(config_path)}),
            header={"package": None},
        )

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path.rstrip("/") == GROUP.rstrip("/")

    def is_config(self, config_path: str) -> bool:
        return config_path.startswith(GROUP) and bool(_id(config_path))

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        return []  # `rlbench envs` lists what Gymnasium has; --help stays free of its import


def conf_dir() -> Path:
    """The folder `conf`: inside the package when installed from a wheel, else the checkout's."""
    packaged = Path(__file__).resolve().parent / "conf"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "conf"


def register() -> None:
    """Make the source known to Hydra; to be called before anything is composed."""
    Plugins.instance().register(GymnasiumIdSource)


def _id(config_path: str) -> str:
    return config_path.removeprefix(GROUP).removesuffix(".yaml")
