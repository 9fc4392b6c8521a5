"""A policy as a Keras model with all that belongs to it; call `start_tensorflow` first."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlbench.nets import keras_build
from rlbench.nets.heads import ContinuousHead, Head, RangeHead
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.names import ACTION, OBSERVATION, OUTPUTS


def keras_model(policy: NetworkPolicy) -> Any:
    """A functional `keras.Model`, with the input and the outputs of `onnx_model`."""
    import keras

    network = policy.network
    frames = network.observations == "frames"
    observed = keras.Input(
        network.observation_shape, dtype="uint8" if frames else "float32", name=OBSERVATION
    )
    layers = keras_build.build(network)
    layers.set_weights(keras_build.split(policy.parameters, keras_build.shapes(layers)))
    outputs = layers(_normalised(policy, observed))
    action = _head(policy.head, outputs)
    return keras.Model(observed, {ACTION: action, OUTPUTS: outputs}, name="policy")


def _normalised(policy: NetworkPolicy, x: Any) -> Any:
    """Observations as the layers take them."""
    from keras import ops

    if policy.network.observations == "frames":
        x = ops.transpose(x, (0, 2, 3, 1))
        return ops.multiply(ops.cast(x, "float32"), float(np.float32(1 / 255)))
    if policy.obs_mean is None or policy.obs_std is None:
        return x
    x = ops.divide(ops.subtract(x, policy.obs_mean), policy.obs_std)
    return ops.minimum(ops.maximum(x, -policy.obs_clip), policy.obs_clip)


def _head(head: Head, x: Any) -> Any:
    """Actions from the outputs of the layers."""
    from keras import ops

    if isinstance(head, ContinuousHead):
        return _spanned(head, x)
    if isinstance(head, RangeHead):
        return _within(head, x)
    if head.single and head.values is None:
        return ops.argmax(x, axis=1)
    columns = []
    for dimension, end in enumerate(np.cumsum(head.nvec).tolist()):
        chosen = ops.argmax(x[:, end - head.nvec[dimension] : end], axis=1)
        if head.values is not None:
            chosen = ops.take(np.asarray(head.values[dimension], np.float32), chosen, axis=0)
        columns.append(chosen)
    return ops.stack(columns, axis=1)


def _spanned(head: ContinuousHead, x: Any) -> Any:
    """A bounded dimension spans its box, any other takes the output (see `ContinuousHead`)."""
    from keras import ops

    low, high, bounded, low_b, half_b, _ = head.bounds
    spanned = ops.add(ops.minimum(ops.maximum(x, -1.0), 1.0), 1.0)
    spanned = ops.add(ops.multiply(spanned, half_b), np.asarray(low_b, np.float32))
    if bounded.all():
        return spanned
    within = ops.minimum(ops.maximum(x, low), high)
    return ops.where(bounded, spanned, within)


def _within(head: RangeHead, x: Any) -> Any:
    """Cut to the range, or through tanh, whose -1 and 1 are its ends (see `RangeHead`)."""
    from keras import ops

    low, high = np.array(head.low, np.float32), np.array(head.high, np.float32)
    if head.limit is not None:
        x = ops.minimum(ops.maximum(x, -head.limit), head.limit)
    if not head.tanh:
        return ops.minimum(ops.maximum(x, low), high)
    half = np.float32(0.5) * (high - low)
    return ops.add(ops.multiply(ops.add(ops.tanh(x), 1.0), half), low)
