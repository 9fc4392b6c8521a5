"""Who was faster is decided once, and said in the same way wherever it is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rlbench.analysis.decision import Limit, decide, reaches
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.wording import (
    advantage_text,
    factor_text,
    interval_text,
    outcome_text,
    ratio_text,
    sureness_text,
    winner_text,
)

RATIO = SpeedRatio(
    env="A-v0", baseline="dqn", challenger="es", level=1.0, is_threshold=True, unit="train_s",
    n_baseline=5, n_baseline_reached=5, n_challenger=5, n_challenger_reached=5,
    ratio=4.0, low=2.0, high=8.0, bound="", least=4.0, most=4.0, grid=1.1, p=0.01,
    reason="",
)  # fmt: skip


def changed(**change: float | str | None) -> SpeedRatio:
    return replace(RATIO, **change)  # type: ignore[arg-type]


ONE_SEED = {"low": None, "high": None, "reason": "one seed gives no interval", "p": None}


@pytest.mark.parametrize(
    ("change", "winner", "factor", "interval", "short"),
    [
        ({}, "ES", "4\u00d7", "2 to 8", "4\u00d7 [2, 8]"),
        ({"ratio": 0.25, "low": 0.1, "high": 0.5}, "DQN", "4\u00d7", "2 to 10",
         "0.25\u00d7 [0.1, 0.5]"),
        ({"low": 0.5}, "not settled", "estimate: ES 4\u00d7", "0.5 to 8", "4\u00d7 [0.5, 8]"),
        ({"low": 1.0}, "not settled", "estimate: ES 4\u00d7", "1 to 8", "4\u00d7 [1, 8]"),
        ({"ratio": 0.5, "low": 0.1, "high": 2.0}, "not settled", "estimate: DQN 2\u00d7",
         "0.5 to 10", "0.5\u00d7 [0.1, 2]"),
        ({"bound": ">=", "high": None}, "ES", "at least 4\u00d7", "2 or more",
         "\u2265 4\u00d7 [2, \u221e)"),
        ({"ratio": 0.25, "bound": "<=", "low": None, "high": 0.5}, "DQN", "at least 4\u00d7",
         "2 or more", "\u2264 0.25\u00d7 (0, 0.5]"),
        ({"bound": "<=", "low": None}, "not settled", "estimate: ES 4\u00d7 or less", "8 or less",
         "\u2264 4\u00d7 (0, 8]"),
        (ONE_SEED, "not settled", "estimate: ES 4\u00d7", "", "4\u00d7 (no interval)"),
        (ONE_SEED | {"bound": ">="}, "not settled", "estimate: ES 4\u00d7 or more", "",
         "\u2265 4\u00d7 (no interval)"),
        (ONE_SEED | {"ratio": 0.83, "bound": "<="}, "not settled",
         "estimate: DQN 1.2\u00d7 or more", "", "\u2264 0.83\u00d7 (no interval)"),
        ({"ratio": None, "low": None, "high": None, "reason": "neither did"}, "no comparison", "",
         "", "no ratio"),
    ],
)  # fmt: skip
def test_who_was_faster(
    change: dict[str, float | str | None], winner: str, factor: str, interval: str, short: str
) -> None:
    decision = decide(changed(**change))
    assert winner_text(decision) == winner
    assert factor_text(decision) == factor
    assert interval_text(decision.low, decision.high, "words") == interval
    assert ratio_text(changed(**change)) == short


def test_what_a_decision_says_of_its_sides() -> None:
    won = decide(changed(bound=">=", high=None, n_baseline_reached=0))
    assert (won.winner, won.winner_label, won.ahead_label, won.limit) == (
        "challenger", "es", "es", Limit("dqn", 0, 5)
    )  # fmt: skip
    assert (won.factor, won.low, won.high, won.bound) == (4.0, 2.0, None, ">=")
    lost = decide(changed(ratio=0.25, low=0.1, high=0.5))
    assert (lost.winner, lost.winner_label, lost.factor) == ("baseline", "dqn", 4.0)
    assert (lost.low, lost.high) == (2.0, 10.0)
    still = decide(changed(low=0.5))
    assert (still.winner, still.winner_label, still.ahead_label) == ("open", None, "es")
    none = decide(changed(ratio=None, low=None, high=None))
    assert (none.winner, none.winner_label, none.factor) == ("none", None, None)
    instant = decide(changed(ratio=0.0, low=0.0, high=0.5))
    assert (instant.winner, instant.low, instant.high) == ("baseline", 2.0, None)


def test_decisions_in_words() -> None:
    assert outcome_text(decide(RATIO)) == "ES was clearly faster than DQN"
    other_way = decide(changed(ratio=0.25, low=0.125, high=0.5))
    assert outcome_text(other_way) == "DQN was clearly faster than ES"
    assert advantage_text(other_way) == "DQN 4\u00d7 as fast (95 % interval 2 to 8)"
    still = decide(changed(low=0.5))
    assert outcome_text(still) == "these seeds do not settle which is faster, ES or DQN"
    assert advantage_text(still) == "not settled (estimate: ES 4\u00d7; 95 % interval 0.5 to 8)"
    bound = decide(changed(bound=">=", high=None, n_baseline_reached=0))
    seldom = decide(changed(bound=">=", high=None, n_baseline_reached=2))
    assert "only a bound, since DQN solved it in 2 of 5 runs" in sureness_text(seldom)
    at_once = decide(changed(bound=">=", high=None))  # all of ES before any training
    assert "bound" not in sureness_text(at_once)
    one = decide(changed(**ONE_SEED))
    assert advantage_text(one) == "not settled (estimate: ES 4\u00d7)"
    before_training = decide(changed(ratio=1.2, bound="<=", low=None))  # all of DQN
    assert advantage_text(before_training) == (
        "not settled (estimate: ES 1.2\u00d7 or less; 95 % interval 8 or less)"
    )
    none = decide(changed(ratio=None, reason="neither did"))
    assert outcome_text(none) == "there is no speed ratio of ES and DQN"
    assert sureness_text(decide(RATIO)) == (
        "clear: the 95 % interval excludes equally fast; rank-sum p = 0.01"
    )
    tiny = sureness_text(decide(changed(p=1e-7)))
    assert tiny.endswith("; rank-sum p < 0.0001")
    assert sureness_text(decide(changed(low=0.5))).startswith("open")
    assert sureness_text(one) == "one seed gives no interval, so this may be chance"
    assert "only a bound, since DQN never solved it" in sureness_text(bound)
    assert sureness_text(none) == "neither did"
    assert ratio_text(changed(bound=">=", high=None), "words") == (
        "at least 4\u00d7 (95 % interval 2 or more)"
    )


def test_whether_a_claimed_factor_was_reached() -> None:
    assert [reaches(RATIO, factor) for factor in (1.5, 4.0, 24.0)] == ["yes", "open", "no"]
    bound = changed(bound=">=", high=None)
    assert reaches(bound, 24.0) == "open"  # at least 4 times: perhaps more
    assert reaches(changed(**ONE_SEED), 24.0) == "open"
    # However many runs are unsolved, an upper end that is known holds what they would have shown.
    assert reaches(changed(n_baseline_reached=4), 24.0) == "no"
