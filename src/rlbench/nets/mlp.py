"""The multilayer perceptron: its description and its forward pass in NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.network import (
    Dense,
    Layer,
    LayerNorm,
    Layers,
    Network,
    Observations,
    check_sizes,
)


def _relu(x: Array) -> Array:
    return np.maximum(x, np.float32(0), out=x)


def _tanh(x: Array) -> Array:
    return np.tanh(x, out=x)


def _elu(x: Array) -> Array:
    negative = np.expm1(np.minimum(x, np.float32(0)))
    return np.add(np.maximum(x, np.float32(0), out=x), negative, out=x)


LAYER_NORM_EPSILON = 1e-5  # added to the variance

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {"relu": _relu, "tanh": _tanh, "elu": _elu}


@dataclass(frozen=True)
class MLP(Network):
    """Dense layers `inputs -> hidden... -> outputs`, an activation after each but the last.

    layer_norm: what the first hidden layer gives is normalised to mean 0 and variance 1 over its
    units (Ba et al. 2016, arXiv 1607.06450), scaled and shifted by learned amounts, and goes
    through tanh in place of the activation. Scale and shift lie in the parameters behind that
    layer, as a kernel [1, units] and a bias.
    """

    KIND: ClassVar[str] = "mlp"
    observations: ClassVar[Observations] = "vector"
    plain: ClassVar[bool] = True

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    activation: str = "tanh"
    layer_norm: bool = False
    convs: tuple[tuple[int, int, int], ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        check_sizes(inputs=(self.inputs,), hidden=self.hidden, outputs=(self.outputs,))
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation {self.activation!r}: takes {', '.join(ACTIVATIONS)}")
        if self.layer_norm and not self.hidden:
            raise ValueError("layer_norm: takes at least one hidden layer")

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.inputs,)

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Kernel shapes (in, out), first layer first."""
        sizes = (self.inputs, *self.hidden, self.outputs)
        shapes = list(itertools.pairwise(sizes))
        if self.layer_norm:
            shapes.insert(1, (1, self.hidden[0]))
        return shapes

    @property
    def stack(self) -> list[Layer]:
        hidden: list[Layer] = [Dense(units, self.activation) for units in self.hidden]
        if self.layer_norm:
            hidden[:1] = [Dense(self.hidden[0]), LayerNorm(LAYER_NORM_EPSILON, "tanh")]
        return [*hidden, Dense(self.outputs)]

    def forward(self, layers: Layers, obs: Array) -> Array:
        """See `Network.forward`; obs [..., L, inputs]."""
        activation = ACTIVATIONS[self.activation]
        x = obs
        if self.layer_norm:
            (kernel, bias), (scale, shift), *layers = layers
            x = x @ kernel
            x += bias
            x = _tanh(_normalise(x) * scale + shift)
        for kernel, bias in layers[:-1]:
            x = x @ kernel
            x += bias
            x = activation(x)
        kernel, bias = layers[-1]
        x = x @ kernel
        x += bias
        return x

    def initial(self, rng: np.random.Generator, output_scale: float = 1.0) -> Array:
        return self._with_unit_scale(super().initial(rng, output_scale))

    def initial_uniform(self, rng: np.random.Generator) -> Array:
        return self._with_unit_scale(super().initial_uniform(rng))

    def describe(self) -> dict[str, Any]:
        return {
            "kind": self.KIND,
            "inputs": self.inputs,
            "hidden": list(self.hidden),
            "outputs": self.outputs,
            "activation": self.activation,
            **({"layer_norm": True} if self.layer_norm else {}),
        }

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> MLP:
        """The inverse of `describe`; raises ValueError for another kind of network."""
        if description.get("kind") != cls.KIND:
            raise ValueError(f"network kind {description.get('kind')!r}: takes {cls.KIND!r}")
        return cls(
            inputs=int(description["inputs"]),
            hidden=tuple(int(h) for h in description["hidden"]),
            outputs=int(description["outputs"]),
            activation=str(description["activation"]),
            layer_norm=bool(description.get("layer_norm", False)),
        )

    def _with_unit_scale(self, parameters: Array) -> Array:
        """Fresh parameters with layer normalisation's scale 1 and shift 0."""
        if self.layer_norm:
            scale, shift = self.layers(parameters)[1]
            scale[...], shift[...] = 1.0, 0.0
        return parameters


def _normalise(x: Array) -> Array:
    """x [..., units] with mean 0 and variance 1 over the units."""
    centred: Array = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    centred /= np.sqrt(variance + np.float32(LAYER_NORM_EPSILON))
    return centred
