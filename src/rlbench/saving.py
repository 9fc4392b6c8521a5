"""How a run is saved while its agent trains, as the agent sees it; and rows that are saved once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

COPIED_TOGETHER = 4096  # rows


class Saving:
    """What an agent calls in `advance` so that a run which is ended at any moment loses little, and
    goes on as if nothing had happened. This one saves nothing: the agent is in no run.

    The moments at which a run is saved depend on time, so nothing that is learned may depend on
    them. An agent that never calls this is saved between two calls of `advance`.
    """

    def due(self) -> bool:
        """Whether it is time to save. Asked where `get_state` gives all that is needed to go on
        with this call of `advance`, what it will report included, and steps are still to come."""
        return False

    def save(self) -> None:
        """Save the run, by `get_state`, if that is due."""

    def mark(self) -> Any:
        """This moment, for `discard`. It says nothing to an agent."""

    def discard(self, mark: Any) -> None:
        """The state is that of `mark`: what was done since then is thrown away, and is done again
        when the run goes on. To be called just before `advance` ends."""


@dataclass(frozen=True)
class Rows:
    """A part of a state: rows that are added and never changed, of which the last ones are kept. A
    checkpoint writes only those that were added since the one before.

    columns: arrays [capacity, ...], in which row number k = 0, 1, ... stands at k % capacity. They
    are no copies, and hold until the next `advance`. end: how many were ever added. kept: how many
    of the last are there, at most the capacity.
    """

    columns: Mapping[str, NDArray[Any]]
    end: int
    kept: int

    @property
    def first(self) -> int:
        """The number of the oldest row that is there."""
        return self.end - self.kept

    def copy_to(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Put the rows into columns of the same shapes and types, each at its place.

        Raises ValueError where they are others.
        """
        for name, column in _checked(self.columns, columns).items():
            column[:] = self.columns[name]


@dataclass(frozen=True)
class SavedRows:
    """Rows as they come back from a checkpoint; the same to an agent as `Rows`.

    pieces: the number of the first row, and columns [n, ...], of rows that follow each other. They
    lie in files, and are read-only.
    """

    pieces: tuple[tuple[int, Mapping[str, NDArray[Any]]], ...]
    end: int
    kept: int

    def copy_to(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """See `Rows.copy_to`."""
        for first, piece in self.pieces:
            for name, column in _checked(piece, columns).items():
                if len(column) < self.kept:
                    raise ValueError(f"{self.kept} rows are more than the {len(column)} of {name}")
                skipped = max(0, self.end - self.kept - first)
                for start in range(skipped, len(piece[name]), COPIED_TOGETHER):
                    values = piece[name][start : start + COPIED_TOGETHER]
                    numbers = np.arange(first + start, first + start + len(values))
                    column[numbers % len(column)] = values


def _checked(
    mine: Mapping[str, NDArray[Any]], theirs: Mapping[str, NDArray[Any]]
) -> Mapping[str, NDArray[Any]]:
    """`theirs`, once it is known that each column has rows like mine."""
    if mine.keys() != theirs.keys():
        raise ValueError(f"columns {sorted(mine)}, not {sorted(theirs)}")
    for name, column in theirs.items():
        row, given = (column.dtype, column.shape[1:]), (mine[name].dtype, mine[name].shape[1:])
        if row != given:
            raise ValueError(f"rows of {name} are {given}, not {row}")
    return theirs
