"""TensorBoard's event files in the run's directory."""

from __future__ import annotations

from rlbench.runs.log import Row
from rlbench.tensorboard.runs import DIRECTORY, EventLog
from rlbench.trackers.base import TrackedRun


class EventFiles:
    """See `rlbench.tensorboard.runs.EventLog`."""

    def __init__(self, run: TrackedRun) -> None:
        place = run.directory / DIRECTORY
        self._log = EventLog(place, run.session, run.earlier, run.directory)

    def row(self, row: Row) -> None:
        self._log.row(row)

    def close(self) -> None:
        self._log.close()
