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
from rlbench.settings import Origins


def origins(loader: ConfigLoader, config_name: str | None, words: Sequence[str]) -> Origins:
    """The files of the user's own from which `loader` takes what `words` ask for: by key, and by
    the group that a file is for; "" where a word sets a key, or a file of rlbench itself."""
    if not any(_is_own(source) for source in loader.get_sources()):
        return Origins()
    files: dict[str, str] = {}
    for default in loader.compute_defaults_list(config_name, list(words), RunMode.RUN).defaults:
        source = _source(loader, default.config_path or "")
        if source is None:
            continue
        file = Path(source.path, f"{default.config_path}.yaml")
        values = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
        prefix = f"{default.package}." if default.package else ""
        keys = [key for key, _ in flat(values, prefix)] if isinstance(values, dict) else []
        own = shown(file) if _is_own(source) else ""
        files |= dict.fromkeys([*keys, str(default.package or "")], own)
    files |= {word.partition("=")[0].lstrip("+~"): "" for word in words if "." in word}
    return Origins(files)


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
