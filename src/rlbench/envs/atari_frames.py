"""Frames resized by area, to the bytes that OpenCV's `INTER_AREA` gives."""

from __future__ import annotations

import functools
import math

import numpy as np

from rlbench.interfaces import Array

TOUCHING = 1e-3  # an overlap of no more than this part of a pixel is none, as in OpenCV


@functools.cache
def area_resize(height: int, width: int, size: int) -> AreaResize:
    """One for all lanes, so that its weights stay in the processor's cache."""
    return AreaResize(height, width, size)


class AreaResize:
    """From `height` x `width` bytes to `size` x `size`, both larger than `size`: each pixel is the
    mean of those that it covers, rounded half to even.

    Halves are frequent, so the order of additions shows: float32, first along rows, then along
    columns, from left to right and from the top down, no multiplication fused with an addition.
    """

    def __init__(self, height: int, width: int, size: int) -> None:
        self._columns, self._rows = _covered(width, size, height), _covered(height, size, size)

    def __call__(self, frame: Array) -> Array:
        """[height, width] uint8 to [size, size] uint8."""
        # Turned over twice, since whole rows of an array are gathered faster than its columns.
        narrow = _weigh(frame.T.astype(np.float32, order="C"), *self._columns)
        return np.rint(_weigh(narrow.T.copy(), *self._rows)).astype(np.uint8)


def _weigh(rows: Array, covered: Array, weights: Array) -> Array:
    """[source, n], [K, target], [K, target, n] to [target, n]."""
    parts = rows[covered]
    parts *= weights
    total: Array = parts[0]
    for part in parts[1:]:
        total += part
    return total


def _covered(source: int, target: int, n: int) -> tuple[Array, Array]:
    """The source pixels that each target pixel covers, in order [K, target], and their weights
    [K, target, n], the same n times, as products with whole arrays take half as long. Where a pixel
    covers fewer than K, weights of zero follow."""
    scale = source / target
    first = np.arange(target) * scale
    pixels = np.floor(first + TOUCHING).astype(np.intp) + np.arange(math.ceil(scale) + 1)[:, None]
    overlap = np.minimum(first + scale, pixels + 1) - np.maximum(first, pixels)
    overlap[overlap <= TOUCHING] = 0
    used = overlap.any(1)
    weights = (overlap[used] / scale).astype(np.float32)
    return np.minimum(pixels[used], source - 1), weights[:, :, None].repeat(n, 2)
