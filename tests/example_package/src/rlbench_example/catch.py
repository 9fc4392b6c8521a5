"""Catch: a ball falls into one of five columns, and a paddle below it moves a column a step."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

COLUMNS, ROWS = 5, 6


class Catch(gym.Env[Any, Any]):
    """Observed are the paddle's column, the ball's column and its row, each from 0 to 1. The last
    step gives 1 for a ball that is caught and -1 for one that is not."""

    observation_space = spaces.Box(0, 1, (3,), np.float32)
    action_space = spaces.Discrete(3)  # left, stay, right

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._paddle, self._row = COLUMNS // 2, 0
        self._ball = int(self.np_random.integers(COLUMNS))
        return self._observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._paddle = min(max(self._paddle + int(action) - 1, 0), COLUMNS - 1)
        self._row += 1
        ended = self._row == ROWS
        reward = (1.0 if self._paddle == self._ball else -1.0) if ended else 0.0
        return self._observe(), reward, ended, False, {}

    def _observe(self) -> Any:
        place = [self._paddle / (COLUMNS - 1), self._ball / (COLUMNS - 1), self._row / ROWS]
        return np.array(place, np.float32)


gym.register("Catch-v0", "rlbench_example.catch:Catch", max_episode_steps=ROWS)
