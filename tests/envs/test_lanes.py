"""Lanes against Gymnasium's own environments, exactly."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from rlbench.envs.cartpole import CartPoleLanes
from rlbench.envs.make import plan_env
from rlbench.errors import ConfigError, RunError
from rlbench.settings import EnvSettings


def play_single(
    env_id: str, seed: int, actions: Iterable[Any], max_episode_steps: int | None = None
) -> list[tuple[Any, float, bool, bool]]:
    """Observations and ends of one episode of Gymnasium's single environment."""
    env = gym.make(env_id, max_episode_steps=max_episode_steps)
    rows = [(env.reset(seed=seed)[0], 0.0, False, False)]
    for action in actions:
        obs, reward, terminated, truncated, _ = env.step(action)
        rows.append((obs, reward, terminated, truncated))
        if terminated or truncated:
            break
    return rows


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Acrobot-v1", "LunarLander-v3"])
def test_lanes_give_the_bytes_of_single_environments(env_id: str) -> None:
    rng = np.random.default_rng(0)
    plan = plan_env(EnvSettings(id=env_id))
    lanes, seeds = plan.lanes(6), np.array([11, 12, 13, 14, 15, 2**31 - 1])
    assert isinstance(lanes, CartPoleLanes) == (env_id == "CartPole-v1")
    actions = rng.integers(plan.facts.action.nvec[0], size=(60, 6))
    expected = [play_single(env_id, int(s), actions[:, i]) for i, s in enumerate(seeds)]
    playing = np.arange(6)
    obs = lanes.reset(playing, seeds)
    for i in playing:
        assert obs[i].tobytes() == expected[i][0][0].astype(np.float32).tobytes()
    for t in range(60):
        obs, rewards, terminated, truncated = lanes.step(playing, actions[t, playing])
        for row, lane in enumerate(playing):
            want = expected[lane][t + 1]
            assert obs[row].tobytes() == want[0].astype(np.float32).tobytes()
            assert (rewards[row], terminated[row], truncated[row]) == want[1:]
        playing = playing[~(terminated | truncated)]
        if not len(playing):
            break
    assert lanes.counts.env_steps == sum(len(rows) - 1 for rows in expected)


@pytest.mark.parametrize(
    ("env_id", "lanes"),
    [("Humanoid-v4", 16), ("Humanoid-v5", None), ("LunarLander-v3", 32), ("CartPole-v1", None)],
)
def test_environments_of_large_state_share_a_lock_step_in_small_numbers(
    env_id: str, lanes: Any
) -> None:
    if env_id.startswith("Humanoid"):
        pytest.importorskip("mujoco")
    assert plan_env(EnvSettings(id=env_id)).facts.lock_step_lanes == lanes


def test_cartpole_truncates_at_the_cap_and_restarts_one_lane_alone() -> None:
    lanes = CartPoleLanes("CartPole-v1", 4, max_episode_steps=3)
    every = np.arange(4)
    lanes.reset(every, every + 5)
    for _ in range(3):
        _, _, terminated, truncated = lanes.step(every, np.zeros(4, np.int64))
    assert truncated.all() and not terminated.any()
    assert lanes.counts.episodes == 4
    obs = lanes.reset(np.array([2]), np.array([99]))
    assert np.array_equal(obs[0], gym.make("CartPole-v1").reset(seed=99)[0])
    after, _, _, truncated = lanes.step(np.array([2]), np.array([1]))
    single = play_single("CartPole-v1", 99, [1])
    assert np.array_equal(after[0], single[1][0]) and not truncated[0]


