"""Environments that misbehave, one after another: registered on import, as `stray_envs:<id>`."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces


class Odd(BaseException):
    """No Exception, so that `except Exception` does not see it."""


class Stray(gym.Env[Any, Any]):
    """Well behaved, but for what a subclass changes; episodes of ten steps."""

    observation_space: Any = spaces.Box(-1, 1, (4,), np.float32)
    action_space: Any = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._steps = 0
        return self.observe(), {}

    def step(self, action: Any) -> Any:
        self._steps += 1
        return self.observe(), self.reward(), self._steps == 10, False, {}

    def observe(self) -> Any:
        return np.zeros(4, np.float32)

    def reward(self) -> Any:
        return 1.0


def _spaces(name: str, observation: Any = Stray.observation_space, **more: Any) -> None:
    action = more.pop("action", Stray.action_space)

    def make(**kwargs: Any) -> Stray:
        env = type(name, (Stray,), more)()
        env.observation_space, env.action_space = observation, action
        return env

    gym.register(f"{name}-v0", make, max_episode_steps=20, reward_threshold=1e6)


def _method(name: str, **methods: Any) -> None:
    gym.register(f"{name}-v0", type(name, (Stray,), methods), reward_threshold=1e6)


def _raise(error: BaseException) -> Any:
    def act(*args: Any, **kwargs: Any) -> Any:
        raise error

    return act


class BuiltOnce(Stray):
    built = 0

    def __init__(self) -> None:
        BuiltOnce.built += 1
        if BuiltOnce.built > 1:
            raise ValueError("one is enough")


_spaces("HugeDiscreteObservation", spaces.Discrete(10**10))
_spaces("EmptyObservation", spaces.Box(-1, 1, (0,)), observe=lambda self: np.zeros(0))
_spaces("NoSpace", None)
_spaces("Image", spaces.Box(0, 255, (96, 96, 3), np.uint8))
_spaces("HugeDiscreteAction", action=spaces.Discrete(10**10))
_spaces("ManyBits", action=spaces.MultiBinary(3000))
_spaces("EmptyAction", action=spaces.Box(-1, 1, (0,)))
_spaces("ScalarAction", action=spaces.Box(-1, 1, ()))
_spaces("WideAction", action=spaces.Box(-3e38, 3e38, (2,)))
_method("RewardText", reward=lambda self: "1.0")
_method("RewardNone", reward=lambda self: None)
_method("RewardArray", reward=lambda self: np.ones(1))
_method("RewardHuge", reward=lambda self: 10**400)
_method("RewardWide", reward=lambda self: 1e308)
_method("ObservationWide", observe=lambda self: np.full(4, 1e308))
_method("ObservationScalar", observe=lambda self: 0.5)
_method("ObservationRow", observe=lambda self: np.zeros((1, 4)))
_method("ObservationLong", observe=lambda self: np.zeros(5))
_method("TerminatedText", step=lambda self, action: (self.observe(), 1.0, "no", False, {}))
_method("TerminatedNone", step=lambda self, action: (self.observe(), 1.0, None, False, {}))
_method("FourValues", step=lambda self, action: (self.observe(), 1.0, False, {}))
_method("CloseRaises", close=_raise(ValueError("stuck")))
_method("StepOdd", step=_raise(Odd("odd")))
_method("StepExits", step=_raise(SystemExit(0)))
_method("ResetExits", reset=_raise(SystemExit(0)))
_method("BuiltOdd", __init__=_raise(Odd("odd")))
_method("BuiltExits", __init__=_raise(SystemExit(0)))
gym.register("BuiltOnce-v0", BuiltOnce)
gym.register("NoSpaces-v0", type("NoSpaces", (gym.Env,), {}))
gym.register("ThresholdText-v0", Stray, reward_threshold="high")  # type: ignore[arg-type]
gym.register("ThresholdInfinite-v0", Stray, reward_threshold=float("inf"))
