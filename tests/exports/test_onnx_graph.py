"""The graph that rlbench builds against the policy in NumPy: the same actions on recorded
observations, for every network and head."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlbench.exports.onnx_graph import onnx_model
from rlbench.interfaces import Array
from rlbench.nets.policy import NetworkPolicy
from support.recorded import CONTINUOUS, FRAMES, VECTORS, WITH_TENSORFLOW, observations, policy_of

pytest.importorskip("onnx", reason="rlbench[onnx] is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="rlbench[onnx] is not installed")

OBSERVATIONS = 10_000


def session(policy: NetworkPolicy) -> Any:
    model = onnx_model(policy, {"environment": "here"}, "0.0")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, ["CPUExecutionProvider"]
    )


def held_against(kind: str, count: int) -> tuple[Array, Array]:
    """Actions of NumPy and of ONNX Runtime; the network's outputs are compared here."""
    policy, env = policy_of(kind)
    obs, rng = observations(env, count), np.random.default_rng(0)
    running = session(policy)
    # 4 MB a frame within NumPy: few at once stay in the cache, three times as fast.
    at_once = 5 if policy.network.observations == "frames" else 500
    ours, theirs = [], []
    for begin in range(0, count, at_once):
        part = obs[begin : begin + at_once]
        action, outputs = running.run(None, {"observation": part})
        ours.append(policy.act(part, rng))
        theirs.append(action)
        # The same sums in another order: float32 has 7 digits.
        expected = policy.outputs(part)
        np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)
    return np.concatenate(ours), np.concatenate(theirs)


@pytest.mark.parametrize("kind", [*VECTORS, *WITH_TENSORFLOW])
def test_actions_are_the_same(kind: str) -> None:
    ours, theirs = held_against(kind, OBSERVATIONS)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    if kind in CONTINUOUS:
        np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-5)
    else:
        assert np.array_equal(ours, theirs)
        assert len(np.unique(ours, axis=0)) > 1


@pytest.mark.parametrize("kind", FRAMES)
def test_actions_on_frames_are_the_same(kind: str) -> None:
    ours, theirs = held_against(kind, 100)
    assert ours.dtype == theirs.dtype and np.array_equal(ours, theirs)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", FRAMES)
def test_actions_on_many_frames_are_the_same(kind: str) -> None:
    ours, theirs = held_against(kind, OBSERVATIONS)
    assert np.array_equal(ours, theirs)


def test_the_first_of_equal_choices_is_taken_and_metadata_is_inside() -> None:
    linear, _ = policy_of("linear")
    running = session(NetworkPolicy(linear.network, linear.head, np.zeros_like(linear.parameters)))
    action, outputs = running.run(None, {"observation": np.ones((3, 4), np.float32)})
    assert action.tolist() == [0, 0, 0] and outputs.tolist() == [[0.0, 0.0]] * 3
    assert running.get_modelmeta().custom_metadata_map == {"environment": "here"}
    assert running.get_modelmeta().producer_name == "rlbench"
