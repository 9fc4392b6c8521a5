"""An environment whose processes come to a bad end where the surroundings ask for it: registered as
`hurting.stumbling:Stumbling-v0`."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

DIE_AFTER = "HURT_DIE_AFTER"  # steps of a worker process, which then kills itself
HANG_AFTER = "HURT_HANG_AFTER"  # steps of any process, which then never returns
COUNT = "HURT_COUNT"  # the file to which each of them adds a byte


class Stumbling(gym.Env[Any, Any]):
    """Episodes of 5 to 14 steps, by the reset seed; the return counts the steps in which the sign
    of the first observation was named."""

    observation_space = gym.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gym.spaces.Discrete(2)
    steps = 0  # of this process

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._left = int(self.np_random.integers(5, 15))
        return self._observe(), {}

    def step(self, action: Any) -> Any:
        type(self).steps += 1
        _stumble(type(self).steps)
        reward = float((self._obs[0] > 0) == bool(action))
        self._left -= 1
        return self._observe(), reward, self._left == 0, False, {}

    def _observe(self) -> Any:
        self._obs = self.np_random.uniform(-1, 1, 3).astype(np.float32)
        return self._obs


def _stumble(steps: int) -> None:
    worker = multiprocessing.parent_process() is not None
    if worker and steps == int(os.environ.get(DIE_AFTER, "0")):
        _count()
        os.kill(os.getpid(), signal.SIGKILL)
    if steps == int(os.environ.get(HANG_AFTER, "0")):
        _count()
        while True:
            time.sleep(3600)


def _count() -> None:
    with Path(os.environ[COUNT]).open("ab") as file:
        file.write(b".")


gym.register("Stumbling-v0", f"{__name__}:Stumbling", reward_threshold=8.0, max_episode_steps=100)
