"""The random agent: uniform actions, nothing learned. The zero of normalised scores, and the
smallest example of an agent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

import numpy as np
from pydantic import Field

from rlbench.interfaces import (
    ActionSpec,
    Agent,
    AgentParameters,
    Array,
    Context,
    EnvFacts,
    Scalars,
    State,
)

WIDEST = 1e30  # a side of a box beyond counts as unbounded


class RandomSettings(AgentParameters):
    """num_lanes: lanes stepped together."""

    num_lanes: int = Field(8, gt=0)


class UniformPolicy:
    """Uniform actions; an unbounded side of a box is cut at ±1."""

    KIND: ClassVar[str] = "uniform"

    def __init__(self, action: ActionSpec) -> None:
        self._action = action

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        action, lanes = self._action, len(obs)
        if action.kind == "discrete":
            return rng.integers(action.nvec[0], size=lanes)
        if action.kind == "multi_discrete":
            return rng.integers(action.nvec, size=(lanes, action.dimensions))
        low, high = np.array(action.low), np.array(action.high)
        low = np.maximum(low, -1) if (low < -WIDEST).any() else low
        high = np.minimum(high, 1) if (high > WIDEST).any() else high
        return rng.uniform(low, high, (lanes, action.dimensions)).astype(np.float32)

    def arrays(self) -> Mapping[str, Array]:
        architecture = {"network": {"kind": self.KIND}, "action": asdict(self._action)}
        return {"architecture": np.array(json.dumps(architecture))}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> UniformPolicy:
        """The inverse of `arrays`; raises ValueError, KeyError or TypeError for anything else."""
        action = json.loads(str(arrays["architecture"]))["action"]
        sides = {name: tuple(action[name]) for name in ("nvec", "low", "high")}
        return cls(ActionSpec(str(action["kind"]), **sides))


class RandomAgent(Agent):
    """Steps its lanes with random actions until the budget is used up."""

    Settings = RandomSettings
    version: ClassVar[int] = 1

    def __init__(self, context: Context, settings: RandomSettings) -> None:
        self._context = context
        self._lanes = context.make_lanes(settings.num_lanes)
        self._policy = UniformPolicy(context.env.action)
        self._all = np.arange(settings.num_lanes)
        self._rounds = 0  # lock-steps so far
        self._playing = False

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: RandomSettings, *, workers: int) -> float:
        """Its lanes."""
        return settings.num_lanes * env.lane_bytes / 2**20

    def advance(self, env_steps: int) -> Scalars:
        seeds, lanes = self._context.seeds, self._lanes
        begun = lanes.counts.env_steps
        if not self._playing:
            self._begin(self._all)
            self._playing = True
        obs = np.empty((len(self._all), 0), np.float32)  # the policy looks only at how many
        while lanes.counts.env_steps - begun < env_steps and not self._context.should_stop():
            rng = seeds.child("actions").generator(self._rounds)
            self._rounds += 1
            _, _, terminated, truncated = lanes.step(self._all, self._policy.act(obs, rng))
            ended = np.flatnonzero(terminated | truncated)
            if len(ended):
                self._begin(ended)
        return {"episodes": lanes.counts.episodes}

    def policy(self) -> UniformPolicy:
        return self._policy

    def get_state(self) -> State:
        return {"rounds": self._rounds}

    def set_state(self, state: State) -> None:
        self._rounds = state["rounds"]
        self._playing = False

    def close(self) -> None:
        pass

    def _begin(self, lanes: Array) -> None:
        episodes = self._context.seeds.child("episodes")
        seeds = [episodes.episode_seed(self._rounds, int(lane)) for lane in lanes]
        self._lanes.reset(lanes, np.array(seeds))
