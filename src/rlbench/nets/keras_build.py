"""The networks of `nets` as Keras models, for learning; call `start_tensorflow` first."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.conv import ConvNet
from rlbench.nets.mlp import LAYER_NORM_EPSILON, MLP
from rlbench.nets.network import Network


def build(network: Network, precision: str = "float32") -> Any:
    """A `keras.Sequential` of the layers of `network`, built; its weights are Keras's own.

    precision: "float32" or "bfloat16" (mixed: weights float32, layers compute in bfloat16, and
    the outputs are bfloat16).
    An MLP takes [B, inputs]; a convolutional network takes stacked frames with channels last,
    [B, height, width, frames], already scaled to [0, 1].
    """
    import keras

    policy = "float32" if precision == "float32" else "mixed_bfloat16"
    if isinstance(network, MLP):
        layers = _mlp_layers(keras, network, policy)
        inputs: tuple[int, ...] = (network.inputs,)
    elif isinstance(network, ConvNet):
        layers = _conv_layers(keras, network, policy)
        frames, height, width = network.inputs
        inputs = (height, width, frames)
    else:
        raise TypeError(f"{type(network).__name__}: takes MLP or ConvNet")
    return keras.Sequential([keras.Input(inputs), *layers])


def to_weights(model: Any, parameters: Array) -> list[Array]:
    """Flat `parameters` [size] as views in the order and shapes of the model's weights."""
    weights, start = [], 0
    for shape in shapes(model):
        end = start + int(np.prod(shape))
        weights.append(parameters[start:end].reshape(shape))
        start = end
    return weights


def to_parameters(weights: list[Array]) -> Array:
    """The inverse of `to_weights`: flat parameters [size]."""
    return np.concatenate([np.asarray(weight, np.float32).ravel() for weight in weights])


def shapes(model: Any) -> list[tuple[int, ...]]:
    """Shapes of the model's weights, in its order."""
    return [tuple(weight.shape) for weight in model.trainable_variables]


def _mlp_layers(keras: Any, mlp: MLP, policy: str) -> list[Any]:
    layers: list[Any] = []
    for number, units in enumerate(mlp.hidden):
        if number == 0 and mlp.layer_norm:
            layers += [
                _dense(keras, units, None, policy),
                keras.layers.LayerNormalization(epsilon=LAYER_NORM_EPSILON, dtype=policy),
                keras.layers.Activation("tanh", dtype=policy),
            ]
        else:
            layers.append(_dense(keras, units, mlp.activation, policy))
    return [*layers, _dense(keras, mlp.outputs, None, policy)]


def _conv_layers(keras: Any, network: ConvNet, policy: str) -> list[Any]:
    convs = [
        keras.layers.Conv2D(
            filters, width, stride, activation="relu", kernel_initializer="zeros", dtype=policy
        )
        for filters, width, stride in network.convs
    ]
    hidden = [_dense(keras, units, "relu", policy) for units in network.hidden]
    flatten = keras.layers.Flatten(dtype=policy)
    return [*convs, flatten, *hidden, _dense(keras, network.outputs, None, policy)]


def _dense(keras: Any, units: int, activation: str | None, policy: str) -> Any:
    # Parameters come from the run's own streams: Keras's generator is never drawn from.
    return keras.layers.Dense(units, activation, kernel_initializer="zeros", dtype=policy)
