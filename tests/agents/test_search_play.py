"""The members of a population that was given as parameters are played as those of ES are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlbench.agents.search.play import Play, play_members, shares
from rlbench.envs.family import EnvPlan
from rlbench.envs.make import plan_env
from rlbench.executors.worker import LaneWorker
from rlbench.interfaces import ActionSpec, Array, EnvFacts
from rlbench.nets.heads import native_head
from rlbench.nets.mlp import MLP
from rlbench.nets.policy import NetworkPolicy
from rlbench.seeding import Seeds
from rlbench.settings import EnvSettings

COUNTING = "probe_envs:Counting-v0"


def plan() -> EnvPlan:
    return plan_env(EnvSettings(id=COUNTING))


def play_of(env: EnvPlan, members: int, slots: int, **changes: Any) -> Play:
    head = native_head(env.facts.action)
    values: dict[str, Any] = {
        "generation": 4,
        "network": MLP(env.facts.observation_size, (5,), head.size, "tanh"),
        "head": head,
        "seeds": Seeds(3).child("episodes"),
        "members": members,
        "slots": slots,
        "episodes_per_member": 2,
        "shared_episodes": False,
        "obs_mean": np.full(3, 0.2, np.float32),
        "obs_std": np.full(3, 1.5, np.float32),
        "episode_cap": None,
    }
    return Play(**(values | changes))


def population_of(play: Play, members: int) -> Array:
    rng = np.random.default_rng(1)
    return rng.standard_normal((members, play.network.size)).astype(np.float32)


def test_a_member_is_played_as_its_policy_would_be_alone() -> None:
    env = plan()
    play = play_of(env, 3, 2)
    population = population_of(play, 5)
    worker, env_steps = LaneWorker(env), 0
    for task in play.tasks(population):
        result = play_members(worker, play, task)
        for row, parameters in enumerate(task.parameters):
            policy = NetworkPolicy(play.network, play.head, parameters, play.obs_mean, play.obs_std)
            returns = []
            for episode in range(2):
                lanes, one = env.lanes(1), np.array([0])
                seed = play.seeds.episode_seed(4, task.first + row, episode)
                obs, ended, score = lanes.reset(one, np.array([seed])), False, 0.0
                while not ended:
                    action = policy.act(obs, np.random.default_rng())
                    obs, rewards, terminated, truncated = lanes.step(one, action)
                    score, ended = score + rewards[0], bool(terminated[0] or truncated[0])
                    env_steps += 1
                returns.append(score)
            assert result.returns[row] == np.mean(returns)
        assert result.obs_sums is not None and result.obs_sums[2].sum() == result.env_steps
    assert worker.counts().env_steps == env_steps


def test_how_members_are_shared_out_changes_nothing() -> None:
    env = plan()
    outcomes = []
    for members, slots in ((7, 7), (7, 3), (3, 3), (2, 1)):
        play = play_of(env, members, slots)
        tasks = play.tasks(population_of(play, 7))
        results = [play_members(LaneWorker(env), play, task) for task in tasks]
        parts = [
            (result.returns, *result.obs_sums) for result in results if result.obs_sums is not None
        ]
        outcomes.append([np.concatenate(part).tobytes() for part in zip(*parts, strict=True)])
    assert outcomes[1:] == [outcomes[0]] * 3


def test_episodes_are_each_members_own_or_those_of_all() -> None:
    play = play_of(plan(), 3, 3)
    own = play.reset_seeds(range(2, 5))
    assert own.shape == (3, 2) and len(set(own.ravel())) == 6
    np.testing.assert_array_equal(own[1], play.reset_seeds(range(3, 4))[0])
    same = play_of(plan(), 3, 3, shared_episodes=True).reset_seeds(range(3))
    assert len(set(same[0])) == 2 and (same == same[0]).all()


@pytest.mark.parametrize(
    ("facts", "population", "episodes", "workers", "found"),
    [
        ({}, 128, 1, 1, (64, 64)),  # as many lanes as ES plays together
        ({}, 128, 1, 4, (32, 32)),
        ({}, 128, 16, 1, (4, 4)),
        ({}, 128, 100, 1, (1, 1)),
        ({}, 7, 1, 2, (4, 4)),
        ({"native_vector": True}, 128, 2, 4, (128, 128)),
        ({"lock_step_lanes": 10}, 128, 2, 1, (32, 5)),
        ({"observation_shape": (4, 84, 84)}, 128, 2, 8, (4, 4)),
    ],
)
def test_tasks_are_as_few_as_workers_and_lanes_allow(
    facts: dict[str, Any], population: int, episodes: int, workers: int, found: tuple[int, int]
) -> None:
    given = {"observation_shape": (3,), "action": ActionSpec("discrete", (2,)), **facts}
    env = EnvFacts(id="Some-v0", max_episode_steps=10, **given)
    assert shares(env, population, episodes, workers) == found
