"""The networks of `nets` in DeepMind's Sonnet, for learning; call `start_tensorflow` first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rlbench.nets.keras_build import keras_shape
from rlbench.nets.network import Convolution, Dense, Layer, LayerNorm, Network, Section

Tensor = Any
Function = Callable[[Tensor], Tensor]


class SonnetTrainable:
    """A network as Sonnet modules, in which the weights that are given at a call take the places of
    the modules' own variables (see `trainable.Trainable`)."""

    def __init__(self, network: Network) -> None:
        import sonnet as snt
        import tensorflow as tf

        self._sonnet, self._zeros = snt, {"w_init": snt.initializers.Zeros()}
        self._modules: list[Any] = []  # those with variables, in the order of the weights
        functions, flat = list[Function](), network.observations == "vector"
        for layer in network.stack:
            if isinstance(layer, Dense) and not flat:
                functions.append(snt.Flatten())
                flat = True
            functions += self._functions(layer)
        self._network = snt.Sequential(functions)
        self._network(tf.zeros((1, *keras_shape(network))))  # makes the variables
        self._places = [(module, name) for module in self._modules for name in _names(module)]
        self.shapes = [tuple(getattr(module, name).shape) for module, name in self._places]

    def __call__(self, weights: list[Tensor], obs: Tensor) -> Tensor:
        for (module, name), weight in zip(self._places, weights, strict=True):
            setattr(module, name, weight)
        return self._network(obs)

    def _functions(self, layer: Layer) -> list[Function]:
        snt = self._sonnet
        match layer:
            case Convolution(filters, width, stride, activation, padded):
                padding = "SAME" if padded else "VALID"
                made = self._kept(
                    snt.Conv2D(filters, width, stride, padding=padding, **self._zeros)
                )
            case Section(_, _, activation):
                made = self._section(layer)
            case Dense(units, activation):
                made = self._kept(snt.Linear(units, **self._zeros))
            case LayerNorm(epsilon, activation):
                made = self._kept(snt.LayerNorm(-1, True, True, eps=epsilon))
        return [made] if activation is None else [made, _activation(activation)]

    def _section(self, section: Section) -> Function:
        import tensorflow as tf

        convs = [
            self._kept(self._sonnet.Conv2D(section.filters, 3, padding="SAME", **self._zeros))
            for _ in range(section.kernels)
        ]

        def function(x: Tensor) -> Tensor:
            x = tf.nn.max_pool2d(convs[0](x), 3, 2, "SAME")
            for first, second in zip(convs[1::2], convs[2::2], strict=True):
                x += second(tf.nn.relu(first(tf.nn.relu(x))))
            return x

        return function

    def _kept(self, module: Any) -> Any:
        self._modules.append(module)
        return module


def _names(module: Any) -> tuple[str, str]:
    """What kernel and bias of a module are called, or what stands in their places."""
    return ("w", "b") if hasattr(module, "w") else ("scale", "offset")


def _activation(name: str) -> Function:
    import tensorflow as tf

    functions: dict[str, Function] = {"relu": tf.nn.relu, "tanh": tf.tanh, "elu": tf.nn.elu}
    return functions[name]
