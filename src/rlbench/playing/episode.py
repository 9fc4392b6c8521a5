"""One episode of a policy, step by step: what it sees, and how it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlbench.errors import RunError
from rlbench.interfaces import Array, EnvFacts, Lanes, Policy
from rlbench.seeding import Seeds


@dataclass(frozen=True)
class Step:
    """A moment of an episode: the observation [*obs], the steps and the return so far, and whether
    it is over."""

    obs: Array
    steps: int
    returned: float
    is_over: bool


def episode_of(
    policy: Policy, lanes: Lanes, facts: EnvFacts, seeds: Seeds, number: int
) -> Iterator[Step]:
    """The episode of that number of an evaluation (see `harness.evaluate`) on the first of `lanes`:
    the same seed, the same actions. seeds: those of the run's evaluations. Raises RunError for
    actions that the environment does not take."""
    lane = np.zeros(1, np.int64)
    rng = seeds.child("actions").generator(number)
    obs = lanes.reset(lane, np.array([seeds.episode_seed(number)]))
    steps, returned, over = 0, 0.0, False
    yield Step(obs[0], steps, returned, over)
    while not over:
        actions = policy.act(obs, rng)
        wrong = facts.action.wrong(actions, 1)
        if wrong is not None:
            raise RunError(f"policy().act: gives {wrong}")
        obs, rewards, terminated, truncated = lanes.step(lane, actions)
        steps, returned = steps + 1, returned + float(rewards[0])
        over = bool(terminated[0] or truncated[0])
        yield Step(obs[0], steps, returned, over)
