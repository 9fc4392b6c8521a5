"""Statistics over environments, against values worked out by hand, by SciPy and by brute force."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.analysis.normalized_scores import ContestScores, Scale
from rlbench.analysis.score_statistics import (
    Estimate,
    Strata,
    estimates,
    interquartile_mean,
    probability_of_improvement,
    profiles,
    statistic,
    strata,
)
from rlbench.analysis.suites import Contest


def scores(*environments: tuple[Sequence[float], Sequence[float]]) -> list[ContestScores]:
    """Scores of ES and DQN on some environments."""
    found = []
    for index, (es, dqn) in enumerate(environments):
        env = f"Env{index}-v0"
        groups = [Group(env, agent, agent, ()) for agent in ("es", "dqn")]
        contest = Contest(
            EnvironmentGroups(env, tuple(groups)), baseline=groups[1], challenger=groups[0]
        )
        found.append(
            ContestScores(
                contest, Scale(0.0, 1.0, ""), 60.0, baseline=np.array(dqn), challenger=np.array(es)
            )
        )
    return found


# Two environments; DQN has one seed more on the second.
WORKED = scores(([0.0, 0.5, 1.0, 1.5], [0.5, 0.5]), ([0.2, 0.4], [0.0, 0.4, 2.0]))


def value(name: str, agent: str = "es") -> Estimate:
    (found,) = [e for e in estimates("", WORKED) if (e.statistic, e.agent) == (name, agent)]
    return found


def test_by_hand() -> None:
    # Environment means of ES: 0.75 and 0.3; of DQN: 0.5 and 0.8.
    assert value("mean").value == pytest.approx(0.525)
    assert value("median", "dqn").value == pytest.approx(0.65)
    # ES falls short by (1, 1/2, 0, 0) and (0.8, 0.6): 3/8 and 0.7 on average.
    assert value("optimality_gap").value == pytest.approx((0.375 + 0.7) / 2)
    # A run of ES counts 1/8 on the first and 1/4 on the second. In order: 0 (1/8), 0.2 (1/4),
    # 0.4 (1/4), 0.5 (1/8), 1 (1/8), 1.5 (1/8): of 0.2 only half of its weight lies in the middle.
    assert value("iqm").value == pytest.approx((0.125 * 0.2 + 0.25 * 0.4 + 0.125 * 0.5) / 0.5)
    # First: of 8 pairs 4 won, 2 ties: 5/8. Second: 0.2 beats 0; 0.4 beats 0, ties 0.4: 2.5/6.
    assert value("probability_of_improvement").value == pytest.approx((5 / 8 + 2.5 / 6) / 2)
    assert (value("iqm").n_environments, value("iqm").n_runs) == (2, 6)
    assert value("probability_of_improvement").n_runs == 11


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
    both = strata(scores((es, dqn)))
    found = probability_of_improvement(both["es"].plain(), both["dqn"].plain())
    u = stats.mannwhitneyu(es, dqn, method="asymptotic").statistic
    assert found[0] == pytest.approx(u / (len(es) * len(dqn)))


def test_profile_by_hand() -> None:
    es, dqn = profiles("", WORKED)
    assert (es.agent, dqn.agent) == ("es", "dqn")
    # Above 0.45: three of four runs of ES on the first environment, none on the second.
    at = int(np.argmin(np.abs(es.tau - 0.45)))
    assert es.share[at] == pytest.approx(3 / 8)
    assert (es.share[0], es.share[-1]) == (1.0, 0.0)
    assert ((es.low <= es.share) & (es.share <= es.high)).all()


def test_resampling_stays_within_environments_and_agrees_with_all_resamples() -> None:
    # Both environments' seeds, drawn in every possible way: 4 * 4 equally likely resamples of ES.
    small = scores(([0.0, 1.0], [5.0, 5.0]), ([0.2, 0.4], [5.0, 5.0]))
    exact = [
        (np.mean(one) + np.mean(other)) / 2
        for one in itertools.product([0.0, 1.0], repeat=2)
        for other in itertools.product([0.2, 0.4], repeat=2)
    ]
    low, high = np.quantile(exact, [0.025, 0.975], method="inverted_cdf")
    (found,) = [e for e in estimates("", small) if (e.statistic, e.agent) == ("mean", "es")]
    assert (found.low, found.high) == pytest.approx((low, high))
    # DQN has no spread, so its interval has none: environments are not resampled.
    (dqn,) = [e for e in estimates("", small) if (e.statistic, e.agent) == ("mean", "dqn")]
    assert (dqn.low, dqn.high) == (5.0, 5.0)


def test_vectorised_statistics_are_those_of_resamples_written_out() -> None:
    both = strata(WORKED)
    for name in ("median", "mean", "optimality_gap"):
        vectorised = statistic(name, both["dqn"])
        for b in (0, 7, 1999):
            drawn = [
                np.repeat(part, weights[b].astype(int))
                for part, weights in zip(both["dqn"].parts, both["dqn"].weights, strict=True)
            ]
            again = Strata(tuple(drawn), tuple(np.ones((1, len(part))) for part in drawn))
            assert vectorised[b] == pytest.approx(statistic(name, again)[0])


def test_one_seed_on_one_environment_leaves_no_interval() -> None:
    alone = scores(([0.5], [0.1, 0.2]), ([0.2, 0.4], [0.0, 0.4]))
    for found in estimates("", alone):
        assert (found.low, found.high) == (None, None)
        assert found.reason == "one seed of es on Env0-v0, so no interval"
    assert all(np.isnan(profile.low).all() for profile in profiles("", alone))


def test_runs_without_a_score_are_left_out() -> None:
    torn = scores(([0.0, np.nan, 1.0], [0.5, 0.5]), ([0.2, 0.4], [0.0, 0.4]))
    (found,) = [e for e in estimates("", torn) if (e.statistic, e.agent) == ("mean", "es")]
    assert found.value == pytest.approx((0.5 + 0.3) / 2)
    assert found.n_runs == 4


def test_repeats_exactly() -> None:
    assert list(estimates("", WORKED)) == list(estimates("", WORKED))
