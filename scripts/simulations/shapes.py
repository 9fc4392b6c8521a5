"""What runs are drawn from: times to a level, and scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from rlbench.analysis.survival import CensoredTimes
from rlbench.runs.records import FloatArray

Shape = Callable[[np.random.Generator, int], FloatArray]

SEEDS = (3, 5, 10, 20)
MANY = 1_000_000  # runs that stand for the distribution
FACTOR = 3.0  # of the baseline's times over the challenger's


def lognormal(sigma: float) -> Shape:
    """Times whose logarithm is normal."""
    return lambda generator, size: generator.lognormal(0.0, sigma, size)


def exponential(generator: np.random.Generator, size: int) -> FloatArray:
    """Times without a memory."""
    return generator.exponential(1.0, size)


def heavy(generator: np.random.Generator, size: int) -> FloatArray:
    """Times some of which are hundreds of times as long: the logarithm is Student's t with 3."""
    return np.exp(0.6 * generator.standard_t(3, size))


def two_modes(generator: np.random.Generator, size: int) -> FloatArray:
    """One half of the runs is fast and one slow, as DQN's on LunarLander."""
    fast = generator.lognormal(3.0, 0.35, size)
    return np.where(generator.random(size) < 0.5, fast, generator.lognormal(4.9, 0.2, size))


TIMES: Mapping[str, Shape] = {
    "lognormal 0.5": lognormal(0.5),
    "lognormal 0.8": lognormal(0.8),
    "lognormal 1.0": lognormal(1.0),
    "exponential": exponential,
    "heavy tail": heavy,
    "two modes": two_modes,
}


def normal_scores(generator: np.random.Generator, size: int) -> FloatArray:
    """Scores around 0.6."""
    return generator.normal(0.6, 0.25, size)


def capped_scores(generator: np.random.Generator, size: int) -> FloatArray:
    """Scores of which a third is the highest there is."""
    return np.minimum(generator.normal(0.8, 0.4, size), 1.0)


def two_modes_of_scores(generator: np.random.Generator, size: int) -> FloatArray:
    """Seven of ten runs solve it, the others learn nothing."""
    return np.where(generator.random(size) < 0.7, 1.0, generator.normal(0.1, 0.05, size))


def nearly_all_solve_it(generator: np.random.Generator, size: int) -> FloatArray:
    """One run in twenty learns nothing: often none of those that are seen."""
    return np.where(generator.random(size) < 0.95, 1.0, generator.normal(0.1, 0.05, size))


def skewed_scores(generator: np.random.Generator, size: int) -> FloatArray:
    """Most runs score little, a few much more."""
    return generator.lognormal(-1.0, 0.8, size)


SCORES: Mapping[str, Shape] = {
    "normal": normal_scores,
    "capped": capped_scores,
    "two modes": two_modes_of_scores,
    "nearly all solve it": nearly_all_solve_it,
    "skewed": skewed_scores,
}


@cache
def population(name: str) -> FloatArray:
    """Very many values of a shape, ascending."""
    shapes = {**SCORES, **{f"time: {key}": shape for key, shape in TIMES.items()}}
    found = np.sort(shapes[name](np.random.default_rng(20170310), MANY))
    found.flags.writeable = False
    return found


def time_quantile(shape: str, share: float) -> float:
    """The time by which this share of the runs has reached the level; infinite for all."""
    return np.inf if share >= 1.0 else float(population(f"time: {shape}")[int(share * MANY)])


@cache
def mean_until(shape: str, until: float) -> float:
    """The mean of times of which none counts for more."""
    return float(np.minimum(population(f"time: {shape}"), until).mean())


@cache
def median_ratio(baseline: str, challenger: str) -> float:
    """The median over all pairs of two shapes' times of the first over the second."""
    return float(np.median(_pairs(baseline, challenger)))


@cache
def quantile_of_ratio(shape: str, share: float) -> float:
    """A quantile over all pairs of one shape's times of the first over the second."""
    return float(np.quantile(_pairs(shape, shape), share))


def _pairs(one: str, other: str) -> FloatArray:
    order = np.random.default_rng(1963).permutation(MANY)
    return population(f"time: {one}") / population(f"time: {other}")[order]


def watched(times: FloatArray, until: float) -> CensoredTimes:
    """Times of runs that were watched until then."""
    return CensoredTimes(np.minimum(times, until), times <= until)
