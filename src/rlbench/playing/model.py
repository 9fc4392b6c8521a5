"""Networks from files of any maker: their inputs and outputs fitted to an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rlbench.errors import ConfigError, RunError, short
from rlbench.interfaces import ActionSpec, Array, EnvFacts
from rlbench.nets.heads import ArgmaxHead

TAKES_ACTIONS = {
    "discrete": "whole numbers [batch], or {n} values [batch, {n}], of which the largest is chosen",
    "multi_discrete": "whole numbers [batch, {d}], or values [batch, {n}] of all choices",
    "box": "numbers [batch, {d}]",
}
Size = int | None  # of a dimension; None: any


@dataclass(frozen=True)
class Model:
    """A network as its file describes it.

    input_shape: behind the batch. input_type: the name of NumPy's type. run: one observation
    [1, *input_shape] to the output; it may raise anything.
    """

    input_shape: tuple[Size, ...]
    input_type: str
    run: Callable[[Array], Any]


class ModelPolicy:
    """The actions of a `Model`, which is asked for one lane at a time: what a library computes for
    one lane may depend on those beside it."""

    independent_lanes: ClassVar[bool] = True

    def __init__(self, model: Model, facts: EnvFacts) -> None:
        """Raises ConfigError where the model does not suit the environment."""
        self._model, self._facts = model, facts
        self._prepare = _prepared(model, facts)
        try:
            self._decoded(np.zeros((1, *facts.observation_shape), facts.observation_dtype))
        except RunError as error:
            raise ConfigError("policy", str(error), _takes(facts)) from error

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._model, self._facts)

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        """Actions [L] or [L, D]; the generator is not used."""
        return np.concatenate([self._decoded(obs[row : row + 1]) for row in range(len(obs))])

    def arrays(self) -> Mapping[str, Array]:
        """Such a policy stays in its own file."""
        raise NotImplementedError

    def _decoded(self, obs: Array) -> Array:
        try:
            output = np.asarray(self._model.run(self._prepare(obs)))
        except Exception as error:  # each library has its own classes
            reason = " ".join(str(error).split())
            raise RunError(f"the model failed: {type(error).__name__}: {short(reason)}") from error
        action = decoded(output, self._facts.action)
        if action is None:
            raise RunError(f"the model gave {output.dtype} {list(output.shape)}")
        return action


def decoded(output: Array, action: ActionSpec) -> Array | None:
    """Actions [1] or [1, D] from what a model gave for one observation; None where it is none."""
    kind, whole, size = output.dtype.kind, action.dimensions, sum(action.nvec)
    if action.kind == "box":
        return output.astype(np.float32) if kind == "f" and output.shape == (1, whole) else None
    single = action.kind == "discrete"
    if kind in "iu" and output.size == whole and output.shape[0] == 1:
        return output.astype(np.int64).reshape((1,) if single else (1, whole))
    if kind == "f" and output.shape == (1, size) and (size > 1 or single):
        return ArgmaxHead(action.nvec, single=single)(output)
    return None


def _prepared(model: Model, facts: EnvFacts) -> Callable[[Array], Array]:
    """The function from an observation [1, *obs] of the lanes to the model's input. Raises
    ConfigError where there is none."""
    asked, shape = model.input_shape, facts.observation_shape
    dtype = np.dtype(model.input_type)
    last = len(shape) == 3 and not _fits(asked, shape) and _fits(asked, (*shape[1:], shape[0]))
    if not (last or _fits(asked, shape)) or dtype.kind not in "fu" or dtype.itemsize > 8:
        sizes = ", ".join("any" if n is None else str(n) for n in asked)
        given = f"a model that takes {model.input_type} [batch, {sizes}]"
        raise ConfigError("policy", given, _takes(facts))
    scaled = facts.pixels and dtype.kind == "f"

    def prepare(obs: Array) -> Array:
        obs = np.moveaxis(obs, 1, -1) if last else obs
        obs = obs.astype(np.float32) * np.float32(1 / 255) if scaled else obs
        return np.ascontiguousarray(obs, dtype)

    return prepare


def _fits(asked: tuple[Size, ...], shape: tuple[int, ...]) -> bool:
    return len(asked) == len(shape) and all(
        size is None or size == n for size, n in zip(asked, shape, strict=True)
    )


def _takes(facts: EnvFacts) -> str:
    shape = ", ".join(map(str, facts.observation_shape))
    frames = "uint8, or float32 between 0 and 1, " if facts.pixels else "float32 "
    action = facts.action
    actions = TAKES_ACTIONS[action.kind].format(n=sum(action.nvec), d=action.dimensions)
    return (
        f"a model for {facts.id}: one input, {frames}[batch, {shape}], and an output named action, "
        f"else the first one: {actions}"
    )
