"""Lanes as Stable-Baselines3 steps them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

from rlbench.agents.sb3.vec_env import LanesVecEnv
from rlbench.envs.lanes import CountedLanes
from rlbench.envs.make import plan_env
from rlbench.interfaces import ActionSpec, EnvFacts
from rlbench.seeding import Seeds
from rlbench.settings import EnvSettings

FACTS = EnvFacts("Numbered", (2,), ActionSpec("discrete", (2,)), 4)
SEEDS = Seeds(0)


class NumberedLanes(CountedLanes):
    """Observations are (the seed's last digits, steps since the reset). Lane 0 terminates after 2
    steps, lane 1 is cut off after 3; a life is lost with every step. Rewards are 5."""

    def __init__(self) -> None:
        super().__init__("Numbered", 2)
        self._obs = np.zeros((2, 2), np.float32)
        self.lives = np.zeros(2, np.int64)

    def reset(self, lanes: Any, seeds: Any) -> Any:
        self._obs[lanes, 0], self._obs[lanes, 1] = seeds % 1000, 0
        self.lives[lanes] = 3
        return self._obs[lanes]

    def step(self, lanes: Any, actions: Any) -> Any:
        self._obs[lanes, 1] += 1
        self.lives[lanes] -= 1
        steps = self._obs[lanes, 1]
        terminated, truncated = (lanes == 0) & (steps == 2), (lanes == 1) & (steps == 3)
        self._count(len(lanes), int((terminated | truncated).sum()))
        return self._obs[lanes], np.full(len(lanes), 5.0), terminated, truncated

    def close(self) -> None:
        pass


def number(lane: int, episode: int) -> int:
    return SEEDS.child("episodes").episode_seed(lane, episode) % 1000


def test_ends_say_what_they_were_and_the_next_episode_has_begun() -> None:
    lanes = NumberedLanes()
    env = LanesVecEnv(lanes, FACTS, SEEDS)
    np.testing.assert_array_equal(env.reset(), [[number(0, 0), 0], [number(1, 0), 0]])
    act = np.zeros(2, np.int64)
    _, rewards, done, infos = env.step(act)
    assert rewards.dtype == np.float32 and rewards.tolist() == [5, 5]
    assert done.tolist() == [False, False] and infos == [{}, {}]
    obs, _, done, infos = env.step(act)
    assert done.tolist() == [True, False] and infos[1] == {}
    np.testing.assert_array_equal(infos[0]["terminal_observation"], [number(0, 0), 2])
    assert infos[0]["TimeLimit.truncated"] is False
    np.testing.assert_array_equal(obs, [[number(0, 1), 0], [number(1, 0), 2]])
    obs, _, done, infos = env.step(act)
    assert done.tolist() == [False, True]
    np.testing.assert_array_equal(infos[1]["terminal_observation"], [number(1, 0), 3])
    assert infos[1]["TimeLimit.truncated"] is True
    np.testing.assert_array_equal(obs, [[number(0, 1), 1], [number(1, 1), 0]])
    assert (env.ended_returns, env.ended_lengths) == ([10.0, 15.0], [2, 3])
    assert (lanes.counts.env_steps, lanes.counts.episodes) == (6, 2)


def test_a_life_ends_an_episode_for_whoever_learns_alone() -> None:
    env = LanesVecEnv(NumberedLanes(), FACTS, SEEDS, clip_rewards=True, life_loss_ends_episode=True)
    env.reset()
    obs, rewards, done, infos = env.step(np.zeros(2, np.int64))
    assert rewards.tolist() == [1, 1] and done.tolist() == [True, True]
    np.testing.assert_array_equal(infos[0]["terminal_observation"], obs[0])
    assert infos[0]["TimeLimit.truncated"] is False
    assert env.ended_returns == []
    env.step(np.zeros(2, np.int64))
    assert (env.ended_returns, env.ended_lengths) == ([10.0], [2])
    _, _, done, infos = env.step(np.zeros(2, np.int64))  # a time limit ends lane 1 in this step
    assert done.tolist() == [True, True]
    assert [info["TimeLimit.truncated"] for info in infos] == [False, False]
    assert (env.ended_returns, env.ended_lengths) == ([10.0, 15.0], [2, 3])


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Pendulum-v1"])
def test_lanes_are_brought_back_uncounted(env_id: str) -> None:
    plan = plan_env(EnvSettings(id=env_id))
    lanes = [plan.lanes(3), plan.lanes(3)]
    envs = [LanesVecEnv(each, plan.facts, SEEDS) for each in lanes]
    envs[0].reset()
    envs[0].action_space.seed(0)
    for _ in range(37):
        envs[0].step(np.array([envs[0].action_space.sample() for _ in range(3)]))
    envs[1].reset()
    envs[1].set_state(envs[0].get_state())
    assert lanes[1].counts.env_steps == 0
    actions = np.array([envs[0].action_space.sample() for _ in range(3)])
    for one, other in zip(*(env.step(actions) for env in envs), strict=True):
        np.testing.assert_equal(one, other)  # infos may hold observations
