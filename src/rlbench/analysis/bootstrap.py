"""Percentile bootstrap over seeds, repeatable to the byte.

Resampling is expressed as weights: row b of a weight matrix says how often each seed was drawn in
resample b, so that a statistic of all resamples is one matrix product.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rlbench.runs.records import FloatArray

RESAMPLES = 2000
CURVE_RESAMPLES = 1000  # a band is drawn, not read off to the third digit
CONFIDENCE = 0.95
_SEED = 20170310


def resample_weights(seeds: int, resamples: int, generator: np.random.Generator) -> FloatArray:
    """How often each seed was drawn, with replacement.  # [B, n], each row sums to n"""
    counts = generator.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=resamples)
    return counts.astype(np.float64)


def new_generator() -> np.random.Generator:
    """The generator every interval starts from: the same input gives the same interval."""
    return np.random.default_rng(_SEED)


@lru_cache(maxsize=64)
def weights_of_strata(seeds: tuple[int, ...], resamples: int = RESAMPLES) -> tuple[FloatArray, ...]:
    """Weights for groups of seeds that are resampled independently, drawn one after the other.

    Args:
        seeds: how many there are in each stratum (an agent, or an agent on one environment).

    Returns:
        One read-only weight matrix a stratum.  # each [B, n]
    """
    generator = new_generator()
    drawn = tuple(resample_weights(count, resamples, generator) for count in seeds)
    for weights in drawn:
        weights.flags.writeable = False  # the next caller gets the same arrays
    return drawn


def percentile_interval(
    samples: FloatArray, confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """The central interval of bootstrap samples (Efron & Tibshirani 1993, section 13.3).

    Args:
        samples: statistics of the resamples, NaN where one is undefined, infinities allowed.  # [B]

    Returns:
        (low, high), taken from the samples themselves without interpolation, so that an infinite
        sample spoils nothing; None where half of the samples or more are undefined.
    """
    defined = np.sort(samples[~np.isnan(samples)])
    if 2 * len(defined) <= len(samples):
        return None
    tail = (1.0 - confidence) / 2.0
    low = int(np.floor(tail * (len(defined) - 1)))
    return float(defined[low]), float(defined[len(defined) - 1 - low])


def mean_curve_interval(
    values: FloatArray, resamples: int = CURVE_RESAMPLES, confidence: float = CONFIDENCE
) -> tuple[FloatArray, FloatArray] | None:
    """A pointwise interval of the mean over seeds.

    Args:
        values: one row a seed, finite.  # [n, G]

    Returns:
        (low, high), each [G]; None with fewer than two seeds: one seed says nothing about others.
    """
    seeds = len(values)
    if seeds < 2:
        return None
    (weights,) = weights_of_strata((seeds,), resamples)  # [B, n]
    means = (values / seeds).T @ weights.T  # [G, B], so that each point's resamples lie together
    tail = (1.0 - confidence) / 2.0
    low = int(np.floor(tail * (resamples - 1)))
    high = resamples - 1 - low
    means.partition((low, high), axis=1)
    return means[:, low], means[:, high]
