"""What spaces become: observations vectors or images, actions as `ActionSpec` describes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from gymnasium import spaces

from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import ActionSpec, Array

Observe = Callable[[Any], Array]
Act = Callable[[Array], Iterable[Any]]
MAX_OBSERVATION = 10_000_000  # numbers; 40 MB each
MAX_ACTION = 100_000  # dimensions


def observation_adapter(
    space: spaces.Space[Any], env_id: str, images: bool = False
) -> tuple[tuple[int, ...], Observe]:
    """The shape of an observation as lanes give it, and the function that makes one.

    images: the observations are images of bytes, channels first, and stay so. Others become vectors
    [size] that fit float32: boxes are ravelled (bytes, such as pixels and RAM, scaled to [0, 1]),
    discrete values become one-hot, Dict and Tuple are concatenated.

    Raises ConfigError for a space of no fixed size, or of one that cannot be held; the function
    raises RunError for a box of another shape.
    """
    try:
        size = int(spaces.flatdim(space))
    except (NotImplementedError, ValueError, TypeError, AttributeError):  # a Sequence, or no space
        raise ConfigError("env", env_id, f"observations of a fixed size, not {space}") from None
    _check_numbers(size, MAX_OBSERVATION, "observations", space, env_id)
    if not isinstance(space, spaces.Box):
        return (size,), lambda obs: np.asarray(spaces.flatten(space, obs), np.float32).ravel()
    shape = space.shape

    def checked(obs: Any) -> Any:
        if getattr(obs, "shape", None) != shape:
            obs = np.asarray(obs)
            if obs.shape != shape:  # NumPy would repeat it to fit, without a word
                raise RunError(
                    f"environment {env_id} gave an observation of shape {obs.shape}, and its space "
                    f"says {shape}"
                )
        return obs

    if images:
        return shape, checked
    if space.dtype == np.uint8:
        scale = np.float32(1 / 255)
        return (size,), lambda obs: np.asarray(checked(obs)).ravel() * scale
    if len(shape) == 1:
        return shape, checked  # the lanes' array casts as it takes it in
    return (size,), lambda obs: np.asarray(checked(obs), np.float32).ravel()


def action_adapter(space: spaces.Space[Any], env_id: str) -> tuple[ActionSpec, Act]:
    """The flat form of an action space, and the function from flat actions [n] or [n, D] of n lanes
    to n of the space's own (a box's are clipped to it).

    All lanes at once, as this runs at every step: to clip one action costs as much as to clip all.
    Raises ConfigError for a space that is neither Discrete, MultiDiscrete, MultiBinary nor Box, and
    for one without a dimension or with too many.
    """
    if isinstance(space, spaces.Box | spaces.MultiBinary | spaces.MultiDiscrete):
        dimensions = int(np.prod(space.shape, dtype=np.int64))
        _check_numbers(dimensions, MAX_ACTION, "actions", space, env_id)
    if isinstance(space, spaces.Discrete):
        start = int(space.start)
        if start == 0:
            return ActionSpec("discrete", (int(space.n),)), lambda actions: actions.tolist()
        return ActionSpec("discrete", (int(space.n),)), lambda actions: (actions + start).tolist()
    if isinstance(space, spaces.MultiDiscrete):
        offset, shape, dtype = np.asarray(space.start), space.nvec.shape, space.dtype
        nvec = tuple(int(n) for n in space.nvec.ravel())
        return (
            ActionSpec("multi_discrete", nvec),
            lambda actions: (actions.reshape(-1, *shape) + offset).astype(dtype),
        )
    if isinstance(space, spaces.MultiBinary):
        shape = space.shape
        nvec = (2,) * int(np.prod(shape, dtype=np.int64))
        return (
            ActionSpec("multi_discrete", nvec),
            lambda actions: actions.reshape(-1, *shape).astype(np.int8),
        )
    if isinstance(space, spaces.Box):
        low, high, shape, dtype = space.low, space.high, space.shape, space.dtype
        spec = ActionSpec(
            "box", (), tuple(map(float, low.ravel())), tuple(map(float, high.ravel()))
        )

        def clip(actions: Array) -> Array:
            clipped = np.maximum(actions.reshape(-1, *shape), low)
            np.minimum(clipped, high, out=clipped)
            return clipped.astype(dtype, copy=False)

        return spec, clip
    raise ConfigError("env", env_id, f"Discrete, MultiDiscrete or Box actions, not {space}")


def _check_numbers(
    numbers: int, most: int, what: str, space: spaces.Space[Any], env_id: str
) -> None:
    if not 1 <= numbers <= most:
        takes = f"{what} of 1 to {most} numbers, and {space} has {numbers}"
        raise ConfigError("env", env_id, takes)
