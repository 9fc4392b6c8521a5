"""Means of ratios over tasks: values by hand, and the two kinds of intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rlbench.analysis.mean_ratios import geometric_mean, interval_of_such, interval_of_these
from rlbench.analysis.survival import CensoredTimes
from rlbench.analysis.time_ratios import PairRatios, pair_ratios


def solved(*times: float) -> CensoredTimes:
    return CensoredTimes(times, [True] * len(times))


def test_geometric_mean() -> None:
    assert geometric_mean([2.0, 0.5, 8.0]) == pytest.approx(2.0)
    assert geometric_mean([2.0, math.inf]) == math.inf
    assert geometric_mean([2.0, 0.0]) == 0.0


def test_the_interval_over_tasks_like_these_is_student_s() -> None:
    ratios = [0.9, 1.4, 3.0, 0.5]
    logs = np.log(ratios)
    expected = np.exp(stats.t.interval(0.95, 3, logs.mean(), stats.sem(logs)))
    assert interval_of_such(ratios, ratios) == pytest.approx(tuple(expected))


def test_an_end_over_tasks_like_these_is_open_where_some_task_s_is() -> None:
    low, high = interval_of_such([1.0, 2.0, 3.0], [1.0, 2.0, math.inf])
    assert low is not None
    assert high is None
    low, high = interval_of_such([1.0, 0.0, 3.0], [1.0, 2.0, 3.0])
    assert low is None
    assert high is not None
    assert interval_of_such([2.0], [2.0]) == (None, None)


def pairs(generator: np.random.Generator, seeds: int, factor: float) -> PairRatios:
    return pair_ratios(
        solved(*(factor * generator.lognormal(0.0, 0.8, seeds))),
        solved(*generator.lognormal(0.0, 0.8, seeds)),
    )


def test_the_interval_over_these_tasks_does_not_mind_that_they_differ() -> None:
    factors = (0.1, 1.0, 30.0)
    alike = interval_of_these([pairs(np.random.default_rng(2), 10, 1.0) for _ in factors])
    apart = interval_of_these([pairs(np.random.default_rng(2), 10, f) for f in factors])
    assert None not in (*alike, *apart)
    mean = geometric_mean(factors)
    assert apart == pytest.approx((alike[0] * mean, alike[1] * mean))  # type: ignore[operator]


def test_it_repeats_and_narrows_with_tasks() -> None:
    def width(tasks: int) -> float:
        generator = np.random.default_rng(3)
        low, high = interval_of_these([pairs(generator, 5, 1.0) for _ in range(tasks)])
        assert low is not None
        assert high is not None
        return math.log(high / low)

    assert width(4) == width(4)
    assert width(16) < 0.7 * width(4)


def test_unsolved_runs_open_the_end_over_these_tasks() -> None:
    unsolved = pair_ratios(
        CensoredTimes([3.0, 9.0, 9.0, 9.0, 9.0], [True] + [False] * 4), solved(1.0, 2.0, 3.0)
    )
    low, high = interval_of_these([pairs(np.random.default_rng(4), 5, 1.0), unsolved])
    assert low is not None
    assert high is None
