"""Which scalars of a run a tracker has not been given yet, however often the run was stopped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from rlbench.runs.log import Row, kept_rows
from rlbench.tensorboard.events import Scalar
from rlbench.tensorboard.outcome import Outcome
from rlbench.tensorboard.scalars import RowScalars


class History:
    """Turns rows into scalars, those of `rlbench.tensorboard`.

    A tracker cannot take back what it was given, and a run that goes on from a checkpoint makes the
    rows after it once more, the same ones; so those are left out. earlier: the rows of earlier
    attempts. knows: whether the tracker was given them; else it is given what counts of them.
    """

    def __init__(self, threshold: float | None, earlier: Iterable[Row], *, knows: bool) -> None:
        self._scalars, self._outcome = RowScalars(), Outcome(threshold)
        self._given: dict[str, int] = {}  # by the kind of row: the step of the last one
        self._earlier, self._waiting = earlier, list[Row]()
        self._begun = knows
        if knows:
            for row in earlier:
                self._scalars_of(row)

    def news(self, row: Row) -> Iterator[tuple[Row, list[Scalar]]]:
        """After the next row of the log: rows and what they say, for the tracker."""
        rows: Iterable[Row] = [row]
        if not self._begun:
            self._waiting.append(row)
            if row.kind == "start":  # a resumption, which says what counts, comes next to it
                return
            self._begun = True
            rows = list(kept_rows([*self._earlier, *self._waiting]))
            self._waiting.clear()
        for each in rows:
            is_new = each.clock.env_steps > self._given.get(each.kind, -1)
            scalars = self._scalars_of(each)
            if is_new and scalars:
                yield each, scalars

    def _scalars_of(self, row: Row) -> list[Scalar]:
        before = self._given.get(row.kind, -1)
        self._given[row.kind] = max(before, row.clock.env_steps)
        return list(chain(self._scalars.of(row), self._outcome.of(row)))
