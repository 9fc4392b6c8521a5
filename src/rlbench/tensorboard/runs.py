"""A run's event file: followed row by row while the run goes on, or made from a finished log."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rlbench.opening import in_the_way, make_directory, open_to_write
from rlbench.runs.columns import Clock
from rlbench.runs.log import Row, kept_rows
from rlbench.tensorboard.events import EventFile
from rlbench.tensorboard.hparams import Setting, Status, session_end, session_start
from rlbench.tensorboard.outcome import Outcome
from rlbench.tensorboard.scalars import RowScalars
from rlbench.tensorboard.session import Session

DIRECTORY = "tensorboard"  # in a run's directory
_STEM = "events.out.tfevents"
# Before version 0.3 there was no hash of the run.
_NAME = re.compile(rf"({re.escape(_STEM)}\.\d{{10,}}(?:\.[0-9a-f]{{10}})?)\.attempt\d{{4,}}")


def run_of(name: str) -> str | None:
    """Of which run a file holds the events, by its name; None for other files."""
    ours = _NAME.fullmatch(name)
    return ours and ours[1]


@dataclass(frozen=True)
class Added:
    """What is shown of a run beside its rows. clock: the run's then. values: messages of the type
    `Summary.Value`. graph: one of the type `GraphDef`, or empty."""

    clock: Clock
    values: Sequence[bytes] = ()
    graph: bytes = b""


class EventLog:
    """Follows a run's log.

    Each attempt writes one file that holds everything that counts so far, and empties those of
    earlier attempts: what a resumption supersedes is in no file. The time of an event is when the
    run started plus the time it has spent, so that pauses between attempts do not show.
    directory: of the event files; made if absent. below: a directory above it, below which nothing
    may be a link (default: itself). earlier: the rows of earlier attempts, gone through several
    times, so that they need not be in memory. experiment: a message of the HParams plugin that the
    file is to hold, and the settings that go with it, in place of the session's own.
    """

    def __init__(
        self,
        directory: Path,
        session: Session,
        earlier: Iterable[Row] = (),
        below: Path | None = None,
        experiment: tuple[bytes, Mapping[str, Setting]] | None = None,
    ) -> None:
        self._directory, self._session = directory, session
        self._start_s = session.start_s
        self._attempt = max((row.attempt for row in earlier), default=0) + 1
        self._scalars, self._outcome = RowScalars(), Outcome(session.threshold)
        self._end_s = self._start_s
        self._earlier, self._waiting = earlier, list[Row]()  # until it is known which count
        self._experiment = experiment
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

    def add(self, added: Added) -> None:
        """What is shown beside the rows, all of which were given before."""
        file, wall_s = self._file or self._begin(), added.clock.wall_s
        at_s = self._start_s + (0.0 if math.isnan(wall_s) else wall_s)
        if added.graph:
            file.write_graph(at_s, added.graph)
        if added.values:
            file.write_values(at_s, added.clock.env_steps, added.values)

    def close(self, still_going: bool = False) -> Path:
        """Ends the file and returns its path. still_going: that a run without an end is going on,
        or was killed; a run that follows itself says nothing, as it might end well yet."""
        file = self._file or self._begin()
        status = self._outcome.status
        if still_going and not self._outcome.ended:
            status = Status.RUNNING
        if status is not None:
            end_s = 0.0 if status == Status.RUNNING else self._end_s
            file.write_values(self._end_s, 0, [session_end(status, end_s)])
        file.close()
        return file.path

    def _begin(self) -> EventFile:
        name = f"{_STEM}.{self._start_s:010.0f}.{self._session.key}.attempt{self._attempt:04d}"
        file = self._file = EventFile(self._directory / name, self._start_s)
        hparams: Mapping[str, Setting] = self._session.hparams
        if self._experiment is not None:
            experiment, hparams = self._experiment
            file.write_values(self._start_s, 0, [experiment])
        file.write_values(self._start_s, 0, [session_start(hparams, self._start_s)])
        for row in kept_rows(_Both(self._earlier, self._waiting)):
            self._write(file, row, flush=False)
        file.flush()
        self._waiting.clear()
        for other in self._directory.iterdir():
            ours = run_of(other.name) is not None
            if ours and other.name != name and in_the_way(other) is None:
                # Emptied and not removed: a reader beside the run would wait for it for ever.
                os.close(open_to_write(other, os.O_TRUNC))
        return file

    def _write(self, file: EventFile, row: Row, flush: bool = True) -> None:
        scalars, clock = [*self._scalars.of(row), *self._outcome.of(row)], row.clock
        if not math.isnan(clock.wall_s):
            self._end_s = self._start_s + clock.wall_s
            if scalars:
                file.write(self._end_s, clock.env_steps, scalars)
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
