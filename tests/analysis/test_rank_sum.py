"""The rank-sum test's null distribution: all orders written out, and tabled values."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy import stats

from rlbench.analysis.rank_sum import ends_left_out, two_sided_p, wins_chances


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 4), (3, 2), (4, 4), (2, 6)])
def test_chances_are_those_of_all_orders(n: int, m: int) -> None:
    counts = Counter(
        sum(place - rank for rank, place in enumerate(places))
        for places in combinations(range(n + m), n)
    )
    expected = [counts[wins] / comb(n + m, n) for wins in range(n * m + 1)]
    np.testing.assert_allclose(wins_chances(n, m), expected, rtol=1e-12)


@pytest.mark.parametrize(("n", "m"), [(4, 4), (5, 5), (3, 7), (10, 10), (20, 20), (8, 15)])
def test_just_so_many_pairs_are_left_out_that_the_test_does_not_reject(n: int, m: int) -> None:
    left_out = ends_left_out(n, m)
    assert left_out is not None
    cdf = np.cumsum(wins_chances(n, m))
    assert 2 * cdf[left_out] <= 0.05 < 2 * cdf[left_out + 1]


@pytest.mark.parametrize(("n", "m"), [(1, 3), (4, 4), (5, 5), (3, 7), (101, 100)])
def test_p_is_at_most_5_in_100_just_for_the_pairs_that_an_interval_leaves_out(
    n: int, m: int
) -> None:
    left_out = ends_left_out(n, m)
    least = -1 if left_out is None else left_out
    near = range(max(0, least - 3), least + 4)
    assert [two_sided_p(n, m, wins) <= 0.05 for wins in near] == [wins <= least for wins in near]
    assert two_sided_p(n, m, n * m // 2) == 1.0


def test_p_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for n, m in ((5, 5), (4, 9), (10, 10), (120, 110)):
        one, other = rng.normal(0.5, 1, n), rng.normal(0, 1, m)
        wins = int((one[:, None] < other).sum())
        wins = min(wins, n * m - wins)
        method = "exact" if n * m <= 10_000 else "asymptotic"
        expected = stats.mannwhitneyu(one, other, method=method).pvalue
        assert two_sided_p(n, m, wins) == pytest.approx(expected, rel=1e-9)


def test_five_against_five_and_ten_against_ten_are_as_tabled() -> None:
    # Critical values of U at 5 % two-sided: 2 and 23 (Mann & Whitney's tables), 127 of 20.
    assert [ends_left_out(n, n) for n in (3, 4, 5, 10, 20)] == [None, 0, 2, 23, 127]
    assert ends_left_out(3, 5) == 0
    assert ends_left_out(1, 38) is None
    assert ends_left_out(1, 39) == 0


def test_many_runs_come_from_the_normal_distribution() -> None:
    near = ends_left_out(101, 100)
    exact = stats.norm.ppf(0.025, 5050, np.sqrt(10_100 * 202 / 12))
    assert near is not None
    assert abs(near - exact) < 2
