"""How the networks of a block's members are evaluated: P members, E lanes each.

What a member's outputs are depends on its own lanes alone, but for low-rank noise, where members
share products: there they also depend on who is left in the stack, which is a pure function of
the block. Where a block is done, and with how many workers, never matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rlbench.agents.es.noise import FullNoise, LowRankNoise, Noise
from rlbench.agents.es.virtual_norm import VirtualNorm
from rlbench.interfaces import Array
from rlbench.nets.frame_convs import FrameConvs
from rlbench.nets.mlp import ACTIVATIONS
from rlbench.nets.network import Layers, Network


class Members(Protocol):
    """The networks of a task's members, of which some are in the stack: at first all.
    copied_bytes: what `select` copies a member."""

    copied_bytes: int

    def outputs(self, obs: Array, playing: Array) -> Array:
        """Outputs [p, E, outputs] for `obs` [p, E, *obs]; where `playing` [p, E] is false they
        may be anything."""
        ...

    def select(self, members: Array) -> None:
        """Make `members` [p], numbers within the task, the stack."""
        ...


def make_members(
    network: Network, theta: Array, sigma: float, noise: Noise, pairs: int, norm: VirtualNorm | None
) -> Members:
    """The members theta + sigma e, theta - sigma e of a block, [+, -, +, -, ...]; `norm` is for
    convolutional networks."""
    if isinstance(noise, LowRankNoise) and network.plain:
        return _low_rank_members(network, theta, sigma, noise, pairs, norm)
    parameters = np.empty((pairs, 2, theta.size), np.float32)
    plus, minus = parameters[:, 0], parameters[:, 1]
    if isinstance(noise, FullNoise):
        np.multiply(noise.values, np.float32(sigma), out=plus)
    else:  # members share the products of plain networks alone
        for row in range(pairs):
            np.multiply(noise[row], np.float32(sigma), out=plus[row])
    np.subtract(theta, plus, out=minus)
    np.add(theta, plus, out=plus)
    return separate_members(network, parameters.reshape(2 * pairs, -1), norm)


def separate_members(
    network: Network, parameters: Array, norm: VirtualNorm | None = None
) -> Members:
    """Members that share no parameters [P, n]; `norm` changes these, and is for convolutional
    networks."""
    if not network.convs:
        return StackedMembers(network, parameters)
    members = [network.layers(row) for row in parameters]
    if norm is not None:
        for layers in members:
            norm.fold(layers)
    depth = range(len(network.convs), len(network.shapes))
    dense = [OwnDense([layers[n] for layers in members]) for n in depth]
    return ConvMembers(network, members, dense)


def _low_rank_members(
    network: Network,
    theta: Array,
    sigma: float,
    noise: LowRankNoise,
    pairs: int,
    norm: VirtualNorm | None,
) -> Members:
    convs = len(network.convs)
    own: list[Layers] = []  # per member: what it does not share
    scales: list[list[Array]] = [[] for _ in network.shapes]
    shifts: list[list[Array]] = [[] for _ in network.shapes]
    for row in range(pairs):
        step = np.float32(sigma) * noise[row]
        for parameters in (theta + step, theta - step):
            layers = network.layers(parameters)
            affine = norm.fold(layers) if norm is not None else []
            own.append([(kernel.copy(), bias.copy()) for kernel, bias in layers[:convs]])
            for number, (_, bias) in enumerate(layers):
                shifts[number].append(bias.copy())
                if number < len(affine):
                    scales[number].append(affine[number][0][None])
    dense = []
    for number in range(convs, len(network.shapes)):
        right = np.repeat(np.float32(sigma) * noise.right[number], 2, axis=0)
        right[1::2] *= -1
        dense.append(
            SharedDense(
                network.layers(theta)[number][0],
                np.repeat(noise.left[number], 2, axis=0),
                right,
                np.stack(scales[number]) if scales[number] else None,
                np.stack(shifts[number]),
            )
        )
    return ConvMembers(network, own, dense) if convs else SharedMembers(network, dense)


class StackedMembers:
    """Members that share no parameters [P, n], one product over the stack a layer: a member
    may enter or leave it without changing the others by a bit, a lane within a product may not."""

    def __init__(self, network: Network, parameters: Array) -> None:
        self._network, self._all = network, parameters
        self.copied_bytes = parameters[0].nbytes
        self._stacked, self._stack = np.arange(len(parameters)), parameters
        self._layers = network.layers(self._stack)

    def outputs(self, obs: Array, playing: Array) -> Array:
        return self._network.forward(self._layers, obs)

    def select(self, members: Array) -> None:
        if len(members) == len(self._stacked) and self._stack is not self._all:
            new = np.flatnonzero(members != self._stacked)
            self._stack[new] = self._all[members[new]]
        else:
            self._stack = self._all[members]
            self._layers = self._network.layers(self._stack)
        self._stacked = members


class Dense(Protocol):
    """One dense layer of all members in the stack, without an activation."""

    def __call__(self, x: Array) -> Array:
        """[p, E, out] for x [p, E, in]."""
        ...

    def select(self, members: Array) -> None: ...


class OwnDense:
    """Kernel [in, out] and bias [1, out] a member. A large kernel is read from memory for every
    product, so several lanes a member cost little more than one."""

    def __init__(self, layers: Layers) -> None:
        self._all = self._layers = layers

    def __call__(self, x: Array) -> Array:
        out = np.empty((*x.shape[:2], self._layers[0][0].shape[1]), np.float32)
        for row, (kernel, bias) in enumerate(self._layers):
            np.matmul(x[row], kernel, out=out[row])
            out[row] += bias
        return out

    def select(self, members: Array) -> None:
        self._layers = [self._all[member] for member in members]


class SharedDense:
    """(x W + (x A) B) * scale + shift: kernel W [in, out] is shared by all lanes of the stack,
    left A [p, in, r], right B [p, r, out], scale and shift [p, 1, out] are the members' own."""

    def __init__(
        self, kernel: Array, left: Array, right: Array, scale: Array | None, shift: Array
    ) -> None:
        self._kernel, self._all = kernel, (left, right, scale, shift)
        self._left, self._right, self._scale, self._shift = self._all

    def __call__(self, x: Array) -> Array:
        members, lanes, fan_in = x.shape
        out = (x.reshape(members * lanes, fan_in) @ self._kernel).reshape(members, lanes, -1)
        out += (x @ self._left) @ self._right
        if self._scale is not None:
            out *= self._scale
        out += self._shift
        return out

    def select(self, members: Array) -> None:
        left, right, scale, shift = self._all
        self._left, self._right, self._shift = left[members], right[members], shift[members]
        self._scale = None if scale is None else scale[members]


