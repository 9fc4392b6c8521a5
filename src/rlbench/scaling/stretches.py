"""A run's log as stretches of training: what lies between its rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rlbench.runs.columns import Clock
from rlbench.runs.log import LogFile, Row, kept_rows
from rlbench.runs.reading import MAX_STEPS, number
from rlbench.runs.records import Run
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.work import FloatArray, Stretch

MAX_STRETCHES = 200
MAX_EPISODES = 10_000  # of one evaluation
SLACK_S = 1e-6  # by which clocks that are the same may differ


@dataclass(frozen=True)
class TrainRow:
    """A row of training: its clock, what the agent had counted, the episodes of the evaluation
    before it, and the bytes that workers in other processes had sent by then."""

    attempt: int
    clock: Clock
    scalars: Mapping[str, Any]
    lengths: FloatArray
    received_bytes: int = 0


def train_rows(path: Path) -> list[TrainRow]:
    """The rows of training that count, thinned out evenly where they are very many."""
    lengths: FloatArray = np.ones(1)
    found: list[TrainRow] = []
    stride, seen, received = 1, 0, 0
    for row in kept_rows(LogFile(path)):
        if row.kind == "eval":
            lengths = _lengths(row)
        if row.kind != "train":
            continue
        received += row.received_bytes or 0
        if seen % stride == 0:
            found.append(TrainRow(row.attempt, row.clock, row.scalars, lengths, received))
        seen += 1
        if len(found) == 2 * MAX_STRETCHES * MAX_STRETCHES:
            found, stride = found[::2], 2 * stride
    return found


def _lengths(row: Row) -> FloatArray:
    listed = row.lengths if isinstance(row.lengths, list) else []
    values = [number(each, 1, MAX_STEPS) for each in listed[:MAX_EPISODES]]
    known = [value for value in values if value is not None]
    return np.array(known or [1.0])


@dataclass(frozen=True)
class Training:
    """A run's rows of training up to its goal. slowed: how many times as long its work took as on
    one busy core alone."""

    rows: list[TrainRow]
    cores: int
    slowed: float

    @classmethod
    def of(cls, rows: list[TrainRow], end: Clock, run: Run, hardware: Hardware) -> Training:
        """hardware: says how cores slow each other down (`Hardware.slowed`), here those of the
        run's own machine, of which so many were busy as it used CPU-seconds a second."""
        cores = run.cores or 1
        busy = end.train_cpu_s / end.train_s if end.train_s > 0 else 1.0
        own = dataclasses.replace(
            hardware, cores_per_machine=max(run.machine.cpu_count or cores, 1)
        )
        until = [row for row in rows if row.clock.train_s <= end.train_s + SLACK_S]
        return cls(until, cores, own.slowed(busy if math.isfinite(busy) else cores))

    def stretches(self, counter: str) -> tuple[Stretch, ...]:
        """What lies between the rows, joined so that there are few and each counts a round; with
        the costs of cores that do not slow each other down."""
        parts = list(self._parts(counter))
        size = max(math.ceil(len(parts) / MAX_STRETCHES), 1)
        joined = [_joined(parts[i : i + size]) for i in range(0, len(parts), size)]
        # Before DQN learns there are steps without an update.
        counted = "env_steps" if counter == "updates" else "rounds"
        return tuple(s for s in joined if s.cpu_s > 0 and getattr(s, counted) > 0)

    def received_per_step(self) -> float | None:
        """Bytes that workers sent for a step; None where they are not known."""
        last = self.rows[-1] if self.rows else None
        if last is None or not last.received_bytes or not last.clock.env_steps:
            return None
        return last.received_bytes / last.clock.env_steps

    def _parts(self, counter: str) -> Iterator[Stretch]:
        before = TrainRow(0, Clock(), {}, np.ones(1))
        for row in self.rows:
            if row.attempt == before.attempt or not before.attempt:
                counts = [
                    number(r.scalars.get(counter), 0, MAX_STEPS) or 0.0 for r in (before, row)
                ]
                yield Stretch(
                    rounds=max(counts[1] - counts[0], 0.0),
                    env_steps=float(row.clock.env_steps - before.clock.env_steps),
                    episodes=_known(row.clock.episodes - before.clock.episodes),
                    cpu_s=self._cpu_s(before.clock, row.clock) / self.slowed,
                    lengths=row.lengths,
                )
            before = row

    def _cpu_s(self, before: Clock, after: Clock) -> float:
        """CPU-seconds of training between two rows; where they are not known, all cores were
        busy."""
        spent = after.train_cpu_s - before.train_cpu_s
        if math.isfinite(spent):
            return max(spent, 0.0)
        return self.cores * (after.train_s - before.train_s)


def _known(value: float) -> float:
    return max(value, 0.0) if math.isfinite(value) else 0.0


def _joined(parts: list[Stretch]) -> Stretch:
    return dataclasses.replace(
        parts[-1],
        rounds=sum(p.rounds for p in parts),
        env_steps=sum(p.env_steps for p in parts),
        episodes=sum(p.episodes for p in parts),
        cpu_s=sum(p.cpu_s for p in parts),
    )