def test_uncounted_steps_are_not_counted() -> None:
    lanes = plan_env(EnvSettings(id="CartPole-v1")).lanes(1)
    lanes.reset(np.array([0]), np.array([1]))
    with lanes.uncounted():
        lanes.step(np.array([0]), np.array([0]))
    assert lanes.counts.env_steps == 0
    lanes.step(np.array([0]), np.array([0]))
    assert lanes.counts.env_steps == 1


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("raise", "probe_envs:Faulty-v0 raised ValueError in step: the gears are stuck"),
        ("reward_nan", "a reward that is not finite: nan"),
        ("reward_inf", "a reward that is not finite: inf"),
        ("observation", "an observation that is not finite: nan"),
    ],
)
def test_a_faulty_environment_is_named(fault: str, message: str) -> None:
    plan = plan_env(EnvSettings(id="probe_envs:Faulty-v0", kwargs={"fault": fault, "after": 1}))
    lanes = plan.lanes(1)
    lanes.reset(np.array([0]), np.array([1]))
    with pytest.raises(RunError, match="environment probe_envs:Faulty-v0") as caught:
        lanes.step(np.array([0]), np.array([0]))
    assert message in str(caught.value)
    assert lanes.counts.env_steps == 1


def test_an_endless_environment_is_truncated() -> None:
    plan = plan_env(EnvSettings(id="probe_envs:Endless-v0"))
    assert plan.facts.max_episode_steps == 10_000
    lanes = plan.lanes(1, max_episode_steps=7)
    lanes.reset(np.array([0]), np.array([1]))
    ends = [lanes.step(np.array([0]), np.array([0]))[3][0] for _ in range(7)]
    assert ends == [False] * 6 + [True]


def test_dict_observations_are_flat_and_multi_discrete_actions_reach_the_environment() -> None:
    plan = plan_env(EnvSettings(id="probe_envs:Mixed-v0"))
    assert plan.facts.observation_size == 4 + 2 + 3
    assert plan.facts.action.nvec == (2, 3)
    lanes = plan.lanes(1)
    obs = lanes.reset(np.array([0]), np.array([1]))
    for _ in range(5):
        shown = np.array([[obs[0, 4:6].argmax(), obs[0, 6:9].argmax()]])
        obs, rewards, _, _ = lanes.step(np.array([0]), shown)
        assert rewards[0] == 2.0


def test_discrete_observations_become_one_hot_and_bytes_are_scaled() -> None:
    assert plan_env(EnvSettings(id="FrozenLake-v1")).facts.observation_size == 16
    ram = plan_env(EnvSettings(id="ALE/Pong-v5", kwargs={"obs_type": "ram"}))
    assert (ram.facts.observation_size, ram.facts.frame_skip) == (128, 4)
    obs = ram.lanes(1).reset(np.array([0]), np.array([1]))
    assert obs.min() >= 0 and 0.5 < obs.max() <= 1


def test_environments_that_carry_something_over_are_built_for_each_episode() -> None:
    assert plan_env(EnvSettings(id="probe_envs:Carrying-v0")).fresh_each_episode
    assert plan_env(EnvSettings(id="BipedalWalker-v3")).fresh_each_episode
    for env_id in ("LunarLander-v3", "Acrobot-v1", "Pendulum-v1"):
        assert not plan_env(EnvSettings(id=env_id)).fresh_each_episode
    lanes = plan_env(EnvSettings(id="probe_envs:Carrying-v0")).lanes(1)
    first = [lanes.reset(np.array([0]), np.array([s]))[0, 1] for s in (1, 2)]
    assert first == [-0.5, -0.5]


def test_keyword_arguments_and_thresholds() -> None:
    plan = plan_env(EnvSettings(id="CartPole-v1", levels=(100, 300)))
    assert plan.levels == (100.0, 300.0, 475.0) and plan.threshold == 475.0
    with pytest.raises(ConfigError, match=r"env\.kwargs.*wheels"):
        plan_env(EnvSettings(id="CartPole-v1", kwargs={"wheels": 3}))


def test_mujoco_writes_nothing_beside_the_run(tmp_path: Path) -> None:
    """HalfCheetah's model has an attribute that MuJoCo 4 warns of, on stderr and in a file."""
    pytest.importorskip("mujoco")
    code = (
        "from rlbench.envs.make import plan_env; from rlbench.settings import EnvSettings;"
        "plan_env(EnvSettings(id='HalfCheetah-v5')).lanes(2)"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == "" and list(tmp_path.iterdir()) == []
