"""What a run is, before any of its rows: its settings, as TensorBoard gets them."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rlbench.runs.configuration import FILE as CONFIGURATION
from rlbench.runs.configuration import read_configuration
from rlbench.runs.header import Header, read_header
from rlbench.runs.reading import UnreadableFileError, printable
from rlbench.tensorboard.hparams import Setting

MAX_SETTINGS, MAX_LENGTH = 200, 100  # of one run; characters of a name or a value
PARTS = ("agent", "env", "eval")  # of the configuration: what is learned, and what is judged
CONDITIONS = ("cores", "device", "precision", "executor", "workers", "threshold", "rlbench", "cpu")
_NAMED = {"agent.name", "agent._target_", "env.id"}  # said by `agent` and `env`


@dataclass(frozen=True)
class Session:
    """One run. settings: those of its configuration under their keys, then CONDITIONS as far as
    they are known. start_s: in seconds since 1970. problem: why settings are missing."""

    agent: str = "?"
    env: str = "?"
    seed: int = 0
    setup: str = ""
    start_s: float = 0.0
    threshold: float | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    problem: str = ""

    @property
    def hparams(self) -> dict[str, Setting]:
        """All settings."""
        return {"agent": self.agent, "env": self.env, "seed": float(self.seed), **self.settings}

    @property
    def key(self) -> str:
        """The same for all attempts of a run, wherever its files are."""
        run = "\n".join((self.agent, self.env, self.setup, str(self.seed)))
        return hashlib.sha256(run.encode("utf-8", "replace")).hexdigest()[:10]


def read_session(directory: Path) -> Session:
    """From the files of a run, which may be a stranger's.

    Raises UnreadableFileError where run.json cannot be used.
    """
    header = read_header(directory)
    try:
        configuration, problem = read_configuration(directory), ""
    except UnreadableFileError as error:
        configuration, problem = {}, f"{CONFIGURATION} {error}"
    settings = dict[str, Setting]()
    for part in PARTS:
        for key, value in _flat(part, configuration.get(part)):
            if key not in _NAMED and len(settings) < MAX_SETTINGS:
                settings[key] = value
    return Session(
        agent=header.agent,
        env=header.env,
        seed=header.seed,
        setup=header.setup,
        start_s=seconds_since_1970(header.started_at),
        threshold=header.threshold,
        settings=settings | _conditions(header),
        problem=problem,
    )


def seconds_since_1970(moment: str) -> float:
    """2026-01-31T12:00:00Z as a number; 0 for what is no such moment."""
    # Only this form: NumPy would also read "now", which asks the clock.
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment):
        return 0.0
    try:
        return float(np.datetime64(moment.removesuffix("Z"), "s").astype(np.int64))
    except ValueError:
        return 0.0


def _conditions(header: Header) -> dict[str, Setting]:
    values = {name: getattr(header, name) for name in CONDITIONS if name != "cpu"}
    known = (values | {"cpu": header.machine.cpu_model}).items()
    return {name: _setting(value) for name, value in known if value not in (None, "")}


def _flat(key: str, value: object) -> Iterator[tuple[str, Setting]]:
    if not isinstance(value, dict):
        yield printable(key)[:MAX_LENGTH], _setting(value)
        return
    for name, inner in value.items():
        yield from _flat(f"{key}.{name}", inner)


def _setting(value: Any) -> Setting:
    """A finite number, a truth, or text; a list is text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) < math.inf:
        try:
            return float(value)
        except OverflowError:
            pass
    return printable("null" if value is None else str(value))[:MAX_LENGTH]
