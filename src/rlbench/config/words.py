"""Settings given in Python as the KEY=VALUE words of the command line, which mean the same."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from rlbench.errors import ConfigError

# What Hydra reads as text without quotes; a first letter keeps it from being read as a number.
_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_./:-]*")
_KEY = re.compile(r"[^\s=]*[^\s=.]")
_OTHER_THAN_TEXT = ("null", "true", "false", "nan", "inf")
MAX_JOBS = 10_000  # of a sweep: each is composed before the first one starts
_KWARGS = "env.kwargs."  # has no keys in the configuration, so each is added


def words(overrides: Mapping[str, Any]) -> list[str]:
    """`{"agent": "es", "budget": {"train_seconds": 60}}` as `agent=es budget.train_seconds=60`.

    A key may have dots, or lead to a further mapping. Raises ConfigError for a value that is
    neither text, number, truth value, None, path nor a list of such.
    """
    return [f"{key}={_text(key, value)}" for key, value in _flat(overrides)]


def words_of_jobs(choices: Mapping[str, Any]) -> list[list[str]]:
    """The words of every combination of `choices`, the last key changing fastest.

    A list, tuple or range gives several values; anything else one. To give one value that is a
    list itself stands in another list: `{"agent.hidden": [[64, 64]]}`.
    """
    keys, several = [], list[Sequence[Any]]()
    for key, value in _flat(choices):
        keys.append(key)
        several.append(value if isinstance(value, (list, tuple, range)) else [value])
        if not several[-1]:
            raise ConfigError(key, value, "at least one value")
        if math.prod(map(len, several)) > MAX_JOBS:
            raise ConfigError(key, value, f"fewer values: a sweep has at most {MAX_JOBS:,} jobs")
    return [words(dict(zip(keys, chosen, strict=True))) for chosen in itertools.product(*several)]


def as_text(value: Any) -> str:
    """A value as it is typed behind `KEY=`."""
    return _text("value", value)


def _flat(overrides: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in overrides.items():
        if not isinstance(name, str) or not _KEY.fullmatch(name):
            raise ConfigError(f"{prefix}{name}", value, "a key: a name, or names with dots")
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{key}.")
        else:
            yield f"++{key}" if key.startswith(_KWARGS) else key, value


def _text(key: str, value: Any) -> str:
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a number of NumPy
        value = value.item()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, (str, PurePath)):
        if "\0" in str(value):
            raise ConfigError(key, str(value), "text without a null character")
        return _quoted(str(value))
    if isinstance(value, Sequence):
        return f"[{','.join(_text(key, item) for item in value)}]"
    raise ConfigError(key, value, "text, a number, true or false, None, a path, or a list of those")


def _quoted(text: str) -> str:
    if _BARE.fullmatch(text) and text.lower() not in _OTHER_THAN_TEXT:
        return text
    # Hydra takes a backslash as it stands, except before a quote or at the end.
    escaped = re.sub(r"(\\*)('|$)", lambda m: m[1] * 2 + ("\\'" if m[2] else ""), text)
    return f"'{escaped}'"
