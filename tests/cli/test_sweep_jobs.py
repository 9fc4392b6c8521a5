"""The order of a sweep's jobs, and how they are shown."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Sequence
from itertools import product

import pytest
from rich.console import Console

from rlbench.config.compose import compose
from rlbench.harness.screen import duration
from rlbench.runs.columns import Clock
from rlbench.runs.records import Mark
from rlbench.runs.summary import Summary
from rlbench.settings import Settings
from rlbench.sweeps.display import count
from rlbench.sweeps.job_table import row, table_of, window
from rlbench.sweeps.jobs import Job, Room, State, interleave, prepare, together


def jobs(*groups: list[str]) -> list[Job]:
    return [Job(words, " ".join(words)) for words in product(*groups)]


def order(found: list[Job]) -> list[str]:
    return [" ".join(job.words) for job in found]


def test_agents_alternate_and_every_second_group_is_reversed() -> None:
    found = interleave(jobs(["agent=es", "agent=dqn"], ["seed=0", "seed=1", "seed=2", "seed=3"]))
    assert order(found) == [
        "agent=es seed=0",
        "agent=dqn seed=0",
        "agent=dqn seed=1",
        "agent=es seed=1",
        "agent=es seed=2",
        "agent=dqn seed=2",
        "agent=dqn seed=3",
        "agent=es seed=3",
    ]


def test_a_linear_drift_hits_both_agents_alike() -> None:
    """The mean position of an agent's jobs is the same over any even number of groups."""
    found = interleave(
        jobs(["agent=es", "agent=dqn"], ["env=A", "env=B"], ["seed=0", "seed=1", "seed=2"])
    )
    positions: dict[str, list[int]] = {"agent=es": [], "agent=dqn": []}
    for position, job in enumerate(found):
        positions[job.words[0]].append(position)
    assert sum(positions["agent=es"]) == sum(positions["agent=dqn"])


def test_an_agents_own_settings_do_not_part_it_from_the_other() -> None:
    found = interleave(
        [
            Job(("agent=es", "agent.sigma=0.1", "seed=0"), "a"),
            Job(("agent=es", "agent.sigma=0.2", "seed=0"), "b"),
            Job(("agent=dqn", "seed=0"), "c"),
        ]
    )
    assert [job.label for job in found] == ["a", "c", "b"]


