"""Running mean and standard deviation of the observations seen in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.interfaces import Array, State

# The weight of a standard normal that the sums begin with: the first deviations are not zero.
PRIOR_COUNT = 1e-2


@dataclass
class ObservationStatistics:
    """Sums over all observations so far: total and squares [obs] float64, and their number.

    std_floor: the least standard deviation that is given. Dividing by less would turn the noise of
    a dimension that hardly changes into a large input.
    """

    total: Array
    squares: Array
    count: float
    std_floor: float

    @classmethod
    def empty(cls, size: int, std_floor: float) -> ObservationStatistics:
        return cls(np.zeros(size), np.full(size, PRIOR_COUNT), PRIOR_COUNT, std_floor)

    def add(self, total: Array, squares: Array, count: int) -> None:
        """Take in the sum and the sum of squares [obs] of so many observations."""
        self.total = self.total + total
        self.squares = self.squares + squares
        self.count += count

    def add_members(self, tasks: Sequence[tuple[Array, Array, Array]]) -> None:
        """Take in the members of a generation, as tasks have them: sums and sums of squares
        [members, obs] and numbers [members]."""
        # All members in one array: how they were shared out must not change the rounding.
        total, squares, count = (np.concatenate(part) for part in zip(*tasks, strict=True))
        self.add(total.sum(axis=0), squares.sum(axis=0), int(count.sum()))

    def mean_std(self) -> tuple[Array, Array]:
        """Mean and standard deviation [obs], float32; the latter is at least `std_floor`."""
        mean = self.total / self.count
        variance = np.maximum(self.squares / self.count - np.square(mean), self.std_floor**2)
        return mean.astype(np.float32), np.sqrt(variance).astype(np.float32)

    def get_state(self) -> State:
        return {"total": self.total, "squares": self.squares, "count": self.count}
