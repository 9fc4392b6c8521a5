"""The evaluation plays the episodes it is asked for, however many lanes it has."""

import itertools

import gymnasium as gym
import numpy as np
import pytest

from rlbench.envs.make import plan_env
from rlbench.harness.evaluate import evaluate, schedule
from rlbench.interfaces import Array
from rlbench.seeding import Seeds
from rlbench.settings import EnvSettings


class LeanRight:
    """CartPole: push to where the pole leans."""

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        return (obs[:, 2] > 0).astype(np.int64)


def play(seed: int) -> tuple[float, int, bool]:
    env, total, steps = gym.make("CartPole-v1"), 0.0, 0
    obs, _ = env.reset(seed=seed)
    while True:
        obs, reward, terminated, truncated, _ = env.step(int(obs[2] > 0))
        total, steps = total + reward, steps + 1
        if terminated or truncated:
            return total, steps, truncated


@pytest.mark.parametrize("num_lanes", [1, 3, 8, 20])
def test_returns_lengths_and_truncation_are_those_of_single_episodes(num_lanes: int) -> None:
    seeds = Seeds(5).child("evaluation")
    lanes = plan_env(EnvSettings(id="CartPole-v1")).lanes(num_lanes, 40)
    result = evaluate(LeanRight(), lanes, 8, seeds)
    env = [play(seeds.episode_seed(i)) for i in range(8)]
    cut = [min(steps, 40) for _, steps, _ in env]
    assert result.lengths.tolist() == cut
    assert result.returns.tolist() == [float(n) for n in cut]
    assert result.truncated.tolist() == [steps > 40 for _, steps, _ in env]
    assert result.return_mean == np.mean(cut)
    assert lanes.counts.env_steps == sum(cut) and lanes.counts.episodes == 8


def test_schedule_grows_by_the_factor_and_then_stays_even() -> None:
    points = list(itertools.islice(schedule(1000, 1.1, 500), 8))
    assert points == [0, 500, 550, 605, 666, 732, 805, 886]
    points = list(itertools.islice(schedule(1000, 1.5, 700), 7))
    assert points == [0, 700, 1050, 1575, 2275, 2975, 3675]
    # The gap never falls below one step, or the schedule would stand still.
    assert list(itertools.islice(schedule(1, 1.1, 100), 5)) == [0, 1, 2, 3, 4]
