"""One run that was hurt, the file that keeps all of them, and a kind of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hurting.runs import Runs


@dataclass(frozen=True)
class Trial:
    """kind: what was done, as `kill`. number: 0, 1, ... of its kind. moment_s: after the start,
    None where that is no part of it. hurt: whether the run was still going then. saved: whether
    there was a checkpoint by then. problems: what was not as it should be; empty where all was.
    by: with what, where that depends on the machine, or what came of it."""

    kind: str
    number: int
    case: str
    moment_s: float | None = None
    hurt: bool = True
    saved: bool = False
    problems: list[str] = field(default_factory=list)
    by: str = ""


@dataclass(frozen=True)
class Kind:
    """What can be done to runs. title, expected: of its part of the page. usual: how many trials
    there are in all where nobody says. trials: makes those of some numbers; raises `MissingError`
    where this machine lacks what is needed."""

    title: str
    expected: str
    usual: int
    trials: Callable[[range, Runs], Iterator[Trial]]


class MissingError(Exception):
    """What is needed is not on this machine; the message says what."""


def read(file: Path) -> list[Trial]:
    """All trials so far."""
    if not file.exists():
        return []
    return [Trial(**json.loads(line)) for line in file.read_text().splitlines()]


def append(file: Path, trial: Trial) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(asdict(trial)) + "\n")