def test_preparing_finds_bad_jobs_and_jobs_that_are_the_same_run(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compose_here(words: object) -> Settings:
        return compose([*words, f"results_dir={tmp_path}", "agent=random"])  # type: ignore[misc]

    words = (["seed=0"], ["seed=0", "checkpoint.every_seconds=9"], ["seed=x"], ["seed=1"])
    found = prepare(words, compose_here, default_cores=1)
    assert [job.state for job in found] == [
        State.WAITING,
        State.BEFORE,
        State.FAILED,
        State.WAITING,
    ]
    assert found[1].note == "the same run as seed=0"
    assert found[2].note.startswith("seed: got 'x'; takes a whole number")
    assert [job.wanted_cores for job in found if job.settings] == [1, 1, 1]


def test_an_agent_that_lacks_a_package_is_found_before_any_job_begins(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", pytest)
    monkeypatch.setitem(sys.modules, "torch", None)  # type: ignore[arg-type]
    words = [[f"agent={agent}", f"seed={seed}"] for seed in (0, 1) for agent in ("es", "sb3\\:PPO")]

    def compose_here(words: object) -> Settings:
        return compose([*words, f"results_dir={tmp_path}"])  # type: ignore[misc]

    found = prepare(words, compose_here, default_cores=1)
    bad = [job for job in found if job.state is State.FAILED]
    assert [job.agent for job in found if job.state is State.WAITING] == ["es", "es"]
    ((name, first),) = together(bad)
    assert name == "agent=sb3:PPO seed=0 and 1 more"
    assert first.note.startswith("agent: got 'sb3'; takes torch, not installed here: pip install")
    elsewhere = prepare(words, compose_here, default_cores=1, available_cores=4)
    assert {job.state for job in elsewhere} == {State.WAITING}


def test_labels_name_agent_environment_and_seed_first_and_what_differs() -> None:
    words = [["cores=1", "seed=0", f"agent.sigma={s}", "env=a\\:B-v0", "agent=es"] for s in (1, 2)]
    found = prepare(words, lambda _: compose(["seed=x"]), default_cores=1)
    assert [job.label for job in found] == [
        "agent=es env=a:B-v0 seed=0 agent.sigma=1",
        "agent=es env=a:B-v0 seed=0 agent.sigma=2",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.21, "4.2 s"), (65, "1:05"), (3599.7, "1:00:00"), (7384, "2:03:04")]
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_where_the_table_is_too_small_it_shows_what_matters_most() -> None:
    states = [State.DONE, State.BEFORE, State.FAILED, State.DONE, State.RUNNING, State.WAITING]
    found = [
        Job((), name, state=state, ended=ended)
        for name, state, ended in zip("abcdef", states, (1, 0, 2, 3, 0, 0), strict=True)
    ]
    shown = ["".join(job.label for job in window(found, rows)) for rows in range(1, 7)]
    assert shown == ["e", "ce", "cde", "acde", "acdef", "abcdef"]
    assert count(found) == "1 waiting, 1 running, 2 done, 1 done before, 1 failed"


def sweep_of(number: int) -> list[Job]:
    """Jobs of two agents on an environment with a long name, in all states."""
    words = [
        [f"agent={agent}", "env=ALE/MontezumaRevenge-v5", f"seed={seed}", f"agent.discount={d}"]
        for seed in range(number)
        for agent in ("dqn", "es")
        for d in ("0.99", "0.999")
    ]
    settings = compose(["cores=1", "env=ALE/MontezumaRevenge-v5"])

    def composed(words: Sequence[str]) -> Settings:
        agent = settings.agent.model_copy(update={"name": words[0].removeprefix("agent=")})
        seed = int(words[2].removeprefix("seed="))
        return settings.model_copy(update={"seed": seed, "agent": agent})

    found = prepare(words, composed, default_cores=1)
    solved = Clock(env_steps=1, train_s=0.62)
    endings = (
        Summary("solved", solved, 475.0, Mark(solved, None), final_return_mean=500.0),
        Summary("budget", Clock(train_s=600.0), 475.0, final_return_mean=-13.4),
    )
    for place, job in enumerate(found):
        job.state, job.note = State.WAITING, ""
        if place < 8:
            job.state, job.summary, job.ended = State.DONE, endings[place % 2], place
    found[8].state, found[9].state, found[10].state = State.FAILED, State.RUNNING, State.RUNNING
    found[
        9
    ].note = "dqn X seed 0 | 9 steps | 33.1 s training | return -0.6, goal 4 | up to 9 s left"
    found[10].note = "dqn X seed 0 | importing TensorFlow ..."
    return found


def drawn(found: list[Job], width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, color_system=None, file=io.StringIO())
    with console.capture() as capture:
        console.print(table_of(found, width, height, Room(2)))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_at_80_columns_a_table_shows_each_job_and_its_result_in_full() -> None:
    found = sweep_of(3)
    lines = drawn(found, 80, 100)
    rows = [line.split() for line in lines]
    assert max(map(len, lines)) <= 80
    assert ["dqn", "0", "discount=0.99", "solved", "0.6", "s", "500.0"] in rows
    assert ["es", "0", "discount=0.99", "budget", "10:00", "-13.4"] in rows
    states = [words[3] for words in rows if words and words[0] in ("dqn", "es")]
    assert states == [*["solved", "budget"] * 4, "failed", "running", "importing", "waiting"]
    (running,) = (words for words in rows if "running" in words and "discount" in words[2])
    assert running[3:] == ["running", "33.1", "s", "-0.6"]
    assert "on ALE/MontezumaRevenge-v5" in lines
    assert lines[1] == "4 solved, 4 budget, 1 failed, 2 running, 1 waiting"
    assert "9 of 12 jobs" in lines[0]


@pytest.fixture(scope="module")
def hundred() -> list[Job]:
    return sweep_of(100)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 16), (120, 30), (40, 12)])
def test_a_table_never_outgrows_the_terminal_and_counts_what_it_leaves_out(
    hundred: list[Job], width: int, height: int
) -> None:
    lines = drawn(hundred, width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert sum("running" in line or "importing" in line for line in lines[3:-1]) >= 2
    left_out = sum(int(number) for number in re.findall(r"(\d+) \w+", lines[-1]))
    assert left_out == 400 - sum(line.startswith(("dqn ", "es ")) for line in lines)


def test_outcomes_have_colours() -> None:
    styles = {row(job).state: row(job).style for job in sweep_of(3)}
    assert styles["solved"] == "bold green"
    assert styles["budget"] == "yellow"
    assert styles["failed"] == "bold red"
    assert styles["waiting"] == "bright_black"


def test_a_job_that_was_done_before_says_how_it_ended() -> None:
    job = sweep_of(3)[0]
    job.state = State.BEFORE
    assert row(job).state == "skipped (solved)"
