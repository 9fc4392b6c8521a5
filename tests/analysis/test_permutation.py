"""The exact log-rank test: relabelings written out, and values that are known."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlbench.analysis.permutation import DRAWN, log_rank, log_rank_scores
from rlbench.analysis.survival import CensoredTimes


def censored(*pairs: tuple[float, bool]) -> CensoredTimes:
    return CensoredTimes([t for t, _ in pairs], [e for _, e in pairs])


def solved(*times: float) -> CensoredTimes:
    return CensoredTimes(times, [True] * len(times))


@pytest.mark.parametrize("n", [4, 5, 10])
def test_two_sides_that_never_overlap(n: int) -> None:
    # The normal distribution would give 0.0018 for five runs each and 3.0e-6 for ten.
    early, late = range(1, n + 1), range(n + 1, 2 * n + 1)
    assert log_rank(solved(*early), solved(*late)) == pytest.approx(2 / comb(2 * n, n))
    assert log_rank(solved(*late), solved(*early)) == pytest.approx(2 / comb(2 * n, n))


def test_scores_by_hand() -> None:
    # Hazards: 1/4 at 1, 1/2 at 3 (two are left), 1 at 4; the run lost at 2 came through 1/4.
    scores = log_rank_scores(censored((3.0, True), (2.0, False), (1.0, True), (4.0, True)))
    assert scores.tolist() == pytest.approx([1 - 3 / 4, -1 / 4, 1 - 1 / 4, 1 - 7 / 4])
    assert scores.sum() == pytest.approx(0.0)


RUNS = st.lists(st.tuples(st.integers(0, 5).map(float), st.booleans()), min_size=1, max_size=6)


@given(RUNS, RUNS)
def test_it_is_the_share_of_relabelings_as_extreme(
    ours: list[tuple[float, bool]], theirs: list[tuple[float, bool]]
) -> None:
    found = log_rank(censored(*ours), censored(*theirs))
    if found is None:
        return
    every = [*ours, *theirs]
    scores = log_rank_scores(censored(*every))
    distances = [
        abs(sum(scores[i] for i in chosen) - scores.sum() * len(ours) / len(every))
        for chosen in combinations(range(len(every)), len(ours))
    ]
    assert found == pytest.approx(np.mean([d >= distances[0] - 1e-9 for d in distances]))


def test_many_runs_are_relabeled_at_random() -> None:
    generator = np.random.default_rng(5)
    one, other = solved(*generator.exponential(1.0, 30)), solved(*generator.exponential(1.6, 30))
    found = log_rank(one, other)
    assert found == log_rank(one, other)  # the same ones each time
    data = [stats.CensoredData(side.time) for side in (one, other)]
    assert found == pytest.approx(stats.logrank(*data).pvalue, rel=0.25)
    apart = log_rank(solved(*range(1, 31)), solved(*range(31, 61)))
    assert apart == 1 / (1 + DRAWN)  # never 0


def test_it_says_nothing_where_nothing_was_compared() -> None:
    lost = censored((3.0, False), (4.0, False))
    assert log_rank(lost, lost) is None  # no run reached it
    assert log_rank(censored((1.0, False)), solved(2.0, 3.0)) is None  # one side was gone
    assert log_rank(solved(), solved(1.0)) is None


def test_one_side_without_a_run_that_reached_it() -> None:
    none = censored(*[(60.0, False)] * 5)
    assert log_rank(none, solved(1.0, 2.0, 3.0, 4.0, 5.0)) == pytest.approx(2 / 252)


def test_a_run_that_never_reaches_it_stays_under_way() -> None:
    failed = CensoredTimes([np.inf, 9.0], [False, True])
    known = CensoredTimes([99.0, 9.0], [False, True])
    assert log_rank(failed, solved(1.0, 2.0, 3.0)) == log_rank(known, solved(1.0, 2.0, 3.0))


def test_ties_are_one_time() -> None:
    # All at once: every relabeling is as extreme.
    assert log_rank(solved(2.0, 2.0, 2.0), solved(2.0, 2.0)) == 1.0
