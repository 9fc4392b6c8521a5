"""The evaluation: the same function, episodes and rule for every agent, off the training clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlbench.interfaces import Array, Lanes, Policy
from rlbench.seeding import Seeds


@dataclass(frozen=True)
class Evaluation:
    """Whole episodes on raw rewards: returns [E], lengths [E] in steps, truncated [E]."""

    returns: Array
    lengths: Array
    truncated: Array

    @property
    def return_mean(self) -> float:
        return float(self.returns.mean())


def evaluate(policy: Policy, lanes: Lanes, episodes: int, seeds: Seeds) -> Evaluation:
    """Play `episodes` episodes of `policy`, the i-th from the reset seed `seeds.episode_seed(i)`.

    Episodes run in lock-step on the lanes; a lane whose episode has ended takes up the next one.
    The policy's generator is `seeds`' own, so that an evaluation is a pure function of the policy
    and the seeds.
    """
    rng = seeds.child("actions").generator()
    reset_seeds = np.array([seeds.episode_seed(i) for i in range(episodes)])
    returns, lengths = np.zeros(episodes), np.zeros(episodes, np.int64)
    truncated = np.zeros(episodes, np.bool_)
    begun = min(lanes.num_lanes, episodes)
    playing = np.arange(begun)  # [n] the lanes in use
    episode = np.arange(begun)  # [n] the episode that each plays
    obs = lanes.reset(playing, reset_seeds[:begun])
    while len(playing):
        obs, rewards, terminated, cut = lanes.step(playing, policy.act(obs, rng))
        returns[episode] += rewards
        lengths[episode] += 1
        ended = terminated | cut
        if not ended.any():
            continue
        truncated[episode] = cut & ~terminated
        for row in np.flatnonzero(ended):
            if begun < episodes:
                obs[row : row + 1] = lanes.reset(
                    playing[row : row + 1], reset_seeds[begun : begun + 1]
                )
                episode[row], ended[row] = begun, False
                begun += 1
        playing, episode, obs = playing[~ended], episode[~ended], obs[~ended]
    return Evaluation(returns, lengths, truncated)


def schedule(first_steps: int, growth: float, every_steps: int) -> Iterator[int]:
    """The env_steps at which evaluations fall due: 0, `first_steps`, then a gap that grows with
    the steps by the factor `growth`, and evenly once the gap has reached `every_steps`."""
    yield 0
    point = float(min(first_steps, every_steps))
    while True:
        yield round(point)
        point += min(max(1.0, point * (growth - 1)), every_steps)
