"""The perturbations of a block: full-rank, one normal number a parameter, or low-rank.

Both are pure functions of (stream, generation, pair); a worker keeps what fits its cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rlbench.interfaces import Array, Stopped, Worker
from rlbench.nets.network import Network
from rlbench.seeding import Seeds

NOISE_CACHE_BYTES = 64 * 2**20


class Noise(Protocol):
    """The perturbations of a block's pairs; each element has mean 0 and variance 1."""

    @property
    def nbytes(self) -> int: ...

    def __getitem__(self, row: int) -> Array:
        """The perturbation [n] of the block's pair `row`, in the order of the parameters."""
        ...

    def weigh(self, weights: Array) -> Array:
        """sum of weights_i perturbation_i, [n], for weights [pairs]."""
        ...


@dataclass(frozen=True)
class FullNoise:
    """values: [pairs, n] standard normal."""

    values: Array

    @property
    def nbytes(self) -> int:
        return self.values.nbytes

    def __getitem__(self, row: int) -> Array:
        perturbation: Array = self.values[row]
        return perturbation

    def weigh(self, weights: Array) -> Array:
        weighed: Array = weights @ self.values
        return weighed


@dataclass(frozen=True)
class LowRankNoise:
    """Per layer the factors of E = A B / sqrt(r), and the bias's own full-rank noise.

    left: A [pairs, in, r]; right: B / sqrt(r) [pairs, r, out]; biases: [pairs, out]; A, B and
    biases standard normal, so that E's elements have variance 1 (arXiv 2511.16652, section 4).
    A convolution's kernel is perturbed as the matrix [in, out] that it is in the parameters.
    """

    left: tuple[Array, ...]
    right: tuple[Array, ...]
    biases: tuple[Array, ...]

    @property
    def nbytes(self) -> int:
        return sum(a.nbytes for part in (self.left, self.right, self.biases) for a in part)

    def __getitem__(self, row: int) -> Array:
        parts = []
        for left, right, bias in zip(self.left, self.right, self.biases, strict=True):
            parts += [(left[row] @ right[row]).ravel(), bias[row]]
        return np.concatenate(parts)

    def weigh(self, weights: Array) -> Array:
        parts = []
        for left, right, bias in zip(self.left, self.right, self.biases, strict=True):
            weighed = (weights[:, None, None] * left).transpose(1, 0, 2)
            # One product over (pair, rank): sum_i w_i A_i B_i.
            kernel = weighed.reshape(left.shape[1], -1) @ right.reshape(-1, right.shape[2])
            parts += [kernel.ravel(), weights @ bias]
        return np.concatenate(parts)


def draw_noise(
    network: Network,
    rank: int | None,
    stream: Seeds,
    generation: int,
    pairs: range,
    should_stop: Callable[[], bool] = lambda: False,
) -> Noise:
    """The perturbations of `pairs` in `generation`; rank None: full-rank.

    should_stop: asked between two of them, as those of a large network take seconds; raises Stopped
    once it is true.
    """
    generators = [stream.generator(generation, pair) for pair in pairs]
    if rank is None:
        noise = np.empty((len(pairs), network.size), np.float32)
        for row, rng in enumerate(generators):
            if should_stop():
                raise Stopped
            rng.standard_normal(dtype=np.float32, out=noise[row])
        return FullNoise(noise)
    left, right, biases = [], [], []
    for fan_in, units in network.shapes:
        left.append(np.empty((len(pairs), fan_in, rank), np.float32))
        right.append(np.empty((len(pairs), rank, units), np.float32))
        biases.append(np.empty((len(pairs), units), np.float32))
        for row, rng in enumerate(generators):
            if should_stop():
                raise Stopped
            for part in (left[-1], right[-1], biases[-1]):
                rng.standard_normal(dtype=np.float32, out=part[row])
        right[-1] /= np.float32(np.sqrt(rank))
    return LowRankNoise(tuple(left), tuple(right), tuple(biases))


def cached_noise(
    worker: Worker, network: Network, rank: int | None, stream: Seeds, generation: int, pairs: range
) -> Noise:
    """`draw_noise`, or what is left of an earlier call in the worker's cache."""
    key = f"noise {stream} {generation} {pairs}"
    if key in worker.cache:
        return worker.cache[key]  # type: ignore[no-any-return]
    noise = draw_noise(network, rank, stream, generation, pairs, worker.should_stop)
    held = worker.cache.get("noise generation")
    if held != (stream, generation):
        worker.cache.clear()
        worker.cache["noise generation"] = (stream, generation)
    kept = sum(v.nbytes for v in worker.cache.values() if isinstance(v, (FullNoise, LowRankNoise)))
    if kept + noise.nbytes < NOISE_CACHE_BYTES:
        worker.cache[key] = noise
    return noise
