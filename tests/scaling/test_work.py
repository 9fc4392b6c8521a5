"""What costs are read out of a run, and the predictions that follow."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from rlbench.scaling.hardware import Hardware
from rlbench.scaling.prediction import Point, Range, predict, stops_paying
from rlbench.scaling.work import ESWork, Stretch, fitted_es, two_costs

pytest.importorskip("simpy", reason="rlbench[scale] is not installed")

FREE = Hardware(
    cores_per_machine=10_000, latency_s=0.0, bandwidth_bytes_s=math.inf, message_s=0.0,
    copied_bytes_s=math.inf, large_copied_bytes_s=math.inf, weighed_s=0.0, added_s=0.0,
)  # fmt: skip


def stretch(steps: float, cpu_s: float, *lengths: float, rounds: float = 1.0) -> Stretch:
    return Stretch(rounds, steps, episodes=8 * rounds, cpu_s=cpu_s, lengths=np.array(lengths))


def es(*stretches: Stretch, hardware: Hardware = FREE, parameters: int = 100) -> ESWork:
    work = ESWork(8, 1, 1, parameters, 10.0, 1000.0, stretches, 0.0, 0.0)
    return fitted_es(work, stretches, hardware)


def test_costs_a_member_and_a_step_are_told_apart_where_lengths_vary() -> None:
    # 8 members of 0.25 s each, and 10 ms a step.
    work = es(stretch(100, 3.0, 12.5), stretch(400, 6.0, 50.0))
    assert work.member_s == pytest.approx(0.25)
    assert work.step_s == pytest.approx(0.01)
    assert work.round_s == 4.5


def test_costs_of_equal_episodes_go_to_their_steps() -> None:
    work = es(stretch(800, 3.9, 100.0), stretch(800, 4.1, 100.0))
    assert (work.member_s, work.step_s) == (0.0, pytest.approx(0.005))


def test_what_the_update_costs_is_not_the_workers() -> None:
    hardware = dataclasses.replace(FREE, weighed_s=1e-3, added_s=1e-3)
    # Of 100 parameters, 4 pairs and one step of the optimizer: 0.5 s.
    work = es(stretch(800, 4.5, 100.0), hardware=hardware)
    assert work.step_s == pytest.approx(0.005)


def test_no_cost_is_negative_and_the_total_is_what_was_measured() -> None:
    first, second = np.array([1.0, 2.0, 3.0]), np.array([100.0, 90.0, 80.0])
    costs = two_costs(first, second, np.array([10.0, 8.0, 6.0]))
    assert costs[0] == 0.0
    assert costs[1] * second.sum() == pytest.approx(24.0)


def test_episodes_have_the_shape_of_evaluations_and_the_mean_of_training() -> None:
    steps = stretch(8 * 30, 1.0, 10.0, 10.0, 40.0).episode_steps(
        np.random.default_rng(0), 30_000, 1000.0
    )
    assert set(steps.round(6)) == {15.0, 60.0}  # 10 and 40, whose mean is 20, times 30 / 20
    assert steps.mean() == pytest.approx(30.0, rel=0.02)


def test_equal_episodes_scale_perfectly_until_the_population_is_used_up() -> None:
    points = predict(es(stretch(800, 4.0, 100.0)), FREE, "central", "strong", (1, 2, 8, 16))
    assert [p.efficiency.value for p in points] == pytest.approx([1.0, 1.0, 1.0, 0.5])
    assert [p.round_s.value for p in points] == pytest.approx([4.0, 2.0, 0.5, 0.5])
    assert [p.goal_s.value for p in points] == pytest.approx([40.0, 20.0, 5.0, 5.0])
    assert [p.bottleneck for p in points] == ["none", "none", "none", "population"]
    assert stops_paying(points) == 8


def test_blocks_are_joined_into_as_few_tasks_as_workers() -> None:
    work = dataclasses.replace(es(stretch(800, 4.0, 100.0)), block_members=2, joined_members=4)
    sizes = [work.task_members(population, workers) for population, workers in
             ((8, 1), (8, 2), (8, 3), (8, 4), (80, 4))]  # fmt: skip
    # Four blocks on one worker would be one task of 8, but 4 members are the most.
    assert sizes == [4, 4, 4, 2, 4]


def test_a_growing_population_keeps_workers_busy() -> None:
    (point,) = predict(es(stretch(800, 4.0, 100.0)), FREE, "central", "growing", (16,))
    assert point.population == 32  # two tasks of one member each a worker
    assert point.efficiency.value == pytest.approx(1.0)
    assert point.round_s.value == pytest.approx(4.0 * 32 / 8 / 16)


def test_one_worker_is_what_was_measured_whatever_the_hardware() -> None:
    work = es(stretch(100, 3.0, 10.0, 15.0), stretch(400, 6.0, 50.0, 20.0), hardware=Hardware())
    (point,) = predict(work, Hardware(), "central", "strong", (1,))
    assert point.round_s.value == pytest.approx(4.5)
    assert point.goal_s.low < point.goal_s.value < point.goal_s.high
    assert point.efficiency.value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("hardware", "name"),
    [
        (dataclasses.replace(FREE, message_s=0.5), "network"),
        (dataclasses.replace(FREE, weighed_s=2e-3), "update"),
    ],
)
def test_the_bottleneck_is_named(hardware: Hardware, name: str) -> None:
    work = es(stretch(800, 8.0, 100.0), hardware=hardware)
    (point,) = predict(work, hardware, "relay" if name == "update" else "central", sizes=(8,))
    assert point.bottleneck == name


def test_episodes_of_unequal_length_leave_stragglers() -> None:
    (point,) = predict(es(stretch(800, 4.0, 1.0, 500.0)), FREE, "central", sizes=(8,))
    assert point.bottleneck == "stragglers"


def test_where_workers_stop_paying() -> None:
    def point(workers: int, goal_s: float) -> Point:
        same = Range(goal_s, goal_s, goal_s)
        return Point(workers, 8, same, same, same, {})

    # From 4 to 16 are two doublings: 0.9 x 0.9 of 30 is 24.3, so 24 pays and 25 does not.
    assert stops_paying([point(1, 100), point(4, 30), point(16, 25)]) == 4
    assert stops_paying([point(1, 100), point(4, 30), point(16, 24)]) == 16
