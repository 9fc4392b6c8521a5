"""How tasks are cut short, and how workers end that do not answer any more."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import psutil
import pytest

from rlbench.envs.family import EnvPlan
from rlbench.envs.make import plan_env
from rlbench.envs.single import SingleEnvs
from rlbench.errors import RunError
from rlbench.executors import make_executor
from rlbench.executors.base import LaneExecutor
from rlbench.interfaces import Stopped, Worker
from rlbench.settings import EnvSettings

COUNTING, FAULTY = "probe_envs:Counting-v0", "probe_envs:Faulty-v0"


def play_on(worker: Worker, shared: Any, task: int) -> int:
    """Step a lane for as long as somebody wants to know."""
    lanes, lane = worker.lanes(1), np.array([0])
    while not worker.should_stop():
        lanes.reset(lane, lane)
        lanes.step(lane, lane)
    raise Stopped


def answer(worker: Worker, shared: Any, task: int) -> int:
    return task if not worker.should_stop() else -1


def end(worker: Worker, how: str, task: int) -> None:
    if how == "status":
        os._exit(5)
    if how == "exit":
        sys.exit(0)
    os.kill(os.getpid(), getattr(signal, how))


def play(worker: Worker, num_lanes: int, steps: int) -> int:
    lanes = worker.lanes(num_lanes)
    every = np.arange(num_lanes)
    lanes.reset(every, every)
    for _ in range(steps):
        lanes.step(every, np.zeros(num_lanes, np.int64))
    return steps


def plan(env: str) -> EnvPlan:
    return plan_env(EnvSettings(id=env))


def counting(builder: SingleEnvs, step_timeout_s: float) -> EnvPlan:
    """Of environments that are like `Counting` from outside, but are not looked at beforehand."""
    return replace(plan(COUNTING), builder=builder, step_timeout_s=step_timeout_s)


@pytest.fixture(scope="module", params=["serial", "process", "ray"])
def executor(request: pytest.FixtureRequest) -> Iterator[LaneExecutor]:
    if request.param == "ray":
        pytest.importorskip("ray")
    executor = make_executor(request.param, plan("CartPole-v1"), 2)
    yield executor
    executor.close()


def test_running_tasks_are_told_to_stop_and_their_steps_are_counted(executor: LaneExecutor) -> None:
    list(executor.map(play, [1] * 4, 1))  # each worker has imported what it needs
    before, asked = executor.counts().env_steps, iter([False] * 5)
    found = list(executor.map(play_on, range(9), None, lambda: next(asked, True)))
    assert found == [] and executor.counts().env_steps > before
    # The next call is told nothing, though workers may hear of the last one late.
    for _ in range(20):
        assert list(executor.map(answer, range(3), None, lambda: False)) == [0, 1, 2]


def first_then_on(worker: Worker, shared: Any, task: int) -> int:
    return task if task == 0 else play_on(worker, shared, task)


def test_closing_early_tells_running_tasks_to_stop(executor: LaneExecutor) -> None:
    results = executor.map(first_then_on, range(9))
    assert next(results) == 0
    results.close()
    assert list(executor.map(answer, [1])) == [1]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("status", "a worker process of environment CartPole-v1 ended with exit status 5 "
         "(3 in turn, at the same task)"),
        ("exit", "SystemExit in a worker process: 0"),
        ("SIGSEGV", "a worker process of environment CartPole-v1 was killed by SIGSEGV "
         "(3 in turn, at the same task)"),
        ("SIGKILL", "a worker process of environment CartPole-v1 was killed by SIGKILL; "
         "a machine that is short of memory ends processes like this "
         "(3 in turn, at the same task)"),
    ],
)  # fmt: skip
def test_a_worker_that_ends_is_an_error_that_says_how(how: str, message: str) -> None:
    executor = make_executor("process", plan("CartPole-v1"), 1)
    try:
        with pytest.raises(RunError) as raised:
            list(executor.map(end, [1], how))
        assert str(raised.value) == message
    finally:
        executor.close()


def test_an_environment_that_does_not_answer_is_named() -> None:
    stuck = SingleEnvs(FAULTY, {"fault": "hang", "after": 3})
    executor = make_executor("process", counting(stuck, 0.5), 1)
    try:
        with pytest.raises(RunError) as raised:
            list(executor.map(play, [5], 1))
        assert str(raised.value) == (
            f"environment {COUNTING} has not answered for 0.5 s (env.step_timeout_s): "
            "a step, a reset or its constructor does not return"
        )
    finally:
        executor.close()
    assert [child for child in psutil.Process().children() if "spawn_main" in str(child)] == []


def test_many_slow_steps_are_not_one_that_does_not_answer() -> None:
    """Lock-steps of 10 lanes take 1 s here; each environment answers after 0.1 s."""
    slow = SingleEnvs("probe_envs:Slow-v0", {"seconds": 0.1})
    executor = make_executor("process", counting(slow, 0.5), 1)
    try:
        assert list(executor.map(play, [2], 10)) == [2]
    finally:
        executor.close()


def test_workers_hear_no_signal_to_stop() -> None:
    executor = make_executor("process", plan("CartPole-v1"), 1)
    try:
        (pid,) = executor.map(process_id, [0])
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            os.kill(pid, number)
        assert list(executor.map(process_id, [0])) == [pid]
    finally:
        executor.close()


def process_id(worker: Worker, shared: Any, task: int) -> int:
    return os.getpid()
