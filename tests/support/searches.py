"""What searches of other libraries are tried on."""

from __future__ import annotations

import numpy as np

from rlbench.interfaces import Array


def bowl(population: Array) -> Array:
    """Returns [P] of parameters [P, n], the greatest of which is at 1."""
    returns: Array = -np.square(population.astype(np.float64) - 1).sum(axis=1)
    return returns
