"""A network in the library that trains it, as a pure function of its weights; call
`start_tensorflow` first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

from rlbench.nets.network import Network

Tensor = Any
Library = Literal["keras", "sonnet"]


class Trainable(Protocol):
    """shapes: of the weights, in the order in which `Network.layers` has them."""

    shapes: list[tuple[int, ...]]

    def __call__(self, weights: list[Tensor], obs: Tensor) -> Tensor:
        """The outputs [B, outputs] for observations as `keras_build.keras_shape` has them."""
        ...


def make_trainable(network: Network, library: Library, precision: str) -> Trainable:
    """`network` in a library. precision: see `keras_build.build`; of Keras alone."""
    return LIBRARIES[library](network, precision)


class KerasTrainable:
    """A network in Keras."""

    def __init__(self, network: Network, precision: str) -> None:
        from rlbench.nets.keras_build import build, shapes

        self._model = build(network, precision)
        self.shapes = shapes(self._model)

    def __call__(self, weights: list[Tensor], obs: Tensor) -> Tensor:
        outputs, _ = self._model.stateless_call(weights, [], obs)
        return outputs


def _sonnet(network: Network, precision: str) -> Trainable:
    from rlbench.nets.sonnet_build import SonnetTrainable

    assert precision == "float32"
    return SonnetTrainable(network)


LIBRARIES: dict[Library, Callable[[Network, str], Trainable]] = {
    "keras": KerasTrainable,
    "sonnet": _sonnet,
}
