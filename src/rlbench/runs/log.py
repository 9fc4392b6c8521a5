"""Read a run's log.jsonl: the evaluations that count, the confirmations, the last clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from rlbench.runs.reading import (
    MAX_RETURN,
    MAX_STEPS,
    number,
    parse_object,
    read_lines,
    seconds,
    whole,
)
from rlbench.runs.records import UNITS, Clock, Evaluations, Status, Unit

_END_STATUSES = frozenset({"solved", "budget", "interrupted", "failed"})


@dataclass(frozen=True)
class Log:
    """What a log says, superseded rows left out."""

    evaluations: Evaluations
    confirmed: tuple[tuple[float, Clock], ...]  # (level, clock), in order
    failed_confirmations: int
    end: Clock  # the last row's
    end_status: Status | None  # None: the newest attempt has no end row
    attempts: int
    notes: tuple[str, ...]


@dataclass
class _Row:
    seq: int
    clock: Clock
    value: float  # an evaluation's mean return, or the level of a confirmation
    confirmed: bool = False


@dataclass
class _Reader:
    cores: float = math.nan
    evals: list[_Row] = field(default_factory=list)
    confirmations: list[_Row] = field(default_factory=list)
    end_status: Status | None = None
    attempts: int = 1
    last: Clock | None = None
    backwards: int = 0

    def take(self, row: Mapping[str, Any]) -> bool:
        """Take one row in; False where its seq or clock cannot be used."""
        kind = row.get("kind")
        seq = whole(row.get("seq"), 0, 2**62)
        clock = _clock(row, self.cores)
        if not isinstance(kind, str) or seq is None or clock is None:
            return False
        if self.last is not None and _earlier(clock, self.last):
            self.backwards += 1
            return True
        self.last = clock
        self.attempts = max(self.attempts, whole(row.get("attempt"), 1, 10**6) or 1)
        self.end_status = None  # only a last row can be the end
        if kind == "eval":
            mean = number(row.get("return_mean"), -MAX_RETURN, MAX_RETURN)
            self.evals.append(_Row(seq, clock, math.nan if mean is None else mean))
        elif kind == "solved":
            level = number(row.get("threshold"), -MAX_RETURN, MAX_RETURN)
            if level is None:
                return False
            self.confirmations.append(_Row(seq, clock, level, row.get("confirmed") is True))
        elif kind == "resume":
            kept = whole(row.get("from_seq"), -1, 2**62)
            if kept is None:
                return False
            # What came after the checkpoint was lost; its cost stays in the cumulative clock.
            self.evals = [r for r in self.evals if r.seq <= kept]
            self.confirmations = [r for r in self.confirmations if r.seq <= kept]
        elif kind == "end" and row.get("status") in _END_STATUSES:
            self.end_status = cast(Status, row["status"])
        return True


def read_log(path: Path, cores: int | None) -> Log:
    """Read a log; rows that cannot be used are counted in the notes.

    cores: how many the run had, so that core-seconds are known; None where nobody knows.

    Raises:
        UnreadableFileError: the file as a whole cannot be used.
    """
    reader = _Reader(cores=math.nan if cores is None else float(cores))
    unusable = 0
    torn = False
    waiting: bytes | None = None
    for line in read_lines(path):
        if not line.endswith(b"\n"):
            row = parse_object(line)
            if row is None:
                torn = True
                break
        elif b'"kind": "train"' in line[:64] or b'"kind":"train"' in line[:64]:
            # Most rows are these, and of them only the last one's clock matters.
            waiting = line
            continue
        elif not line.strip():
            continue
        else:
            row = parse_object(line)
        waiting = None
        if row is None or not reader.take(row):
            unusable += 1
    if waiting is not None:
        row = parse_object(waiting)
        if row is None or not reader.take(row):
            unusable += 1
    return _finish(reader, unusable, torn)


def _finish(reader: _Reader, unusable: int, torn: bool) -> Log:
    notes = []
    if torn:
        notes.append("last line of log.jsonl is torn: that line passed over")
    if unusable:
        notes.append(f"{unusable} line(s) of log.jsonl are not rows of a run's log: passed over")
    if reader.backwards:
        notes.append(f"{reader.backwards} row(s) of log.jsonl go back in time: passed over")
    columns = {
        unit: np.array([row.clock.along(unit) for row in reader.evals], dtype=np.float64)
        for unit in UNITS
    }
    evaluations = Evaluations(
        **columns,
        return_mean=np.array([row.value for row in reader.evals], dtype=np.float64),
    )
    if len(evaluations) and np.isnan(evaluations.return_mean).all():
        notes.append("every evaluation's mean return is null")
    elif np.isnan(evaluations.return_mean).any():
        notes.append("some evaluations' mean return is null: left out of curves")
    for unit, key in (("train_cpu_s", "train_cpu_s"), ("command_s", "startup_s")):
        if np.isnan(evaluations.along(cast(Unit, unit))).any():
            notes.append(f"log.jsonl has rows without {key}: left out where it is needed")
    return Log(
        evaluations=evaluations,
        confirmed=tuple((row.value, row.clock) for row in reader.confirmations if row.confirmed),
        failed_confirmations=sum(not row.confirmed for row in reader.confirmations),
        end=reader.last or Clock(*[math.nan] * len(UNITS)),
        end_status=reader.end_status,
        attempts=reader.attempts,
        notes=tuple(notes),
    )


def _clock(row: Mapping[str, Any], cores: float) -> Clock | None:
    env_steps = number(row.get("env_steps"), 0, MAX_STEPS)
    train_s = seconds(row, "train_s")
    if env_steps is None or math.isnan(train_s):
        return None
    return Clock(
        env_steps=env_steps,
        train_s=train_s,
        core_s=cores * train_s,
        train_cpu_s=seconds(row, "train_cpu_s"),
        command_s=seconds(row, "startup_s") + train_s,
    )


def _earlier(clock: Clock, last: Clock) -> bool:
    """Whether a row's training time lies before the row above it.

    A `solved` row repeats the clock of the evaluation that triggered it, which may be older than
    rows written in between only if evaluation trains, and it does not.
    """
    return clock.train_s < last.train_s - 1e-6
