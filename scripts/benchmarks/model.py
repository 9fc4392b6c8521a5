"""What a benchmark finds: goals with what was measured, and the samples behind them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Samples = Mapping[str, list[float]]


@dataclass(frozen=True)
class Goal:
    """One line of the table.

    limit None: nothing was promised, the figure is for information. measured None: it could not
    be had, and `remark` says why. A goal that could not be measured is not met.
    """

    text: str
    measured: float | None
    limit: float | None = None
    sense: Literal["at least", "under"] = "at least"
    unit: str = ""
    remark: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it was reached; None where nothing was promised."""
        if self.limit is None:
            return None
        if self.measured is None:
            return False
        if self.sense == "at least":
            return self.measured >= self.limit
        return self.measured < self.limit


@dataclass(frozen=True)
class Result:
    """What one benchmark found.

    samples: every single measurement, in the order taken, by what was measured.
    units: of the samples, by the same names.
    """

    goals: tuple[Goal, ...]
    samples: Samples = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How much to measure. quick: a smoke run whose figures mean nothing."""

    repeats: int
    quick: bool

    def size(self, full: int, quick: int) -> int:
        """`full`, or `quick` in a smoke run."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Benchmark:
    """A named measurement and the peers whose environments it needs."""

    name: str
    title: str
    run: Callable[[Plan], Result]
    peers: tuple[str, ...] = ()


def ratio(above: list[float], below: list[float]) -> float:
    """Median of the rounds' ratios: a machine that is slow in one round is so for both sides."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))
