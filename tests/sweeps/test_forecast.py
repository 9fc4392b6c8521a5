"""How long a sweep may still take: by what jobs took, by the plan, and after a new start."""

from __future__ import annotations

import math

import pytest

from rlbench.config.compose import compose
from rlbench.runs.columns import Clock
from rlbench.runs.summary import Summary
from rlbench.settings import Settings
from rlbench.sweeps.forecast import is_measured, sweep_left_s
from rlbench.sweeps.job_table import progress_words
from rlbench.sweeps.jobs import Job, Room, State


@pytest.fixture(scope="module")
def settings() -> Settings:
    return compose(["agent=es", "cores=1", "budget.train_seconds=600"])


def jobs(settings: Settings, number: int) -> list[Job]:
    return [Job((f"seed={n}",), f"seed={n}", settings=settings) for n in range(number)]


def took(job: Job, seconds: float, state: State = State.DONE) -> None:
    job.state, job.summary = state, Summary("solved", Clock(wall_s=seconds), None)


def test_twelve_jobs_of_ten_seconds_two_at_a_time_count_down_by_the_second(
    settings: Settings,
) -> None:
    """60 s in all: from when the first two have ended, what is left and what is past are 60."""
    found = jobs(settings, 12)
    for second in range(10, 60):
        for number, job in enumerate(found):
            begin = 10 * (number // 2)
            if second >= begin + 10:
                took(job, 10.0)
            elif second >= begin:
                job.state, job.elapsed_s = State.RUNNING, float(second - begin)
        assert sweep_left_s(found, Room(2)) == 60 - second
        assert is_measured(found)


def test_after_a_new_start_it_knows_what_earlier_runs_took(settings: Settings) -> None:
    """Five of twelve are done before, and one was killed 4 s before its end."""
    found = jobs(settings, 12)
    for job in found[:5]:
        took(job, 10.0, State.BEFORE)
    found[5].before = Clock(wall_s=6.0, train_s=5.0)
    assert is_measured(found)
    assert sweep_left_s(found, Room(1)) == 4.0 + 6 * 10.0
    assert progress_words(found, Room(1)) == "5 of 12 jobs, about 1:04 left"
    found[5].state, found[5].elapsed_s = State.RUNNING, 3.0
    assert sweep_left_s(found, Room(1)) == 1.0 + 6 * 10.0


def test_without_any_that_ended_it_is_what_the_budget_leaves(settings: Settings) -> None:
    found = jobs(settings, 2)
    found[0].before = Clock(wall_s=250.0, train_s=200.0)
    assert sweep_left_s(found, Room(1)) == 400.0 + 600.0
    assert progress_words(found, Room(1)) == "0 of 2 jobs, up to 16:40 left"


def test_a_job_that_goes_on_counts_all_of_its_attempts(settings: Settings) -> None:
    """It ended 2 s after this sweep began it, and took 10 s since it was first begun."""
    found = jobs(settings, 2)
    took(found[0], 10.0)
    found[0].elapsed_s = 2.0
    assert sweep_left_s(found, Room(1)) == 10.0


def test_a_job_over_the_average_is_not_over_yet(settings: Settings) -> None:
    found = jobs(settings, 2)
    took(found[0], 10.0)
    found[1].state = State.RUNNING
    left = []
    for elapsed_s in (9.0, 10.0, 11.0, 14.0):
        found[1].elapsed_s = elapsed_s
        left.append(sweep_left_s(found, Room(1)))
    assert left == [1.0, 0.0, 1.0, 4.0]
    found[1].note = "es X seed 1 | 9 steps | up to 2 s left"  # it says that it ends sooner
    assert sweep_left_s(found, Room(1)) == 2.0


def test_it_follows_the_plan(settings: Settings) -> None:
    """Two at a time have four cores; one at a time, as asked for or on a GPU, has them in turn; a
    job that needs all waits for the others."""
    found = jobs(settings, 5)
    took(found[0], 10.0)
    assert sweep_left_s(found, Room(2)) == 20.0
    assert sweep_left_s(found, Room(2, at_once=1)) == 40.0
    for job in found:
        job.settings = settings.model_copy(update={"device": "gpu"})
    assert sweep_left_s(found, Room(2)) == 40.0
    for job in found:
        job.settings = settings
    found[2].settings = settings.model_copy(update={"cores": 2})
    assert sweep_left_s(found, Room(2)) == 10.0 + 10.0 + 10.0


def test_a_file_without_a_wall_clock_tells_nothing(settings: Settings) -> None:
    found = jobs(settings, 2)
    took(found[0], math.nan)
    found[1].before = Clock(wall_s=math.nan, train_s=100.0)
    assert not is_measured(found)
    assert sweep_left_s(found, Room(1)) == 500.0


def test_ten_thousand_jobs_are_forecast_while_a_screen_is_drawn(settings: Settings) -> None:
    found = jobs(settings, 10_000)
    for job in found[:5_000]:
        took(job, 10.0)
    assert sweep_left_s(found, Room(4)) == 5_000 * 10.0 / 4
