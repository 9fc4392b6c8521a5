"""Environments with DeepMind's interface dm_env, as Gymnasium environments.

`env=dm_env:package.module:Name` makes any of them: Name is a class or a function with an argument
`seed`. Shimmy, a library for the same, takes only those of dm_control and bsuite, and reaches for
the private generators of these.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from rlbench.envs.single import GymnasiumFamily, SingleEnvs
from rlbench.errors import ConfigError, RunError, StuckError
from rlbench.interfaces import Array
from rlbench.registry import import_failure

SEED = "seed"
PICTURE_PX = (240, 320)  # height and width of what a camera of MuJoCo sees
BOARD_PX = 320  # the longer side, about, where an observation is a board
Reseed = Callable[[Any, int], Any]  # the environment to play on, from the one before and a seed


class DmEnvironment(gym.Env[Any, Any]):
    """An environment `env` of dm_env, which `reseed` gives other random numbers.

    A last step with discount 0 terminates an episode, one with another discount truncates it;
    before the end the environment's discounts are not used, as each agent has its own.

    Its pictures are those of MuJoCo's first camera, or else the observation, where that is a board:
    rows and columns of numbers.
    """

    def __init__(
        self, env: Any, reseed: Reseed, env_id: str, render_mode: str | None = None
    ) -> None:
        self._env, self._reseed, self._id = env, reseed, env_id
        self._shown: Any = None
        self.render_mode = render_mode
        self.metadata = {"render_modes": ["rgb_array"], **_speed(env)}
        self.observation_space = _space(env.observation_spec(), env_id)
        self.action_space = _space(env.action_spec(), env_id)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        if seed is not None:
            self._env = self._reseed(self._env, seed)
        self._shown = _observed(self._env.reset().observation)
        return self._shown, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        after = self._env.step(action)
        last = bool(after.last())
        terminated = last and float(after.discount) == 0.0
        self._shown = _observed(after.observation)
        return self._shown, float(after.reward), terminated, last != terminated, {}

    def render(self) -> Array:
        """A picture [height, width, 3] uint8; raises RunError where there is none."""
        draw = getattr(getattr(self._env, "physics", None), "render", None)
        if callable(draw):
            height, width = PICTURE_PX
            picture: Array = draw(height=height, width=width, camera_id=0)
            return picture
        if not isinstance(self._shown, np.ndarray) or self._shown.ndim != 2:
            what = "neither a camera of MuJoCo nor rows and columns of numbers to be shown"
            raise RunError(f"environment {self._id} has no pictures: {what}")
        return _board(self._shown)

    def close(self) -> None:
        self._env.close()


def _speed(env: Any) -> dict[str, float]:
    """Steps a second, where an environment says what a step is in time."""
    timestep = getattr(env, "control_timestep", None)
    return {"render_fps": 1 / float(timestep())} if callable(timestep) else {}


def _board(numbers: Array) -> Array:
    """A picture of rows and columns of numbers, from black to white."""
    low, high = float(numbers.min()), float(numbers.max())
    grey = (numbers - low) / (high - low if high > low else 1.0)
    side = max(1, BOARD_PX // max(numbers.shape))
    squares = np.round(255 * grey).astype(np.uint8).repeat(side, 0).repeat(side, 1)
    return np.repeat(squares[..., None], 3, axis=-1)


def _space(spec: Any, env_id: str) -> spaces.Space[Any]:
    """The space of what `spec`, or a structure of specs, describes. Raises ConfigError for other
    values than numbers."""
    from dm_env import specs

    if isinstance(spec, Mapping):
        return spaces.Dict({str(name): _space(spec[name], env_id) for name in spec})
    if isinstance(spec, list | tuple):
        return spaces.Tuple([_space(part, env_id) for part in spec])
    if isinstance(spec, specs.DiscreteArray):
        return spaces.Discrete(int(spec.num_values))
    if not isinstance(spec, specs.Array) or np.dtype(spec.dtype).kind not in "fiub":
        raise ConfigError("env", env_id, f"an environment of numbers, not of {spec}")
    kind, dtype = np.dtype(spec.dtype).kind, np.dtype(spec.dtype)
    if isinstance(spec, specs.BoundedArray):
        low, high = spec.minimum, spec.maximum
    elif kind == "f":
        low, high = -np.inf, np.inf
    elif kind == "b":
        low, high = 0, 1
    else:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    low, high = (np.broadcast_to(bound, spec.shape).astype(dtype) for bound in (low, high))
    return spaces.Box(low, high, spec.shape, dtype.type)


def _observed(observation: Any) -> Any:
    """An observation as its space has it."""
    if isinstance(observation, Mapping):
        return {str(name): _observed(part) for name, part in observation.items()}
    if isinstance(observation, list | tuple):
        return tuple(_observed(part) for part in observation)
    numbers: Array = np.asarray(observation)
    return numbers


def by_name(env_id: str, render_mode: str | None = None, **kwargs: Any) -> DmEnvironment:
    """The environment of `dm_env:MODULE:NAME`; each seed makes another one of it, so that all of
    its random numbers are the seed's. Raises ConfigError where there is none, or it takes no seed.
    """
    _, module, name = env_id.split(":")
    try:
        make = getattr(importlib.import_module(module), name, None)
        takes_seed = callable(make) and _takes_seed(make)
    except (KeyboardInterrupt, StuckError):
        raise
    except BaseException as error:  # a stranger's package may raise anything, even SystemExit
        takes = f"dm_env:MODULE:NAME; importing {module} failed: {import_failure(error)}"
        raise ConfigError("env", env_id, takes) from None
    if make is None or not takes_seed:
        lacks = f"there is no {name!r}" if make is None else f"{name!r} has no argument {SEED!r}"
        takes = f"dm_env:MODULE:NAME, a class or function with an argument {SEED!r}; {lacks}"
        raise ConfigError("env", env_id, takes)

    def reseed(before: Any, seed: int) -> Any:
        before.close()
        return make(seed=seed, **kwargs)

    return DmEnvironment(make(seed=0, **kwargs), reseed, env_id, render_mode)


def _takes_seed(make: Callable[..., Any]) -> bool:
    parameters = inspect.signature(make).parameters
    anything = inspect.Parameter.VAR_KEYWORD
    return SEED in parameters or any(one.kind is anything for one in parameters.values())


class DmEnvFamily(GymnasiumFamily):
    """Environments by their name in a module. They are made again for each episode."""

    def builder(self, single: SingleEnvs) -> SingleEnvs:
        return single
