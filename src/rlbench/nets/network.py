"""What every network here is: layers of kernels and biases in one flat parameter vector."""

from __future__ import annotations

import abc
from typing import Any

import numpy as np

from rlbench.interfaces import Array

Layers = list[tuple[Array, Array]]


class Network(abc.ABC):
    """Layers of weighted sums. The parameters are one flat float32 vector: per layer the kernel
    [in, out] in C order, then the bias [out]; this is the order in which Keras lists a model's
    weights."""

    @property
    @abc.abstractmethod
    def shapes(self) -> list[tuple[int, int]]:
        """Kernel shapes (in, out), first layer first."""

    @abc.abstractmethod
    def forward(self, layers: Layers, obs: Array) -> Array:
        """Outputs [..., L, outputs] of `layers` (see `layers`) for `obs` [..., L, *inputs].

        With a leading population axis this is a stacked product, whose result for one member
        does not depend on which other members share the stack.
        """

    @abc.abstractmethod
    def describe(self) -> dict[str, Any]:
        """The architecture as JSON values."""

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum(i * o + o for i, o in self.shapes)

    def layers(self, parameters: Array) -> Layers:
        """Kernels [..., in, out] and biases [..., 1, out] as views of `parameters` [..., size]."""
        lead, start, layers = parameters.shape[:-1], 0, []
        for i, o in self.shapes:
            kernel = parameters[..., start : start + i * o].reshape(*lead, i, o)
            start += i * o
            bias = parameters[..., start : start + o].reshape(*lead, 1, o)
            start += o
            layers.append((kernel, bias))
        return layers

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
