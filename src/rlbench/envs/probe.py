"""Finds out whether an environment carries something over from one episode to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from rlbench.envs.lanes import close_quietly
from rlbench.envs.spaces import observation_adapter
from rlbench.errors import StuckError

# BipedalWalker-v3 needs an episode that ended and one that was cut short to show it.
PLAYED_STEPS = 400
COMPARED_STEPS = 100
FIRST_SEED, LATER_SEED, COMPARED_SEED = 1, 2, 3


def carries_over(make: Callable[[], gym.Env[Any, Any]]) -> bool:
    """Whether an episode depends on the one before it: the same seed and actions are played in a
    fresh environment and in one whose first episode was cut short (Box2D worlds differ)."""
    built = []
    try:
        reused = make()
        built.append(reused)
        fresh = make()
        built.append(fresh)
        reused.action_space.seed(0)
        reused.reset(seed=FIRST_SEED)
        for _ in range(PLAYED_STEPS):
            _, _, terminated, truncated, _ = reused.step(reused.action_space.sample())
            if terminated or truncated:
                reused.reset(seed=LATER_SEED)
        return not _same_episode(reused, fresh)
    except (KeyboardInterrupt, StuckError):
        raise
    except BaseException:
        return False  # the run reports the error, with its steps counted
    finally:
        for env in built:
            close_quietly(env)


def _same_episode(one: gym.Env[Any, Any], other: gym.Env[Any, Any]) -> bool:
    _, observe = observation_adapter(one.observation_space, "")
    one_obs, other_obs = one.reset(seed=COMPARED_SEED)[0], other.reset(seed=COMPARED_SEED)[0]
    for _ in range(COMPARED_STEPS):
        if not np.array_equal(observe(one_obs), observe(other_obs), equal_nan=True):
            return False
        action = one.action_space.sample()
        one_obs, one_reward, *one_ends, _ = one.step(action)
        other_obs, other_reward, *other_ends, _ = other.step(action)
        if not np.isfinite([float(one_reward), float(other_reward)]).all():
            return True  # broken rather than carrying over: the run itself will report it
        if one_reward != other_reward or one_ends != other_ends:
            return False
        if any(one_ends):
            break
    return True
