"""Networks whose convolutions pad, as in Dopamine: description and forward pass in NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.conv import (
    Conv,
    conv_description,
    conv_shapes,
    convolved,
    dense_forward,
    padded,
    padded_grids,
    read_conv,
    scaled,
)
from rlbench.nets.network import (
    Convolution,
    Dense,
    Layer,
    Layers,
    Network,
    Observations,
    check_sizes,
)


@dataclass(frozen=True)
class PaddedConvNet(Network):
    """Padded convolutions, then dense layers, rectified after each but the last.

    inputs: (frames, height, width) of uint8 observations, which are scaled to [0, 1].
    padded_convs: (filters, width of the square kernel, stride). What the last one gives is
    flattened in the order (row, column, filter), as in Keras with channels last.
    """

    KIND: ClassVar[str] = "padded"
    observations: ClassVar[Observations] = "frames"

    inputs: tuple[int, int, int]
    padded_convs: tuple[Conv, ...]
    hidden: tuple[int, ...]
    outputs: int
    activation: str = field(default="relu", init=False)
    convs: tuple[Conv, ...] = field(default=(), init=False)  # those without padding

    def __post_init__(self) -> None:
        sizes = [size for conv in self.padded_convs for size in conv]
        check_sizes(inputs=self.inputs, convs=sizes, hidden=self.hidden, outputs=(self.outputs,))

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return self.inputs

    @property
    def grids(self) -> list[tuple[int, int]]:
        """Height and width of frames before the first and after each convolution."""
        return padded_grids(self.inputs, (stride for _, _, stride in self.padded_convs))

    @property
    def shapes(self) -> list[tuple[int, int]]:
        units = (*self.hidden, self.outputs)
        return conv_shapes(self.inputs[0], self.padded_convs, self.grids[-1], units)

    @property
    def widest(self) -> int:
        """The patches of a convolution."""
        patches = [
            math.prod(grid) * rows
            for grid, (rows, _) in zip(self.grids[1:], self.shapes, strict=False)
        ]
        return max([*patches, super().widest])

    @property
    def stack(self) -> list[Layer]:
        convs = [Convolution(*conv, self.activation, padded=True) for conv in self.padded_convs]
        hidden = [Dense(units, self.activation) for units in self.hidden]
        return [*convs, *hidden, Dense(self.outputs)]

    def forward(self, layers: Layers, obs: Array) -> Array:
        """See `Network.forward`; obs [..., L, frames, height, width] uint8."""
        x = scaled(obs)
        for (kernel, bias), (_, width, stride) in zip(layers, self.padded_convs, strict=False):
            x = convolved(padded(x, width, stride), kernel, bias, width, stride)
            x = np.maximum(x, np.float32(0), out=x)
        return dense_forward(x.reshape(*obs.shape[:-3], -1), layers[len(self.padded_convs) :])

    def initial_uniform(self, rng: np.random.Generator) -> Array:
        """Fresh parameters [size]: kernels uniform in ±sqrt(6 / (in + out)), biases zero (Glorot &
        Bengio 2010, eq. 16, as Dopamine draws them). in, out: of all weights of a kernel that a
        unit of the output and of the input takes part in."""
        parameters = np.zeros(self.size, np.float32)
        squares = [width**2 for _, width, _ in self.padded_convs]
        squares += [1] * (len(self.shapes) - len(squares))
        for (kernel, _), (rows, units), square in zip(
            self.layers(parameters), self.shapes, squares, strict=True
        ):
            bound = np.sqrt(6 / (rows + square * units))
            kernel[...] = rng.uniform(-bound, bound, kernel.shape)
        return parameters

    def describe(self) -> dict[str, Any]:
        return conv_description(
            self.KIND, self.inputs, self.padded_convs, self.hidden, self.outputs
        )

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> PaddedConvNet:
        """The inverse of `describe`; raises ValueError for another kind of network."""
        return cls(*read_conv(cls.KIND, description))
