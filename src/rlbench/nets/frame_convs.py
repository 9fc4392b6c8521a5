"""The convolutions of a network for one observation at a time, as fast as NumPy goes.

The same sums as `ConvNet.forward`, which says what is computed; this says how to be quick about it
where a member has its own kernels, and so few observations share a product.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.network import Layers, Network

WIDE_BYTES = {2: np.uint16, 4: np.uint32, 8: np.uint64}  # integers of so many pixels


@dataclass(frozen=True)
class _Layer:
    """Buffers of one convolution. x: its input [h, w, c]. patches: a view of x,
    [rows, columns, across, across * c]; columns: the same copied, for a plain matrix product."""

    x: Array
    patches: Array
    columns: Array


class FrameConvs:
    """Buffers for the convolutions of `network`; not to be shared between threads.

    The frames are regrouped into blocks as wide as the first stride ("space to depth"), so that a
    patch is a few long runs of memory rather than many short ones, and bytes become floats while
    they are copied; the scaling to [0, 1] is in the first kernel (see `kernels`).
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        channels, (filters, width, stride) = network.observation_shape[0], network.convs[0]
        self._block = stride if width % stride == 0 else 1
        across, step = width // self._block, stride // self._block
        (rows, cols), depth = network.grids[1], channels * self._block**2
        x = np.empty(((rows - 1) * step + across, (cols - 1) * step + across, depth), np.uint8)
        self._layers = [_layer(x, across, step, (rows, cols))]
        pairs = itertools.pairwise(network.grids[1:])
        for (before, after), (next_filters, width, stride) in zip(
            pairs, network.convs[1:], strict=True
        ):
            x = np.empty((*before, filters), np.float32)
            self._layers.append(_layer(x, width, stride, after))
            filters = next_filters
        self.features = int(np.prod(network.grids[-1])) * filters

    def kernels(self, layers: Layers) -> Layers:
        """The convolutions' kernels and biases of one member (see `Network.layers`) as
        `__call__` takes them: the first one's rows in the order of the blocks, over 255."""
        kernel, bias = layers[0]
        channels, (_, width, _) = self.network.observation_shape[0], self.network.convs[0]
        block = self._block
        across = width // block
        by_block = kernel.reshape(across, block, across, block, channels, -1)
        first = by_block.transpose(0, 2, 4, 1, 3, 5).reshape(kernel.shape)
        return [(first * np.float32(1 / 255), bias), *layers[1 : len(self._layers)]]

    def __call__(self, frames: Array, kernels: Layers, out: Array) -> None:
        """The features [features] of `frames` [frames, height, width] uint8, into `out`."""
        x = self.blocks(frames)
        for number, (kernel, bias) in enumerate(kernels):
            last = number == len(self._layers) - 1
            z = out if last else self._layers[number + 1].x
            self.product(number, x, kernel, z)
            z2 = z.reshape(-1, kernel.shape[-1])
            z2 += bias
            np.maximum(z2, np.float32(0), out=z2)
            x = z

    def blocks(self, frames: Array) -> Array:
        """`frames` [frames, height, width] uint8 as the first convolution takes them; a buffer
        that the next call overwrites."""
        block, x = self._block, self._layers[0].x
        rows, cols, _ = x.shape
        channels, _, width = frames.shape
        if block in WIDE_BYTES and width % block == 0:
            # The pixels of a block's row move as one integer.
            wide = WIDE_BYTES[block]
            source = np.ascontiguousarray(frames).view(wide)
            source = source[:, : rows * block, :cols].reshape(channels, rows, block, cols)
            target = x.view(wide).reshape(rows, cols, channels, block)
            np.copyto(target, source.transpose(1, 3, 0, 2))
        else:
            source = frames[:, : rows * block, : cols * block]
            source = source.reshape(channels, rows, block, cols, block)
            target = x.reshape(rows, cols, channels, block, block)
            np.copyto(target, source.transpose(1, 3, 0, 2, 4))
        return x

    def product(self, number: int, x: Array, kernel: Array, out: Array) -> None:
        """The weighted sums of convolution `number` for its input `x`, without the bias, into
        `out` (rows * columns * filters numbers, contiguous)."""
        layer = self._layers[number]
        if x is not layer.x:
            np.copyto(layer.x, x.reshape(layer.x.shape))
        np.copyto(layer.columns, layer.patches)
        columns = layer.columns.reshape(-1, kernel.shape[0])
        np.matmul(columns, kernel, out=out.reshape(-1, kernel.shape[1]))


def _layer(x: Array, across: int, step: int, grid: tuple[int, int]) -> _Layer:
    _, cols, depth = x.shape
    shape = (*grid, across, across * depth)
    one = x.itemsize
    strides = (step * cols * depth * one, step * depth * one, cols * depth * one, one)
    patches = np.lib.stride_tricks.as_strided(x, shape, strides)
    return _Layer(x, patches, np.empty(shape, np.float32))
