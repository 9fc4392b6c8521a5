"""What every agent in conf/agent must do, third-party ones included: copy a YAML there and run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import probe_envs
from rlbench.config.compose import compose
from rlbench.harness.experiment import run
from rlbench.harness.plan import load_agent, name_run
from rlbench.nets.policy import NetworkPolicy
from rlbench.runs import checkpoint
from support.states import assert_same

CONF = Path(__file__).parents[2] / "conf"
AGENTS = sorted(path.stem for path in (CONF / "agent").glob("*.yaml"))
SMALL = {
    "es": ["agent.population=12", "agent.block_members=4", "agent.hidden=[8]"],
    "dqn": [
        "cores=1",  # TensorFlow's threads are set once a process
        "agent.hidden=[16]",
        "agent.learning_starts_steps=64",
        "agent.train_every_steps=16",
        "agent.updates_per_train=4",
        "agent.batch_size=16",
        "agent.replay_capacity_steps=500",
    ],
}
ENV = "probe_envs:Counting-v0"


def settings(agent, tmp_path, *words, env=ENV, steps=600):
    return compose(
        [
            f"agent={agent}",
            f"env={env}",
            f"budget.env_steps={steps}",
            f"results_dir={tmp_path}",
            "eval.episodes=4",
            "eval.confirmation_episodes=4",
            "stop_at_threshold=false",
            *SMALL.get(agent, []),
            *words,
        ]
    )


def finish(asked):
    """Run to the end; the run's directory, summary and log rows."""
    assert run(asked) == 0
    directory = name_run(asked).directory
    rows = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    return directory, json.loads((directory / "summary.json").read_text()), rows


def learned(directory):
    """The agent's own state, without what only says when it was saved."""
    return checkpoint.load(directory / "checkpoint")["agent"]


@pytest.fixture(params=AGENTS)
def agent(request):
    return request.param


@pytest.mark.parametrize("executor", ["serial", "process"])
def test_steps_are_those_that_the_environments_counted(agent, executor, tmp_path, monkeypatch):
    counted = tmp_path / "counted"
    monkeypatch.setenv(probe_envs.COUNT_FILE, str(counted))
    asked = settings(agent, tmp_path / "runs", f"executor={executor}")
    _, summary, rows = finish(asked)
    evaluated = sum(sum(row["lengths"]) for row in rows if row["kind"] == "eval")
    confirmed = sum(1 for row in rows if row["kind"] == "solved")
    probed = 2 * 9 + 450  # at most, while the environment is looked at before the run
    total = counted.stat().st_size
    assert summary["env_steps"] >= 600
    rest = total - summary["env_steps"] - evaluated
    assert 0 <= rest <= probed + confirmed * 4 * 14


def test_two_halves_equal_the_whole(agent, tmp_path):
    whole, _, _ = finish(settings(agent, tmp_path / "whole"))
    finish(settings(agent, tmp_path / "halves", steps=300))
    halves, summary, rows = finish(settings(agent, tmp_path / "halves"))
    assert summary["attempts"] == 2 and any(row["kind"] == "resume" for row in rows)
    assert_same(learned(halves), learned(whole))


def test_one_seed_is_one_run_and_another_seed_another(agent, tmp_path):
    first, one, rows = finish(settings(agent, tmp_path / "a"))
    second, other, again = finish(settings(agent, tmp_path / "b"))
    assert_same(learned(first), learned(second))
    returns = [row["returns"] for row in rows if row["kind"] == "eval"]
    assert returns == [row["returns"] for row in again if row["kind"] == "eval"]
    assert one["env_steps"] == other["env_steps"]
    _, _, different = finish(settings(agent, tmp_path / "a", "seed=1"))
    assert returns != [row["returns"] for row in different if row["kind"] == "eval"]


