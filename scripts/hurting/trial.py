"""One run that was hurt, and the file that keeps all of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Trial:
    """kind: what was done, as `kill`. number: 0, 1, ... of its kind. moment_s: after the start.
    hurt: whether the run was still going then. saved: whether there was a checkpoint by then.
    problems: what was not as it should be; empty where all was."""

    kind: str
    number: int
    case: str
    moment_s: float
    hurt: bool
    saved: bool
    problems: list[str]


def read(file: Path) -> list[Trial]:
    """All trials so far."""
    if not file.exists():
        return []
    return [Trial(**json.loads(line)) for line in file.read_text().splitlines()]


def append(file: Path, trial: Trial) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(asdict(trial)) + "\n")
