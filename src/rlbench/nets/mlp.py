"""The multilayer perceptron: its description, its flat parameters and its forward pass in NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlbench.interfaces import Array


def _relu(x: Array) -> Array:
    return np.maximum(x, np.float32(0), out=x)


def _tanh(x: Array) -> Array:
    return np.tanh(x, out=x)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {"relu": _relu, "tanh": _tanh}


@dataclass(frozen=True)
class MLP:
    """Dense layers `inputs -> hidden... -> outputs`, an activation after each but the last.

    Its parameters are one flat float32 vector: per layer the kernel [in, out] in C order, then
    the bias [out]; this is the order in which Keras lists a model's weights.
    """

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    activation: str = "tanh"

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation {self.activation!r}: takes {', '.join(ACTIVATIONS)}")

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Kernel shapes (in, out), first layer first."""
        sizes = (self.inputs, *self.hidden, self.outputs)
        return list(itertools.pairwise(sizes))

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum(i * o + o for i, o in self.shapes)

    def layers(self, parameters: Array) -> list[tuple[Array, Array]]:
        """Kernels [..., in, out] and biases [..., 1, out] as views of `parameters` [..., size]."""
        lead, start, layers = parameters.shape[:-1], 0, []
        for i, o in self.shapes:
            kernel = parameters[..., start : start + i * o].reshape(*lead, i, o)
            start += i * o
            bias = parameters[..., start : start + o].reshape(*lead, 1, o)
            start += o
            layers.append((kernel, bias))
        return layers

    def forward(self, layers: list[tuple[Array, Array]], obs: Array) -> Array:
        """Outputs [..., L, outputs] of `layers` (see `layers`) for `obs` [..., L, inputs].

        With a leading population axis this is a stacked product, whose result for one member
        does not depend on which other members share the stack.
        """
        activation = ACTIVATIONS[self.activation]
        x = obs
        for kernel, bias in layers[:-1]:
            x = x @ kernel
            x += bias
            x = activation(x)
        kernel, bias = layers[-1]
        x = x @ kernel
        x += bias
        return x

    def initial(self, rng: np.random.Generator, output_scale: float = 1.0) -> Array:
        """Fresh parameters [size]: kernels with columns of unit norm, the last ones shrunk to
        norm `output_scale`, biases zero (the initialisation of Salimans et al. 2017's code)."""
        parameters = np.zeros(self.size, np.float32)
        layers = self.layers(parameters)
        for number, (kernel, _) in enumerate(layers):
            draw = rng.standard_normal(kernel.shape, np.float32)
            scale = output_scale if number == len(layers) - 1 else 1.0
            kernel[...] = draw * (scale / np.sqrt(np.square(draw).sum(axis=0, keepdims=True)))
        return parameters

    def initial_fan_in(self, rng: np.random.Generator) -> Array:
        """Fresh parameters [size], all uniform in ±1/sqrt(in) (LeCun et al. 1998, "Efficient
        BackProp", up to a factor; what DQN implementations of today start from)."""
        parameters = np.zeros(self.size, np.float32)
        for (kernel, bias), (fan_in, _) in zip(self.layers(parameters), self.shapes, strict=True):
            bound = 1 / np.sqrt(fan_in)
            kernel[...] = rng.uniform(-bound, bound, kernel.shape)
            bias[...] = rng.uniform(-bound, bound, bias.shape)
        return parameters

    def describe(self) -> dict[str, Any]:
        """The architecture as JSON values."""
        return {
            "kind": "mlp",
            "inputs": self.inputs,
            "hidden": list(self.hidden),
            "outputs": self.outputs,
            "activation": self.activation,
        }

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> MLP:
        """The inverse of `describe`; raises ValueError for another kind of network."""
        if description.get("kind") != "mlp":
            raise ValueError(f"network kind {description.get('kind')!r}: takes 'mlp'")
        return cls(
            inputs=int(description["inputs"]),
            hidden=tuple(int(h) for h in description["hidden"]),
            outputs=int(description["outputs"]),
            activation=str(description["activation"]),
        )
