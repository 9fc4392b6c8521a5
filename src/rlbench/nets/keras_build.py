"""The networks of `nets` as Keras models, for learning; call `start_tensorflow` first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.network import Convolution, Dense, LayerNorm, Network, Section


def build(network: Network, precision: str = "float32") -> Any:
    """A `keras.Sequential` of the layers of `network`, built; its weights are Keras's own.

    precision: "float32" or "bfloat16" (mixed: weights float32, layers compute in bfloat16, and
    the outputs are bfloat16).
    For vectors the model takes [B, n]; for frames it takes them with channels last,
    [B, height, width, frames], already scaled to [0, 1].
    """
    import keras

    dtype = "float32" if precision == "float32" else "mixed_bfloat16"
    layers = [keras.Input(keras_shape(network))]
    channels, flat = network.observation_shape[0], network.observations == "vector"
    for layer in network.stack:
        if isinstance(layer, Dense) and not flat:
            layers.append(keras.layers.Flatten(dtype=dtype))
            flat = True
        if isinstance(layer, Section):
            layers += _section(keras, layer, channels, dtype)
        else:
            layers += _keras_layers(keras, layer, dtype)
        if isinstance(layer, Convolution | Section):
            channels = layer.filters
    return keras.Sequential(layers)


def keras_shape(network: Network) -> tuple[int, ...]:
    """The shape of an observation as Keras takes it: frames have their channels last."""
    if network.observations == "vector":
        return network.observation_shape
    frames, height, width = network.observation_shape
    return (height, width, frames)


def split(parameters: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Flat `parameters` [size] as views, one a weight, of the given shapes, in order."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(parameters, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def shapes(model: Any) -> list[tuple[int, ...]]:
    """Shapes of the model's weights, in its order."""
    return [tuple(weight.shape) for weight in model.trainable_variables]


def _section(keras: Any, section: Section, channels: int, dtype: str) -> list[Any]:
    """A section as one model for frames of any size, and the activation after it."""
    layers = keras.layers

    def convolved(x: Any) -> Any:
        return layers.Conv2D(section.filters, 3, padding="same", **_made(dtype))(x)

    def rectified(x: Any) -> Any:
        return layers.Activation("relu", dtype=dtype)(x)

    given = keras.Input((None, None, channels))
    x = layers.MaxPooling2D(3, 2, padding="same", dtype=dtype)(convolved(given))
    for _ in range(section.blocks):
        x = layers.Add(dtype=dtype)([x, convolved(rectified(convolved(rectified(x))))])
    whole = keras.Model(given, x)
    if section.activation is None:
        return [whole]
    return [whole, layers.Activation(section.activation, dtype=dtype)]


def _made(dtype: str) -> dict[str, Any]:
    # Parameters come from the run's own streams: Keras's generator is never drawn from.
    return {"kernel_initializer": "zeros", "dtype": dtype}


def _keras_layers(keras: Any, layer: Convolution | Dense | LayerNorm, dtype: str) -> list[Any]:
    made = _made(dtype)
    match layer:
        case Convolution(filters, width, stride, activation, padded):
            made |= {"padding": "same" if padded else "valid", "activation": activation}
            return [keras.layers.Conv2D(filters, width, stride, **made)]
        case Dense(units, activation):
            return [keras.layers.Dense(units, activation, **made)]
        case LayerNorm(epsilon, activation):
            normalise = keras.layers.LayerNormalization(epsilon=epsilon, dtype=dtype)
            return [normalise, keras.layers.Activation(activation, dtype=dtype)]
