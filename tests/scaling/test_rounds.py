"""DQN's rounds on N workers, against cases worked by hand."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from rlbench.reports.figures.scaling import measured_points
from rlbench.scaling.forecast import forecast
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.measured import read_measured
from rlbench.scaling.prediction import predict
from rlbench.scaling.rounds import one_round, worker_steps
from rlbench.scaling.work import DQNWork, ESWork
from support.scaled_run import write_run

pytest.importorskip("simpy", reason="rlbench[scale] is not installed")

FREE = Hardware(
    cores_per_machine=10_000, latency_s=0.0, bandwidth_bytes_s=math.inf, message_s=0.0,
    copied_bytes_s=math.inf, large_copied_bytes_s=math.inf, weighed_s=0.0, added_s=0.0,
)  # fmt: skip
# A step takes 1 s, an update 0.2 s; an update for every second step.
WORK = DQNWork(1000.0, 0.5, 100, 64.0, (), 1.0, 0.2)


def dqn(**changes: object) -> DQNWork:
    return dataclasses.replace(WORK, **changes)  # type: ignore[arg-type]


def test_a_run_without_actors_acts_and_then_learns() -> None:
    assert one_round(dqn(), 1, FREE).step_s == pytest.approx(1.1)
    assert one_round(dqn(beside=True), 1, FREE).step_s == 1.0  # acts on meanwhile
    assert one_round(dqn(update_s=4.0, threads=2), 1, FREE).step_s == 2.0


def test_actors_share_the_acting_until_the_learner_is_busy() -> None:
    # Learning 0.1 s a step: 4 actors are bound by acting, 100 by learning.
    assert one_round(dqn(), 4, FREE).step_s == pytest.approx(0.25)
    assert one_round(dqn(), 100, FREE).step_s == pytest.approx(0.1)
    alone, few, many = predict(dqn(), FREE, "chain", sizes=(1, 4, 10_000), resamples=0)
    assert [p.bottleneck for p in (alone, few, many)] == ["none", "none", "update"]
    assert (alone.efficiency.value, many.round_s.value) == (1.0, pytest.approx(100.0))
    assert few.goal_s.value == pytest.approx(250.0)


def test_updates_run_beside_several_actors_unless_that_is_turned_off() -> None:
    work = dqn(actors=2, round_steps=10, update_s=0.8)  # 5 s of play, 4 s of learning
    assert one_round(work, 2, FREE).total_s == 5.0
    assert one_round(dataclasses.replace(work, beside=False), 2, FREE).total_s == 9.0
    # One worker plays both actors; the learner is beside it all the same.
    assert one_round(work, 1, FREE).total_s == 10.0


def test_a_worker_with_more_actors_is_waited_for() -> None:
    work = dqn(actors=3, round_steps=6)
    assert worker_steps(work, 2) == [4, 2]
    found = one_round(work, 2, FREE)
    assert (found.total_s, found.even_s) == (4.0, 3.0)
    (point,) = predict(work, FREE, "chain", sizes=(2,), resamples=0)
    assert (point.bottleneck, point.shares["stragglers"]) == ("stragglers", 0.25)


def test_cores_that_slow_each_other_down() -> None:
    # The learner's core is busy as well: three of three.
    hardware = dataclasses.replace(FREE, cores_per_machine=3, crowded=1.5)
    work = dqn(actors=2, round_steps=2)
    found = one_round(work, 2, hardware)
    assert (found.total_s, found.crowded_s, found.longest_s) == (1.5, 0.5, 1.5)
    assert one_round(dqn(), 1, hardware).step_s == pytest.approx(1.1)  # one process, one core


def test_a_round_has_a_step_of_every_lane_at_least() -> None:
    work = dqn(lanes=4, round_steps=32)
    assert worker_steps(work, 4) == [8] * 4
    assert worker_steps(work, 16) == [4] * 16  # 64 steps, not 32: with twice the updates
    assert one_round(dataclasses.replace(work, update_s=40.0), 16, FREE).total_s == 64 * 0.5 * 40


def test_the_learner_handles_one_message_at_a_time() -> None:
    # Parameters are there at 1; workers are told at 2 and 3, done at 12 and 13, heard at 13 and 14.
    work = dqn(act_s=10.0, update_s=0.0)
    found = one_round(work, 2, dataclasses.replace(FREE, message_s=1.0))
    assert found.total_s == 14.0
    slow = dataclasses.replace(FREE, message_s=9.0)
    (point,) = predict(work, slow, "chain", sizes=(2,), resamples=0)
    assert point.bottleneck == "network"


def test_another_machine_is_sent_the_parameters_once() -> None:
    # Two cores a machine: one worker beside the learner, two on the other machine. Parameters of
    # 400 bytes take 1 s on the link; experience of 200 bytes a step takes half a second.
    hardware = dataclasses.replace(
        FREE, cores_per_machine=2, latency_s=0.25, bandwidth_bytes_s=400.0
    )
    work = dqn(act_s=10.0, update_s=0.0, step_bytes=200.0)
    # There at 1.25, played at 11.25; one is sent until 11.75, the other until 12.25.
    assert one_round(work, 3, hardware).total_s == pytest.approx(12.5)


def test_a_run_on_two_cores_that_is_one_process_has_one_worker(tmp_path: Path) -> None:
    found = read_measured(write_run(tmp_path / "run", agent="dqn", cores=2, workers=2), FREE)
    assert found.workers == 1
    assert isinstance(found.work, DQNWork)
    assert found.work.step_bytes == 2 * 4 * 4  # two observations of 4 numbers
    assert [workers for workers, _ in measured_points(forecast(found, FREE, "chain", (1,)))] == [1]


def test_costs_are_those_of_a_core_alone(tmp_path: Path) -> None:
    """Of a run whose two cores were busy, each slowing the other down."""
    run = write_run(tmp_path / "run", cores=2, workers=2, cpu_per_s=2.0, machine_cores=2)
    alone = read_measured(run, FREE).work
    found = read_measured(run, dataclasses.replace(FREE, crowded=1.25)).work
    assert isinstance(alone, ESWork) and isinstance(found, ESWork)
    assert (alone.round_s, found.round_s) == (4.0, pytest.approx(3.2))


def test_a_run_of_actors_says_how_they_play(tmp_path: Path) -> None:
    settings = {
        "actors": 4, "num_lanes": 2, "train_every_steps": 32, "overlap": "auto", "threads": "auto",
    }  # fmt: skip
    run = write_run(
        tmp_path / "run", agent="dqn", cores=3, workers=2, settings=settings, received_bytes=80_000
    )
    found = read_measured(run, FREE)
    assert found.workers == 2
    work = found.work
    assert isinstance(work, DQNWork)
    assert (work.actors, work.lanes, work.round_steps, work.threads) == (4, 2, 32, 3)
    assert work.overlaps(4) and not work.overlaps(1)
    assert work.step_bytes == 50.0  # of 80,000 bytes for 1,600 steps


@pytest.mark.parametrize(
    ("overlap", "actors", "expected"),
    [
        (True, None, True),
        (True, 2, True),
        (False, 2, False),
        ("auto", 2, None),
        (False, None, None),
    ],
)
def test_whether_actors_wait_is_what_the_run_was_told(
    tmp_path: Path, overlap: object, actors: int | None, expected: bool | None
) -> None:
    """But one process does not overlap by itself, which says nothing of several actors."""
    run = write_run(tmp_path / "run", agent="dqn", settings={"overlap": overlap, "actors": actors})
    work = read_measured(run, FREE).work
    assert isinstance(work, DQNWork) and work.beside is expected
