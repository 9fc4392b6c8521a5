"""Convolutional networks for stacked frames: their description and their forward pass in NumPy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
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
        return conv_shapes(self.inputs[0], self.convs, self.grids[-1], (*self.hidden, self.outputs))

    @property
    def stack(self) -> list[Layer]:
        convs = [Convolution(*conv, self.activation) for conv in self.convs]
        hidden = [Dense(units, self.activation) for units in self.hidden]
        return [*convs, *hidden, Dense(self.outputs)]

    def forward(self, layers: Layers, obs: Array) -> Array:
        """See `Network.forward`; obs [..., L, frames, height, width] uint8."""
        x = scaled(obs)
        for (kernel, bias), (_, width, stride) in zip(layers, self.convs, strict=False):
            x = convolved(x, kernel, bias, width, stride)
            x = np.maximum(x, np.float32(0), out=x)
        return dense_forward(x.reshape(*obs.shape[:-3], -1), layers[len(self.convs) :])

    def describe(self) -> dict[str, Any]:
        return conv_description(self.KIND, self.inputs, self.convs, self.hidden, self.outputs)

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> ConvNet:
        """The inverse of `describe`; raises ValueError for another kind of network."""
        return cls(*read_conv(cls.KIND, description))


def conv_shapes(
    channels: int, convs: tuple[Conv, ...], grid: tuple[int, int], units: tuple[int, ...]
) -> list[tuple[int, int]]:
    """Kernel shapes of `convs` on so many channels, then of dense layers with so many `units`;
    grid: height and width after the last convolution."""
    shapes = []
    for filters, width, _ in convs:
        shapes.append((width * width * channels, filters))
        channels = filters
    size = math.prod(grid) * channels
    for number in units:
        shapes.append((size, number))
        size = number
    return shapes


def conv_description(
    kind: str,
    inputs: tuple[int, int, int],
    convs: tuple[Conv, ...],
    hidden: tuple[int, ...],
    outputs: int,
) -> dict[str, Any]:
    """See `Network.describe`."""
    return {
        "kind": kind,
        "inputs": list(inputs),
        "convs": [list(conv) for conv in convs],
        "hidden": list(hidden),
        "outputs": outputs,
    }


def read_conv(
    kind: str, description: dict[str, Any]
) -> tuple[tuple[int, int, int], tuple[Conv, ...], tuple[int, ...], int]:
    """The inverse of `conv_description`: inputs, convs, hidden, outputs; raises ValueError for
    another kind of network."""
    if description.get("kind") != kind:
        raise ValueError(f"network kind {description.get('kind')!r}: takes {kind!r}")
    frames, height, width = (int(n) for n in description["inputs"])
    convs = tuple((int(f), int(w), int(s)) for f, w, s in description["convs"])
    hidden = tuple(int(h) for h in description["hidden"])
    return (frames, height, width), convs, hidden, int(description["outputs"])


def scaled(obs: Array) -> Array:
    """Frames [..., height, width, frames] in [0, 1] of uint8 obs [..., frames, height, width]."""
    frames: Array = np.moveaxis(obs, -3, -1).astype(np.float32) * np.float32(1 / 255)
    return frames


def convolved(x: Array, kernel: Array, bias: Array, width: int, stride: int) -> Array:
    """Weighted sums [..., L, rows, columns, filters] of the patches of x [..., L, h, w, channels];
    kernel [..., in, filters], bias [..., 1, filters]."""
    windows = patches(x, width, stride)
    *lead, rows, columns = windows.shape[:-3]
    sums = windows.reshape(*lead[:-1], -1, kernel.shape[-2]) @ kernel
    sums += bias
    return sums.reshape(*lead, rows, columns, -1)


def padded(x: Array, width: int, stride: int, value: float = 0.0) -> Array:
    """x [..., h, w, channels] with so much of `value` around it that there are as many patches of
    `width` as its sides over `stride`, rounded up (see `padding`)."""
    *lead, height, across, channels = x.shape
    (above, below), (before, behind) = (padding(side, width, stride) for side in (height, across))
    sides = above + height + below, before + across + behind
    whole = np.full((*lead, *sides, channels), value, np.float32)
    whole[..., above : above + height, before : before + across, :] = x
    return whole


def padding(side: int, width: int, stride: int) -> tuple[int, int]:
    """How many rows are put above and below a side for its patches. As TensorFlow's "same": of an
    odd number the larger part goes behind."""
    both = max(0, (ceil_div(side, stride) - 1) * stride + width - side)
    return both // 2, both - both // 2


def padded_grids(inputs: tuple[int, int, int], strides: Iterable[int]) -> list[tuple[int, int]]:
    """Height and width of frames before the first and after each padded layer of such strides."""
    _, height, width = inputs
    grids = [(height, width)]
    for stride in strides:
        height, width = ceil_div(height, stride), ceil_div(width, stride)
        grids.append((height, width))
    return grids


def ceil_div(side: int, stride: int) -> int:
    """A side after a padded convolution, or the greatest values of padded squares."""
    return -(-side // stride)


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
