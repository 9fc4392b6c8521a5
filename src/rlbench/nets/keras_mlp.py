"""The MLP of `nets.mlp` as a Keras model, for learning; call `start_tensorflow` first."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.mlp import MLP


def build(mlp: MLP) -> Any:
    """A `keras.Sequential` of the layers of `mlp`, built; its weights are Keras's own zeros."""
    import keras

    activations = [mlp.activation] * len(mlp.hidden) + [None]
    model = keras.Sequential([keras.Input((mlp.inputs,))])
    for (_, units), activation in zip(mlp.shapes, activations, strict=True):
        # Parameters come from the run's own streams: Keras's generator is never drawn from.
        model.add(keras.layers.Dense(units, activation, kernel_initializer="zeros"))
    return model


def to_weights(mlp: MLP, parameters: Array) -> list[Array]:
    """Flat `parameters` [size] as views in the order and shapes of the model's weights."""
    return [
        part
        for kernel, bias in mlp.layers(parameters)
        for part in (kernel, bias.reshape(bias.shape[-1]))
    ]


def to_parameters(weights: list[Array]) -> Array:
    """The inverse of `to_weights`: flat parameters [size]."""
    return np.concatenate([np.asarray(weight, np.float32).ravel() for weight in weights])
