"""summary.json: the outcome of a run at the end of its latest attempt; its writer and reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlbench.runs.columns import Clock
from rlbench.runs.files import replace_text, to_json
from rlbench.runs.reading import (
    MAX_RETURN,
    MAX_STEPS,
    UnreadableFileError,
    number,
    read_object,
    text,
    whole,
)
from rlbench.runs.records import END_STATUSES, EndStatus, Mark
from rlbench.runs.schema import SCHEMA

FILE = "summary.json"
AT_COLUMNS = ("env_steps", "train_s", "cpu_s", "train_cpu_s", "wall_s", "startup_s")


@dataclass(frozen=True)
class Contention:
    """Who else had the machine during an attempt, as shares of all its cores' time: others_share
    went to other processes, siblings_share of it to jobs of the same sweep, stolen_share to other
    machines of the host."""

    others_share: float | None = None
    stolen_share: float | None = None
    siblings_share: float | None = None


@dataclass(frozen=True)
class Summary:
    """The content of summary.json; None where a file does not say.

    reached: each timed level and when it was reached, or None. clock: at the end. peak_rss_mb: in
    MiB, the workers' memory included. contention: of the last attempt alone. error: why it failed,
    in one line.
    """

    status: EndStatus
    clock: Clock
    threshold: float | None = None
    solved_at: Mark | None = None
    reached: Mapping[float, Mark | None] = field(default_factory=dict)
    final_return_mean: float | None = None
    best_return_mean: float | None = None
    peak_rss_mb: float | None = None
    workers: int | None = None
    cores: int | None = None
    attempts: int = 1
    contention: Contention | None = None
    error: str | None = None
    schema: int = SCHEMA


def write_summary(directory: Path, summary: Summary) -> None:
    """Write summary.json of a run's directory."""
    shared = summary.contention
    content = {
        "schema": summary.schema,
        "status": summary.status,
        "threshold": summary.threshold,
        "solved_at": mark_to_json(summary.solved_at),
        "reached": {repr(level): mark_to_json(at) for level, at in summary.reached.items()},
        "final_return_mean": summary.final_return_mean,
        "best_return_mean": summary.best_return_mean,
        **summary.clock.row(),
        "env_steps_per_s": summary.clock.env_steps_per_s,
        "eval_share": summary.clock.eval_share,
        "peak_rss_mb": summary.peak_rss_mb,
        "workers": summary.workers,
        "cores": summary.cores,
        "attempts": summary.attempts,
        "contention": None if shared is None else vars(shared),
        "error": summary.error,
    }
    replace_text(directory / FILE, to_json(content, indent=1) + "\n")


def read_summary(directory: Path) -> Summary:
    """Read summary.json of a run's directory, which may be a stranger's.

    Raises UnreadableFileError, whose message goes after the file's name, where it cannot be read
    or has no usable status or clock.
    """
    values = read_object(directory / FILE)
    status, clock = values.get("status"), Clock.from_row(values)
    if status not in END_STATUSES:
        raise UnreadableFileError("has no usable status")
    if clock is None:
        raise UnreadableFileError("has no usable clock")
    reached, shared = values.get("reached"), values.get("contention")
    return Summary(
        status=status,
        clock=clock,
        threshold=_return(values.get("threshold")),
        solved_at=mark_from_json(values.get("solved_at")),
        reached=_reached(reached) if isinstance(reached, dict) else {},
        final_return_mean=_return(values.get("final_return_mean")),
        best_return_mean=_return(values.get("best_return_mean")),
        peak_rss_mb=number(values.get("peak_rss_mb"), 0, MAX_STEPS),
        workers=whole(values.get("workers"), 0, 10**6),
        cores=whole(values.get("cores"), 1, 10**6),
        attempts=whole(values.get("attempts"), 1, 10**6) or 1,
        contention=_contention(shared) if isinstance(shared, dict) else None,
        error=text(values.get("error")) or None,
        schema=whole(values.get("schema"), 1, 10**6) or SCHEMA,
    )


def mark_to_json(mark: Mark | None) -> dict[str, Any] | None:
    """When a level was reached, as summary.json and a checkpoint hold it."""
    if mark is None:
        return None
    at, before = mark.at.row(), None if mark.previous is None else mark.previous.row()
    return {
        **{name: at[name] for name in AT_COLUMNS},
        "previous_train_s": None if before is None else before["train_s"],
        "previous_env_steps": None if before is None else before["env_steps"],
    }


def mark_from_json(value: object) -> Mark | None:
    """The inverse of `mark_to_json`; None for what is no mark."""
    at = Clock.from_row(value) if isinstance(value, dict) else None
    if at is None or not isinstance(value, dict):
        return None
    before = {
        "train_s": value.get("previous_train_s"),
        "env_steps": value.get("previous_env_steps"),
    }
    return Mark(at, Clock.from_row(before))


def _reached(values: Mapping[str, Any]) -> dict[float, Mark | None]:
    found = {}
    for name, at in values.items():
        try:
            level = _return(float(name))
        except ValueError:
            continue
        if level is not None:
            found[level] = mark_from_json(at)
    return found


def _contention(values: Mapping[str, Any]) -> Contention:
    return Contention(
        others_share=number(values.get("others_share"), 0, 1),
        stolen_share=number(values.get("stolen_share"), 0, 1),
        siblings_share=number(values.get("siblings_share"), 0, 1),
    )


def _return(value: object) -> float | None:
    return number(value, -MAX_RETURN, MAX_RETURN)
