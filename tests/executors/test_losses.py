"""Workers that are lost, one by one: their tasks are done again, and nothing else changes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rlbench.envs.family import EnvPlan
from rlbench.envs.make import plan_env
from rlbench.errors import RunError
from rlbench.executors import make_executor
from rlbench.executors.base import LaneExecutor
from rlbench.interfaces import Worker
from rlbench.settings import EnvSettings

KILLED = {
    "process": "a worker process of environment CartPole-v1 was killed by SIGKILL; "
    "a machine that is short of memory ends processes like this",
    "ray": "a Ray worker of environment CartPole-v1 was lost: ",
}


def play(worker: Worker, shared: tuple[Path, int], steps: int) -> int:
    """Step a lane; halfway the worker is killed, each of so many times that a task comes to it."""
    marks, times = shared
    lanes, lane = worker.lanes(1), np.array([0])
    lanes.reset(lane, np.array([steps]))
    for step in range(steps):
        if step == steps // 2 and steps >= 8:
            mark = next(
                (m for n in range(times) if not (m := marks / f"{steps} {n}").exists()), None
            )
            if mark is not None:
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        lanes.step(lane, lane)
    return steps


def numbers(worker: Worker, marks: Path, tasks: range) -> list[np.ndarray]:
    """Arrays whose sum depends on its order; the worker is killed over the second task."""
    mark = marks / "numbers"
    if tasks.start == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    size = 2**20
    return [np.random.default_rng(n).standard_normal(size, np.float32) * 10**n for n in tasks]


@pytest.fixture(scope="module")
def plan() -> EnvPlan:
    return plan_env(EnvSettings(id="CartPole-v1"))


@pytest.fixture(scope="module", params=["process", "ray"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "ray":
        pytest.importorskip("ray")
    return str(request.param)


@pytest.fixture(scope="module")
def executor(kind: str, plan: EnvPlan) -> Iterator[LaneExecutor]:
    executor = make_executor(kind, plan, 2)
    yield executor
    executor.close()


def test_a_killed_worker_is_replaced_and_its_task_done_again(
    executor: LaneExecutor, kind: str, tmp_path: Path
) -> None:
    tasks = [2, 3, 8, 4, 9, 5, 6, 7]
    before, lost = executor.counts().env_steps, executor.lost().counts.env_steps
    assert list(executor.map(play, tasks, (tmp_path, 1))) == tasks
    assert executor.counts().env_steps - before == sum(tasks)  # each step once
    assert executor.lost().counts.env_steps - lost == 8 + 9
    losses = executor.losses()
    assert len(losses) == 2 and all(loss.startswith(KILLED[kind]) for loss in losses)
    assert executor.losses() == []
    assert list(executor.map(play, [1, 2, 3], (tmp_path, 0))) == [1, 2, 3]


def test_a_task_that_kills_every_worker_is_an_error(
    executor: LaneExecutor, kind: str, tmp_path: Path
) -> None:
    with pytest.raises(RunError) as raised:
        list(executor.map(play, [2, 8, 3], (tmp_path, 3)))
    assert str(raised.value).startswith(KILLED[kind])
    assert str(raised.value).endswith("(3 in turn, at the same task)")
    executor.losses()
    assert list(executor.map(play, [1, 2, 3], (tmp_path, 0))) == [1, 2, 3]


def test_sums_are_the_same_to_the_bit_wherever_they_are_added_up(
    executor: LaneExecutor, plan: EnvPlan, tmp_path: Path
) -> None:
    """64 MiB of arrays, which Ray leaves with its workers; one of these is lost meanwhile."""
    tasks = [range(n, n + 2) for n in range(0, 16, 2)]
    (done := tmp_path / "done").mkdir()
    (done / "numbers").touch()
    total = np.ones(2**20, np.float32)
    expected = make_executor("serial", plan, 1).add_up(numbers, tasks, done, total, 16)
    backwards = make_executor("serial", plan, 1).add_up(numbers, tasks[::-1], done, total, 16)
    assert not np.array_equal(expected, backwards)
    assert np.array_equal(executor.add_up(numbers, tasks, tmp_path, total, 16), expected)
    assert len(executor.losses()) >= 1 and (total == 1).all()
