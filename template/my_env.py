"""Reach: a hand stands on one of ten places and is to move to another one, and stay there."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

PLACES, STEPS = 10, 20


class Reach(gym.Env[Any, Any]):
    """Observed are how far the goal is to the right, from -1 to 1, and a constant 1. Each step is
    rewarded with 1 less the distance, so that a return is at most 20."""

    observation_space = spaces.Box(-1, 1, (2,), np.float32)
    action_space = spaces.Discrete(3)  # left, stay, right

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._hand, self._goal = (int(place) for place in self.np_random.integers(PLACES, size=2))
        return self._observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._hand = min(max(self._hand + int(action) - 1, 0), PLACES - 1)
        distance = abs(self._hand - self._goal) / (PLACES - 1)
        return self._observe(), 1.0 - distance, False, False, {}

    def _observe(self) -> Any:
        return np.array([(self._goal - self._hand) / (PLACES - 1), 1.0], np.float32)


# The cap ends an episode; `conf/env/Reach-v0.yaml` names this module, so that it is imported.
gym.register("Reach-v0", "my_env:Reach", max_episode_steps=STEPS)
