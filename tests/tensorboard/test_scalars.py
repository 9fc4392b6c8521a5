"""Rows of a log as scalars, and which rows count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlbench.runs.columns import Clock
from rlbench.runs.log import Row
from rlbench.tensorboard.scalars import RowScalars
from rlbench.tensorboard.session import seconds_since_1970


def row(kind: str, seq: int, env_steps: int = 0, train_s: float = 0.0, **more: Any) -> Row:
    clock = Clock(env_steps=env_steps, train_s=train_s, wall_s=train_s + 1.0)
    return Row(kind, seq, 1, clock, more)


def test_scalars_of_each_kind() -> None:
    scalars = RowScalars()
    assert scalars.of(row("start", 1)) == []
    evaluation = {"returns": [1.0, 3.0], "return_mean": 2.0, "lengths": [10, 30]}
    assert scalars.of(row("eval", 2, **evaluation, truncated=[True, False])) == [
        ("eval/return_mean", 2.0),
        ("eval/length_mean", 20.0),
        ("eval/truncated_fraction", 0.5),
        ("eval/train_s", 0.0),
    ]
    agent = {"loss": np.float32(0.25), "generation": 3, "name": "x", "done": True, "bad": None}
    assert scalars.of(row("train", 3, 500, 2.0, scalars=agent)) == [
        ("train/loss", 0.25),
        ("train/generation", 3.0),
        ("train/env_steps_per_s", 250.0),
    ]
    assert scalars.of(row("checkpoint", 4, 500, 2.0, bytes=7)) == []
    assert scalars.of(row("train", 5, 700, 2.5)) == [("train/env_steps_per_s", 400.0)]
    solved = row("solved", 6, 700, 2.5, threshold=4.0, confirmed=True, confirmation_mean=5.5)
    assert scalars.of(solved) == [("eval/confirmation_mean", 5.5)]
    assert scalars.of(row("train", 7, 700, 2.5)) == []  # no time passed: no speed


def test_a_speed_after_a_resumption_leaves_the_lost_time_out() -> None:
    scalars = RowScalars()
    scalars.of(row("train", 1, 100, 1.0))
    scalars.of(row("resume", 6, 400, 9.0, from_seq=1))
    assert scalars.of(row("train", 7, 500, 10.0)) == [("train/env_steps_per_s", 100.0)]


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [("1970-01-02T00:00:01Z", 86401.0), ("2026-01-02T03:04:05Z", 1767323045.0), ("now", 0.0),
     ("2026-99-02T03:04:05Z", 0.0),
     ("", 0.0)],
)  # fmt: skip
def test_seconds_since_1970(moment: str, seconds: float) -> None:
    assert seconds_since_1970(moment) == seconds
