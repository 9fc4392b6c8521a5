"""Episodes of a policy, step by step, as they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlbench.envs.make import family_of
from rlbench.envs.pictured import Stage, stage
from rlbench.errors import RunError
from rlbench.harness.machine import working_directory_kept
from rlbench.interfaces import Array, EnvFacts, Policy
from rlbench.playing.conditions import Conditions
from rlbench.playing.evaluation import fitted, plan_of
from rlbench.playing.model import Model
from rlbench.seeding import Seeds


@dataclass(frozen=True)
class Shot:
    """One step of an episode: the picture [height, width, 3] uint8, the number of the episode, its
    steps and its return so far, and whether it is over."""

    picture: Array
    episode: int
    steps: int
    returned: float
    is_over: bool


class Theatre:
    """Plays episodes of policies in one environment, and shows them; to be closed.

    per_s: steps a second at the speed that they are meant to have.
    """

    def __init__(self, conditions: Conditions) -> None:
        """Raises ConfigError for an environment that cannot be had, or has no pictures."""
        plan, cap = plan_of(conditions)
        with working_directory_kept():
            self._stage: Stage = stage(family_of(conditions.env), plan, cap)
        self._facts: EnvFacts = plan.facts
        self._seeds = Seeds(conditions.seed).child("evaluation")
        self.per_s = self._stage.per_s

    def play(self, policy: Policy | Model, episode: int) -> Iterator[Shot]:
        """The episode of that number of an evaluation (see `harness.evaluate`): the same seed, the
        same actions. Raises ConfigError for a policy that does not suit the environment."""
        policy, lanes, lane = fitted(policy, self._facts), self._stage.lanes, np.zeros(1, np.int64)
        rng = self._seeds.child("actions").generator(episode)
        obs = lanes.reset(lane, np.array([self._seeds.episode_seed(episode)]))
        steps, returned, over = 0, 0.0, False
        yield Shot(lanes.picture(0), episode, steps, returned, over)
        while not over:
            actions = policy.act(obs, rng)
            wrong = self._facts.action.wrong(actions, 1)
            if wrong is not None:
                raise RunError(f"policy().act: gives {wrong}")
            obs, rewards, terminated, truncated = lanes.step(lane, actions)
            steps, returned = steps + 1, returned + float(rewards[0])
            over = bool(terminated[0] or truncated[0])
            yield Shot(lanes.picture(0), episode, steps, returned, over)

    def close(self) -> None:
        self._stage.lanes.close()
