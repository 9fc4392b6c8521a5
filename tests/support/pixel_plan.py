"""Frames to learn from in seconds: which half is bright is the action that pays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rlbench.envs.lanes import CountedLanes
from rlbench.interfaces import ActionSpec, EnvFacts

SHAPE = (1, 20, 20)  # the smallest frames that the networks of the papers take
EPISODE_STEPS = 8


class BrightHalfLanes(CountedLanes):
    """Episodes of `EPISODE_STEPS` steps, 1 a step for the right half of two. Dim noise covers all,
    and the bright half differs from the other by less than a tenth of what a pixel can."""

    def __init__(self, num_lanes: int, episode_steps: int) -> None:
        super().__init__("BrightHalf", num_lanes)
        self._rngs: list[Any] = [None] * num_lanes
        self._bright = np.zeros(num_lanes, np.int64)
        self._left = np.zeros(num_lanes, np.int64)
        self._episode_steps = episode_steps

    def reset(self, lanes: Any, seeds: Any) -> Any:
        for lane, seed in zip(lanes, seeds, strict=True):
            self._rngs[lane] = np.random.default_rng(seed)
        self._left[lanes] = self._episode_steps
        return self._observe(lanes)

    def step(self, lanes: Any, actions: Any) -> Any:
        rewards = (actions == self._bright[lanes]).astype(np.float64)
        self._left[lanes] -= 1
        terminated = self._left[lanes] == 0
        self._count(len(lanes), int(terminated.sum()))
        return self._observe(lanes), rewards, terminated, np.zeros(len(lanes), np.bool_)

    def _observe(self, lanes: Any) -> Any:
        obs = np.empty((len(lanes), *SHAPE), np.uint8)
        for row, lane in enumerate(lanes):
            rng = self._rngs[lane]
            obs[row] = rng.integers(0, 20, SHAPE)
            self._bright[lane] = bright = int(rng.integers(2))
            obs[row, :, :, bright * 10 : bright * 10 + 10] += 20
        return obs

    def close(self) -> None:
        pass


@dataclass
class PixelPlan:
    """As an `EnvPlan` is to agents and executors. lengths: of the episodes."""

    episode_steps: int = EPISODE_STEPS
    facts: EnvFacts = field(
        default_factory=lambda: EnvFacts("BrightHalf", SHAPE, ActionSpec("discrete", (2,)), 100)
    )

    def lanes(self, num_lanes: int, max_episode_steps: int | None = None, **_: Any) -> Any:
        return BrightHalfLanes(num_lanes, self.episode_steps)
