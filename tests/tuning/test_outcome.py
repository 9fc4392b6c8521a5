"""Which trial is better, and which is given up: worked by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from rlbench.runs.columns import Clock
from rlbench.runs.records import Evaluations
from rlbench.tuning.outcome import LEAST_TRIALS, Outcome, is_behind


def outcome(*runs: tuple[float | None, float | None]) -> Outcome:
    """Of runs with (seconds until solved, final return) and a budget of 60 s."""
    solved = tuple(run[0] for run in runs)
    return Outcome(solved, tuple(run[1] for run in runs), tuple(one or 60.0 for one in solved))


FAST = outcome((4.0, 490.0), (6.0, 480.0))  # 5 s on average
SLOW = outcome((59.0, 500.0), (59.0, 500.0))
ONE_LACKS = outcome((1.0, 500.0), (None, 400.0))  # 30.5 s until solved or over, but not solved
ONE_LACKS_MORE = outcome((1.0, 500.0), (None, 20.0))
NONE = outcome((None, 300.0), (None, 440.0))
NO_EVALUATION = outcome((None, None), (None, 440.0))


def test_an_unsolved_run_comes_after_all_solved_ones_by_its_final_return() -> None:
    shuffled = [NO_EVALUATION, ONE_LACKS_MORE, SLOW, NONE, ONE_LACKS, FAST]
    best_first = [FAST, SLOW, ONE_LACKS, ONE_LACKS_MORE, NONE, NO_EVALUATION]
    assert sorted(shuffled, key=lambda one: one.rank_key("time_to_threshold")) == best_first


def test_an_unsolved_time_is_never_a_number() -> None:
    assert FAST.mean_solved_s == 5.0
    assert ONE_LACKS.mean_solved_s is None
    assert ONE_LACKS.mean_spent_s == 30.5  # what it cost


def test_what_optuna_orders_by_has_the_same_order() -> None:
    best_first = [ONE_LACKS, ONE_LACKS_MORE, NONE, NO_EVALUATION]
    shortfalls = [one.shortfall for one in best_first]
    assert FAST.shortfall == SLOW.shortfall == 0.0
    assert shortfalls == sorted(shortfalls) and len(set(shortfalls)) == 4
    assert shortfalls[0] == 1 + 0.5 - math.atan(400.0) / math.pi
    assert shortfalls[-1] == 3.0  # two runs, and no return at all


def test_without_a_threshold_the_mean_final_return_counts() -> None:
    shuffled = [outcome((None, -200.0)), outcome((None, None)), outcome((None, -90.0))]
    ordered = sorted(shuffled, key=lambda one: one.rank_key("final_return"))
    assert [one.mean_return for one in ordered] == [-90.0, -200.0, -math.inf]


def test_it_is_read_back_from_plain_values() -> None:
    values = {name: list(value) for name, value in vars(ONE_LACKS).items()}
    assert Outcome.from_dict(values) == ONE_LACKS
    assert Outcome.from_dict({**values, "solved_s": "x"}) is None
    assert Outcome.from_dict({**values, "solved_s": [1.0]}) is None
    strange = Outcome.from_dict({**values, "final_return": ["x", True], "train_s": [math.nan, 1]})
    assert strange == Outcome((1.0, None), (None, None), (0.0, 1.0))


def curve(*points: tuple[float, float]) -> Evaluations:
    """Evaluations of (second of training, mean return)."""
    clocks = [Clock(train_s=seconds) for seconds, _ in points]
    return Evaluations.of(clocks, [returned for _, returned in points], 1)


OTHERS = [
    [curve((0, 10), (5, 100), (10, 500))],  # by second 5: 100
    [curve((0, 10), (4, 200), (9, 500))],  # 200
    [curve((0, 30), (3, 60), (12, 500))],  # 60
    [curve((0, 20), (2, 500))],  # 500, which it keeps
]
MIDDLE = 150.0  # of 60, 100, 200, 500


@pytest.mark.parametrize(
    ("own", "behind"),
    [
        ([curve((0, 10), (5, MIDDLE - 1))], True),
        ([curve((0, 10), (5, MIDDLE))], False),
        ([curve((0, 10), (3, 160), (5, 20))], False),  # the best that it had counts
        ([curve((0, 10))], False),  # at the beginning 15 is the median, but nothing is learned
        ([], False),
    ],
)
def test_behind_the_median_at_the_same_second(own: Sequence[Evaluations], behind: bool) -> None:
    assert is_behind(own, OTHERS, warm_s=1.0) is behind


def test_nobody_is_behind_before_enough_others_ended_or_too_early() -> None:
    own = [curve((0, 0), (5, 0))]
    assert is_behind(own, OTHERS, warm_s=5.0)
    assert not is_behind(own, OTHERS, warm_s=5.1)
    assert len(OTHERS) == LEAST_TRIALS and not is_behind(own, OTHERS[1:], warm_s=1.0)


def test_a_trial_is_measured_by_the_mean_of_the_runs_that_it_has_begun() -> None:
    """One bad seed of two does not make a trial a bad one."""
    good, bad = curve((0, 0), (2, 500)), curve((0, 0), (5, 0))
    others = [[curve((0, 0), (5, 200))] * 2] * 4
    assert not is_behind([good, bad], others, warm_s=1.0)  # 250 beside 100
    others = [[curve((0, 0), (1, 300))] * 2] * 4
    assert is_behind([good, bad], others, warm_s=1.0)  # 250 beside 300
