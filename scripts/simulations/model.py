"""A cell of the table: an interval under one condition, and how often it holds the truth."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Ends = tuple[float | None, float | None]
"""Of an interval; None for an open end, both None without an interval."""

Draw = Callable[[np.random.Generator], tuple[Ends, float]]
"""One made-up experiment: the interval of its runs, and the truth."""


@dataclass(frozen=True)
class Condition:
    """Under what an interval is tried: the key of a cell."""

    kind: str  # of what the interval is
    method: str  # how it is made; ours, or another to compare with
    shape: str  # of the distribution that runs are drawn from
    censored: float  # share of the runs whose end is not seen
    seeds: int  # of each agent, on each task
    tasks: int = 1

    @property
    def name(self) -> str:
        """The key in the file of cells."""
        return "|".join(str(value) for value in asdict(self).values())

    def generator(self) -> np.random.Generator:
        """The same for the same condition, whatever else is simulated."""
        return np.random.default_rng(zlib.crc32(self.name.encode()))


@dataclass(frozen=True)
class Cell:
    """What came out."""

    condition: Condition
    repetitions: int
    covered: int
    below: int  # the truth lies below the interval
    above: int
    without: int  # experiments that have no interval at all: both ends open
    open_ends: int  # experiments of which one end is open
    median_width: float | None  # upper end over lower end, or less it; None where most are open

    @property
    def coverage(self) -> float:
        """Share of the experiments whose interval holds the truth; open ends hold everything."""
        return self.covered / self.repetitions

    @property
    def error(self) -> float:
        """The Monte Carlo standard error of the coverage."""
        share = (self.covered + 1) / (self.repetitions + 2)  # not 0 where all were covered
        return math.sqrt(share * (1.0 - share) / self.repetitions)

    def row(self) -> dict[str, Any]:
        """As it is in the file."""
        return asdict(self) | {"coverage": self.coverage, "error": self.error}


@dataclass(frozen=True)
class Trial:
    """A condition, how often it is tried, and the experiment."""

    condition: Condition
    repetitions: int
    draw: Draw
    is_ratio: bool = True  # whether a width is a ratio of the ends or a difference

    def run(self) -> Cell:
        """Make the experiments."""
        generator = self.condition.generator()
        return summary(
            self.condition,
            [self.draw(generator) for _ in range(self.repetitions)],
            is_ratio=self.is_ratio,
        )


def summary(
    condition: Condition, drawn: Sequence[tuple[Ends, float]], *, is_ratio: bool = True
) -> Cell:
    """Count what came out."""
    below = above = without = open_ends = 0
    widths = []
    for (low, high), truth in drawn:
        below += low is not None and truth < low * (1 - 1e-12 * math.copysign(1, low))
        above += high is not None and truth > high * (1 + 1e-12 * math.copysign(1, high))
        without += low is None and high is None
        open_ends += (low is None) != (high is None)
        if low is not None and high is not None:
            widths.append(high / low if is_ratio else high - low)
    return Cell(
        condition,
        len(drawn),
        len(drawn) - below - above,
        below,
        above,
        without,
        open_ends,
        float(np.median(widths)) if 2 * len(widths) > len(drawn) else None,
    )
