"""LunarLander-v3 under another id, writing down each episode's reset seed and actions.

For `env=recorded_lunarlander:RecordedLunarLander-v3` with RLBENCH_RECORD_DIR naming a folder. Each
environment writes a file of its own there, `<process>-<number>.txt`, one episode a line: the reset
seed, a space, and the actions as digits.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.envs.box2d.lunar_lander import LunarLander

_numbers = itertools.count()


class RecordedLunarLander(LunarLander):
    """LunarLander that keeps a diary."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        folder = Path(os.environ["RLBENCH_RECORD_DIR"])
        # Line by line, so that nothing is lost however the process ends.
        self._diary = (folder / f"{os.getpid()}-{next(_numbers)}.txt").open("w", buffering=1)
        self._seed: int | None = None
        self._actions: list[str] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        self._write()
        self._seed = seed
        # The parent's reset makes a step of its own, which is no decision of an agent.
        result = super().reset(seed=seed, options=options)
        self._actions = []
        return result

    def step(self, action: Any) -> Any:
        self._actions.append(str(int(action)))
        result = super().step(action)
        if result[2]:
            self._write()
        return result

    def close(self) -> None:
        self._write()
        super().close()

    def _write(self) -> None:
        if self._actions:
            self._diary.write(f"{self._seed} {''.join(self._actions)}\n")
            self._actions = []


_spec = gym.spec("LunarLander-v3")
gym.register(
    id="RecordedLunarLander-v3",
    entry_point=RecordedLunarLander,
    max_episode_steps=_spec.max_episode_steps,
    reward_threshold=_spec.reward_threshold,
)
