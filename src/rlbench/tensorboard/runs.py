"""A run's event file: followed row by row while the run goes on, or made from a finished log."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rlbench.opening import in_the_way, make_directory, open_to_write
from rlbench.runs.log import Row, kept_rows
from rlbench.tensorboard.events import EventFile
from rlbench.tensorboard.scalars import RowScalars

DIRECTORY = "tensorboard"  # in a run's directory
_STEM = "events.out.tfevents"


class EventLog:
    """Follows a run's log.

    Each attempt writes one file that holds everything that counts so far, and empties those of
    earlier attempts: what a resumption supersedes is in no file. The time of an event is when the
    run started plus the time it has spent, so that pauses between attempts do not show.
    directory: of the event files; made if absent. below: a directory above it, below which nothing
    may be a link (default: itself). started_at: UTC, as in run.json. earlier: the rows of earlier
    attempts, gone through several times, so that they need not be in memory.
    """

    def __init__(
        self,
        directory: Path,
        started_at: str,
        earlier: Iterable[Row] = (),
        below: Path | None = None,
    ) -> None:
        self._directory = directory
        self._start_s = seconds_since_1970(started_at)
        self._attempt = max((row.attempt for row in earlier), default=0) + 1
        self._scalars = RowScalars()
        self._earlier, self._waiting = earlier, list[Row]()  # until it is known which count
        self._file: EventFile | None = None
        make_directory(directory, below or directory)

    def row(self, row: Row) -> None:
        """The next row of the log."""
        if self._file is None:
            self._waiting.append(row)
            # A resumption comes next to the start. The file is begun once: a reader beside the
            # run would not notice that it was written again.
            if row.kind != "start":
                self._begin()
        else:
            self._write(self._file, row)

    def close(self) -> None:
        if self._file is None:
            self._begin()
        assert self._file is not None
        self._file.close()

    def _begin(self) -> None:
        name = f"{_STEM}.{self._start_s:010.0f}.attempt{self._attempt:04d}"
        self._file = EventFile(self._directory / name, self._start_s)
        for row in kept_rows(_Both(self._earlier, self._waiting)):
            self._write(self._file, row, flush=False)
        self._file.flush()
        self._waiting.clear()
        for other in self._directory.iterdir():
            ours = re.fullmatch(rf"{re.escape(_STEM)}\.\d{{10,}}\.attempt\d{{4,}}", other.name)
            if ours and other.name != name and in_the_way(other) is None:
                # Emptied and not removed: a reader beside the run would wait for it for ever.
                os.close(open_to_write(other, os.O_TRUNC))

    def _write(self, file: EventFile, row: Row, flush: bool = True) -> None:
        scalars, clock = self._scalars.of(row), row.clock
        if scalars and not math.isnan(clock.wall_s):
            file.write(self._start_s + clock.wall_s, clock.env_steps, scalars)
        if flush and row.kind != "train":
            file.flush()


@dataclass(frozen=True)
class _Both:
    """The rows of one log and then those of another, each time they are gone through."""

    first: Iterable[Row]
    second: Iterable[Row]

    def __iter__(self) -> Iterator[Row]:
        yield from self.first
        yield from self.second


def seconds_since_1970(moment: str) -> float:
    """2026-01-31T12:00:00Z as a number; 0 for what is no such moment."""
    # Only this form: NumPy would also read "now", which asks the clock.
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment):
        return 0.0
    try:
        return float(np.datetime64(moment.removesuffix("Z"), "s").astype(np.int64))
    except ValueError:
        return 0.0
