"""Words of a command line that Hydra would take and then fail on, or act on as no run should."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
)
from hydra.errors import HydraException

from rlbench.config.folders import config_folder
from rlbench.config.source import FallbackSource
from rlbench.config.words import MAX_JOBS
from rlbench.errors import ConfigError

# What conf/config.yaml asks of Hydra, for a --config-name that does not.
WRITES_NOTHING = (
    "hydra.run.dir=.",
    "hydra.output_subdir=null",
    "hydra/job_logging=none",
    "hydra/hydra_logging=none",
)
CHOICES = {  # with an example of each
    "agent": "es", "env": "CartPole-v1", "executor": "process", "experiment": "classic",
}  # fmt: skip
LONGEST_NAME = 200  # file systems take 255 bytes
# Of Hydra's own keys, those that leave it to rlbench what is written and where.
OF_HYDRA = ("mode", "searchpath", "launcher", "sweeper", "verbose", "help")


def refuse_words(words: Iterable[str]) -> None:
    """Raise ConfigError for the first of the KEY=VALUE `words` that is not to reach Hydra. What
    cannot be parsed is left to Hydra, whose error says why."""
    parser = OverridesParser.create()
    for word in words:
        try:
            override = parser.parse_override(word)
        except HydraException:
            continue
        key, value = override.key_or_group, word.partition("=")[2]
        values = list(_values(override))
        if not key:
            raise ConfigError("command line", word, "KEY=VALUE (see rlbench --help)")
        if key == "hydra.verbose" and not all(isinstance(one, bool | str) for one in values):
            raise ConfigError(key, value, "true, false or the name of a logger")
        if key == "env.id":  # it would keep the threshold and the tuned settings of another
            raise ConfigError(key, value, f"no value here; env={value} chooses it")
        if key == "agent._target_":
            takes = "no value here; agent=NAME chooses one, and a YAML file in agent/ adds one"
            raise ConfigError(key, value, takes)
        if any(isinstance(one, str) and len(one) > LONGEST_NAME for one in values) and (
            key in CHOICES or "/" in key
        ):
            raise ConfigError(key, value, f"a name of at most {LONGEST_NAME} characters")
        if key in CHOICES:
            _refuse_choice(key, value, values)
        _refuse_of_hydra(key, value, values)


def refuse_config_name(name: str | None) -> None:
    """Raise ConfigError for a --config-name that is no configuration of a whole run."""
    if name is not None and (not name or "/" in name or len(name) > LONGEST_NAME):
        takes = "the name of a file that holds a whole configuration, as config does"
        raise ConfigError("--config-name", name, takes)


def refuse_number_of_jobs(overrides: Sequence[Override]) -> None:
    """Raise ConfigError for a sweep of no jobs or of too many, before they are listed."""
    sweeps = [override for override in overrides if override.is_sweep_override()]
    for override in sweeps:
        if _how_many(override) == 0:
            raise ConfigError(override.key_or_group, _text(override), "at least one value")
    if math.prod(map(_how_many, sweeps)) > MAX_JOBS:
        most = max(sweeps, key=_how_many)
        takes = f"fewer values: a sweep has at most {MAX_JOBS:,} jobs"
        raise ConfigError(most.key_or_group, _text(most), takes)


def refuse_no_jobs(overrides: Sequence[Override], jobs: Sequence[Sequence[str]]) -> None:
    """Raise ConfigError for a sweep of no jobs, as over a pattern that nothing fits."""
    if jobs:
        return
    for override in overrides:
        if override.is_sweep_override():
            takes = "at least one value, and nothing fits this"
            raise ConfigError(override.key_or_group, _text(override), takes)
    raise ConfigError("-m", "", "at least one job")


def _refuse_choice(key: str, value: str, values: Sequence[Any]) -> None:
    for one in values:
        if not isinstance(one, str) or "${" in one or {"", ".", ".."} & set(one.split("/")):
            got = None if one is None and len(values) == 1 else value
            raise ConfigError(key, got, f"a name, as in {key}={CHOICES[key]}")


def _refuse_of_hydra(key: str, value: str, values: Sequence[Any]) -> None:
    if key != "hydra" and not key.startswith(("hydra.", "hydra/")):
        return
    name = key.replace("/", ".").partition(".")[2].partition(".")[0]
    if name not in OF_HYDRA:
        taken = ", ".join(f"hydra.{name}" for name in OF_HYDRA)
        raise ConfigError(key, value, f"no value here; of Hydra's own keys only {taken} are taken")
    if key == "hydra.mode" and value not in ("RUN", "MULTIRUN"):
        raise ConfigError(key, value, "RUN or MULTIRUN")
    if key in ("hydra.launcher", "hydra.sweeper") and values == [None]:
        takes = f"the keys of one, as {key}.KEY=VALUE; {key.replace('.', '/')}=NAME chooses one"
        raise ConfigError(key, None, takes)
    if key == "hydra/sweeper" and "basic" in values:  # it writes multirun.yaml
        raise ConfigError(key, value, "rlbench, or that of an installed package")
    if key == "hydra.sweeper.params" or key.startswith("hydra.sweeper.params."):
        raise ConfigError(key, value, "no value here; -m KEY=VALUE,VALUE sweeps over values")
    if key == "hydra.searchpath":
        _refuse_search_path(key, value, values)


def _refuse_search_path(key: str, value: str, values: Sequence[Any]) -> None:
    fallback = f"{FallbackSource.scheme()}://"
    (paths,) = values
    paths = [_plain(path) for path in paths] if isinstance(paths, list) else []
    if fallback not in paths:
        takes = f"a list with {fallback} in it; --config-dir DIR adds a folder"
        raise ConfigError(key, value, takes)
    for path in paths:
        scheme, colon, place = str(path).partition("://")
        if scheme == "file" and colon:
            config_folder(key, place)
        elif scheme == "pkg" and colon:
            if not _is_package(place):
                raise ConfigError(key, path, "a package that is installed")
        elif path != fallback:
            raise ConfigError(key, path, f"file://DIR, pkg://PACKAGE or {fallback}")


def _is_package(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _values(override: Override) -> Iterable[Any]:
    """The values that a word gives its key, one by one; none where they are not listed."""
    value = override.value()
    if isinstance(value, ChoiceSweep):
        return [_plain(one) for one in value.list]
    if isinstance(value, RangeSweep | IntervalSweep | Glob):
        return []
    return [_plain(value)]


def _plain(value: Any) -> Any:
    return value.text if isinstance(value, QuotedString) else value


def _how_many(override: Override) -> int:
    value = override.value()
    if isinstance(value, ChoiceSweep):
        return len(value.list)
    if isinstance(value, RangeSweep) and value.start is not None and value.stop is not None:
        return max(0, math.ceil((value.stop - value.start) / value.step))
    return 1


def _text(override: Override) -> str:
    return str(override.input_line).partition("=")[2]
