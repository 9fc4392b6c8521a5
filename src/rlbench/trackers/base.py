"""What a tracker is: a class that gets each row of a run's log. An installed package adds one
through its entry point in `rlbench.loggers`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rlbench.runs.log import Row
from rlbench.tensorboard.session import Session


@dataclass(frozen=True)
class TrackedRun:
    """A run that begins or goes on.

    directory: of its files; a tracker writes below `directory/<its name>`, or `results_dir/<its
    name>` where runs share a store. session: what the run is. earlier: the rows of earlier
    attempts, which can be gone through several times.
    """

    directory: Path
    results_dir: Path
    session: Session
    earlier: Iterable[Row]

    @property
    def id(self) -> str:
        """The same for all attempts of this run, and for no other run."""
        return f"{self.session.key}-{self.session.start_s:.0f}"

    @property
    def name(self) -> str:
        session = self.session
        return f"{session.agent} {session.env} seed {session.seed}"

    @property
    def group(self) -> str:
        """The same for runs that differ in their seeds alone."""
        session = self.session
        return f"{session.agent} {session.env} {session.setup}"


class Tracker(Protocol):
    """Follows the log of one run, in the run's main thread and off its training clock. Whatever it
    raises is said once, and the run goes on without it."""

    def __init__(self, run: TrackedRun) -> None: ...

    def row(self, row: Row) -> None:
        """The next row of the log."""

    def close(self) -> None:
        """The attempt is over."""
