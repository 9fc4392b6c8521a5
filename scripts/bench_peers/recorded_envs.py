"""Environments under other ids that write down each episode's reset seed and actions.

For `env=recorded_envs:Recorded/ID` with RLBENCH_RECORD_DIR naming a folder. Each environment writes
a file there, `<process>-<number>.txt`, one episode a line: the reset seed, and its
actions as hexadecimal bytes, all apart by spaces.
"""

from __future__ import annotations

import functools
import itertools
import os
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

RECORDED = ("LunarLander-v3", "HalfCheetah-v5", "Humanoid-v5")

_numbers = itertools.count()


class Diary(gym.Wrapper):
    """An environment that keeps a diary."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        folder = Path(os.environ["RLBENCH_RECORD_DIR"])
        # Line by line, so that nothing is lost however the process ends.
        self._file = (folder / f"{os.getpid()}-{next(_numbers)}.txt").open("w", buffering=1)
        self._seed: int | None = None
        self._actions: list[str] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        self._write()
        self._seed = seed
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> Any:
        self._actions.append(np.asarray(action, self.action_space.dtype).tobytes().hex())
        result = self.env.step(action)
        if result[2]:
            self._write()
        return result

    def close(self) -> None:
        self._write()
        self.env.close()

    def _write(self) -> None:
        if self._actions:
            self._file.write(f"{self._seed} {' '.join(self._actions)}\n")
            self._actions = []


def silence_mujoco() -> None:
    """No warnings of MuJoCo on stderr, nor in a file in the working directory."""
    try:
        import mujoco
    except ImportError:
        return
    mujoco.set_mju_user_warning(lambda message: None)


def _make(env_id: str, **kwargs: Any) -> gym.Env[Any, Any]:
    silence_mujoco()
    return Diary(gym.make(env_id, disable_env_checker=True, **kwargs).unwrapped)


for _id in RECORDED:
    _spec = gym.spec(_id)
    gym.register(
        id=f"Recorded/{_id}",
        entry_point=functools.partial(_make, _id),
        max_episode_steps=_spec.max_episode_steps,
        reward_threshold=_spec.reward_threshold,
    )
