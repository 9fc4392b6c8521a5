"""The multilayer perceptron: its description and its forward pass in NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.network import Layers, Network


def _relu(x: Array) -> Array:
    return np.maximum(x, np.float32(0), out=x)


def _tanh(x: Array) -> Array:
    return np.tanh(x, out=x)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {"relu": _relu, "tanh": _tanh}


@dataclass(frozen=True)
class MLP(Network):
    """Dense layers `inputs -> hidden... -> outputs`, an activation after each but the last."""

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

    def forward(self, layers: Layers, obs: Array) -> Array:
        """See `Network.forward`; obs [..., L, inputs]."""
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

    def describe(self) -> dict[str, Any]:
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
