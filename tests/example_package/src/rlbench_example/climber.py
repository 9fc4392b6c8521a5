"""Hill climbing: change the weights of a linear policy, and keep the change if it did as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from rlbench.errors import ConfigError
from rlbench.interfaces import AgentParameters, Array, Context, EnvFacts, Scalars, State


class ClimberSettings(AgentParameters):
    """sigma: standard deviation of a change of the weights."""

    sigma: float = Field(0.5, gt=0)


class LinearPolicy:
    """The action with the largest weighted sum of the observation."""

    def __init__(self, weights: Array) -> None:
        self.weights = weights  # [observation, actions]

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        actions: Array = np.argmax(obs @ self.weights, axis=1)
        return actions

    def arrays(self) -> Mapping[str, Array]:
        return {"architecture": np.array('{"kind": "linear"}'), "weights": self.weights}


class HillClimber:
    """One lane, one episode a change."""

    Settings = ClimberSettings
    version: ClassVar[int] = 1
    uses_executor: ClassVar[bool] = False

    def __init__(self, context: Context, settings: ClimberSettings) -> None:
        if context.env.action.kind != "discrete":
            raise ConfigError("env", context.env.id, "an environment with discrete actions")
        self._context, self._settings = context, settings
        self._lanes = context.make_lanes(1)
        shape = (context.env.observation_size, context.env.action.nvec[0])
        self._weights, self._best, self._episode = np.zeros(shape), -np.inf, 0

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: Any, *, workers: int) -> float | None:
        return None

    def advance(self, env_steps: int) -> Scalars:
        begun = self._lanes.counts.env_steps
        while self._lanes.counts.env_steps - begun < env_steps and not self._context.should_stop():
            self._try_a_change()
        return {"return_best": float(self._best)}

    def policy(self) -> LinearPolicy:
        return LinearPolicy(self._weights)

    def get_state(self) -> State:
        return {"weights": self._weights, "best": self._best, "episode": self._episode}

    def set_state(self, state: State) -> None:
        self._weights, self._best = state["weights"], state["best"]
        self._episode = state["episode"]

    def close(self) -> None:
        pass  # the lanes belong to the harness

    def _try_a_change(self) -> None:
        self._episode += 1
        rng = self._context.seeds.child("changes").generator(self._episode)
        changed = self._weights + rng.normal(0, self._settings.sigma, self._weights.shape)
        total = self._play(LinearPolicy(changed), rng)
        if total >= self._best:
            self._best, self._weights = total, changed

    def _play(self, policy: LinearPolicy, rng: np.random.Generator) -> float:
        """The return of one episode."""
        lane, total, ended = np.array([0]), 0.0, False
        seed = self._context.seeds.child("episodes").episode_seed(self._episode)
        obs = self._lanes.reset(lane, np.array([seed]))
        while not ended:
            obs, rewards, terminated, truncated = self._lanes.step(lane, policy.act(obs, rng))
            total += float(rewards[0])
            ended = bool(terminated[0] or truncated[0])
        return total
