"""Convolutional networks for stacked frames: their description and their forward pass in NumPy."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.network import (
    Convolution,
    Dense,
    Layer,
    Layers,
    Network,
    Observations,
    check_sizes,
)

Conv = tuple[int, int, int]  # filters, width of the square kernel, stride


@dataclass(frozen=True)
class ConvNet(Network):
    """Convolutions without padding, then dense layers, rectified after each but the last.

    inputs: (frames, height, width) of uint8 observations, which are scaled to [0, 1]. What the last
    convolution gives is flattened in the order (row, column, filter), as in Keras with channels
    last.
    """

    KIND: ClassVar[str] = "conv"
    observations: ClassVar[Observations] = "frames"
    plain: ClassVar[bool] = True

    inputs: tuple[int, int, int]
    convs: tuple[Conv, ...]
    hidden: tuple[int, ...]
    outputs: int
    activation: str = field(default="relu", init=False)

    def __post_init__(self) -> None:
        convs = itertools.chain.from_iterable(self.convs)
        check_sizes(inputs=self.inputs, convs=convs, hidden=self.hidden, outputs=(self.outputs,))
        if min(self.grids[-1]) < 1:
            raise ValueError(f"frames of {self.inputs[1:]} are too small for {self.convs}")

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return self.inputs

    @property
    def shapes(self) -> list[tuple[int, int]]:
        channels = self.inputs[0]
        shapes = []
        for filters, width, _ in self.convs:
            shapes.append((width * width * channels, filters))
            channels = filters
        size = math.prod(self.grids[-1]) * channels
        for units in (*self.hidden, self.outputs):
            shapes.append((size, units))
            size = units
        return shapes

    @property
    def stack(self) -> list[Layer]:
        convs = [Convolution(*conv, self.activation) for conv in self.convs]
        hidden = [Dense(units, self.activation) for units in self.hidden]
        return [*convs, *hidden, Dense(self.outputs)]

    def forward(self, layers: Layers, obs: Array) -> Array:
        """See `Network.forward`; obs [..., L, frames, height, width] uint8."""
        lead = obs.shape[:-3]
        x = np.moveaxis(obs, -3, -1).astype(np.float32) * np.float32(1 / 255)
        for (kernel, bias), (filters, width, stride), grid in zip(
            layers, self.convs, self.grids[1:], strict=False
        ):
            columns = patches(x, width, stride).reshape(*lead[:-1], -1, kernel.shape[-2])
            x = columns @ kernel
            x += bias
            x = np.maximum(x, np.float32(0), out=x).reshape(*lead, *grid, filters)
        return dense_forward(x.reshape(*lead, -1), layers[len(self.convs) :])

    def describe(self) -> dict[str, Any]:
        return {
            "kind": self.KIND,
            "inputs": list(self.inputs),
            "convs": [list(conv) for conv in self.convs],
            "hidden": list(self.hidden),
            "outputs": self.outputs,
        }

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> ConvNet:
        """The inverse of `describe`; raises ValueError for another kind of network."""
        if description.get("kind") != cls.KIND:
            raise ValueError(f"network kind {description.get('kind')!r}: takes {cls.KIND!r}")
        frames, height, width = (int(n) for n in description["inputs"])
        convs = tuple((int(f), int(w), int(s)) for f, w, s in description["convs"])
        hidden = tuple(int(h) for h in description["hidden"])
        return cls((frames, height, width), convs, hidden, int(description["outputs"]))


def dense_forward(x: Array, layers: Layers) -> Array:
    """Dense layers on `x` [..., inputs], rectified but for the last one."""
    for number, (kernel, bias) in enumerate(layers):
        x = x @ kernel
        x += bias
        if number < len(layers) - 1:
            x = np.maximum(x, np.float32(0), out=x)
    return x


def patches(x: Array, width: int, stride: int) -> Array:
    """Views [..., rows, columns, width, width, channels] of x [..., height, width, channels]."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (width, width), axis=(-3, -2))
    return np.moveaxis(windows[..., ::stride, ::stride, :, :, :], -3, -1)
