"""What each public name of `rlbench.analysis` says to values that are none for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rlbench.analysis as public
from rlbench.analysis import (
    CensoredTimes,
    aggregate_scores,
    geometric_mean,
    log_rank,
    mean_curve,
    median,
    median_interval,
    performance_profile,
    probability_of_improvement,
    product_limit,
    restricted_mean,
    share_interval,
    time_ratio,
)

NAN, INF = math.nan, math.inf
TIMES, NONE = CensoredTimes([1.0, 2.0], [True, True]), CensoredTimes([], [])
SCORES = [[0.1, 0.2], [0.3, 0.4]]
RESULTS = {"MeanCurve", "ProductLimit", "ScoreEstimate", "ScoreProfile", "TimeRatio"}

# (function, arguments, the error's message)
REFUSED: list[tuple[Callable[..., Any], tuple[Any, ...], str]] = [
    (CensoredTimes, ([1, NAN], [1, 1]), "time: got nan; takes a list of numbers, from 0 up"),
    (CensoredTimes, ([1, -2], [1, 1]), "time: got -2; takes"),
    (CensoredTimes, ([-INF], [0]), "time: got -inf; takes"),
    (CensoredTimes, ([INF], [True]), "time: got inf with an event; takes the time of"),
    (CensoredTimes, (3.0, [True]), r"time: got an array of shape \(\); takes a list"),
    (CensoredTimes, (["a"], [True]), r"time: got \['a'\]; takes a list of numbers"),
    (CensoredTimes, ([None], [True]), r"time: got \[None\]; takes"),
    (CensoredTimes, ([[1], [1, 2]], [True]), r"time: got \[\[1\], \[1, 2\]\]; takes"),
    (CensoredTimes, ([1j], [True]), r"time: got \[1j\]; takes"),
    (CensoredTimes, ([1], [NAN]), r"event: got \[nan\]; takes a list of True and False"),
    (CensoredTimes, ([1], ["no"]), r"event: got \['no'\]; takes"),
    (CensoredTimes, ([1], [2]), r"event: got \[2\]; takes"),
    (CensoredTimes, ([1], True), "event: got True; takes"),
    (CensoredTimes, ([1, 2], [1]), "time, event and previous: got 2, 1 and 2 items; takes"),
    (CensoredTimes, ([1], [1], [0, 0]), "time, event and previous: got 1, 1 and 2 items"),
    (CensoredTimes, ([1], [1], [NAN]), r"previous: got \[nan\]; takes times from 0"),
    (CensoredTimes, ([1], [1], [-1]), r"previous: got \[-1.0\]; takes"),
    (CensoredTimes, ([1], [1], [2]), r"previous: got \[2.0\]; takes"),
    (product_limit, ([1.0, 2.0],), r"times: got \[1.0, 2.0\]; takes CensoredTimes"),
    (median, (None,), "times: got None; takes CensoredTimes"),
    (median_interval, (3,), "times: got 3; takes CensoredTimes"),
    (restricted_mean, ([1.0], 2.0), r"times: got \[1.0\]; takes CensoredTimes"),
    (restricted_mean, (NONE, 1.0), "times: got no run; takes at least one"),
    (restricted_mean, (TIMES, NAN), "horizon: got nan; takes a finite number from 0 up"),
    (restricted_mean, (TIMES, INF), "horizon: got inf; takes"),
    (restricted_mean, (TIMES, -1.0), "horizon: got -1.0; takes"),
    (restricted_mean, (TIMES, "1"), "horizon: got '1'; takes"),
    (log_rank, ([1.0], TIMES), r"one: got \[1.0\]; takes CensoredTimes"),
    (log_rank, (TIMES, None), "other: got None; takes CensoredTimes"),
    (time_ratio, ([1.0], TIMES), r"baseline: got \[1.0\]; takes CensoredTimes"),
    (time_ratio, (TIMES, [1.0]), r"challenger: got \[1.0\]; takes CensoredTimes"),
    (time_ratio, (TIMES, TIMES, NAN), "first: got nan; takes a finite number from 0 up"),
    (time_ratio, (TIMES, TIMES, -1), "first: got -1; takes"),
    (geometric_mean, ([],), "ratios: got none; takes at least one"),
    (geometric_mean, ([1.0, NAN],), "ratios: got nan; takes a list of numbers, from 0 up"),
    (geometric_mean, ([1.0, -2.0],), "ratios: got -2; takes"),
    (geometric_mean, ([0.0, INF],), "ratios: got 0 and inf; takes one of them at most"),
    (geometric_mean, (["a"],), r"ratios: got \['a'\]; takes"),
    (geometric_mean, (3.0,), r"ratios: got an array of shape \(\); takes"),
    (share_interval, (3, 2), "successes and runs: got 3 and 2; takes whole numbers"),
    (share_interval, (-1, 2), "successes and runs: got -1 and 2; takes"),
    (share_interval, (1.5, 2), "successes and runs: got 1.5 and 2; takes"),
    (share_interval, (NAN, 2), "successes and runs: got nan and 2; takes"),
    (mean_curve, (None, None), r"runs: got None; takes a list of \(times, values\)"),
    (mean_curve, (3, 1.0), "runs: got 3; takes a list of"),
    (mean_curve, ([([0.0, NAN], [1, 2])], 3.0), "runs: got nan; takes a list of numbers, finite"),
    (mean_curve, ([([0.0, 1.0], [1, NAN])], 3.0), "runs: got nan; takes"),
    (mean_curve, ([([0.0, INF], [1, 2])], 3.0), "runs: got inf; takes"),
    (mean_curve, ([([1.0, 0.0], [1, 2])], 3.0), r"runs: got times \[1.0, 0.0\]; takes ascending"),
    (mean_curve, ([([0.0, 1.0], [1])], 3.0), "runs: got 2 times and 1 values; takes as many"),
    (mean_curve, ([[0.0]], 3.0), r"runs: got \[0.0\]; takes pairs of times and values"),
    (mean_curve, ([3], 3.0), "runs: got 3; takes pairs"),
    (mean_curve, ([([0.0], [1])], NAN), "end: got nan; takes a finite number"),
    (mean_curve, ([([0.0], [1])], INF), "end: got inf; takes"),
    (mean_curve, ([([0.0], [1])], None), "end: got None; takes"),
    (mean_curve, ([([0.0], [1])], 1.0, [True, False]), "carried_forward: got 2 values; takes one"),
    (mean_curve, ([([0.0], [1])], 1.0, [NAN]), r"carried_forward: got \[nan\]; takes"),
    (aggregate_scores, ([],), r"scores: got an array of shape \(0,\); takes a matrix"),
    (aggregate_scores, ([[]],), r"scores: got an array of shape \(1, 0\); takes a matrix"),
    (aggregate_scores, ([0.1, 0.2],), r"scores: got an array of shape \(2,\); takes a matrix"),
    (aggregate_scores, ([[0.1, NAN]],), "at least one run of each task"),
    (aggregate_scores, ([[0.1, INF]],), "scores: got inf; takes a matrix of runs by tasks, finite"),
    (aggregate_scores, ([["a"]],), r"scores: got \[\['a'\]\]; takes a matrix"),
    (performance_profile, ([[-INF]],), "scores: got -inf; takes"),
    (performance_profile, ([[]],), r"scores: got an array of shape \(1, 0\); takes"),
    (performance_profile, (SCORES, [NAN]), "tau: got nan; takes a list of numbers, without NaN"),
    (performance_profile, (SCORES, 0.5), r"tau: got an array of shape \(\); takes a list"),
    (probability_of_improvement, ([[INF]], [[1]]), "better: got inf; takes"),
    (probability_of_improvement, ([[1]], [[NAN]]), r"worse: got an array of shape \(1, 1\); takes"),
    (probability_of_improvement, (SCORES, [[1]]), "better and worse: got 2 and 1 columns; takes"),
]


def test_every_public_name_is_in_the_table() -> None:
    asked = {function.__name__ for function, _, _ in REFUSED}
    assert asked | RESULTS == set(public.__all__)


@pytest.mark.parametrize(("function", "given", "message"), REFUSED)
@pytest.mark.filterwarnings("error")
def test_what_is_refused_and_how(
    function: Callable[..., Any], given: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^.*{message}") as raised:
        function(*given)
    assert "\n" not in str(raised.value)


@pytest.mark.filterwarnings("error")
def test_what_is_defined_at_the_edges() -> None:
    assert len(NONE) == 0 and median(NONE) is None and median_interval(NONE) == (None, None)
    assert product_limit(NONE).time.tolist() == [] and log_rank(NONE, TIMES) is None
    assert time_ratio(NONE, NONE).ratio is None
    never = CensoredTimes([INF, 1.0], [False, True], [NAN, 0.5])
    assert never.previous.tolist() == [INF, 0.5] and restricted_mean(never, 4.0) == 2.5
    assert restricted_mean(TIMES, 0.0) == 0.0
    assert CensoredTimes([1], [1]).event.tolist() == [True]
    assert time_ratio(TIMES, TIMES, 0.0) == time_ratio(TIMES, TIMES)
    assert (geometric_mean([0.0, 4.0]), geometric_mean([INF, 4.0])) == (0.0, INF)
    assert geometric_mean(x for x in (1, 4)) == 2.0 and geometric_mean(np.array([1.0])) == 1.0
    assert share_interval(0, 0) == (0.0, 1.0)
    assert mean_curve([], 1.0) is None and mean_curve([([], [])], 1.0) is None
    assert mean_curve([([2.0], [1.0])], 1.0) is None  # nothing is known until then
    assert performance_profile(SCORES, []).share.tolist() == []
    assert performance_profile(SCORES, [-INF, INF]).share.tolist() == [1.0, 0.0]
    lone = aggregate_scores([[0.5, 0.1], [NAN, 0.3]])["mean"]
    assert (lone.value, lone.low, lone.high) == (pytest.approx(0.35), None, None)
