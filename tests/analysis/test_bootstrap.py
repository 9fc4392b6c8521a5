"""The bootstrap: intervals that can be worked out, and the same ones every time."""

from __future__ import annotations

import numpy as np
import pytest

from rlbench.analysis.bootstrap import (
    mean_interval,
    new_generator,
    percentile_interval,
    resample_weights,
)


def test_every_resample_draws_as_many_seeds_as_there_are() -> None:
    weights = resample_weights(7, 50, new_generator())
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert len(np.unique(weights, axis=0)) > 40


def test_interval_takes_the_order_statistics() -> None:
    # Of 0..1000 in any order: 2.5 % of 1000 from either end.
    samples = np.random.default_rng(0).permutation(1001).astype(float)
    assert percentile_interval(samples) == (25.0, 975.0)
    assert percentile_interval(samples, confidence=0.5) == (250.0, 750.0)


def test_infinite_samples_spoil_nothing_and_undefined_ones_are_left_out() -> None:
    samples = np.concatenate([np.arange(90.0), np.full(10, np.inf), np.full(20, np.nan)])
    assert percentile_interval(samples) == (2.0, np.inf)
    assert percentile_interval(np.array([1.0, np.nan])) is None


def test_two_seeds_by_hand() -> None:
    # The resampled mean of (0, 1) is 0, 1/2 or 1 with chances 1/4, 1/2, 1/4.
    interval = mean_interval(np.array([[0.0, 5.0], [1.0, 5.0]]))
    assert interval is not None
    assert interval[0].tolist() == [0.0, 5.0]
    assert interval[1].tolist() == [1.0, 5.0]


def test_one_seed_has_no_interval() -> None:
    assert mean_interval(np.array([[1.0, 2.0]])) is None


def test_against_the_exact_interval_of_four_seeds() -> None:
    # All 4^4 resamples of (0, 1, 2, 10), each as likely: the 2.5 % and 97.5 % quantiles.
    values = np.array([0.0, 1.0, 2.0, 10.0])
    grid = np.stack(np.meshgrid(*[values] * 4), axis=-1).reshape(-1, 4).mean(axis=1)
    exact = np.quantile(grid, [0.025, 0.975], method="inverted_cdf")
    interval = mean_interval(values[:, None], resamples=20000)
    assert interval is not None
    assert [interval[0][0], interval[1][0]] == pytest.approx(exact.tolist())


def test_repeats_exactly() -> None:
    values = np.random.default_rng(1).normal(size=(5, 8))
    first, second = mean_interval(values), mean_interval(values.copy())
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first, second)
