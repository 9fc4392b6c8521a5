"""Hill climbing: change the weights of a linear policy, keep the change if it did better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from rlbench.errors import ConfigError
from rlbench.interfaces import Agent, AgentParameters, Array, Context, Scalars, State


class ClimberSettings(AgentParameters):
    """The keys of conf/agent/climber.yaml, with their bounds."""

    sigma: float = Field(0.5, gt=0)
    episodes: int = Field(10, gt=0)


class LinearPolicy:
    """The action with the largest weighted sum of the observation."""

    independent_lanes = True  # no lane's action depends on another's

    def __init__(self, weights: Array) -> None:
        self.weights = weights  # [observation, actions]

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        sums = (obs[:, :, None] * self.weights).sum(1)  # not `@`: its last bits depend on the lanes
        actions: Array = np.argmax(sums, axis=1)
        return actions

    def arrays(self) -> Mapping[str, Array]:
        """What policy.npz holds."""
        return {"architecture": np.array('{"kind": "linear"}'), "weights": self.weights}


class Climber(Agent):
    """One lane; each change of the weights plays `episodes` episodes."""

    Settings = ClimberSettings
    version: ClassVar[int] = 1  # raise it whenever the same settings learn something else

    def __init__(self, context: Context, settings: ClimberSettings) -> None:
        if context.env.action.kind != "discrete":
            raise ConfigError("env", context.env.id, "an environment with discrete actions")
        self._context, self._settings = context, settings
        self._lanes = context.make_lanes(1)
        shape = (context.env.observation_size, context.env.action.nvec[0])
        self._weights, self._tried, self._kept = np.zeros(shape), 0, 0

    def advance(self, env_steps: int) -> Scalars:
        """Train for at least `env_steps` steps; what is returned is logged."""
        begun = self._lanes.counts.env_steps
        while self._lanes.counts.env_steps - begun < env_steps and not self._context.should_stop():
            self._try_a_change()
        return {"changes_tried": self._tried, "changes_kept": self._kept}

    def policy(self) -> LinearPolicy:
        """What is evaluated now: a snapshot that later training does not change."""
        return LinearPolicy(self._weights.copy())

    def get_state(self) -> State:
        """All that is needed to go on exactly."""
        return {"weights": self._weights, "tried": self._tried, "kept": self._kept}

    def set_state(self, state: State) -> None:
        self._weights = np.array(state["weights"])
        self._tried, self._kept = int(state["tried"]), int(state["kept"])

    def _try_a_change(self) -> None:
        self._tried += 1
        # Random numbers come from the run's seed and a count: so a resumed run draws the same.
        rng = self._context.seeds.child("changes").generator(self._tried)
        changed = self._weights + rng.normal(0, self._settings.sigma, self._weights.shape)
        if self._returns(changed, rng) > self._returns(self._weights, rng):
            self._weights, self._kept = changed, self._kept + 1

    def _returns(self, weights: Array, rng: np.random.Generator) -> float:
        """The sum of returns; the weights before and after a change play the same episodes."""
        first = self._tried * self._settings.episodes
        episodes = range(first, first + self._settings.episodes)
        return sum(self._play(LinearPolicy(weights), i, rng) for i in episodes)

    def _play(self, policy: LinearPolicy, episode: int, rng: np.random.Generator) -> float:
        """The return of one episode."""
        lane, total, ended = np.array([0]), 0.0, False
        seed: Any = self._context.seeds.child("episodes").episode_seed(episode)
        obs = self._lanes.reset(lane, np.array([seed]))
        while not ended:
            obs, rewards, terminated, truncated = self._lanes.step(lane, policy.act(obs, rng))
            total += float(rewards[0])
            ended = bool(terminated[0] or truncated[0])
        return total
