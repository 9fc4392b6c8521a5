"""What every network here is: layers of kernels and biases in one flat parameter vector."""

from __future__ import annotations

import abc
import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from rlbench.interfaces import Array

Layers = list[tuple[Array, Array]]
Observations = Literal["vector", "frames"]  # [n] float32, or [channels, height, width] uint8
N = TypeVar("N", bound="Network")


@dataclass(frozen=True)
class Convolution:
    """`filters` square kernels of `width`, `stride` apart; then the activation. padded: the sides
    are those of the input over the stride, rounded up (see `conv.padded`); else no kernel reaches
    beyond the input."""

    kernels: ClassVar[int] = 1

    filters: int
    width: int
    stride: int
    activation: str
    padded: bool = False


@dataclass(frozen=True)
class Section:
    """A convolution, the greatest values of squares that halve both sides, and residual `blocks`,
    each of which adds to what it gets: rectifier, convolution, rectifier, convolution. Then the
    activation, if any.

    Espeholt et al. 2018 (arXiv 1802.01561), figure 3, right. Kernels and squares are 3 x 3, with
    padding, so that convolutions keep the sides; an odd one is halved to the larger half.
    """

    filters: int
    blocks: int
    activation: str | None = None

    @property
    def kernels(self) -> int:
        return len(self.names)

    @property
    def names(self) -> list[str]:
        """Of its convolutions."""
        blocks = range(1, self.blocks + 1)
        return ["conv", *(f"block{block}/conv{n}" for block in blocks for n in (1, 2))]


@dataclass(frozen=True)
class Dense:
    """Weighted sums of everything before; then the activation, if any."""

    kernels: ClassVar[int] = 1

    units: int
    activation: str | None = None


@dataclass(frozen=True)
class LayerNorm:
    """Mean 0 and variance 1 over the units, scaled and shifted by learned amounts; then the
    activation. epsilon: added to the variance."""

    kernels: ClassVar[int] = 1

    epsilon: float
    activation: str


Layer = Convolution | Section | Dense | LayerNorm
"""kernels: how many pairs of kernel and bias it has."""

_NAMES = {Convolution: "conv", Section: "section", Dense: "dense", LayerNorm: "norm"}
# What a kernel and a bias are called there.
_PARAMETERS: dict[type[Layer], tuple[str, str]] = {LayerNorm: ("scale", "shift")}


def check_sizes(least: int = 1, **sizes: Iterable[int]) -> None:
    """Raise ValueError that names what has a size below `least`. A description may be a stranger's,
    and with other numbers, such as a negative stride, a view would lie outside of its array."""
    for name, given in sizes.items():
        if any(size < least for size in given):
            raise ValueError(f"{name}: takes whole numbers from {least} up")


