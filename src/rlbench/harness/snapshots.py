"""Copies of a run's policy at evaluations, from which it can be seen later what it could do at a
time (`snapshots=true`)."""

from __future__ import annotations

import math

from rlbench.interfaces import Policy
from rlbench.runs.columns import Clock
from rlbench.runs.directory import RunDir

FIRST_MARK_S = 0.1
STEPS = (1.0, 2.0, 5.0)


def keep_snapshot(directory: RunDir, policy: Policy, clock: Clock, previous: Clock | None) -> None:
    """Write the policy of the evaluation at `clock`. That of the evaluation before, at `previous`,
    goes, unless it is the newest at one of the marks: 0, 0.1, 0.2, 0.5, 1, 2, 5, ... s."""
    directory.write_snapshot(clock.env_steps, policy.arrays())
    if previous is None or previous.env_steps == clock.env_steps:
        return
    if mark_after(previous.train_s) >= clock.train_s:
        directory.remove_snapshot(previous.env_steps)


def mark_after(train_s: float) -> float:
    """The first mark from `train_s` on."""
    if train_s == 0:
        return 0.0
    decade = 10.0 ** math.floor(math.log10(max(train_s, FIRST_MARK_S) * (1 + 1e-9)))
    marks = [step * decade for step in (*STEPS, 10.0)]
    return next(mark for mark in marks if mark >= train_s * (1 - 1e-9))
