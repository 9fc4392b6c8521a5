"""The dueling head (Wang et al. 2016, arXiv 1511.06581) as another way to write a plain network.

A state's value and the advantages of its actions each have a hidden layer. The output,
V + A - mean(A) (eq. 9), is linear in the two hidden layers together, so the whole is a plain
network whose last hidden layer is twice as wide: it acts and is saved in this form. What is learned
are the two streams.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.network import Network

Tensor = Any  # a TensorFlow tensor or a NumPy array


def widened(network: Network) -> Network:
    """`network` with its last hidden layer twice as wide: first the value's half."""
    return network.with_hidden((*network.hidden[:-1], 2 * network.hidden[-1]))


def stream_shapes(network: Network) -> list[tuple[int, ...]]:
    """Shapes of what stands in place of the last kernel and bias of a widened network: kernel and
    bias of the value [H, 1], [1], and of the advantages [H, A], [A]."""
    units, outputs = network.shapes[-1]
    return [(units // 2, 1), (1,), (units // 2, outputs), (outputs,)]


def initial(network: Network, rng: np.random.Generator) -> Array:
    """Fresh parameters: the hidden layers' as `Network.initial_uniform`, then both streams'."""
    last = math.prod(network.shapes[-1]) + network.shapes[-1][1]
    bound = 1 / np.sqrt(network.shapes[-1][0] // 2)
    size = sum(math.prod(shape) for shape in stream_shapes(network))
    streams = rng.uniform(-bound, bound, size).astype(np.float32)
    return np.concatenate([network.initial_uniform(rng)[:-last], streams])


def fold(streams: list[Tensor], nvec: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Kernel [2H, A] and bias [A] of the widened network's last layer, from the weights of
    `stream_shapes`; advantages are centred within each dimension of `nvec`."""
    from keras import ops

    value_kernel, value_bias, kernel, bias = streams
    centre = np.eye(sum(nvec), dtype=np.float32)
    for end, n in zip(np.cumsum(nvec), nvec, strict=True):
        centre[end - n : end, end - n : end] -= 1 / n
    value = ops.matmul(value_kernel, np.ones((1, sum(nvec)), np.float32))
    folded = ops.concatenate([value, ops.matmul(kernel, centre)], axis=0)
    return folded, value_bias + ops.matmul(bias[None], centre)[0]
