"""How often the claims' rule says what, where the true ratio is known."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rlbench.analysis.time_ratios import pair_ratios
from rlbench.claims.power import mean_interval
from simulations.shapes import TIMES, watched

CLAIMED = 24.0
TRUE_RATIOS = (10.0, 20.0, 24.0, 30.0, 40.0, 60.0, 120.0)
BUDGETS = (10.0, 25.0, 60.0, 200.0)  # of both agents, in medians of ES's times
SPREADS = (0.0, 0.9)  # standard deviation of the logarithms of the environments' ratios
SEEDS = 5


@dataclass(frozen=True)
class Verdicts:
    """Shares of the experiments in which the rule said what."""

    shape: str
    environments: int
    spread: float
    true_ratio: float
    budget: float
    repetitions: int
    supported: float
    not_supported: float

    @property
    def name(self) -> str:
        """The key in the file of cells."""
        return verdict_name(
            self.shape, self.environments, self.spread, self.true_ratio, self.budget
        )

    @property
    def wrong(self) -> float:
        """The share that is wrong: "supported" below the claimed factor, "not supported" from it
        on."""
        return self.supported if self.true_ratio < CLAIMED else self.not_supported

    def row(self) -> dict[str, Any]:
        """As it is in the file."""
        return asdict(self)


def conditions() -> Iterator[tuple[str, int, float, float, float]]:
    """Every condition: shape, environments, spread, true ratio, budget."""
    for shape in ("lognormal 0.8", "exponential", "heavy tail"):
        for environments in (1, 3, 6, 10):
            for spread in SPREADS if environments > 1 else SPREADS[:1]:
                for true_ratio in TRUE_RATIOS:
                    for budget in BUDGETS:
                        yield shape, environments, spread, true_ratio, budget


def verdict_name(*condition: object) -> str:
    """The key of a condition."""
    return "|".join(map(str, condition))


def simulate(
    shape: str, environments: int, spread: float, true_ratio: float, budget: float,
    repetitions: int,
) -> Verdicts:  # fmt: skip
    """Make experiments, each with five seeds of both agents on every environment."""
    name = verdict_name(shape, environments, spread, true_ratio, budget)
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    draw = TIMES[shape]
    supported = refuted = 0
    for _ in range(repetitions):
        pairs = []
        for log in generator.normal(math.log(true_ratio), spread, environments):
            baseline = watched(math.exp(log) * draw(generator, SEEDS), budget)
            pairs.append(pair_ratios(baseline, watched(draw(generator, SEEDS), budget)))
        low, high = mean_interval(pairs)
        supported += low >= CLAIMED
        refuted += high < CLAIMED
    return Verdicts(
        shape, environments, spread, true_ratio, budget, repetitions,
        supported / repetitions, refuted / repetitions,
    )  # fmt: skip
