"""The order of a sweep's jobs, and how they are shown."""

from __future__ import annotations

from itertools import product

import pytest

from rlbench.config.compose import compose
from rlbench.settings import Settings
from rlbench.sweeps.display import count, duration, window
from rlbench.sweeps.jobs import Job, State, interleave, prepare


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
    found = [Job((), name, state=state) for name, state in zip("abcdef", states, strict=True)]
    shown = ["".join(job.label for job in window(found, rows)) for rows in range(1, 7)]
    assert shown == ["e", "ce", "cef", "cdef", "bcdef", "abcdef"]
    assert count(found) == "1 waiting, 1 running, 2 done, 1 done before, 1 failed"
