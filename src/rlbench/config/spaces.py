"""What a search varies, in Hydra's syntax of sweeps: `agent.sigma=tag(log,interval(0.01,0.3))`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
)
from hydra.errors import HydraException

from rlbench.config.errors import unreadable
from rlbench.config.words import as_text
from rlbench.errors import ConfigError, ConfigFileError
from rlbench.opening import UnreadableFileError, open_regular

MAX_CHOICES, MAX_KEYS, MAX_FILE_BYTES = 100, 50, 100_000
LOG = "log"
FIXED = ("agent.name", "agent._target_", "agent.algorithm")  # what a search is for
TAKES = "A,B, choice(A,B), range(FIRST,END,STEP), interval(LOW,HIGH) or tag(log,interval(LOW,HIGH))"


@dataclass(frozen=True)
class Choice:
    """One of several values, each as it would be typed."""

    values: tuple[str, ...]

    def text(self) -> str:
        return ",".join(self.values)

    @property
    def ends(self) -> tuple[str, ...]:
        """Values that stand for all: where the settings take these, they take the rest."""
        return self.values

    def holds(self, value: object) -> bool:
        return value in self.values


@dataclass(frozen=True)
class Interval:
    """A number from low to high, both included. log: each factor is as likely, not each step.
    whole: whole numbers alone."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def text(self) -> str:
        between = f"interval({as_text(self.low)},{as_text(self.high)})"
        between = f"int({between})" if self.whole else between
        return f"tag({LOG},{between})" if self.log else between

    @property
    def ends(self) -> tuple[str, ...]:
        return as_text(self.low), as_text(self.high)

    def holds(self, value: object) -> bool:
        kinds = (int,) if self.whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds):
            return False
        return self.low <= value <= self.high


Dimension = Choice | Interval
Space = Mapping[str, Dimension]  # by key, as it is typed: `agent.sigma`, `+agent.kwargs.gamma`


def space_of_words(words: Sequence[str]) -> dict[str, Dimension]:
    """What those of the KEY=VALUE `words` vary that give several values, by their keys.

    Raises ConfigError for a key that is not the agent's and for bounds that make no sense.
    """
    found: dict[str, Dimension] = {}
    for word in words:
        key, _, value = word.partition("=")
        override = _parsed(key, value)
        if override is not None and override.is_sweep_override():
            found[key] = _dimension(key, value, override)
    return found


def read_spaces(path: Path) -> dict[str, dict[str, Dimension]]:
    """The spaces in a YAML file, by agent: {es: {agent.sigma: "interval(0.01, 0.3)"}}; a list of
    values is a choice.

    Raises ConfigError that names the file and the key.
    """
    content = _content(path)
    if not isinstance(content, dict) or not all(isinstance(one, dict) for one in content.values()):
        takes = "does not say, for each agent, which keys it varies, as {es: {agent.sigma: ...}}"
        raise ConfigFileError(str(path), None, takes)
    spaces: dict[str, dict[str, Dimension]] = {}
    for agent, keys in content.items():
        space = spaces[str(agent)] = {}
        if len(keys) > MAX_KEYS:
            raise ConfigFileError(str(path), None, f"{agent} varies more than {MAX_KEYS} keys")
        for key, value in keys.items():
            try:
                space[str(key)] = _of_file(str(key), value)
            except ConfigError as error:
                raise error.within(str(path)) from None
    return spaces


def _content(path: Path) -> Any:
    try:
        with os.fdopen(open_regular(path, MAX_FILE_BYTES), "rb") as file:
            return yaml.safe_load(file.read().decode())
    except UnreadableFileError as error:
        raise ConfigFileError(str(path), None, str(error)) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable(path, error) from None


def _of_file(key: str, value: Any) -> Dimension:
    if isinstance(value, list):
        values = tuple(as_text(one) for one in value)
        return _dimension(key, text := ",".join(values), _parsed(key, text))
    override = _parsed(key, value) if isinstance(value, str) else None
    if override is None or not override.is_sweep_override():
        raise ConfigError(key, value, f"several values: a list, or {TAKES}")
    return _dimension(key, value, override)


def _parsed(key: str, value: str) -> Override | None:
    try:
        return OverridesParser.create().parse_override(f"{key}={value}")
    except HydraException:
        return None  # for Hydra itself to say, where it is no space


def _dimension(key: str, text: str, override: Override | None) -> Dimension:
    value = None if override is None else override.value()
    if override is None or not isinstance(value, ChoiceSweep | RangeSweep | IntervalSweep):
        raise ConfigError(key, text, TAKES)
    if not key.lstrip("+").startswith("agent.") or key in FIXED:
        raise ConfigError(key, text, "one value; a search varies keys of the agent, agent.KEY")
    tags = set(value.tags) - {LOG}
    if tags:
        raise ConfigError(key, text, f"the tag {LOG} and no other")
    if isinstance(value, IntervalSweep):
        return _interval(key, text, value)
    several = value.list if isinstance(value, ChoiceSweep) else value.range()
    few = islice(several, MAX_CHOICES + 1)  # a range may have more than there is memory for
    values = tuple(dict.fromkeys(as_text(_plain(one)) for one in few))
    if not 2 <= len(values) <= MAX_CHOICES:
        raise ConfigError(key, text, f"2 to {MAX_CHOICES} different values")
    return Choice(values)


def _plain(value: Any) -> Any:
    """A value of Hydra's grammar without the quotes of its texts."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.text if isinstance(value, QuotedString) else value


def _interval(key: str, text: str, value: IntervalSweep) -> Interval:
    low, high = value.start, value.end
    assert low is not None and high is not None
    log, whole = LOG in value.tags, isinstance(low, int) and isinstance(high, int)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ConfigError(key, text, "interval(LOW,HIGH) with LOW below HIGH")
    if log and low <= 0:
        raise ConfigError(key, text, "a LOW above 0 with the tag log")
    return Interval(low, high, log, whole)
