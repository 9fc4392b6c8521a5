"""What names a run: what decides its results, and nothing else."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from rlbench.agents.dqn.settings import DQNSettings
from rlbench.agents.random import RandomAgent
from rlbench.config.compose import compose
from rlbench.errors import ConfigError
from rlbench.harness.plan import name_run, plan_run
from rlbench.interfaces import AgentParameters
from rlbench.settings import BudgetSettings, Settings

IMPORTS = {
    "class Agent(:": "SyntaxError: invalid syntax (MODULE.py, line 1)",
    "def half():\n    return 1 / 0\n\nhalf()": "ZeroDivisionError: division by zero "
    "(MODULE.py, line 4)",
    "import sys\nsys.exit(4)": "SystemExit: 4 (MODULE.py, line 2)",
    "import no_such_module": "ModuleNotFoundError: No module named 'no_such_module' "
    "(MODULE.py, line 1)",
    "": "AttributeError: module 'MODULE' has no attribute 'Agent'",
}


def settings(tmp_path: Path, *more: str, agent: str = "es") -> Settings:
    words = [f"agent={agent}", "env=probe_envs:Counting-v0", "executor=serial"]
    return compose([*words, f"results_dir={tmp_path}", *more])


def replaced(base: Settings, key: str, value: Any) -> Settings:
    """`base` with another value for one key, without composing it again."""
    section, _, name = key.rpartition(".")
    if not section:
        return base.model_copy(update={name: value})
    if section == "agent":
        section, name, value = "agent", "params", {**base.agent.params, name: value}
    part = getattr(base, section).model_copy(update={name: value})
    return base.model_copy(update={section: part})


def test_setup_learning_and_fingerprint_cover_what_they_should(tmp_path: Path) -> None:
    asked = settings(tmp_path)
    base = name_run(asked)

    def changed(key: str, value: Any) -> tuple[bool, bool, bool]:
        name = name_run(replaced(asked, key, value))
        return (
            name.learning != base.learning,
            name.setup != base.setup,
            name.fingerprint != base.fingerprint,
        )

    assert changed("agent.sigma", 0.2) == (True, True, False)
    assert changed("agent.sigma", 0.1) == (False, False, False)  # the default, asked for by value
    assert changed("cores", 1) == (False, len(os.sched_getaffinity(0)) > 1, False)
    assert changed("executor.name", "process") == (False, True, False)
    assert changed("executor.workers", 1) == (False, False, False)  # as it is
    assert changed("env.max_episode_steps", 30) == (True, True, True)
    for key, value in [
        ("eval.episodes", 9),
        ("eval.confirmation_episodes", 7),
        ("eval.max_episode_steps", 9),
        ("eval.first_steps", 10),
        ("eval.growth", 1.5),
        ("eval.every_steps", 500),
        ("eval.gap_per_step", 0.5),
        ("env.threshold", 5.0),
        ("env.levels", (1.0,)),
    ]:
        assert changed(key, value) == (False, True, True), key
    for key, value in [
        ("eval.first_steps", 1000),
        ("eval.growth", 1.1),
        ("eval.every_steps", 100_000),
        ("eval.gap_per_step", 1.0),
        ("eval.max_episode_steps", 100),
        ("env.max_episode_steps", 100),
        ("env.threshold", 8.0),
        ("env.levels", (8.0,)),
    ]:
        assert changed(key, value) == (False, False, False), f"{key}: what it is by default"
    for key, value in [
        ("seed", 3),
        ("stop_at_threshold", False),
        ("stop_at_levels", True),
        ("overwrite", True),
        ("logger", "tensorboard"),
        ("budget", BudgetSettings(train_seconds=5)),
        ("checkpoint.every_seconds", 1.0),
    ]:
        assert changed(key, value) == (False, False, False), key


class Described(AgentParameters):
    width: int = 4


class Grown(AgentParameters):
    """As `Described`, with a setting that came later and changes nothing at its default."""

    width: int = 4
    depth: int | None = None


def test_settings_name_a_run_where_they_differ_from_their_defaults() -> None:
    assert Grown(width=4).identity(cores=2) == Described().identity(cores=2) == {}
    assert Grown(width=5).identity(cores=2) == Described(width=5).identity(cores=2) == {"width": 5}
    assert Grown(depth=3).identity(cores=2) == {"depth": 3}


def test_threads_name_a_run_of_dqn_by_their_number() -> None:
    def identity(threads: int | str, cores: int) -> dict[str, Any]:
        return DQNSettings(threads=threads).identity(cores)

    assert identity(1, 2) == identity("auto", 1) == identity(4, 1) == {}
    assert identity("auto", 2) == identity(2, 2) == identity(4, 2) == {"threads": 2}


def test_an_agent_is_named_by_name_and_version_and_not_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = settings(tmp_path, agent="random")
    base = name_run(asked)
    moved = asked.agent.model_copy(update={"target": "probe_agents.Moved"})
    again = name_run(asked.model_copy(update={"agent": moved}))
    assert again == base
    monkeypatch.setattr(RandomAgent, "version", 2)
    newer = name_run(asked)
    assert newer.learning != base.learning and newer.setup != base.setup
    assert newer.fingerprint == base.fingerprint


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("probe_agents.Half", "takes an agent class, which has 'get_state'"),
        ("probe_agents.Loose", "whose Settings derive from rlbench.interfaces.AgentParameters"),
    ],
)
def test_what_is_no_agent_is_refused(tmp_path: Path, target: Any, message: str) -> None:
    asked = settings(tmp_path, agent="random")
    agent = asked.agent.model_copy(update={"target": target})
    with pytest.raises(ConfigError, match=re.escape(message)):
        plan_run(asked.model_copy(update={"agent": agent}))


def test_the_conditions_of_a_game_name_a_run_however_they_are_asked_for() -> None:
    def names(*asked: str) -> tuple[str, str]:
        name = name_run(compose(["agent=random", "env=ALE/Pong-v5", *asked]))
        return name.learning, name.fingerprint

    assert names() == names("env.sticky_actions=0.25") == names("env.noop_max=30")
    different = {
        names(),
        names("env.sticky_actions=0"),
        names("env.noop_max=0"),
        names("+env.kwargs.frameskip=3"),
        names("+env.kwargs.obs_type=ram"),
        names("env.max_episode_steps=100"),
    }
    assert len(different) == 6
    assert names() == names("env.max_episode_steps=27000") == names("+env.kwargs.frameskip=4")


@pytest.mark.parametrize("text", IMPORTS)
def test_an_agent_that_cannot_be_imported_names_the_line(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"agent_of_test_plan_{list(IMPORTS).index(text)}"
    (tmp_path / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    asked = compose(["agent=random"])
    agent = asked.agent.model_copy(update={"target": f"{module}.Agent"})
    with pytest.raises(ConfigError) as caught:
        name_run(asked.model_copy(update={"agent": agent}))
    said = IMPORTS[text].replace("MODULE", module)
    takes = f"takes an agent class that can be imported; {said}"
    assert str(caught.value) == f"agent._target_: got '{module}.Agent'; {takes}"