@pytest.mark.parametrize("executor", ["process", "ray"])
def test_executors_learn_the_same(agent, executor, tmp_path):
    asked = settings(agent, tmp_path, f"executor={executor}")
    if executor == "ray":
        pytest.importorskip("ray")
        if not load_agent(asked)[0].uses_executor:
            return
    serial, _, rows = finish(settings(agent, tmp_path, "executor=serial"))
    other, _, again = finish(asked)
    assert_same(learned(serial), learned(other))
    returns = [row["returns"] for row in rows if row["kind"] == "eval"]
    assert returns == [row["returns"] for row in again if row["kind"] == "eval"]
    names = [json.loads((d / "run.json").read_text())["learning"] for d in (serial, other)]
    assert names[0] == names[1]


def test_the_policy_is_a_pure_function_of_observation_and_generator(agent, tmp_path):
    directory, _, _ = finish(settings(agent, tmp_path))
    with np.load(directory / "policy.npz", allow_pickle=False) as arrays:
        architecture = json.loads(str(arrays["architecture"]))
        if architecture["network"]["kind"] == "uniform":
            return
        policy = NetworkPolicy.from_arrays(dict(arrays))
    obs = np.random.default_rng(0).uniform(-1, 1, (5, 3)).astype(np.float32)
    before = obs.copy()
    first = policy.act(obs, np.random.default_rng(1))
    assert np.array_equal(first, policy.act(obs, np.random.default_rng(1)))
    assert np.array_equal(obs, before)
    assert set(first.tolist()) <= {0, 1}


PIXEL_AGENTS = {
    "random": ["agent.num_lanes=2"]
}  # agents that play games, and what keeps them small


@pytest.mark.parametrize("agent", PIXEL_AGENTS)
def test_games_from_pixels(agent, tmp_path):
    words = [*PIXEL_AGENTS[agent], "env.max_episode_steps=40", "eval.episodes=2"]
    words += ["eval.confirmation_episodes=2", "env.threshold=100"]
    words += ["eval.first_steps=60", "eval.growth=2"]
    env = "ALE/Breakout-v5"
    whole, summary, rows = finish(settings(agent, tmp_path / "a", *words, env=env, steps=120))
    assert summary["env_steps"] >= 120 and summary["env_frames"] == 4 * summary["env_steps"]
    returns = [row["returns"] for row in rows if row["kind"] == "eval"]
    assert len(returns) >= 3 and np.isfinite(returns).all()
    again, _, _ = finish(
        settings(agent, tmp_path / "b", *words, "executor=process", env=env, steps=120)
    )
    assert_same(learned(whole), learned(again))
    facts = json.loads((whole / "run.json").read_text())
    assert facts["preprocessing"]["sticky_actions"] == 0.25 and facts["frame_skip"] == 4


@pytest.mark.parametrize("env", ["probe_envs:Mixed-v0", "Pendulum-v1", "FrozenLake-v1"])
def test_other_spaces(agent, tmp_path, env):
    words = ["agent.bins=3"] if agent == "dqn" else []
    _, summary, rows = finish(
        settings(agent, tmp_path, "env.max_episode_steps=20", *words, env=env, steps=200)
    )
    assert summary["env_steps"] >= 200 and summary["status"] in ("budget", "solved")
    assert all(np.isfinite(row["return_mean"]) for row in rows if row["kind"] == "eval")


def test_dqn_on_frames_in_two_halves(tmp_path):
    words = [
        "agent.network=a3c",
        "env.max_episode_steps=20",
        "agent.compile=false",
        "agent.num_lanes=4",
    ]
    game = {"env": "ALE/Pong-v5", "steps": 192}
    whole, summary, _ = finish(settings("dqn", tmp_path / "whole", *words, **game))
    assert summary["env_steps"] == 192 and summary["env_frames"] == 4 * 192
    finish(settings("dqn", tmp_path / "halves", *words, env="ALE/Pong-v5", steps=100))
    halves, summary, _ = finish(settings("dqn", tmp_path / "halves", *words, **game))
    assert summary["attempts"] == 2
    assert_same(learned(halves), learned(whole))
    assert learned(whole)["learner"]["updates"] == 4 * ((192 - 64) // 16 + 1)
