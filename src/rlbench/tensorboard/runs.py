"""A run's event file: followed row by row while the run goes on, or made from a finished log."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

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
    directory: of the event files; made if absent. started_at: UTC, as in run.json. earlier: the
    rows of earlier attempts.
    """

    def __init__(self, directory: Path, started_at: str, earlier: Sequence[Row] = ()) -> None:
        self._directory = directory
        self._start_s = seconds_since_1970(started_at)
        self._attempt = max((row.attempt for row in earlier), default=0) + 1
        self._scalars = RowScalars()
        self._waiting = list(earlier)  # until it is known which of them count
        self._file: EventFile | None = None
        directory.mkdir(parents=True, exist_ok=True)

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
        for row in kept_rows(self._waiting):
            self._write(self._file, row)
        self._file.flush()
        self._waiting.clear()
        for other in self._directory.iterdir():
            ours = re.fullmatch(rf"{re.escape(_STEM)}\.\d{{10,}}\.attempt\d{{4,}}", other.name)
            if ours and other.name != name and not other.is_symlink():
                # Emptied and not removed: a reader beside the run would wait for it for ever.
                other.write_bytes(b"")

    def _write(self, file: EventFile, row: Row) -> None:
        scalars, clock = self._scalars.of(row), row.clock
        if scalars and not math.isnan(clock.wall_s):
            file.write(self._start_s + clock.wall_s, clock.env_steps, scalars)
        if row.kind != "train":
            file.flush()


def seconds_since_1970(moment: str) -> float:
    """2026-01-31T12:00:00Z as a number; 0 for what is no such moment."""
    # Only this form: NumPy would also read "now", which asks the clock.
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment):
        return 0.0
    try:
        return float(np.datetime64(moment.removesuffix("Z"), "s").astype(np.int64))
    except ValueError:
        return 0.0
