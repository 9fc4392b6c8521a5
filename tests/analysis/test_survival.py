"""Censored times against values worked out by hand and against SciPy's own estimate."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlbench.analysis.survival import (
    CensoredTimes,
    expected_running_time,
    identified_until,
    log_rank,
    median,
    median_interval,
    product_limit,
    restricted_mean,
    restricted_mean_interval,
    restricted_means,
    share_interval,
    survival,
)

ONCE = np.ones((1, 4))


def censored(*pairs: tuple[float, bool]) -> CensoredTimes:
    return CensoredTimes(np.array([t for t, _ in pairs]), np.array([e for _, e in pairs]))


# Of 4 runs: one there at 1, one lost from sight at 2, one there at 3, one at 4.
# Share not there: 3/4 after 1; 3/4 * 1/2 = 3/8 after 3; 0 after 4.
WORKED = censored((3.0, True), (2.0, False), (1.0, True), (4.0, True))


def test_product_limit_by_hand() -> None:
    times, share = survival(WORKED, ONCE)
    assert times.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert share[0].tolist() == [0.75, 0.75, 0.375, 0.0]


def test_restricted_mean_by_hand() -> None:
    # 1 * 1 + 2 * 3/4 + 1 * 3/8, and cut at 3.5: 1 + 2 * 3/4 + 1/2 * 3/8
    assert restricted_mean(WORKED, 4.0) == pytest.approx(2.875)
    assert restricted_mean(WORKED, 3.5) == pytest.approx(2.6875)
    assert restricted_mean(WORKED, 0.5) == pytest.approx(0.5)


def test_the_interval_of_the_restricted_mean() -> None:
    assert restricted_mean_interval(censored((3.0, True)), 10.0) is None
    # Of two runs each resample is one, the other or both: the ends are the runs themselves.
    assert restricted_mean_interval(censored((3.0, True), (20.0, True)), 10.0) == (3.0, 10.0)


def test_plain_lists_are_taken_and_lengths_must_agree() -> None:
    assert restricted_mean(CensoredTimes([1, 2], [True, False]), 2) == 1.5
    with pytest.raises(ValueError, match=r"got shapes \(2,\) and \(1,\)"):
        CensoredTimes([1.0, 2.0], [True])


def test_runs_censored_at_the_horizon_count_the_horizon() -> None:
    times = censored((10.0, True), (20.0, True), (100.0, False), (103.0, False))
    assert restricted_mean(times, 100.0) == pytest.approx((10 + 20 + 100 + 100) / 4)


def test_a_run_that_never_gets_there_counts_the_horizon() -> None:
    times = censored((10.0, True), (math.inf, False))
    assert restricted_mean(times, 60.0) == pytest.approx(35.0)


def test_at_a_tie_the_event_comes_before_the_censoring() -> None:
    _, share = survival(censored((2.0, False), (2.0, True)), np.ones((1, 2)))
    assert share[0].tolist() == [0.5, 0.5]


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
    assert identified_until(censored((5.0, True), (5.0, False))) == math.inf
    assert identified_until(censored((1.0, True), (math.inf, False))) == math.inf


runs = st.lists(st.tuples(st.integers(0, 20).map(float), st.booleans()), min_size=1, max_size=12)


@given(runs)
def test_agrees_with_scipy(pairs: list[tuple[float, bool]]) -> None:
    times = censored(*pairs)
    ours, share = survival(times, np.ones((1, len(pairs))))
    if not times.event.any():
        assert (share == 1.0).all()
        return
    data = stats.CensoredData.right_censored(times.time, ~times.event)
    theirs = stats.ecdf(data).sf
    last_of_each = np.append(ours[1:] != ours[:-1], True)
    np.testing.assert_allclose(
        share[0][last_of_each], theirs.evaluate(ours[last_of_each]), atol=1e-12
    )


@given(runs, st.data())
def test_a_weight_is_a_repetition(pairs: list[tuple[float, bool]], data: st.DataObject) -> None:
    weights = data.draw(
        st.lists(st.integers(0, 3), min_size=len(pairs), max_size=len(pairs)).filter(any)
    )
    repeated = [pair for pair, count in zip(pairs, weights, strict=True) for _ in range(count)]
    weighted = restricted_means(censored(*pairs), 25.0, np.array([weights], dtype=float))
    plain = restricted_mean(censored(*repeated), 25.0)
    np.testing.assert_allclose(weighted, plain, rtol=1e-12)


def test_product_limit_rows_and_intervals_by_hand() -> None:
    # WORKED: at risk 4, 3, 2, 1; Greenwood's sum is 1/(4*3) = 1/12 after the first, and
    # 1/12 + 1/(2*1) = 7/12 after the third; at the end, share 0, it gives none.
    curve = product_limit(WORKED)
    assert curve.time.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert curve.at_risk.tolist() == [4, 3, 2, 1]
    assert curve.reached.tolist() == [1, 0, 1, 1]
    assert curve.censored.tolist() == [0, 1, 0, 0]
    assert curve.share.tolist() == [0.75, 0.75, 0.375, 0.0]
    z = 1.959963984540054

    def limits(share: float, variance: float) -> tuple[float, float]:
        width = math.exp(z * math.sqrt(variance) / -math.log(share))
        return share**width, share ** (1 / width)

    first, third = limits(0.75, 1 / 12), limits(0.375, 7 / 12)
    np.testing.assert_allclose(curve.low, [first[0], first[0], third[0], np.nan])
    np.testing.assert_allclose(curve.high, [first[1], first[1], third[1], np.nan])


@given(runs)
def test_curve_and_interval_agree_with_scipy(pairs: list[tuple[float, bool]]) -> None:
    times = censored(*pairs)
    if not times.event.any():
        return
    curve = product_limit(times)
    data = stats.CensoredData(times.time[times.event], right=times.time[~times.event])
    theirs = stats.ecdf(data).sf
    np.testing.assert_allclose(curve.share, theirs.evaluate(curve.time), atol=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy says where it has no interval
        interval = theirs.confidence_interval(method="log-log")
    known = np.isfinite(curve.low)
    # The same limits wherever the share is neither 0 nor 1; elsewhere we claim none.
    assert (known == (curve.share < 1) & (curve.share > 0)).all()
    low, high = interval.low.evaluate(curve.time), interval.high.evaluate(curve.time)
    np.testing.assert_allclose(curve.low[known], low[known], rtol=1e-9)
    np.testing.assert_allclose(curve.high[known], high[known], rtol=1e-9)


def test_one_run_has_a_curve_and_no_interval() -> None:
    curve = product_limit(censored((2.0, True)))
    assert (curve.time.tolist(), curve.share.tolist()) == ([2.0], [0.0])
    assert np.isnan([curve.low, curve.high]).all()
    assert median_interval(censored((2.0, True))) == (None, None)


def test_a_run_that_never_gets_there_stays_at_risk() -> None:
    curve = product_limit(censored((1.0, True), (2.0, True), (math.inf, False)))
    assert curve.at_risk.tolist() == [3, 2]
    assert curve.share.tolist() == pytest.approx([2 / 3, 1 / 3])


def test_interval_of_the_median_of_ten_runs() -> None:
    # Ten runs there at 1..10: worked out with another package, and below with SciPy's curve.
    ten = censored(*[(float(t), True) for t in range(1, 11)])
    assert (median(ten), median_interval(ten)) == (5.0, (1.0, 8.0))
    five = censored(*[(float(t), True) for t in range(1, 6)])
    assert median_interval(five) == (1.0, None)


@given(runs)
def test_interval_of_the_median_inverts_scipy_s_curve(pairs: list[tuple[float, bool]]) -> None:
    times = censored(*pairs)
    if not times.event.any() or len(pairs) < 2:
        return
    data = stats.CensoredData(times.time[times.event], right=times.time[~times.event])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interval = stats.ecdf(data).sf.confidence_interval(method="log-log")

    def first(limit: object) -> float | None:
        inside = [
            t for t in sorted({time for time, _ in pairs})
            if 0 < stats.ecdf(data).sf.evaluate(t) < 1 and limit.evaluate(t) <= 0.5  # type: ignore[attr-defined]
        ]  # fmt: skip
        return inside[0] if inside else None

    assert median_interval(times) == (first(interval.low), first(interval.high))


def test_log_rank_by_hand() -> None:
    # Times 1 (one), 2 (other), of two runs each, the others lost at 3. At 1: expected 1/2,
    # variance 1/4; at 2 one of the three at risk is of `one`: expected 1/3, variance 2/9.
    one = censored((1.0, True), (3.0, False))
    other = censored((2.0, True), (3.0, False))
    z = (1 - 1 / 2 - 1 / 3) / math.sqrt(1 / 4 + 2 / 9)
    assert log_rank(one, other) == pytest.approx(2 * stats.norm.sf(z))


def test_log_rank_without_anybody_there_says_nothing() -> None:
    lost = censored((3.0, False), (4.0, False))
    assert log_rank(lost, lost) is None


RUNS = st.lists(st.tuples(st.integers(1, 6).map(float), st.booleans()), min_size=2, max_size=12)


@given(RUNS, RUNS)
def test_log_rank_agrees_with_scipy(ours: list, theirs: list) -> None:
    one, other = censored(*ours), censored(*theirs)

    def data(times: CensoredTimes) -> stats.CensoredData:
        return stats.CensoredData(times.time[times.event], right=times.time[~times.event])

    found = log_rank(one, other)
    if found is not None:
        assert found == pytest.approx(stats.logrank(data(one), data(other)).pvalue, abs=1e-9)


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (3, 5), (10, 10), (1, 30)])
def test_share_interval_agrees_with_scipy(successes: int, n: int) -> None:
    interval = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert share_interval(successes, n) == pytest.approx((interval.low, interval.high))
