"""Which rows of a run a tracker is given, however often the run was stopped."""

from __future__ import annotations

from collections.abc import Sequence

from rlbench.runs.columns import Clock
from rlbench.runs.log import Row
from rlbench.trackers.history import History


def evaluation(seq: int, steps: int, attempt: int = 1) -> Row:
    return Row("eval", seq, attempt, Clock(env_steps=steps), {"return_mean": float(steps)})


def train(seq: int, steps: int, attempt: int = 1) -> Row:
    return Row("train", seq, attempt, Clock(env_steps=steps), {"scalars": {"loss": steps}})


def mark(kind: str, seq: int, attempt: int, **columns: int) -> Row:
    return Row(kind, seq, attempt, Clock(), columns)


FIRST = [mark("start", 1, 1), evaluation(2, 0), train(3, 10), evaluation(4, 10), train(5, 20)]
# Killed before the evaluation at 20. The checkpoint knew rows up to 3: the one at 10 is made again.
AGAIN = [mark("start", 6, 2), mark("resume", 7, 2, from_seq=3), evaluation(8, 10, 2)]
AGAIN += [train(9, 20, 2), evaluation(10, 20, 2)]


def given(history: History, rows: Sequence[Row]) -> list[tuple[int, str, float]]:
    """(step, tag, value) of evaluations and losses."""
    return [
        (found.clock.env_steps, tag, value)
        for row in rows
        for found, scalars in history.news(row)
        for tag, value in scalars
        if tag in ("eval/return_mean", "train/loss")
    ]


def all_until(steps: int) -> list[tuple[int, str, float]]:
    points = [(0, "eval/return_mean", 0.0)]
    for step in range(10, steps + 1, 10):
        points += [(step, "train/loss", float(step)), (step, "eval/return_mean", float(step))]
    return points


def test_a_run_from_its_beginning_gives_every_row_once() -> None:
    assert given(History(None, [], knows=False), FIRST) == all_until(20)[:-1]


def test_one_that_goes_on_gives_what_is_new_alone() -> None:
    """The row at 20 of the training is there already, that of its evaluation is not."""
    assert given(History(None, FIRST, knows=True), AGAIN) == [(20, "eval/return_mean", 20.0)]


def test_a_tracker_that_comes_later_is_given_all_that_counts_once() -> None:
    assert given(History(None, FIRST, knows=False), AGAIN) == all_until(20)


def test_the_best_return_of_earlier_attempts_is_known() -> None:
    history = History(None, [mark("start", 1, 1), evaluation(2, 30)], knows=True)
    later = Row("eval", 5, 2, Clock(env_steps=40), {"return_mean": 7.0})
    ((_, scalars),) = history.news(later)
    assert dict(scalars)["outcome/best_return"] == 30.0
    assert dict(scalars)["outcome/final_return"] == 7.0
