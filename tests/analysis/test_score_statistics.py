"""Statistics over environments, against values worked out by hand, by SciPy and by brute force."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlbench.analysis.quantiles import share_interval
from rlbench.analysis.score_statistics import (
    STATISTICS,
    Strata,
    aggregate_scores,
    improvement,
    interquartile_mean,
    performance_profile,
    probability_of_improvement,
    statistic,
    strata,
)
from rlbench.runs.records import FloatArray


def matrix(*tasks: Sequence[float]) -> FloatArray:
    """Runs by tasks, NaN where a task has fewer runs than another."""
    found = np.full((max(map(len, tasks)), len(tasks)), np.nan)
    for column, task in enumerate(tasks):
        found[: len(task), column] = task
    return found


# Two environments; DQN has one seed more on the second.
ES = matrix([0.0, 0.5, 1.0, 1.5], [0.2, 0.4])
DQN = matrix([0.5, 0.5], [0.0, 0.4, 2.0])


def test_by_hand() -> None:
    es, dqn = aggregate_scores(ES), aggregate_scores(DQN)
    assert tuple(es) == STATISTICS
    # Environment means of ES: 0.75 and 0.3; of DQN: 0.5 and 0.8.
    assert es["mean"].value == pytest.approx(0.525)
    assert dqn["median"].value == pytest.approx(0.65)
    # ES falls short by (1, 1/2, 0, 0) and (0.8, 0.6): 3/8 and 0.7 on average.
    assert es["optimality_gap"].value == pytest.approx((0.375 + 0.7) / 2)
    # A run of ES counts 1/8 on the first and 1/4 on the second. In order: 0 (1/8), 0.2 (1/4),
    # 0.4 (1/4), 0.5 (1/8), 1 (1/8), 1.5 (1/8): of 0.2 only half of its weight lies in the middle.
    assert es["iqm"].value == pytest.approx((0.125 * 0.2 + 0.25 * 0.4 + 0.125 * 0.5) / 0.5)
    # First: of 8 pairs 4 won, 2 ties: 5/8. Second: 0.2 beats 0; 0.4 beats 0, ties 0.4: 2.5/6.
    assert probability_of_improvement(ES, DQN).value == pytest.approx((5 / 8 + 2.5 / 6) / 2)


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=24).filter(lambda v: len(v) % 4 == 0))
def test_interquartile_mean_agrees_with_scipy_where_quarters_are_whole(values: list[float]) -> None:
    found = interquartile_mean(np.array(values), np.full((1, len(values)), 1 / len(values)))
    assert found[0] == pytest.approx(stats.trim_mean(values, 0.25), abs=1e-9)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=8).filter(any))
def test_a_weight_in_the_interquartile_mean_is_a_repetition(counts: list[int]) -> None:
    values = np.arange(len(counts)) ** 2.0
    # Four of each, so that quarters are whole and SciPy's trimming is exact.
    repeated = np.repeat(values, 4 * np.array(counts))
    found = interquartile_mean(values, np.array([counts]) / sum(counts))
    assert found[0] == pytest.approx(stats.trim_mean(repeated, 0.25))


LISTS = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=6)


@given(LISTS, LISTS)
def test_probability_of_improvement_agrees_with_scipy(es: list[float], dqn: list[float]) -> None:
    found = probability_of_improvement(matrix(es), matrix(dqn))
    u = stats.mannwhitneyu(es, dqn, method="asymptotic").statistic
    assert found.value == pytest.approx(u / (len(es) * len(dqn)))


def test_profile_by_hand() -> None:
    es = performance_profile(ES)
    # Above 0.45: three of four runs of ES on the first environment, none on the second.
    at = int(np.argmin(np.abs(es.tau - 0.45)))
    assert es.share[at] == pytest.approx(3 / 8)
    assert (es.share[0], es.share[-1]) == (1.0, 0.0)
    # Two runs of the second environment: as many as four of one kind, of which 1.5 lie above.
    assert es.low[at] == pytest.approx(share_interval(1, 4)[0])
    assert es.high[at] == pytest.approx(share_interval(2, 4)[1])
    assert ((es.low <= es.share) & (es.share <= es.high)).all()
    assert performance_profile(ES, tau=[0.45]).share.tolist() == [3 / 8]


def test_resampling_stays_within_environments_and_agrees_with_all_resamples() -> None:
    # Four of each environment's five seeds are drawn, in every possible way, and the quantiles are
    # those of the normal distribution at Student's t with eight degrees of freedom.
    tasks = [0.0, 1.0, 2.0, 4.0, 9.0], [0.2, 0.4, 0.5, 0.6, 3.0]
    means = [
        np.stack(np.meshgrid(*[task] * 4), axis=-1).reshape(-1, 4).mean(axis=1) for task in tasks
    ]
    both = (means[0][:, None] + means[1]).ravel() / 2
    tail = stats.norm.sf(stats.t.ppf(0.975, 8))
    low, high = np.quantile(both, [tail, 1 - tail], method="inverted_cdf")
    found = aggregate_scores(np.array(tasks).T)["mean"]
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.08)
    # Without a spread within environments there is no interval: environments are not resampled.
    same = aggregate_scores([[5.0, 3.0]] * 5)["mean"]
    assert (same.value, same.low, same.high) == (4.0, None, None)


def test_vectorised_statistics_are_those_of_resamples_written_out() -> None:
    (dqn,) = strata([np.array([0.5, 0.5]), np.array([0.0, 0.4, 2.0])])
    for name in ("median", "mean", "optimality_gap"):
        vectorised = statistic(name, dqn)
        for b in (0, 7, 1999):
            drawn = [
                np.repeat(part, weights[b].astype(int))
                for part, weights in zip(dqn.parts, dqn.weights, strict=True)
            ]
            again = Strata(tuple(drawn), tuple(np.ones((1, len(part))) for part in drawn))
            assert vectorised[b] == pytest.approx(statistic(name, again)[0])


def test_two_agents_are_resampled_independently() -> None:
    parts = [np.arange(4.0), np.arange(4.0)]
    one, other = strata(parts, parts)
    assert (one.weights[0] != other.weights[0]).any()
    assert improvement(one, other).std() > 0
    assert improvement(one.once(), other.once()).tolist() == [0.5]


def test_one_run_of_a_task_leaves_no_interval() -> None:
    alone = matrix([0.5], [0.2, 0.4])
    for found in (
        *aggregate_scores(alone).values(),
        probability_of_improvement(alone, ES),
        probability_of_improvement(ES, alone),
    ):
        assert (found.low, found.high) == (None, None)
    # Two runs of one kind, half of them above: the exact interval knows that as well.
    assert performance_profile(alone, tau=[0.3]).low.tolist() == [share_interval(1, 2)[0]]


def test_what_is_no_matrix_is_refused() -> None:
    for wrong in ([1.0, 2.0], [[]], [[1.0, np.nan], [2.0, np.nan]]):
        with pytest.raises(ValueError, match="takes a matrix of runs by tasks"):
            aggregate_scores(wrong)
    with pytest.raises(ValueError, match="better and worse: got 2 and 1 columns"):
        probability_of_improvement(ES, [[1.0]])


def test_repeats_exactly() -> None:
    assert aggregate_scores(ES) == aggregate_scores(ES)
