"""The networks of `nets` in DeepMind's Sonnet, for learning; call `start_tensorflow` first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rlbench.nets.keras_build import keras_shape
from rlbench.nets.network import Convolution, Dense, Layer, LayerNorm, Network, Section

Tensor = Any
Function = Callable[[Tensor], Tensor]


class SonnetTrainable:
    """A network as Sonnet modules, whose variables stand for weights that are given at each call
    (see `trainable.Trainable`). Sonnet's own values are never used."""

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
        variables = [variable for module in self._modules for variable in _variables(module)]
        self.shapes = [tuple(variable.shape) for variable in variables]
        self._places = {variable.ref(): place for place, variable in enumerate(variables)}

    def __call__(self, weights: list[Tensor], obs: Tensor) -> Tensor:
        def given(variable: Any) -> Tensor:
            return weights[self._places[variable.ref()]]

        with self._sonnet.custom_variable_getter(given, instances=self._modules):
            return self._network(obs)

    def _functions(self, layer: Layer) -> list[Function]:
        snt = self._sonnet
        match layer:
            case Convolution(filters, width, stride, activation):
                made = self._kept(
                    snt.Conv2D(filters, width, stride, padding="VALID", **self._zeros)
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


def _variables(module: Any) -> tuple[Any, Any]:
    """Kernel and bias of a module, or what stands in their places."""
    return (module.w, module.b) if hasattr(module, "w") else (module.scale, module.offset)


def _activation(name: str) -> Function:
    import tensorflow as tf

    functions: dict[str, Function] = {"relu": tf.nn.relu, "tanh": tf.tanh, "elu": tf.nn.elu}
    return functions[name]
