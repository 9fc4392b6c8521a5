"""Residual networks for frames: their description and their forward pass in NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.conv import dense_forward, patches
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
        _, height, width = self.inputs
        grids = [(height, width)]
        for _ in self.sections:
            height, width = halved(height), halved(width)
            grids.append((height, width))
        return grids

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
        x = np.moveaxis(obs, -3, -1).astype(np.float32) * np.float32(1 / 255)
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


def halved(side: int) -> int:
    """A side after a section."""
    return -(-side // 2)


def _rectified(x: Array) -> Array:
    rectified: Array = np.maximum(x, np.float32(0))
    return rectified


def _convolved(x: Array, kernel: Array, bias: Array) -> Array:
    """Weighted sums [..., L, h, w, filters] of x [..., L, h, w, channels]; kernel [..., in, out],
    bias [..., 1, out]."""
    *lead, height, width, channels = x.shape
    padded = np.zeros((*lead, height + 2, width + 2, channels), np.float32)
    padded[..., 1:-1, 1:-1, :] = x
    columns = patches(padded, WIDTH, 1).reshape(*lead[:-1], -1, kernel.shape[-2])
    sums = columns @ kernel
    sums += bias
    return sums.reshape(*lead, height, width, -1)


def _halved(x: Array) -> Array:
    """The greatest values of squares, every two rows and columns; x [..., h, w, channels]."""
    *lead, height, width, channels = x.shape
    rows, columns = halved(height), halved(width)
    # As TensorFlow pads: of an odd number of rows or columns, the larger part goes behind.
    above = (2 * rows + 1 - height) // 2
    before = (2 * columns + 1 - width) // 2
    padded = np.full((*lead, 2 * rows + 1, 2 * columns + 1, channels), -np.inf, np.float32)
    padded[..., above : above + height, before : before + width, :] = x
    greatest: Array = padded[..., : 2 * rows : 2, : 2 * columns : 2, :].copy()
    for place in range(1, WIDTH**2):
        row, column = divmod(place, WIDTH)
        part = padded[..., row : row + 2 * rows : 2, column : column + 2 * columns : 2, :]
        np.maximum(greatest, part, out=greatest)
    return greatest
