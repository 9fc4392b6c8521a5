"""Censored times against values worked out by hand and against SciPy's own estimate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlbench.analysis.quantiles import share_interval
from rlbench.analysis.survival import (
    CensoredTimes,
    expected_running_time,
    identified_until,
    median,
    median_interval,
    median_rank,
    product_limit,
    restricted_mean,
    survival,
)


def censored(*pairs: tuple[float, bool]) -> CensoredTimes:
    return CensoredTimes(np.array([t for t, _ in pairs]), np.array([e for _, e in pairs]))


# Of 4 runs: one there at 1, one lost from sight at 2, one there at 3, one at 4.
# Share not there: 3/4 after 1; 3/4 * 1/2 = 3/8 after 3; 0 after 4.
WORKED = censored((3.0, True), (2.0, False), (1.0, True), (4.0, True))


def test_product_limit_by_hand() -> None:
    times, share = survival(WORKED)
    assert times.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert share.tolist() == [0.75, 0.75, 0.375, 0.0]


def test_restricted_mean_by_hand() -> None:
    # 1 * 1 + 2 * 3/4 + 1 * 3/8, and cut at 3.5: 1 + 2 * 3/4 + 1/2 * 3/8
    assert restricted_mean(WORKED, 4.0) == pytest.approx(2.875)
    assert restricted_mean(WORKED, 3.5) == pytest.approx(2.6875)
    assert restricted_mean(WORKED, 0.5) == pytest.approx(0.5)


def test_plain_lists_are_taken_and_lengths_must_agree() -> None:
    assert restricted_mean(CensoredTimes([1, 2], [True, False]), 2) == 1.5
    with pytest.raises(ValueError, match="got 2, 1 and 2 items; takes lists"):
        CensoredTimes([1.0, 2.0], [True])


def test_runs_censored_at_the_horizon_count_the_horizon() -> None:
    times = censored((10.0, True), (20.0, True), (100.0, False), (103.0, False))
    assert restricted_mean(times, 100.0) == pytest.approx((10 + 20 + 100 + 100) / 4)


def test_a_run_that_never_gets_there_counts_the_horizon() -> None:
    times = censored((10.0, True), (math.inf, False))
    assert restricted_mean(times, 60.0) == pytest.approx(35.0)


def test_at_a_tie_the_event_comes_before_the_censoring() -> None:
    _, share = survival(censored((2.0, False), (2.0, True)))
    assert share.tolist() == [0.5, 0.5]


def test_median_by_hand() -> None:
    assert median(WORKED) == 3.0
    assert median(censored((1.0, True), (5.0, False), (5.0, False))) is None
    assert median(censored((1.0, True), (math.inf, False))) == 1.0
    assert median(censored((0.0, True))) == 0.0


def test_expected_running_time_by_hand() -> None:
    # Two successes after 1 and 2; failures cost 3 and 10.
    assert expected_running_time(np.array([1.0, 2.0, 3.0, 10.0]), 2) == 8.0
    assert expected_running_time(np.array([3.0]), 0) is None


def test_identified_until() -> None:
    assert identified_until(WORKED) == math.inf
    assert identified_until(censored((1.0, True), (5.0, False))) == 5.0
    assert identified_until(censored((5.0, True), (5.0, False))) == 5.0  # one may still get there
    assert identified_until(censored((5.0, False), (5.1, True))) == math.inf
    assert identified_until(CensoredTimes([], [])) == math.inf
    assert identified_until(censored((1.0, True), (math.inf, False))) == math.inf


runs = st.lists(st.tuples(st.integers(0, 20).map(float), st.booleans()), min_size=1, max_size=12)


@given(runs)
def test_agrees_with_scipy(pairs: list[tuple[float, bool]]) -> None:
    times = censored(*pairs)
    ours, share = survival(times)
    if not times.event.any():
        assert (share == 1.0).all()
        return
    data = stats.CensoredData.right_censored(times.time, ~times.event)
    theirs = stats.ecdf(data).sf
    last_of_each = np.append(ours[1:] != ours[:-1], True)
    np.testing.assert_allclose(share[last_of_each], theirs.evaluate(ours[last_of_each]), atol=1e-12)


def test_product_limit_rows_and_intervals_by_hand() -> None:
    curve = product_limit(WORKED)
    assert curve.time.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert curve.at_risk.tolist() == [4, 3, 2, 1]
    assert curve.reached.tolist() == [1, 0, 1, 1]
    assert curve.censored.tolist() == [0, 1, 0, 0]
    assert curve.share.tolist() == [0.75, 0.75, 0.375, 0.0]
    # Just after, one is there; one, or two with the lost one; two or three; three or four.
    known = [(1, 1), (1, 2), (2, 3), (3, 4)]
    expected = [
        (1 - share_interval(most, 4)[1], 1 - share_interval(fewest, 4)[0]) for fewest, most in known
    ]
    np.testing.assert_allclose(np.stack([curve.low, curve.high], axis=1), expected)


@given(runs)
def test_curve_agrees_with_scipy(pairs: list[tuple[float, bool]]) -> None:
    times = censored(*pairs)
    if not times.event.any():
        return
    curve = product_limit(times)
    data = stats.CensoredData(times.time[times.event], right=times.time[~times.event])
    theirs = stats.ecdf(data).sf
    np.testing.assert_allclose(curve.share, theirs.evaluate(curve.time), atol=1e-12)


@given(runs, st.integers(1, 20).map(float))
def test_the_band_holds_whatever_was_not_seen(pairs: list[tuple[float, bool]], last: float) -> None:
    # Each run's true time is known; it is watched until `last`, or was lost a moment before.
    seen = [
        (t, True) if kept and t <= last else (max(min(t, last) - 0.5 * (not kept), 0.0), False)
        for t, kept in pairs
    ]
    cut = product_limit(censored(*seen))
    for time, low, high in zip(cut.time, cut.low, cut.high, strict=True):
        reached = sum(t <= time for t, _ in pairs)
        exact = share_interval(reached, len(pairs))
        assert low <= 1 - exact[1] + 1e-12
        assert high >= 1 - exact[0] - 1e-12


def test_one_run_says_little() -> None:
    curve = product_limit(censored((2.0, True)))
    assert (curve.time.tolist(), curve.share.tolist()) == ([2.0], [0.0])
    assert (curve.low.tolist(), curve.high.tolist()) == ([0.0], pytest.approx([0.975]))
    assert median_interval(censored((2.0, True))) == (None, None)


def test_a_run_that_never_gets_there_stays_at_risk() -> None:
    curve = product_limit(censored((1.0, True), (2.0, True), (math.inf, False)))
    assert curve.at_risk.tolist() == [3, 2]
    assert curve.share.tolist() == pytest.approx([2 / 3, 1 / 3])


def test_interval_of_the_median_is_between_two_runs() -> None:
    def of(n: int) -> tuple[float | None, float | None]:
        return median_interval(censored(*[(float(t), True) for t in range(1, n + 1)]))

    assert [of(n) for n in (4, 5, 6, 8, 10, 11, 20)] == [
        (None, None), (1, 5), (1, 6), (1, 8), (2, 9), (3, 9), (6, 15)
    ]  # fmt: skip


@pytest.mark.parametrize("n", range(5, 40))
def test_interval_of_the_median_covers(n: int) -> None:
    rank = median_rank(n)
    assert rank is not None
    # Whatever the distribution: it misses where fewer than `rank` runs lie on one side of it.
    missed = 2 * stats.binom.cdf(rank - 1, n, 0.5)
    assert 0.0 <= missed <= 0.07
    assert 2 * stats.binom.cdf(rank, n, 0.5) > 0.07


def test_unsolved_runs_open_the_interval_of_the_median() -> None:
    one = censored((1.0, True), (2.0, True), (3.0, True), (4.0, True), (9.0, False))
    assert median_interval(one) == (1.0, None)
    ten = censored(*[(float(t), True) for t in range(1, 9)], (9.0, False), (3.5, False))
    assert median_interval(ten) == (2.0, None)
    more = censored(*[(float(t), True) for t in range(1, 20)], (5.5, False))
    assert median_interval(more) == (5.5, 15.0)
