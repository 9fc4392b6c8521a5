"""Named random streams: every random number of a run is a pure function of its seed and a name."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Seeds:
    """A named child of a run's seed.

    Streams are `numpy.random.SeedSequence` children keyed by name, so that adding one stream never
    shifts another, and a stream's numbers do not depend on who draws first.
    """

    seed: int
    path: tuple[int, ...] = ()

    def child(self, name: str) -> Seeds:
        """The stream called `name` below this one."""
        return Seeds(self.seed, (*self.path, zlib.crc32(name.encode())))

    def generator(self, *index: int) -> np.random.Generator:
        """A fresh generator for this stream at `index` (such as generation, pair)."""
        return np.random.Generator(np.random.PCG64(self._sequence(index)))

    def episode_seed(self, *index: int) -> int:
        """A reset seed in [0, 2**31) for the episode at `index` of this stream."""
        return int(self._sequence(index).generate_state(1)[0] >> 1)

    def integer(self, *index: int) -> int:
        """A seed in [0, 2**31) for a library that wants an integer."""
        return self.episode_seed(*index)

    def _sequence(self, index: tuple[int, ...]) -> np.random.SeedSequence:
        return np.random.SeedSequence(self.seed, spawn_key=(*self.path, *index))
