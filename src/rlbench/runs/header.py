"""run.json: what a run is, and on what it was made. Its writer and its reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rlbench.runs.files import replace_text, to_json
from rlbench.runs.reading import (
    MAX_RETURN,
    MAX_SECONDS,
    MAX_STEPS,
    UnreadableFileError,
    number,
    read_object,
    text,
    whole,
)
from rlbench.runs.schema import SCHEMA, levels_in

FILE = "run.json"
MAX_LEVELS = 32
MAX_WORDS = 200
OBSERVATIONS = ("ram", "rgb", "grayscale")  # Gymnasium's own of an Atari game: obs_type


@dataclass(frozen=True)
class Machine:
    """The machine of a run and its software; a text is empty and a number None if unknown.

    memory_mb: in MiB. load_average: over 1, 5 and 15 minutes, when the attempt began.
    """

    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    git_commit: str | None = None
    git_dirty: bool | None = None
    cpu_model: str = ""
    cpu_count: int | None = None
    memory_mb: int | None = None
    platform: str = ""
    load_average: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Header:
    """The content of run.json; None or empty where a file does not say.

    version: of the agent's algorithm. precision: the type of number that networks compute in.
    budget_train_s, budget_env_steps: what ends the run, each None where there is no such limit.
    concurrent_jobs: how many runs of one sweep shared the machine. started_at: of the first
    attempt, UTC. argv: the command line. frame_skip: emulator frames a step. registration: what the
    environment's id stood for: the module that makes it, its arguments, wrappers and time limit.
    preprocessing: what is done to observations and actions.
    """

    agent: str
    env: str
    seed: int
    setup: str
    learning: str
    fingerprint: str
    version: int | None = None
    threshold: float | None = None
    levels: tuple[float, ...] = ()
    budget_train_s: float | None = None
    budget_env_steps: int | None = None
    stop_at_threshold: bool | None = None
    stop_at_levels: bool | None = None
    cores: int | None = None
    cpu_affinity: tuple[int, ...] | None = None
    executor: str = ""
    workers: int | None = None
    device: str = ""
    precision: str = ""
    concurrent_jobs: int | None = None
    machine: Machine = Machine()
    started_at: str = ""
    argv: tuple[str, ...] = ()
    frame_skip: int | None = None
    max_episode_steps: int | None = None
    eval_max_episode_steps: int | None = None
    eval_episodes: int | None = None
    fresh_env_each_episode: bool | None = None
    registration: Mapping[str, Any] | None = None
    preprocessing: Mapping[str, Any] | None = None
    rlbench: str = ""
    schema: int = SCHEMA

    @property
    def sticky_actions(self) -> float | None:
        """The chance that an emulator repeats the last action; None where there is no emulator."""
        return number((self.preprocessing or {}).get("sticky_actions"), 0, 1)

    @property
    def observations(self) -> str:
        """Which of `OBSERVATIONS` is seen of a game; empty where it is preprocessed frames, or no
        game."""
        found = (self.preprocessing or {}).get("observations")
        return found if isinstance(found, str) and found in OBSERVATIONS else ""


def write_header(directory: Path, header: Header) -> None:
    """Write run.json of a run's directory."""
    values = asdict(header)
    machine = values.pop("machine")
    budget = {
        "train_seconds": values.pop("budget_train_s"),
        "env_steps": values.pop("budget_env_steps"),
    }
    first = {name: values.pop(name) for name in ("schema", "rlbench")}
    content = {**first, **values, "budget": budget, **machine}
    replace_text(directory / FILE, to_json(content, indent=1) + "\n")


def read_header(directory: Path) -> Header:
    """Read run.json of a run's directory, which may be a stranger's.

    Raises UnreadableFileError, whose message goes after the file's name, where it cannot be read,
    is of a newer form, or does not say which run it is.
    """
    values = read_object(directory / FILE)
    schema = whole(values.get("schema"), 1, 10**6)
    if schema is None:
        raise UnreadableFileError("has no schema number, so it is not a run of rlbench")
    if schema > SCHEMA:
        raise UnreadableFileError(
            f"has schema {schema}, written by a newer rlbench; this one reads {SCHEMA}"
        )
    found = {name: read(values.get(name)) for name, read in _READERS.items()}
    for key in ("agent", "env", "setup", "fingerprint"):
        if not found[key].strip():
            raise UnreadableFileError(f"has no usable {key}")
    if found["seed"] is None:
        raise UnreadableFileError("has no usable seed")
    budget = _mapping(values.get("budget")) or {}
    return Header(
        **found,
        schema=schema,
        levels=_levels(levels_in(values), found["threshold"]),
        budget_train_s=number(budget.get("train_seconds"), 0, MAX_SECONDS) or None,
        budget_env_steps=whole(budget.get("env_steps"), 1, MAX_STEPS),
        machine=Machine(**{name: read(values.get(name)) for name, read in _OF_MACHINE.items()}),
    )


def _levels(value: object, threshold: float | None) -> tuple[float, ...]:
    """Ascending, the threshold among them."""
    listed = value if isinstance(value, list) else []
    levels = {_return(each) for each in listed[:MAX_LEVELS]} | {threshold}
    return tuple(sorted(level for level in levels if level is not None))


def _return(value: object) -> float | None:
    return number(value, -MAX_RETURN, MAX_RETURN)


def _count(value: object) -> int | None:
    return whole(value, 0, MAX_STEPS)


def _from_one(value: object) -> int | None:
    return whole(value, 1, 10**6)


def _seed(value: object) -> int | None:
    return whole(value, 0, 2**63)


def _text_or_none(value: object) -> str | None:
    return text(value) or None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _mapping(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text(word) for word in value[:MAX_WORDS]) if isinstance(value, list) else ()


def _versions(value: object) -> dict[str, str]:
    return {text(name): text(version) for name, version in (_mapping(value) or {}).items()}


def _cores(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(core for each in value[:MAX_WORDS] if (core := _count(each)) is not None)


def _loads(value: object) -> tuple[float, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(load for each in value[:3] if (load := number(each, 0, MAX_STEPS)) is not None)


_Reader = Callable[[object], Any]
_READERS: dict[str, _Reader] = {
    **dict.fromkeys(("agent", "env", "setup", "learning", "fingerprint", "rlbench"), text),
    **dict.fromkeys(("executor", "device", "precision", "started_at"), text),
    **dict.fromkeys(("version", "workers", "concurrent_jobs", "frame_skip"), _count),
    **dict.fromkeys(("max_episode_steps", "eval_max_episode_steps"), _count),
    **dict.fromkeys(("cores", "eval_episodes"), _from_one),
    **dict.fromkeys(("stop_at_threshold", "stop_at_levels", "fresh_env_each_episode"), _truth),
    "seed": _seed,
    "threshold": _return,
    "cpu_affinity": _cores,
    "argv": _texts,
    "registration": _mapping,
    "preprocessing": _mapping,
}
_OF_MACHINE: dict[str, _Reader] = {
    **dict.fromkeys(("python", "cpu_model", "platform"), text),
    "packages": _versions,
    "git_commit": _text_or_none,
    "git_dirty": _truth,
    "cpu_count": _count,
    "memory_mb": _count,
    "load_average": _loads,
}
