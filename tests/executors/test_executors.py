"""Every executor gives the same results in the same order, and the same account of them."""

import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rlbench.envs.family import EnvPlan
from rlbench.envs.make import plan_env
from rlbench.errors import ConfigError, RunError
from rlbench.executors import EXECUTORS, check_executor, make_executor
from rlbench.executors.base import LaneExecutor
from rlbench.interfaces import Worker
from rlbench.settings import EnvSettings

KINDS = ["serial", "process", "ray"]


def play(worker: Worker, shared: int, task: int) -> tuple[int, Any]:
    """Steps one lane `task` times; the sum of its observations."""
    lanes = worker.lanes(1)
    total = lanes.reset(np.array([0]), np.array([shared + task]))
    for _ in range(task):
        obs, _, terminated, _ = lanes.step(np.array([0]), np.array([0]))
        total = total + obs
        if terminated[0]:
            break
    return task, total.tolist()


def add(worker: Worker, shared: int, task: int) -> int:
    return shared + task


def fail(worker: Worker, shared: Any, task: int) -> int:
    if task == 3:
        raise ValueError("task three")
    return task


def first(worker: Worker, shared: bytes, task: int) -> int:
    return shared[0]


def priority(worker: Worker, shared: Any, task: int) -> int:
    return os.nice(0)


def has_imported(worker: Worker, module: str, task: int) -> bool:
    return module in sys.modules


@pytest.fixture(scope="module")
def plan() -> EnvPlan:
    return plan_env(EnvSettings(id="CartPole-v1"))


@pytest.fixture(scope="module", params=KINDS)
def executor(request: pytest.FixtureRequest, plan: EnvPlan) -> Iterator[LaneExecutor]:
    if request.param == "ray":
        pytest.importorskip("ray")
    executor = make_executor(request.param, plan, 2)
    yield executor
    executor.close()


def test_results_come_in_task_order_with_their_steps_counted(
    executor: LaneExecutor, plan: EnvPlan
) -> None:
    tasks = [7, 1, 5, 0, 3, 6, 2]
    serial = make_executor("serial", plan, 1)
    expected = list(serial.map(play, tasks, 40))
    before = executor.counts().env_steps
    assert list(executor.map(play, tasks, 40)) == expected
    assert [task for task, _ in expected] == tasks
    assert executor.counts().env_steps - before == serial.counts().env_steps == sum(tasks)


def test_what_was_begun_is_counted_when_the_rest_is_dropped(executor: LaneExecutor) -> None:
    before = executor.counts().env_steps
    results = executor.map(play, [4] * 10, 0)
    next(results)
    results.close()
    done = executor.counts().env_steps - before
    assert 4 <= done <= 40 and done % 4 == 0
    if executor.workers == 1:
        assert done == 4
    assert [task for task, _ in executor.map(play, [1, 2], 0)] == [1, 2]


def test_a_failing_task_is_an_error_and_the_executor_stays_usable(executor: LaneExecutor) -> None:
    with pytest.raises((RunError, ValueError), match="task three"):
        list(executor.map(fail, range(6)))
    assert list(executor.map(fail, [0, 1])) == [0, 1]


def test_workers_report_their_cpu_time(executor: LaneExecutor) -> None:
    if executor.workers == 1:
        assert executor.cpu_s() == 0  # the ledger's own process
        return
    before = executor.cpu_s()
    list(executor.map(play, [8] * 200, 0))
    assert before < executor.cpu_s() < before + 60


def test_each_call_of_map_has_its_own_function_and_shared_value(executor: LaneExecutor) -> None:
    """A worker that had no task in the call before must not use what an earlier one shared."""
    for shared in (10, 20, 30):
        assert list(executor.map(add, [1], shared)) == [shared + 1]
    assert list(executor.map(add, range(4), 40)) == [40, 41, 42, 43]


def test_what_tasks_share_is_sent_once_to_each_worker_or_kept_where_all_read_it(
    executor: LaneExecutor,
) -> None:
    before = executor.traffic()
    assert (before is None) == (executor.workers == 1)
    for size, times in ((30_000, 2), (300_000, 1)):
        if before is not None:
            assert list(executor.map(first, range(8), bytes(size))) == [0] * 8
            after = executor.traffic()
            assert after is not None
            assert 0 < after.minus(before).sent_bytes - times * size < 8 * 1_000
            before = after


def test_workers_have_the_priority_of_the_process_that_started_them(executor: LaneExecutor) -> None:
    assert list(executor.map(priority, [0, 1])) == [os.nice(0)] * 2


def test_processes_of_workers_have_not_imported_ray(executor: LaneExecutor) -> None:
    """Python is slower where it is (docs/measured.md)."""
    if executor.workers > 1:
        assert list(executor.map(has_imported, [0, 1], "ray")) == [False] * 2
        assert list(executor.map(has_imported, [0, 1], "gymnasium")) == [True] * 2


def test_an_unknown_name_lists_the_executors() -> None:
    with pytest.raises(ConfigError, match="auto, serial, process or ray; did you mean process"):
        check_executor("proces")
    check_executor("auto")


def test_a_serial_executor_has_one_worker_and_the_others_one_a_core() -> None:
    assert [EXECUTORS[kind].workers_for(6) for kind in KINDS] == [1, 6, 6]
