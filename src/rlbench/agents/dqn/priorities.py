"""Proportional prioritised replay (Schaul et al. 2016, arXiv 1511.05952)."""

from __future__ import annotations

import numpy as np

from rlbench.interfaces import Array, State

LEAST_ERROR = 1e-6  # added to |TD error|, so that no priority becomes zero (section 3.3)


class Priorities:
    """A priority for each of `capacity` rows of a replay; 0 says that there is nothing to draw.

    A binary tree of sums, one array a level: changing m rows or drawing m of them takes one pass of
    array operations a level. A sum is always that of its two children, so the tree is a pure
    function of its leaves, whatever order they were set in.

    exponent: alpha of the paper's eq. 1.
    """

    def __init__(self, capacity: int, exponent: float) -> None:
        self._exponent = exponent
        self._levels = [np.zeros(1 << max(capacity - 1, 0).bit_length())]  # leaves first
        while len(self._levels[-1]) > 1:
            self._levels.append(np.zeros(len(self._levels[-1]) // 2))
        self.count = 0  # rows that can be drawn
        self._added = np.zeros(capacity, np.bool_)  # rows that were written since the last draw
        self._greatest = (
            1.0  # of all priorities ever set; what is new gets it (algorithm 1, line 6)
        )

    @staticmethod
    def bytes_per_row() -> int:
        """At most: up to 4 nodes of 8 bytes a row, where the capacity is just above a power of 2,
        and whether it is new."""
        return 4 * 8 + 1

    def add(self, rows: Array, errors: Array | None = None) -> None:
        """New transitions in `rows` [m], all different: with the priorities of their TD `errors`
        [m] where these are known, else as important as the most important."""
        if errors is None:
            self._set(rows, np.full(len(rows), self._greatest))
        elif len(rows):
            self._set_by(rows, errors)
        self._added[rows] = True

    def remove(self, rows: Array) -> None:
        """Nothing is to be drawn from `rows` [m], all different, any more."""
        self._set(rows, np.zeros(len(rows)))

    def update(self, rows: Array, errors: Array) -> None:
        """The TD `errors` [...] of `rows` [...], as they were drawn last. Of a row drawn twice the
        later error counts. Rows may be removed or written again between `draw` and `update`, where
        lanes step on while updates run: a removed one stays removed, and a new transition keeps the
        priority of new ones, as the error is that of the transition before it."""
        rows, errors = rows.ravel(), errors.ravel()
        last = len(rows) - 1 - np.unique(rows[::-1], return_index=True)[1]
        rows, errors = rows[last], errors[last]
        there = (self._levels[0][rows] > 0) & ~self._added[rows]
        if there.any():
            self._set_by(rows[there], errors[there])

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
        """Rows [K, B], with chances in proportion to their priorities; each minibatch takes one
        from each of B equal shares of the whole (appendix B.2.1)."""
        K, B = shape
        self._added[:] = False
        total = self._levels[-1][0]
        left = (np.arange(B) + rng.random((K, B))) * (total / B)
        rows = np.zeros((K, B), np.int64)
        for level in reversed(self._levels[:-1]):
            rows *= 2
            first, second = level[rows], level[rows + 1]
            # Rounding may leave more than there is: never step into what cannot be drawn.
            right = (left >= first) & (second > 0)
            left = np.where(right, left - first, left)
            rows += right
        return rows

    def weights(self, rows: Array, exponent: float) -> Array:
        """Importance weights [K, B] float32 of `rows` [K, B]: (1 / (N P(i))) ** `exponent`, by the
        greatest of each minibatch (section 3.4)."""
        chances = self._levels[0][rows] / self._levels[-1][0]
        weights = (self.count * chances) ** -exponent
        normalised: Array = (weights / weights.max(axis=-1, keepdims=True)).astype(np.float32)
        return normalised

    def get_state(self) -> State:
        added = np.flatnonzero(self._added)
        return {"leaves": self._levels[0].copy(), "greatest": self._greatest, "added": added}

    def set_state(self, state: State) -> None:
        self._levels[0][:] = state["leaves"]
        for below, level in zip(self._levels, self._levels[1:], strict=False):
            level[:] = below[0::2] + below[1::2]
        self.count = int(np.count_nonzero(self._levels[0]))
        self._added[:] = False
        self._added[state["added"]] = True
        self._greatest = float(state["greatest"])

    def _set_by(self, rows: Array, errors: Array) -> None:
        """Set the priorities of at least one row by its TD error."""
        priorities = (np.abs(errors.astype(np.float64)) + LEAST_ERROR) ** self._exponent
        self._greatest = max(self._greatest, float(priorities.max()))
        self._set(rows, priorities)

    def _set(self, rows: Array, priorities: Array) -> None:
        leaves = self._levels[0]
        self.count += int(np.count_nonzero(priorities)) - int(np.count_nonzero(leaves[rows]))
        leaves[rows] = priorities
        for below, level in zip(self._levels, self._levels[1:], strict=False):
            rows = rows >> 1  # some parents come twice, and are set to the same sum
            level[rows] = below[2 * rows] + below[2 * rows + 1]
