"""Residual networks for frames: their description and their forward pass in NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.conv import ceil_div, convolved, dense_forward, padded, padded_grids, scaled
from rlbench.nets.network import (
    Dense,
    Layer,
    Layers,
    Network,
    Observations,
    Section,
    check_sizes,
)

WIDTH = 3  # of all kernels and of the squares whose greatest value is taken
HALF = 2  # rows and columns from one of those squares to the next


@dataclass(frozen=True)
class ResidualNet(Network):
    """Sections (see `network.Section`), then dense layers, rectified after each but the last.

    inputs: (frames, height, width) of uint8 observations, which are scaled to [0, 1]. sections:
    (filters, residual blocks) of each. What the last one gives is rectified, and flattened in the
    order (row, column, filter), as in Keras with channels last.
    """

    KIND: ClassVar[str] = "residual"
    observations: ClassVar[Observations] = "frames"

    inputs: tuple[int, int, int]
    sections: tuple[tuple[int, int], ...]
    hidden: tuple[int, ...]
    outputs: int
    activation: str = field(default="relu", init=False)
    convs: tuple[tuple[int, int, int], ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        if not self.sections:
            raise ValueError("sections: takes at least one")
        filters, blocks = zip(*self.sections, strict=True)
        check_sizes(
            inputs=self.inputs, filters=filters, hidden=self.hidden, outputs=(self.outputs,)
        )
        check_sizes(0, blocks=blocks)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return self.inputs

    @property
    def grids(self) -> list[tuple[int, int]]:
        """Height and width of frames before the first and after each section."""
        return padded_grids(self.inputs, [HALF] * len(self.sections))

    @property
    def shapes(self) -> list[tuple[int, int]]:
        channels, shapes = self.inputs[0], []
        for filters, blocks in self.sections:
            shapes.append((WIDTH**2 * channels, filters))
            shapes += [(WIDTH**2 * filters, filters)] * (2 * blocks)
            channels = filters
        size = math.prod(self.grids[-1]) * channels
        for units in (*self.hidden, self.outputs):
            shapes.append((size, units))
            size = units
        return shapes

    @property
    def widest(self) -> int:
        """The patches of a convolution."""
        channels, sizes = self.inputs[0], []
        for (filters, _), before, after in zip(
            self.sections, self.grids, self.grids[1:], strict=False
        ):
            sizes += [math.prod(before) * channels, math.prod(after) * filters]
            channels = filters
        return WIDTH**2 * max(sizes)

    @property
    def stack(self) -> list[Layer]:
        *first, last = self.sections
        sections = [*(Section(*each) for each in first), Section(*last, self.activation)]
        return [
            *sections,
            *(Dense(units, self.activation) for units in self.hidden),
            Dense(self.outputs),
        ]

    def forward(self, layers: Layers, obs: Array) -> Array:
        """See `Network.forward`; obs [..., L, frames, height, width] uint8."""
        x = scaled(obs)
        left = iter(layers)
        for _, blocks in self.sections:
            x = _halved(_convolved(x, *next(left)))
            for _ in range(blocks):
                inner = _convolved(_rectified(x), *next(left))
                x += _convolved(_rectified(inner), *next(left))
        x = _rectified(x).reshape(*obs.shape[:-3], -1)
        return dense_forward(x, list(left))

    def describe(self) -> dict[str, Any]:
        return {
            "kind": self.KIND,
            "inputs": list(self.inputs),
            "sections": [list(section) for section in self.sections],
            "hidden": list(self.hidden),
            "outputs": self.outputs,
        }

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> ResidualNet:
        """The inverse of `describe`; raises ValueError for another kind of network."""
        if description.get("kind") != cls.KIND:
            raise ValueError(f"network kind {description.get('kind')!r}: takes {cls.KIND!r}")
        frames, height, width = (int(n) for n in description["inputs"])
        sections = tuple((int(filters), int(blocks)) for filters, blocks in description["sections"])
        hidden = tuple(int(h) for h in description["hidden"])
        return cls((frames, height, width), sections, hidden, int(description["outputs"]))


def _rectified(x: Array) -> Array:
    rectified: Array = np.maximum(x, np.float32(0))
    return rectified


def _convolved(x: Array, kernel: Array, bias: Array) -> Array:
    """Weighted sums of the same height and width as x (see `conv.convolved`)."""
    return convolved(padded(x, WIDTH, 1), kernel, bias, WIDTH, 1)


def _halved(x: Array) -> Array:
    """The greatest values of squares, every two rows and columns; x [..., h, w, channels]."""
    rows, columns = (ceil_div(side, HALF) for side in x.shape[-3:-1])
    around = padded(x, WIDTH, HALF, -np.inf)
    greatest: Array = around[..., : 2 * rows : 2, : 2 * columns : 2, :].copy()
    for place in range(1, WIDTH**2):
        row, column = divmod(place, WIDTH)
        part = around[..., row : row + 2 * rows : 2, column : column + 2 * columns : 2, :]
        np.maximum(greatest, part, out=greatest)
    return greatest
