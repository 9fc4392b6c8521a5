"""The history of a run: what its log says of evaluations, confirmations and the end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from rlbench.runs.columns import Clock, Unit
from rlbench.runs.log import Row, kept_rows, read_rows
from rlbench.runs.records import EndStatus, Evaluations


@dataclass(frozen=True)
class History:
    """What a log says, superseded rows left out.

    confirmed: the level and the clock of each confirmation, in order. end: the clock of the last
    row. end_status: None where the newest attempt has no end row. notes: what was passed over.
    """

    evaluations: Evaluations
    confirmed: tuple[tuple[float, Clock], ...]
    failed_confirmations: int
    end: Clock
    end_status: EndStatus | None
    attempts: int
    notes: tuple[str, ...]


def read_history(path: Path, cores: int | None) -> History:
    """Read a log, which may be a stranger's.

    cores: how many the run had, so that core-seconds are known; None if unknown.
    Raises UnreadableFileError where the file as a whole cannot be used.
    """
    found = read_rows(path, training=False)
    kept = list(kept_rows(found.rows))
    rows = _in_order(kept)
    evals = [row for row in rows if row.kind == "eval"]
    means = [math.nan if row.return_mean is None else row.return_mean for row in evals]
    solved = [row for row in rows if row.kind == "solved"]
    evaluations = Evaluations.of([row.clock for row in evals], means, cores)
    notes = []
    if found.torn:
        notes.append("last line of log.jsonl is torn: that line passed over")
    if found.unusable:
        notes.append(
            f"{found.unusable} line(s) of log.jsonl are not rows of a run's log: passed over"
        )
    if len(rows) < len(kept):
        backwards = len(kept) - len(rows)
        notes.append(f"{backwards} row(s) of log.jsonl go back in time: passed over")
    notes.extend(_gaps(evaluations))
    return History(
        evaluations=evaluations,
        confirmed=tuple(
            (row.threshold, row.clock)
            for row in solved
            if row.confirmed and row.threshold is not None
        ),
        failed_confirmations=sum(not row.confirmed for row in solved),
        end=rows[-1].clock if rows else Clock(),
        end_status=rows[-1].status if rows and rows[-1].kind == "end" else None,
        attempts=max((row.attempt for row in found.rows), default=1),
        notes=tuple(notes),
    )


def _in_order(rows: list[Row]) -> list[Row]:
    """The rows whose training time does not lie before that of the row above.

    A `solved` row repeats the clock of the evaluation that triggered it, which may be older than
    rows written in between only if evaluation trains, and it does not.
    """
    kept: list[Row] = []
    for row in rows:
        if not kept or row.clock.train_s >= kept[-1].clock.train_s - 1e-6:
            kept.append(row)
    return kept


def _gaps(evaluations: Evaluations) -> Iterator[str]:
    """What the evaluations lack."""
    missing = np.isnan(evaluations.return_mean)
    if len(evaluations) and missing.all():
        yield "every evaluation's mean return is null"
    elif missing.any():
        yield "some evaluations' mean return is null: left out of curves"
    for unit, key in (("train_cpu_s", "train_cpu_s"), ("command_s", "startup_s")):
        if np.isnan(evaluations.along(cast(Unit, unit))).any():
            yield f"log.jsonl has rows without {key}: left out where it is needed"
