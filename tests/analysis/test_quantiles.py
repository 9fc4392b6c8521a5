"""Student's t and exact limits of shares against SciPy."""

from __future__ import annotations

import pytest
from scipy import stats

from rlbench.analysis.quantiles import at_least, share_interval, student_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 9, 10, 49, 120])
@pytest.mark.parametrize("probability", [0.75, 0.975, 0.9995])
def test_student_quantile_agrees_with_scipy(probability: float, degrees: int) -> None:
    expected = stats.t.ppf(probability, degrees)
    assert student_quantile(probability, degrees) == pytest.approx(expected, rel=1e-9)


def test_student_quantile_names_what_it_takes() -> None:
    with pytest.raises(ValueError, match=r"got 0\.975 and 0; takes"):
        student_quantile(0.975, 0)


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (3, 5), (5, 5), (10, 10), (1, 30), (0, 1)])
def test_share_interval_agrees_with_scipy(successes: int, n: int) -> None:
    interval = stats.binomtest(successes, n).proportion_ci(method="exact")
    assert share_interval(successes, n) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("n", [3, 5, 10, 20])
def test_share_interval_covers_whatever_the_share(share: float, n: int) -> None:
    covered = sum(
        stats.binom.pmf(k, n, share)
        for k in range(n + 1)
        if share_interval(k, n)[0] <= share <= share_interval(k, n)[1]
    )
    assert covered >= 0.95


def test_chance_of_so_many_or_more() -> None:
    assert at_least(5, 5, 0.5) == pytest.approx(1 / 32)
    assert at_least(0, 5, 0.3) == pytest.approx(1.0)
