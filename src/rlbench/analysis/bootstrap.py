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
    """Weights for groups of seeds that are resampled independently, drawn one after the other: one
    read-only matrix [B, n] a stratum.

    seeds: how many there are in each stratum (an agent, or an agent on one environment).
    """
    generator = new_generator()
    drawn = tuple(resample_weights(count, resamples, generator) for count in seeds)
    for weights in drawn:
        weights.flags.writeable = False  # the next caller gets the same arrays
    return drawn


def percentile_band(
    samples: FloatArray, axis: int = 0, confidence: float = CONFIDENCE
) -> tuple[FloatArray, FloatArray]:
    """The central interval of bootstrap samples along one axis (Efron & Tibshirani 1993, section
    13.3): (low, high), each without that axis.

    The ends are taken from the samples themselves, without interpolation, so that an infinite
    sample spoils nothing. samples: without NaN.
    """
    last = samples.shape[axis] - 1
    low = int(np.floor((1.0 - confidence) / 2.0 * last))
    ordered = np.moveaxis(np.partition(samples, (low, last - low), axis=axis), axis, 0)
    return ordered[low], ordered[last - low]


def percentile_interval(
    samples: FloatArray, confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """The central interval of a statistic; None where half of the samples or more are undefined.

    samples: the statistic of each resample, NaN where it is undefined, infinities allowed.  # [B]
    """
    defined = samples[~np.isnan(samples)]
    if 2 * len(defined) <= len(samples):
        return None
    low, high = percentile_band(defined, confidence=confidence)
    return float(low), float(high)


def mean_interval(
    values: FloatArray, resamples: int = CURVE_RESAMPLES, confidence: float = CONFIDENCE
) -> tuple[FloatArray, FloatArray] | None:
    """A pointwise interval of the mean over seeds: (low, high), each [G]; None with fewer than two
    seeds, since one seed says nothing about others.

    values: one row a seed, finite.  # [n, G]
    """
    seeds = len(values)
    if seeds < 2:
        return None
    (weights,) = weights_of_strata((seeds,), resamples)  # [B, n]
    means = (values / seeds).T @ weights.T  # [G, B], so that each point's resamples lie together
    return percentile_band(means, axis=1, confidence=confidence)
