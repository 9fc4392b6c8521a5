"""The bootstrap: intervals that can be worked out, and the same ones every time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rlbench.analysis.bootstrap import (
    bootstrap_band,
    bootstrap_interval,
    resample_weights,
    weights_of_strata,
)


def test_every_resample_draws_one_seed_less_than_there_are() -> None:
    weights = resample_weights(7, 50, np.random.default_rng(1))
    assert weights.shape == (50, 7)
    np.testing.assert_allclose(weights.sum(axis=1), 7.0)
    counts = weights * 6 / 7
    np.testing.assert_allclose(counts, counts.round(), atol=1e-12)
    assert len(np.unique(weights, axis=0)) > 40
    assert resample_weights(1, 3, np.random.default_rng(1)).tolist() == [[1.0]] * 3


def test_the_spread_of_a_mean_is_unbiased() -> None:
    values = np.array([0.0, 1.0, 2.0, 10.0])
    means = resample_weights(4, 200_000, np.random.default_rng(2)) @ values / 4
    assert means.std() == pytest.approx(stats.sem(values), rel=0.01)


def test_the_interval_lies_as_far_out_as_student_s_t() -> None:
    # Of 0..10000 in any order: the normal distribution beyond 2.776 has 0.00275 of them.
    samples = np.random.default_rng(0).permutation(10_001).astype(float)
    out = np.floor(10_000 * stats.norm.sf(stats.t.ppf(0.975, 4)))
    assert bootstrap_interval(samples, 4) == (out, 10_000 - out)
    assert bootstrap_interval(samples, 10**4) == (249.0, 9751.0)


def test_seeds_that_did_alike_are_no_certainty() -> None:
    assert bootstrap_interval(np.full(500, 0.7), 8) == (None, None)


def test_a_band_has_an_interval_at_each_point() -> None:
    samples = np.random.default_rng(0).normal(size=(3, 500))
    low, high = bootstrap_band(samples, 9, axis=1)
    for row, ends in zip(samples, zip(low, high, strict=True), strict=True):
        assert ends == bootstrap_interval(row, 9)


def test_repeats_exactly() -> None:
    weights_of_strata.cache_clear()
    first = weights_of_strata((5, 3))
    weights_of_strata.cache_clear()
    for ours, theirs in zip(first, weights_of_strata((5, 3)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