class Network(abc.ABC):
    """Layers of weighted sums, as a frozen dataclass whose fields can be hashed.

    The parameters are one flat float32 vector: per layer the kernel [in, out] in C order, then the
    bias [out]; this is the order in which Keras lists a model's weights. A convolution's kernel
    [width, width, channels in, filters] lies there as the [in, out] of a dense layer.

    observations: what one observation is. observation_shape: (n,), or (frames, height, width).
    convs: (filters, width, stride) of the convolutions, where the network is these and then dense
    layers, all rectified; else empty. hidden: units of the dense layers but for the last.
    activation: after all layers but the last. plain: whether `forward` is `convs`, and dense layers
    with the activation between them, and nothing else.
    """

    observations: ClassVar[Observations]
    plain: ClassVar[bool] = False
    convs: tuple[tuple[int, int, int], ...]
    hidden: tuple[int, ...]
    activation: str

    @property
    @abc.abstractmethod
    def observation_shape(self) -> tuple[int, ...]: ...

    @property
    @abc.abstractmethod
    def shapes(self) -> list[tuple[int, int]]:
        """Kernel shapes (in, out), first layer first."""

    @property
    @abc.abstractmethod
    def stack(self) -> list[Layer]:
        """The layers, first one first, as Keras is to build them."""

    @abc.abstractmethod
    def forward(self, layers: Layers, obs: Array) -> Array:
        """Outputs [..., L, outputs] of `layers` (see `layers`) for `obs` [..., L, *inputs].

        With a leading population axis this is a stacked product, whose result for one member
        does not depend on which other members share the stack.
        """

    @abc.abstractmethod
    def describe(self) -> dict[str, Any]:
        """The architecture as JSON values; under "kind" its class, as a policy's file names it
        (see `NetworkBuilder.read`)."""

    @property
    def layer_names(self) -> list[str]:
        """A name for each layer of `stack`: conv1, conv2, dense1, ..., output."""
        count, names = Counter[str](), []
        for layer in self.stack:
            name = _NAMES[type(layer)]
            count[name] += 1
            names.append(f"{name}{count[name]}")
        return [*names[:-1], "output"]

    @property
    def parameter_names(self) -> list[tuple[str, str]]:
        """Names for the arrays of `layers`, as dense1/kernel and dense1/bias."""
        found = []
        for name, layer in zip(self.layer_names, self.stack, strict=True):
            kernel, bias = _PARAMETERS.get(type(layer), ("kernel", "bias"))
            parts = (
                [f"{name}/{part}" for part in layer.names] if isinstance(layer, Section) else [name]
            )
            found += [(f"{part}/{kernel}", f"{part}/{bias}") for part in parts]
        return found

    @property
    def grids(self) -> list[tuple[int, int]]:
        """Height and width of frames before the first and after each convolution."""
        height, width = self.observation_shape[1:]
        grids = [(height, width)]
        for _, kernel, stride in self.convs:
            height, width = ((side - kernel) // stride + 1 for side in grids[-1])
            grids.append((height, width))
        return grids

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum(i * o + o for i, o in self.shapes)

    @property
    def widest(self) -> int:
        """About how many numbers its largest layer works on for one observation, where it is not
        computed bit by bit."""
        return max(units for _, units in self.shapes)

    def with_hidden(self: N, hidden: tuple[int, ...]) -> N:
        """The same network with other hidden layers."""
        return dataclasses.replace(self, hidden=hidden)  # type: ignore[type-var]

    def layers(self, parameters: Array) -> Layers:
        """Kernels [..., in, out] and biases [..., 1, out] as views of `parameters` [..., size]."""
        lead, start, layers = parameters.shape[:-1], 0, []
        for i, o in self.shapes:
            kernel = parameters[..., start : start + i * o].reshape(*lead, i, o)
            start += i * o
            bias = parameters[..., start : start + o].reshape(*lead, 1, o)
            start += o
            layers.append((kernel, bias))
        return layers

    def stacked(self, parameters: Array) -> list[tuple[Layer, Layers]]:
        """Each layer of `stack` with its part of `layers(parameters)`."""
        layers = iter(self.layers(parameters))
        return [(layer, list(itertools.islice(layers, layer.kernels))) for layer in self.stack]

    def initial(self, rng: np.random.Generator, output_scale: float = 1.0) -> Array:
        """Fresh parameters [size]: kernels with columns of unit norm, the last ones shrunk to
        norm `output_scale`, biases zero (the initialisation of Salimans et al. 2017's code)."""
        parameters = np.zeros(self.size, np.float32)
        layers = self.layers(parameters)
        for number, (kernel, _) in enumerate(layers):
            draw = rng.standard_normal(kernel.shape, np.float32)
            scale = output_scale if number == len(layers) - 1 else 1.0
            kernel[...] = draw * (scale / np.sqrt(np.square(draw).sum(axis=0, keepdims=True)))
        return parameters

    def initial_uniform(self, rng: np.random.Generator) -> Array:
        """Fresh parameters [size], all uniform in ±1/sqrt(in) (LeCun et al. 1998, "Efficient
        BackProp", up to a factor; what DQN implementations of today start from), or as the
        network's authors draw them."""
        parameters = np.zeros(self.size, np.float32)
        for (kernel, bias), (fan_in, _) in zip(self.layers(parameters), self.shapes, strict=True):
            bound = 1 / np.sqrt(fan_in)
            kernel[...] = rng.uniform(-bound, bound, kernel.shape)
            bias[...] = rng.uniform(-bound, bound, bias.shape)
        return parameters
