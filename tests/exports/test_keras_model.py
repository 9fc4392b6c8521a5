"""Keras' own forward pass of an exported policy against NumPy's, and its own export to ONNX."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from rlbench.exports.keras_model import keras_model
from rlbench.nets import keras_build
from rlbench.nets.tensorflow_runtime import start_tensorflow
from support.recorded import CONTINUOUS, observations, policy_of

KINDS = (
    "es normalised", "es bins", "box", "boxes", "uneven", "walker bins", "dqn dueling",
    "dqn decoupled", "es paper", "nature", "dopamine",
    "impala-small",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_actions_are_the_same(kind: str) -> None:
    policy, env = policy_of(kind)
    count = 50 if policy.network.observations == "frames" else 2_000
    obs = observations(env, count)
    start_tensorflow(1)
    found = keras_model(policy)(obs)
    action, ours = np.asarray(found["action"]), policy.act(obs, np.random.default_rng(0))
    assert action.shape == ours.shape and action.dtype.kind == ours.dtype.kind
    if kind in CONTINUOUS:
        np.testing.assert_allclose(action, ours, rtol=1e-5, atol=1e-5)
    else:
        assert np.array_equal(action, ours)
    np.testing.assert_allclose(found["outputs"], policy.outputs(obs), rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("tf2onnx", "onnxruntime"))),
    reason="Keras exports ONNX through tf2onnx",
)
@pytest.mark.parametrize("kind", ["linear", "walker bins", "nature"])
def test_keras_own_onnx_of_the_layers_is_the_same(kind: str, tmp_path: Path) -> None:
    """Of the layers alone: what Keras makes of the whole model, ONNX Runtime does not load."""
    import onnxruntime

    policy, env = policy_of(kind)
    obs = observations(env, 200)
    start_tensorflow(1)
    model = keras_build.build(policy.network)
    model.set_weights(keras_build.split(policy.parameters, keras_build.shapes(model)))
    given = np.moveaxis(obs, 1, -1).astype(np.float32) / 255 if policy.network.convs else obs
    model(given[:2])
    model.export(str(tmp_path / "policy.onnx"), format="onnx", verbose=False)
    running = onnxruntime.InferenceSession(str(tmp_path / "policy.onnx"))
    (found,) = running.run(None, {running.get_inputs()[0].name: given})
    np.testing.assert_allclose(found, policy.outputs(obs), rtol=1e-4, atol=1e-4)
    assert np.array_equal(policy.head(found), policy.act(obs, np.random.default_rng(0)))
