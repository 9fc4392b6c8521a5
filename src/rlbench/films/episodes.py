"""Episodes of a policy, step by step, as they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rlbench.envs.make import family_of
from rlbench.envs.pictured import Stage, find_a_way_to_draw, stage
from rlbench.harness.machine import working_directory_kept
from rlbench.interfaces import Array, EnvFacts, Policy
from rlbench.playing.conditions import Conditions
from rlbench.playing.episode import Step, episode_of
from rlbench.playing.evaluation import fitted, plan_of
from rlbench.playing.model import Model
from rlbench.seeding import Seeds


@dataclass(frozen=True)
class Shot:
    """One step of an episode: the picture [height, width, 3] uint8, the number of the episode, and
    what the policy sees with how it goes."""

    picture: Array
    episode: int
    step: Step


class Theatre:
    """Plays episodes of policies in one environment, and shows them; to be closed.

    per_s: steps a second at the speed that they are meant to have. facts: of the environment.
    played: what decides how episodes go (see `Family.conditions`), and the cap of an evaluation's.
    """

    def __init__(self, conditions: Conditions) -> None:
        """Raises ConfigError for an environment that cannot be had, or has no pictures."""
        family = family_of(conditions.env)
        find_a_way_to_draw(family)
        plan, cap = plan_of(conditions)
        with working_directory_kept():
            self._stage: Stage = stage(family, plan, cap)
        self.facts: EnvFacts = plan.facts
        self.played = family.conditions(), cap
        self._seeds = Seeds(conditions.seed).child("evaluation")
        self.per_s = self._stage.per_s

    def play(self, policy: Policy | Model, episode: int) -> Iterator[Shot]:
        """The episode of that number of an evaluation. Raises ConfigError for a policy that does
        not suit the environment."""
        policy, lanes = fitted(policy, self.facts), self._stage.lanes
        for step in episode_of(policy, lanes, self.facts, self._seeds, episode):
            yield Shot(lanes.picture(0), episode, step)

    def close(self) -> None:
        self._stage.lanes.close()
