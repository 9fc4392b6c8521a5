"""Time ratios: pairs written out, the test turned round, and what unsolved runs leave open."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rlbench.analysis.survival import CensoredTimes
from rlbench.analysis.time_ratios import TimeRatio, time_ratio

UNSOLVED = math.inf
# (evaluation before, evaluation that showed it) of ten runs each; (end, UNSOLVED) where none did.
PENDULUM_DQN = [
    (0.52, 0.61), (0.66, 0.74), (0.94, 1.04), (1.0, 1.12), (1.03, 1.19), (1.09, 1.23),
    (1.12, 1.28), (1.12, 1.28), (1.15, 1.33), (1.47, 1.64),
]  # fmt: skip
PENDULUM_ES = [
    (33.53, 34.02), (40.15, 40.57), *[(60.02 + i / 100, UNSOLVED) for i in range(8)]
]  # fmt: skip
MOUNTAIN_CAR_DQN = [
    (29.82, 32.89), (41.56, 46.18), (44.97, 49.66), (46.05, 50.19), (53.38, 59.56),
    *[(60.0, UNSOLVED)] * 5,
]  # fmt: skip
MOUNTAIN_CAR_ES = [
    (1.28, 1.46), (9.05, 9.32), (11.26, 11.82), (11.6, 12.15), (13.95, 14.48), (14.86, 15.54),
    (15.21, 15.68), (17.27, 17.86), (17.62, 18.13), (20.21, 20.63),
]  # fmt: skip
MOUNTAIN_CAR_DQN_STEPS = [
    (117392, 129136), (171872, 189064), (171872, 189064), (189064, 207968), (207968, 228768),
    (224640, UNSOLVED), (234240, UNSOLVED), (235008, UNSOLVED), (242560, UNSOLVED),
    (254360, UNSOLVED),
]  # fmt: skip
MOUNTAIN_CAR_ES_STEPS = [
    (73980, 85502), (580272, 604441), (682881, 706745), (726705, 757248), (755478, 779693),
    (805185, 828458), (830648, 853915), (877246, 908250), (907336, 929372), (1103727, 1127268),
]  # fmt: skip
CART_POLE_DQN = [
    (1.1, 1.21), (1.23, 1.36), (2.13, 2.4), (2.39, 2.63), (2.39, 2.64), (2.44, 2.67),
    (2.79, 3.02), (3.35, 3.68), (3.3, 3.73), (10.41, 11.54),
]  # fmt: skip
CART_POLE_ES = [
    (0.05, 0.13), (0.35, 0.46), (0.44, 0.52), (0.46, 0.57), (0.62, 0.75), (0.65, 0.75),
    (0.73, 0.8), (0.74, 0.88), (1.5, 1.59), (1.57, 1.64),
]  # fmt: skip


def spans(pairs: list[tuple[float, float]] | list[tuple[int, float]]) -> CensoredTimes:
    """Times from (previous, at], or (end, UNSOLVED)."""
    events = [math.isfinite(at) for _, at in pairs]
    times = [at if math.isfinite(at) else end for end, at in pairs]
    return CensoredTimes(times, events, [before for before, _ in pairs])


def solved(*times: float) -> CensoredTimes:
    return CensoredTimes(times, [True] * len(times))


def cut(times: list[float], budget: float) -> CensoredTimes:
    known = np.array(times) <= budget
    return CensoredTimes(np.minimum(times, budget), known)


def ends(found: TimeRatio) -> tuple[float, float]:
    return found.low or 0.0, math.inf if found.high is None else found.high


def test_by_hand() -> None:
    # The 16 ratios run from 30 / 5 to 50 / 1; four against four leave none of them out.
    found = time_ratio(solved(30.0, 40.0, 45.0, 50.0), solved(1.0, 2.0, 3.0, 5.0))
    assert (found.low, found.high, found.bound, found.reason) == (6.0, 50.0, "", "")
    ratios = sorted(a / b for a in (30, 40, 45, 50) for b in (1, 2, 3, 5))
    assert found.ratio == pytest.approx(math.sqrt(ratios[7] * ratios[8]))
    assert found.p == pytest.approx(2 / 70)
    assert found.grid == 1.0


def test_five_runs_each_leave_two_pairs_out() -> None:
    ours, theirs = (3.0, 5.0, 9.0, 20.0, 31.0), (1.0, 1.5, 2.5, 7.0, 11.0)
    ratios = sorted(a / b for a in ours for b in theirs)
    found = time_ratio(solved(*ours), solved(*theirs))
    assert (found.low, found.ratio, found.high) == (ratios[2], ratios[12], ratios[22])


TIMES = st.lists(
    st.floats(0.01, 100.0, allow_nan=False), min_size=4, max_size=8, unique=True
)  # fmt: skip


@given(TIMES, TIMES, st.floats(0.001, 1000.0))
def test_it_holds_the_factors_that_the_exact_test_does_not_reject(
    ours: list[float], theirs: list[float], factor: float
) -> None:
    found = time_ratio(solved(*ours), solved(*theirs))
    low, high = ends(found)
    scaled = np.array(ours) / factor
    if len({*scaled, *theirs}) < len(ours) + len(theirs) or factor in (low, high):
        return
    p = stats.mannwhitneyu(scaled, theirs, method="exact").pvalue
    assert (low < factor < high) == (p > 0.05)


@given(TIMES, TIMES)
def test_the_two_agents_change_places(ours: list[float], theirs: list[float]) -> None:
    there, back = (time_ratio(cut(a, 40.0), cut(b, 40.0)) for a, b in
                   ((ours, theirs), (theirs, ours)))  # fmt: skip
    assert (there.ratio is None) == (back.ratio is None)
    if there.ratio is not None and back.ratio is not None:
        assert there.ratio == pytest.approx(1 / back.ratio)
        assert {">=": "<=", "<=": ">=", "": ""}[there.bound] == back.bound
    low, high = ends(there)
    assert ends(back) == pytest.approx(
        (0.0 if math.isinf(high) else 1 / high, math.inf if low == 0.0 else 1 / low)
    )


@settings(max_examples=200)
@given(TIMES, TIMES, st.floats(0.5, 100.0), st.floats(0.5, 100.0), st.floats(1.0, 10.0))
def test_an_interval_holds_whatever_longer_budgets_give(
    ours: list[float], theirs: list[float], budget: float, other: float, longer: float
) -> None:
    short = time_ratio(cut(ours, budget), cut(theirs, other))
    for more in (longer, math.inf):
        if math.isinf(more):
            long = time_ratio(solved(*ours), solved(*theirs))
        else:
            long = time_ratio(cut(ours, budget * more), cut(theirs, other * more))
        if short.ratio is None or long.ratio is None:
            continue
        assert ends(short)[0] <= ends(long)[0]
        assert ends(short)[1] >= ends(long)[1]
        assert short.least <= long.least * (1 + 1e-12)
        assert short.most >= long.most * (1 - 1e-12)


@given(TIMES, TIMES, st.floats(1.0, 100.0), st.floats(0.05, 20.0))
def test_p_is_at_most_5_in_100_just_where_the_interval_excludes_equally_fast(
    ours: list[float], theirs: list[float], budget: float, factor: float
) -> None:
    found = time_ratio(cut(ours, budget), cut([factor * time for time in theirs], budget))
    if found.ratio is None:
        assert found.p is None
        return
    assert found.p is not None
    low, high = ends(found)
    assert (found.p <= 0.05) == (low > 1.0 or high < 1.0)


@given(TIMES, TIMES, st.data())
def test_an_interval_holds_whatever_the_grid_hides(
    ours: list[float], theirs: list[float], data: st.DataObject
) -> None:
    # Runs are looked at each whole 5 s; the interval from the cells holds that of any times in
    # them, so that the true times' interval is among those.
    def seen(times: list[float]) -> CensoredTimes:
        at = np.ceil(np.array(times) / 5.0) * 5.0
        return CensoredTimes(at, [True] * len(at), at - 5.0)

    def placed(times: list[float]) -> CensoredTimes:
        inside = data.draw(st.lists(st.floats(0.01, 1.0), min_size=len(times), max_size=len(times)))
        at = np.ceil(np.array(times) / 5.0) * 5.0
        return solved(*(at - 5.0 + 5.0 * np.array(inside)))

    low, high = ends(time_ratio(seen(ours), seen(theirs)))
    true = time_ratio(solved(*ours), solved(*theirs))
    for inner in (true, time_ratio(placed(ours), placed(theirs))):
        assert low <= ends(inner)[0]
        assert high >= ends(inner)[1]


def test_the_grid_s_part_is_stated() -> None:
    # Each cell is 10 % wide: the ends move apart by 1 / 0.9 each.
    ours, theirs = np.array([30.0, 40.0, 45.0, 50.0]), np.array([1.0, 2.0, 3.0, 5.0])
    found = time_ratio(
        CensoredTimes(ours, [True] * 4, 0.9 * ours), CensoredTimes(theirs, [True] * 4, 0.9 * theirs)
    )
    exact = time_ratio(solved(*ours), solved(*theirs))
    assert found.ratio == exact.ratio
    assert ends(found) == pytest.approx((6.0 * 0.9, 50.0 / 0.9))
    assert found.grid == pytest.approx(1 / 0.81)
    # A run that was solved at its first evaluation may have been solved at once.
    at_once = CensoredTimes(theirs, [True] * 4, [0.0, 1.8, 2.7, 4.5])
    opened = time_ratio(solved(*ours), at_once)
    assert (opened.high, opened.grid) == (None, math.inf)


@pytest.mark.parametrize("budget", [60.0, 600.0])
def test_one_of_ten_solved_is_a_bound_with_an_open_end(budget: float) -> None:
    dqn = solved(*np.linspace(1.0, 1.4, 10))
    es = CensoredTimes([30.0, *[budget] * 9], [True, *[False] * 9])
    found = time_ratio(dqn, es)
    assert (found.bound, found.low) == ("<=", None)
    assert found.ratio is not None
    assert found.high is not None
    assert found.ratio <= found.high <= 1.4 / min(budget, 60.0)


def test_pendulum_is_at_most() -> None:
    found = time_ratio(spans(PENDULUM_DQN), spans(PENDULUM_ES))
    assert (found.low, found.bound) == (None, "<=")
    assert found.high == pytest.approx(0.026, abs=5e-4)
    assert found.ratio == pytest.approx(0.0204, abs=1e-4)


def test_mountain_car_is_at_least() -> None:
    found = time_ratio(spans(MOUNTAIN_CAR_DQN), spans(MOUNTAIN_CAR_ES))
    assert (found.high, found.bound) == (None, ">=")  # half of DQN's runs were not solved
    assert found.low == pytest.approx(2.9, abs=0.05)


def test_mountain_car_in_steps_counts_every_run() -> None:
    # A horizon at which one unsolved run of DQN ended would leave out nine of ten of ES.
    found = time_ratio(spans(MOUNTAIN_CAR_DQN_STEPS), spans(MOUNTAIN_CAR_ES_STEPS))
    assert (found.high, found.bound) == (None, ">=")
    assert found.ratio == pytest.approx(1 / 3.67, abs=0.01)  # up to 3.7 times as many
    assert found.low == pytest.approx(0.21, abs=0.005)


def test_cart_pole() -> None:
    found = time_ratio(spans(CART_POLE_DQN), spans(CART_POLE_ES))
    assert ends(found) == pytest.approx((2.0, 8.0), abs=0.02)
    assert found.ratio == pytest.approx(3.9, abs=0.05)
    assert found.p is not None and found.p < 0.001


ZERO = (0.0, 0.0, 0.0, 0.0, 0.0)
LATER = (3.0, 4.0, 5.0, 6.0, 7.0)


def test_one_side_solved_before_training_bounds_the_ratio() -> None:
    found = time_ratio(solved(*LATER), solved(*ZERO), first=0.5)
    # A run of the challenger needed at most the 0.5 s to the first evaluation.
    assert (found.ratio, found.bound, found.low, found.high) == (5.0 / 0.5, ">=", 3.0 / 0.5, None)
    assert found.reason == "every run of the challenger was solved before any training"
    back = time_ratio(solved(*ZERO), solved(*LATER), first=0.5)
    assert (back.ratio, back.bound, back.low, back.high) == (0.1, "<=", None, 0.5 / 3.0)


def test_both_sides_solved_before_training_have_no_ratio() -> None:
    found = time_ratio(solved(*ZERO), solved(*ZERO), first=0.5)
    assert (found.ratio, found.low, found.high) == (None, None, None)
    assert found.reason == "both were solved before any training"


def test_a_single_run_solved_before_training_changes_little() -> None:
    some = time_ratio(solved(0.0, *LATER[1:]), solved(*LATER), first=0.5)
    assert (some.ratio, some.bound, some.reason) == (1.0, "", "")
    # How much less than 0.5 s it needed is unknown, and with it the lower end.
    assert (some.low, some.high) == (None, 1.75)


def test_unsolved_runs_against_runs_solved_before_training() -> None:
    never = CensoredTimes([100.0] * 5, [False] * 5)
    found = time_ratio(never, solved(*ZERO), first=0.5)
    assert (found.low, found.high, found.bound) == (200.0, None, ">=")


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        (cut([9.0] * 5, 5.0), cut([9.0] * 5, 5.0), "neither reached the level"),
        (CensoredTimes([math.inf] * 5, [False] * 5), solved(*LATER),
         "every run of the baseline failed"),
        (CensoredTimes([0.0] * 5, [False] * 5), solved(*ZERO), "no time was spent on training"),
        (cut([1.0, 2.0, 9.0, 9.0, 9.0], 5.0), cut([1.0, 2.0, 9.0, 9.0, 9.0], 5.0),
         "too few runs reached the level"),
        (solved(0.0, 0.0, 0.0, 4.0, 5.0), solved(0.0, 0.0, 0.0, 0.0, 22.0),
         "too many were solved untrained"),
        (cut([0.0, 0.0, 0.0, 0.0, 9.0], 5.0), cut([0.0, 0.0, 0.0, 9.0, 9.0], 5.0),
         "too many were solved untrained"),
        (cut([0.0, 9.0, 9.0, 9.0, 9.0], 5.0), cut([9.0, 9.0, 9.0, 9.0, 9.0], 5.0),
         "too few runs reached the level"),
    ],
)  # fmt: skip
def test_why_there_is_no_ratio(ours: CensoredTimes, theirs: CensoredTimes, reason: str) -> None:
    found = time_ratio(ours, theirs)
    assert (found.ratio, found.low, found.high, found.grid) == (None, None, None, None)
    assert found.reason == reason


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 10), (2, 5), (3, 3)])
def test_few_seeds_have_a_ratio_and_no_interval(n: int, m: int) -> None:
    found = time_ratio(solved(*np.arange(10.0, 10.0 + n)), solved(*np.arange(1.0, 1.0 + m)))
    assert found.ratio is not None
    assert (found.low, found.high) == (None, None)
    assert found.reason == f"{n} and {m} seeds are too few for a 95 % interval"


def test_a_failed_run_counts_as_watched_as_long_as_any() -> None:
    def dqn(failed: float) -> CensoredTimes:
        return CensoredTimes([30.0, 40.0, 50.0, 60.0, failed], [True] * 4 + [False])

    assert time_ratio(dqn(math.inf), solved(*LATER)) == time_ratio(dqn(60.0), solved(*LATER))


def test_half_of_both_unsolved_leaves_both_ends_open() -> None:
    some = {"time": [1.0, 2.0, 3.0, 9.0, 9.0], "event": [True] * 3 + [False] * 2}
    found = time_ratio(CensoredTimes(**some), CensoredTimes(**some))
    assert found.ratio == pytest.approx(1.0)
    assert (found.low, found.high) == (None, None)
    assert found.reason == "unsolved runs leave both ends of the interval open"


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_the_unit_does_not_matter(unit: float) -> None:
    def scaled(pairs: list[Any]) -> CensoredTimes:
        return spans([(a * unit, b * unit) for a, b in pairs])

    found = time_ratio(scaled(CART_POLE_DQN), scaled(CART_POLE_ES))
    assert ends(found) == pytest.approx(ends(time_ratio(spans(CART_POLE_DQN), spans(CART_POLE_ES))))


def test_open_ends_are_not_blamed_on_unsolved_runs_where_there_are_none() -> None:
    # Seen at the first evaluation after the one at step 0, so that each needed from 0 to 9 s.
    far = CensoredTimes(np.full(5, 9.0), np.full(5, True), np.zeros(5))
    found = time_ratio(far, far)
    assert (found.low, found.high) == (None, None)
    assert found.reason == "evaluations that lie far apart leave both ends of the interval open"
