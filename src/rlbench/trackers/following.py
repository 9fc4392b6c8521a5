"""The trackers of one attempt at a run, which goes on whatever goes wrong with one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rlbench.errors import visible
from rlbench.runs.log import Row
from rlbench.trackers import LOGGERS
from rlbench.trackers.base import TrackedRun, Tracker


class Trackers:
    """Those of these names. say: shows a line to the user."""

    def __init__(self, names: Sequence[str], run: TrackedRun, say: Callable[[str], None]) -> None:
        self._say = say
        self._open: dict[str, Tracker] = {}
        for name in names:
            self._try(name, lambda name=name: self._begin(name, run))  # type: ignore[misc]

    def row(self, row: Row) -> None:
        """The next row of the log."""
        for name, tracker in list(self._open.items()):
            self._try(name, lambda tracker=tracker: tracker.row(row))  # type: ignore[misc]

    def close(self) -> None:
        """The attempt is over."""
        for name, tracker in list(self._open.items()):
            self._try(name, tracker.close)
        self._open.clear()

    def _begin(self, name: str, run: TrackedRun) -> None:
        self._open[name] = LOGGERS[name](run)

    def _try(self, name: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            self._open.pop(name, None)
            said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            self._say(f"note: logger {name} failed: {visible(said)}; the run goes on without it")
