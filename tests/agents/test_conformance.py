"""What every registered agent must do: by itself, and in runs of the harness."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import probe_envs
from rlbench.agents import AGENTS
from rlbench.config.compose import compose
from rlbench.harness.experiment import run
from rlbench.harness.plan import load_agent, name_run
from rlbench.interfaces import State
from rlbench.runs import checkpoint
from rlbench.settings import Settings
from rlbench.testing import check_agent
from support.states import assert_same

SMALL = {
    "es": {"population": 12, "block_members": 4, "hidden": [8]},
    "dqn": {
        "hidden": [16],
        "learning_starts_steps": 64,
        "train_every_steps": 16,
        "updates_per_train": 4,
        "batch_size": 16,
        "replay_capacity_steps": 500,
        "compile": False,  # compiling takes longer than all that is learned here
    },
    "evosax": {"population": 12, "hidden": [4]},  # tests/agents/test_searches.py has the others
    "evotorch": {"population": 12, "hidden": [4]},
    "random": {},
    "sb3": {"algorithm": "A2C", "num_lanes": 4},  # tests/agents/sb3 has the other algorithms
}
NEEDS = {"evosax": "evosax", "evotorch": "evotorch", "sb3": "stable_baselines3"}
ENV = "probe_envs:Counting-v0"


def settings(agent: str, tmp_path: Path, *words: str, env: str = ENV, steps: int = 600) -> Settings:
    return compose(
        [
            f"agent={agent}",
            f"env={env}",
            f"budget.env_steps={steps}",
            f"results_dir={tmp_path}",
            "eval.episodes=4",
            "eval.confirmation_episodes=4",
            "stop_at_threshold=false",
            *(["cores=1"] if agent == "dqn" else []),  # TensorFlow's threads are set once a process
            *(f"agent.{key}={value}" for key, value in SMALL[agent].items()),
            *words,
        ]
    )


def finish(asked: Settings) -> tuple[Path, dict[str, Any], list[dict[str, Any]]]:
    """Run to the end; the run's directory, summary and log rows."""
    assert run(asked) == 0
    directory = name_run(asked).directory
    rows = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    return directory, json.loads((directory / "summary.json").read_text()), rows


def learned(directory: Path) -> State:
    """The agent's own state, without what only says when it was saved."""
    return checkpoint.load(directory / "checkpoint")["agent"]


@pytest.fixture(params=[name for name in AGENTS if name != "sbx"])  # see test_sbx.py
def agent(request: pytest.FixtureRequest) -> str:
    if find_spec(NEEDS.get(request.param, "rlbench")) is None:
        pytest.skip(f"{NEEDS[request.param]} is not installed")
    return request.param


@pytest.mark.parametrize("env", [ENV, "probe_envs:Mixed-v0", "Pendulum-v1", "FrozenLake-v1"])
def test_registered_agents_keep_the_rules(agent: str, env: str) -> None:
    bins = {"bins": 3} if agent == "dqn" else {}
    check_agent(agent, env, settings={**SMALL[agent], **bins}, env_steps=240)


@pytest.mark.parametrize("executor", ["serial", "process"])
def test_steps_are_those_that_the_environments_counted(
    agent: str, executor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = tmp_path / "counted"
    monkeypatch.setenv(probe_envs.COUNT_FILE, str(counted))
    asked = settings(agent, tmp_path / "runs", f"executor={executor}")
    if executor == "process" and not load_agent(asked)[0].uses_executor:
        return  # a run without one, as with "serial"
    _, summary, rows = finish(asked)
    evaluated = sum(sum(row["lengths"]) for row in rows if row["kind"] == "eval")
    confirmed = sum(1 for row in rows if row["kind"] == "solved")
    probed = 2 * 9 + 450  # at most, while the environment is looked at before the run
    total = counted.stat().st_size
    assert summary["env_steps"] >= 600
    rest = total - summary["env_steps"] - evaluated
    assert 0 <= rest <= probed + confirmed * 4 * 14


def test_a_run_in_two_halves_equals_the_whole(agent: str, tmp_path: Path) -> None:
    words = ["executor=serial", *(["agent.compile=true"] if agent == "dqn" else [])]
    whole, _, _ = finish(settings(agent, tmp_path / "whole", *words))
    finish(settings(agent, tmp_path / "halves", *words, steps=300))
    halves, summary, rows = finish(settings(agent, tmp_path / "halves", *words))
    assert summary["attempts"] == 2 and any(row["kind"] == "resume" for row in rows)
    assert_same(learned(halves), learned(whole))


def test_one_seed_is_one_run_and_another_seed_another(agent: str, tmp_path: Path) -> None:
    first, one, rows = finish(settings(agent, tmp_path / "a", "executor=serial"))
    second, other, again = finish(settings(agent, tmp_path / "b", "executor=serial"))
    assert_same(learned(first), learned(second))
    returns = [row["returns"] for row in rows if row["kind"] == "eval"]
    assert returns == [row["returns"] for row in again if row["kind"] == "eval"]
    assert one["env_steps"] == other["env_steps"]
    _, _, different = finish(settings(agent, tmp_path / "a", "executor=serial", "seed=1"))
    assert returns != [row["returns"] for row in different if row["kind"] == "eval"]


def test_runs_on_processes_learn_the_same_as_in_one(tmp_path: Path) -> None:
    serial, _, rows = finish(settings("es", tmp_path, "executor=serial"))
    other, _, again = finish(settings("es", tmp_path, "executor=process"))
    assert_same(learned(serial), learned(other))
    returns = [row["returns"] for row in rows if row["kind"] == "eval"]
    assert returns == [row["returns"] for row in again if row["kind"] == "eval"]
    names = [json.loads((d / "run.json").read_text())["learning"] for d in (serial, other)]
    assert names[0] == names[1]


def test_the_random_agent_on_games_from_pixels(tmp_path: Path) -> None:
    words = ["agent.num_lanes=2", "env.max_episode_steps=40", "eval.episodes=2"]
    words += ["eval.confirmation_episodes=2", "env.threshold=100"]
    words += ["eval.first_steps=60", "eval.growth=2", "eval.gap_per_step=0"]
    asked = settings("random", tmp_path, *words, env="ALE/Breakout-v5", steps=120)
    whole, summary, rows = finish(asked)
    assert summary["env_steps"] >= 120 and summary["env_frames"] == 4 * summary["env_steps"]
    returns = [row["returns"] for row in rows if row["kind"] == "eval"]
    assert len(returns) >= 3 and np.isfinite(returns).all()
    facts = json.loads((whole / "run.json").read_text())
    assert facts["registration"]["module"] == "ale_py.env"
    assert facts["preprocessing"]["sticky_actions"] == 0.25 and facts["frame_skip"] == 4
    check_agent("random", "ALE/Breakout-v5", settings={"num_lanes": 1}, env_steps=60)
