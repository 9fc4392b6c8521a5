"""An environment with DeepMind's interface, whose values have every kind of spec."""

from __future__ import annotations

from typing import Any

import dm_env
import numpy as np
from dm_env import specs


class Kinds(dm_env.Environment):
    """Ends after `length` steps, with `discount`. The reward is the action's second number."""

    def __init__(self, seed: int | None = None, length: int = 3, discount: float = 0.0) -> None:
        self._rng, self._length, self._discount = np.random.default_rng(seed), length, discount
        self._steps = 0

    def reset(self) -> dm_env.TimeStep:
        self._steps = 0
        return dm_env.restart(self._observation())

    def step(self, action: Any) -> dm_env.TimeStep:
        self._steps += 1
        kind = dm_env.StepType.LAST if self._steps == self._length else dm_env.StepType.MID
        discount = self._discount if kind is dm_env.StepType.LAST else 0.9
        return dm_env.TimeStep(kind, np.float32(action[1]), discount, self._observation())

    def observation_spec(self) -> dict[str, Any]:
        return {
            "velocity": specs.Array((2, 1), np.float64),
            "choice": specs.DiscreteArray(3),
            "bits": specs.Array((2,), np.bool_),
            "height": specs.BoundedArray((), np.float32, 0, 9),
        }

    def action_spec(self) -> specs.BoundedArray:
        return specs.BoundedArray((2,), np.float64, [-1, -2], 2)

    def _observation(self) -> dict[str, Any]:
        return {
            "velocity": self._rng.standard_normal((2, 1)),
            "choice": 2,
            "bits": np.array([True, False]),
            "height": float(self._steps),
        }


def unseeded() -> Kinds:
    return Kinds()


class Texts(Kinds):
    def observation_spec(self) -> Any:
        return specs.StringArray(())


class Board(Kinds):
    """Rows and columns of numbers, at 20 steps a second."""

    def control_timestep(self) -> float:
        return 0.05

    def observation_spec(self) -> Any:
        return specs.BoundedArray((3, 2), np.float64, 0, 1)

    def _observation(self) -> Any:
        return np.array([[0, 1], [1, 0], [0.5, 0]])