class ConvMembers:
    """Convolutions lane by lane with each member's own kernels, which stay in the processor's
    cache; then dense layers over the lanes. Lanes that have ended cost no convolution."""

    copied_bytes = 0  # next to nothing: kernels stay where they are

    def __init__(self, network: Network, members: list[Layers], dense: Sequence[Dense]) -> None:
        self._convs = FrameConvs(network)
        self._all = self._kernels = [self._convs.kernels(layers) for layers in members]
        self._dense, self._activation = dense, network.activation

    def outputs(self, obs: Array, playing: Array) -> Array:
        x = np.zeros((*playing.shape, self._convs.features), np.float32)
        for row, lane in np.argwhere(playing).tolist():
            self._convs(obs[row, lane], self._kernels[row], x[row, lane])
        return _dense_layers(self._dense, x, self._activation)

    def select(self, members: Array) -> None:
        self._kernels = [self._all[member] for member in members]
        for layer in self._dense:
            layer.select(members)


class SharedMembers:
    """Dense layers under low-rank noise: every product is shared."""

    copied_bytes = 0  # next to nothing: factors are small

    def __init__(self, network: Network, dense: list[SharedDense]) -> None:
        self._network, self._dense = network, dense

    def outputs(self, obs: Array, playing: Array) -> Array:
        return _dense_layers(self._dense, obs, self._network.activation)

    def select(self, members: Array) -> None:
        for layer in self._dense:
            layer.select(members)


def _dense_layers(dense: Sequence[Dense], x: Array, activation: str) -> Array:
    for number, layer in enumerate(dense):
        x = layer(x)
        if number < len(dense) - 1:
            x = ACTIVATIONS[activation](x)
    return x
