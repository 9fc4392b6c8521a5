"""Agents of Stable-Baselines3 that learn within a moment, and the same without rlbench."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
from stable_baselines3.common.logger import Logger

from rlbench.agents.sb3.agent import SB3
from rlbench.agents.sb3.settings import SB3Settings
from rlbench.envs.make import plan_env
from rlbench.harness.resources import Resources
from rlbench.seeding import Seeds
from rlbench.settings import EnvSettings

REPLAY = {"learning_starts": 20, "buffer_size": 150, "batch_size": 8}
NET = {"net_arch": [8]}
# Arguments with which each learns several times in a few hundred steps.
SMALL: dict[str, dict[str, Any]] = {
    "A2C": {},
    "PPO": {"n_steps": 16, "batch_size": 8, "n_epochs": 2, "learning_rate": "lin_0.01"},
    "TRPO": {"n_steps": 16, "batch_size": 8, "n_critic_updates": 2, "cg_max_steps": 3},
    "DQN": {**REPLAY, "train_freq": 4, "target_update_interval": 10, "policy_kwargs": NET},
    "QRDQN": {
        **REPLAY, "train_freq": 4, "target_update_interval": 10,
        "policy_kwargs": {**NET, "n_quantiles": 3},
    },
    "SAC": {**REPLAY, "policy_kwargs": NET},
    "TD3": {**REPLAY, "policy_kwargs": NET, "action_noise": {"kind": "normal", "sigma": 0.1}},
    "TQC": {**REPLAY, "policy_kwargs": {**NET, "n_quantiles": 5}},
    "ARS": {"n_delta": 2},
}  # fmt: skip
ENVS = {name: "Pendulum-v1" if name in ("SAC", "TD3", "TQC") else "CartPole-v1" for name in SMALL}


def settings(algorithm: str, **values: Any) -> SB3Settings:
    kwargs = {**SMALL[algorithm], **values.pop("kwargs", {})}
    given = {"num_lanes": 2, "schedule_steps": 400, "algorithm": algorithm, "kwargs": kwargs}
    return SB3Settings(**{**given, **values})


@contextmanager
def agent(made: SB3Settings, env: str, seed: int = 0, stop_at: float = math.inf) -> Iterator[SB3]:
    """An agent to be trained by hand, which is asked to stop after `stop_at` steps."""
    resources = Resources(plan_env(EnvSettings(id=env)))
    context = resources.context(seed, lambda: resources.counts().env_steps >= stop_at)
    built = SB3(context, made)
    try:
        yield built
    finally:
        resources.close()


def model_of(built: SB3) -> Any:
    return built._learner._model


class SameEpisodes(gym.Wrapper[Any, Any, Any, Any]):
    """A lane as Stable-Baselines3 makes it itself, with the seeds of rlbench."""

    def __init__(self, env_id: str, lane: int, seed: int = 0) -> None:
        super().__init__(gym.make(env_id))
        self._lane, self._episode = lane, -1
        self._seeds = Seeds(seed).child("agent").child("episodes")

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self._episode += 1
        return self.env.reset(seed=self._seeds.episode_seed(self._lane, self._episode))


def learn_alone(model: Any, env_steps: int) -> None:
    """What Stable-Baselines3 learns by itself, without the folder that it would leave in /tmp."""
    model.set_logger(Logger(folder=None, output_formats=[]))
    model.learn(env_steps)


def model_seed(seed: int = 0) -> int:
    """The seed that the model of a run gets."""
    return Seeds(seed).child("agent").child("sb3").integer()


def parameters(model: Any) -> dict[str, Any]:
    return {name: value.numpy() for name, value in model.policy.state_dict().items()}
