"""Which file of a user's own sets a key, so that an error can name the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.plugins.config_source import ConfigSource
from hydra.types import RunMode
from omegaconf import OmegaConf

from rlbench.config.errors import flat
from rlbench.config.folders import conf_dir, shown
from rlbench.config.source import own_tuned
from rlbench.settings import Origins


def origins(loader: ConfigLoader, config_name: str | None, words: Sequence[str]) -> Origins:
    """The files of the user's own from which `loader` takes what `words` ask for: by key, and by
    the group that a file is for; "" where a word sets a key, or a file of rlbench itself."""
    if not any(_is_own(source) for source in loader.get_sources()):
        return Origins()
    files: dict[str, str] = {}
    for default in loader.compute_defaults_list(config_name, list(words), RunMode.RUN).defaults:
        config_path, package = default.config_path or "", default.package or ""
        source = _source(loader, config_path)
        if source is not None:
            file = Path(source.path, f"{config_path}.yaml")
            own = shown(file) if _is_own(source) else ""
            files |= dict.fromkeys([*_keys(file, package), package], own)
        for file in own_tuned(config_path):
            files |= dict.fromkeys(_keys(file, package), shown(file))
    files |= {word.partition("=")[0].lstrip("+~"): "" for word in words if "." in word}
    return Origins(files)


def _keys(file: Path, package: str) -> list[str]:
    values = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    prefix = f"{package}." if package else ""
    return [key for key, _ in flat(values, prefix)] if isinstance(values, dict) else []


def words_of(overrides: Any) -> list[str]:
    """The words that Hydra keeps, as they were given: iterating would resolve what is in them."""
    words = OmegaConf.to_container(overrides, resolve=False)
    assert isinstance(words, list)
    return list(map(str, words))


def _source(loader: ConfigLoader, config_path: str) -> ConfigSource | None:
    """The folder of files that answers `config_path`, where it is one."""
    for source in loader.get_sources():
        if source.is_config(config_path):
            return source if source.scheme() == "file" else None
    return None


def _is_own(source: ConfigSource) -> bool:
    return source.scheme() == "file" and Path(source.path).resolve() != conf_dir()
