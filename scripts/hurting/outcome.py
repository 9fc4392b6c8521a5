"""What a run has come to, and where two of them differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlbench.interfaces import State
from rlbench.runs import checkpoint
from rlbench.runs.log import LogFile, kept_rows
from rlbench.testing import first_difference

COUNTED = ("train", "eval", "solved")
NOT_COMPARED = ("_s", "lost_env_steps", "_bytes")  # columns of time, lost work and messages
SAME = ("status", "env_steps", "env_frames", "episodes", "final_return_mean", "best_return_mean")


@dataclass(frozen=True)
class Outcome:
    """The rows that count, the agent's state, and the summary."""

    rows: list[dict[str, Any]]
    state: State
    summary: dict[str, Any]

    @classmethod
    def of(cls, place: Path) -> Outcome:
        """Of the run in a directory. Raises OSError or ValueError where there is none."""
        state = checkpoint.load(place / "checkpoint")
        if state is None:
            raise ValueError(f"{place}: no checkpoint")
        rows = [
            {"kind": row.kind, **vars(row.clock), **row.columns}
            for row in kept_rows(LogFile(place / "log.jsonl"))
            if row.kind in COUNTED
        ]
        kept = [{k: v for k, v in row.items() if not k.endswith(NOT_COMPARED)} for row in rows]
        return cls(kept, state["agent"], json.loads((place / "summary.json").read_text()))

    def differences(self, other: Outcome) -> Iterator[str]:
        """Where this differs from what it should be."""
        if len(self.rows) != len(other.rows):
            yield f"{len(self.rows)} rows instead of {len(other.rows)}"
        for number, (mine, theirs) in enumerate(zip(self.rows, other.rows, strict=False)):
            if mine != theirs:
                yield f"row {number} differs"
                break
        state = first_difference(self.state, other.state)
        if state is not None:
            yield f"state: {state}"
        for name in SAME:
            if self.summary[name] != other.summary[name]:
                yield f"{name}: {self.summary[name]} instead of {other.summary[name]}"
        if _steps(self.summary["solved_at"]) != _steps(other.summary["solved_at"]):
            yield "solved at another step"


def outcomes(results_dir: Path) -> dict[str, Outcome]:
    """Of all runs below a directory, by its name there."""
    places = sorted(header.parent for header in results_dir.rglob("run.json"))
    return {str(place.relative_to(results_dir)): Outcome.of(place) for place in places}


def _steps(mark: dict[str, Any] | None) -> Any:
    return None if mark is None else (mark["env_steps"], mark["previous_env_steps"])
