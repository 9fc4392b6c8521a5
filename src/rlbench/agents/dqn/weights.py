"""What is learned as TensorFlow holds it between calls of the compiled function.

NumPy has one flat vector [size] in either case; within the function there is one tensor a weight.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.keras_build import split

Tensor = Any
Shapes = list[tuple[int, ...]]


class FlatWeights:
    """One flat tensor: on small networks, a call with few arguments is quicker."""

    def __init__(self, tf: Any, shapes: Shapes) -> None:
        self._tf, self._shapes = tf, shapes

    def from_numpy(self, flat: Array) -> Tensor:
        return self._tf.constant(flat)

    def to_numpy(self, held: Tensor) -> Array:
        """The inverse of `from_numpy`; read-only."""
        flat: Array = held.numpy()
        return flat

    def split(self, held: Tensor) -> list[Tensor]:
        """One tensor a weight, within the function."""
        parts = self._tf.split(held, [math.prod(shape) for shape in self._shapes])
        pairs = zip(parts, self._shapes, strict=True)
        return [self._tf.reshape(part, shape) for part, shape in pairs]

    def join(self, weights: list[Tensor]) -> Tensor:
        """The inverse of `split`."""
        return self._tf.concat([self._tf.reshape(weight, [-1]) for weight in weights], axis=0)


class ListedWeights:
    """One tensor a weight: taking millions of parameters apart at each call costs."""

    def __init__(self, tf: Any, shapes: Shapes) -> None:
        self._tf, self._shapes = tf, shapes

    def from_numpy(self, flat: Array) -> Tensor:
        return [self._tf.constant(weight) for weight in split(flat, self._shapes)]

    def to_numpy(self, held: Tensor) -> Array:
        """The inverse of `from_numpy`; read-only."""
        return np.concatenate([tensor.numpy().ravel() for tensor in held])

    def split(self, held: Tensor) -> list[Tensor]:
        weights: list[Tensor] = held
        return weights

    def join(self, weights: list[Tensor]) -> Tensor:
        return weights
