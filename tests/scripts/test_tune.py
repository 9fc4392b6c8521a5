"""`scripts/tune` asks for as much of both agents, and takes what is best."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rlbench.cli.tune import main as tune
from rlbench.config.compose import compose
from rlbench.config.spaces import Choice, Interval
from rlbench.config.words import as_text
from rlbench.errors import ConfigError
from tunings.search import (
    CONF,
    as_they_are,
    drawn,
    effort_s,
    file_of,
    ranked,
    rounds_of,
    scores,
)
from tunings.suites import MINATAR, RAM, SUITES, Suite
from tunings.tasks import TASKS, Task, merged, plan, space_of, tasks_of


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_the_first_setting_is_the_one_that_is_there_and_every_value_is_taken(suite: Suite) -> None:
    spaces = suite.spaces()
    assert list(spaces) == ["es", "dqn"]
    assert len({len(space) for space in spaces.values()}) == 1  # as many keys of both
    for agent, space in spaces.items():
        first = as_they_are(suite, agent, space)
        for key, dimension in space.items():
            value = first[key] if isinstance(dimension, Choice) else float(first[key])
            assert dimension.holds(value), key
        for end in (0, -1):
            typed = {key: dimension.ends[end] for key, dimension in space.items()}
            words = [*suite.words(agent, suite.envs[0]), *map("=".join, typed.items())]
            params = compose(words).agent.params
            assert {key: as_text(params[key.removeprefix("agent.")]) for key in typed} == typed


def test_settings_cover_each_dimension() -> None:
    space = {"a": Interval(1.0, 10_000.0, log=True), "b": Choice(("x", "y")), "c": Interval(0, 8)}
    found = drawn(space, 4)
    # The middles of four equal parts: 10^0.5, 10^1.5, ... of the logarithmic one.
    assert sorted(float(one["a"]) for one in found) == [3.162, 31.62, 316.2, 3162.0]
    assert sorted(one["b"] for one in found) == ["x", "x", "y", "y"]
    assert sorted(float(one["c"]) for one in found) == [1.0, 3.0, 5.0, 7.0]
    assert drawn(space, 4) == found


def test_a_score_is_the_mean_share_of_the_best_return_of_each_game() -> None:
    returns = [[3.0, 5.0, -9.0], [5.0, 1.0, -8.0], [5.0, 5.0, -7.0]]
    zeros = (1.0, 0.0, 0.0)  # nothing in the last game is better than none
    assert scores(returns, zeros) == pytest.approx([1.5 / 3, 1.2 / 3, 2 / 3])
    assert ranked(returns, zeros) == [2, 0, 1]


def test_both_agents_get_the_same_but_for_their_settings() -> None:
    _, long = rounds_of(MINATAR, 60, ("overwrite=shared",))
    es, dqn = (
        long.words(MINATAR.words(agent, MINATAR.envs[1]), {}, Path("runs"))
        for agent in ("es", "dqn")
    )
    assert es[1:] == dqn[1:] == (
        "env=MinAtar/Breakout-v1", "seed=1001", "cores=1", "budget.train_seconds=240",
        "results_dir=runs", "overwrite=shared",
    )  # fmt: skip
    assert effort_s(MINATAR, 12, 60) == 3 * (12 * 60 + 4 * 240)


def test_the_file_keeps_what_was_not_searched() -> None:
    text = file_of(
        MINATAR, "dqn", {"agent.n_step": "3", "agent.learning_rate": "3e-05"}, ["Found here."]
    )
    assert text.startswith("# @package _global_\n# Found here.\n")
    found = yaml.safe_load(text)["agent"]
    assert found.pop("n_step") == 3 and found.pop("learning_rate") == 3e-05
    before = compose(MINATAR.words("dqn", MINATAR.envs[0])).agent.params
    assert len(found) > 5 and found == {key: before[key] for key in found}


def test_games_that_are_reported_are_not_those_that_were_tuned_on() -> None:
    values = yaml.safe_load((CONF / "experiment" / "ram.yaml").read_text())
    games = values["hydra"]["sweeper"]["params"]["env"].replace(" ", "").split(",")
    assert len(games) == 10 and not set(games) & set(RAM.envs)
    assert RAM.zeros() == (222.4, 0.1, 307.3)  # random play's, of Wang et al. 2016


def test_found_settings_join_those_that_were_there_and_say_how_they_were_found() -> None:
    before = "# @package _global_\n# By hand.\nagent:\n  bins: 3\n  n_step: 1\n"
    found = "# @package _global_\n# Found by rlbench tune.\nagent:\n  n_step: 5\n"
    text = merged(before, found)
    assert text.startswith(
        "# @package _global_\n# Found by rlbench tune.\n"
        "# What was varied lay around settings that were found so:\n# By hand.\nagent:\n"
    )
    assert yaml.safe_load(text) == {"agent": {"bins": 3, "n_step": 5}}
    assert yaml.safe_load(merged("", found)) == {"agent": {"n_step": 5}}


def test_some_tasks_of_a_set() -> None:
    hopper, ant = tasks_of("mujoco", "Ant-v5,Hopper-v5")
    assert (hopper.env, ant.env) == ("Hopper-v5", "Ant-v5")
    # Two agents, two at a time: 6 full trials of 3 seeds of 90 s on each task.
    assert "on each of 2 tasks" in plan([hopper, ant]) and "54:00 on two cores" in plan(
        [hopper, ant]
    )
    assert tasks_of("classic", None) == TASKS["classic"]
    with pytest.raises(ConfigError, match=r"--only: got .*; takes ids of mujoco: Inverted"):
        tasks_of("mujoco", "Pendulum-v1")


@pytest.mark.parametrize(("name", "task"), [(n, t) for n in TASKS for t in TASKS[n]], ids=str)
def test_a_search_of_a_task_is_taken(
    name: str,
    task: Task,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    words = task.words(space_of(name), tmp_path, ("dry_run=quick",))
    assert tune([*words, "--out", str(tmp_path)]) == 0
    plan = capsys.readouterr().out
    assert f"es on {task.env}" in plan and f"dqn on {task.env}" in plan
    assert "2000, 2001, 2002" in plan
