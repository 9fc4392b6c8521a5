"""ONNX files of other makers and of strangers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlbench
from rlbench.interfaces import ActionSpec, EnvFacts
from rlbench.playing.model import ModelPolicy
from rlbench.playing.onnx_file import read_onnx

onnx = pytest.importorskip("onnx", reason="rlbench[onnx] is not installed")
pytest.importorskip("onnxruntime", reason="rlbench[onnx] is not installed")

CARTPOLE = EnvFacts("CartPole-v1", (4,), ActionSpec("discrete", (2,)), 500)
PENDULUM = EnvFacts("Pendulum-v1", (3,), ActionSpec("box", (), (-2.0,), (2.0,)), 200)
PONG = EnvFacts("ALE/Pong-v5", (4, 84, 84), ActionSpec("discrete", (6,)), 27_000, 4)
PAIRS = EnvFacts("Pairs-v0", (4,), ActionSpec("multi_discrete", (2, 3)), 10)


def model(
    nodes: list[Any],
    shape: list[Any],
    outputs: dict[str, tuple[int, list[Any]]],
    constants: dict[str, Any] | None = None,
    dtype: int = 1,
) -> Any:
    helper = onnx.helper
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("obs", dtype, shape)],
        [helper.make_tensor_value_info(name, *kind) for name, kind in outputs.items()],
        [onnx.numpy_helper.from_array(np.array(v), k) for k, v in (constants or {}).items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made


def linear(kernel: Any, **changes: Any) -> Any:
    kernel = np.array(kernel, np.float32)
    node = onnx.helper.make_node("MatMul", ["obs", "kernel"], ["values"])
    arguments = {
        "nodes": [node], "shape": ["n", kernel.shape[0]],
        "outputs": {"values": (1, ["n", kernel.shape[1]])}, "constants": {"kernel": kernel},
    }  # fmt: skip
    return model(**{**arguments, **changes})


def policy(made: Any, tmp_path: Path, facts: EnvFacts) -> ModelPolicy:
    onnx.save(made, tmp_path / "policy.onnx")
    found, _ = read_onnx(tmp_path / "policy.onnx")
    return ModelPolicy(found, facts)


def acted(made: Any, tmp_path: Path, facts: EnvFacts, obs: Any) -> list[Any]:
    actions = policy(made, tmp_path, facts).act(np.array(obs), np.random.default_rng(0))
    assert facts.action.wrong(actions, len(obs)) is None
    return actions.tolist()  # type: ignore[no-any-return]


def test_values_choose_numbers_act_and_a_fixed_batch_of_one_will_do(tmp_path: Path) -> None:
    kernel = [[0, 1], [0, 0], [0, 0], [0, 0]]
    obs = np.array([[1, 0, 0, 0], [-1, 0, 0, 0]], np.float32)
    assert acted(linear(kernel), tmp_path, CARTPOLE, obs) == [1, 0]
    assert acted(linear(kernel, shape=[1, 4]), tmp_path, CARTPOLE, obs) == [1, 0]
    box = linear([[1], [2], [0]])
    assert acted(box, tmp_path, PENDULUM, np.array([[1, 2, 3]], np.float32)) == [[5.0]]
    pairs = linear(np.eye(4, 5))
    found = acted(pairs, tmp_path, PAIRS, np.array([[0, 1, 5, 7]], np.float32))
    assert found == [[1, 1]]


def test_the_output_that_is_named_action_is_taken(tmp_path: Path) -> None:
    node = onnx.helper.make_node
    nodes = [
        node("MatMul", ["obs", "kernel"], ["values"]),
        node("ArgMin", ["values"], ["action"], axis=1, keepdims=0),
    ]
    outputs = {"values": (1, ["n", 2]), "action": (7, ["n"])}
    made = linear([[0, 1], [0, 0], [0, 0], [0, 0]], nodes=nodes, outputs=outputs)
    obs = np.array([[1, 0, 0, 0], [-1, 0, 0, 0]], np.float32)
    assert acted(made, tmp_path, CARTPOLE, obs) == [0, 1]


@pytest.mark.parametrize(
    ("dtype", "shape", "axes", "expected"),
    [
        (2, ["n", 4, 84, 84], [1, 2, 3], 255.0 * 84 * 84),
        (1, ["n", 4, 84, 84], [1, 2, 3], 84.0 * 84),
        (1, ["n", 84, 84, 4], [1, 2, 3], 84.0 * 84),
    ],
)
def test_frames_as_bytes_or_scaled_and_channels_last(
    dtype: int, shape: list[Any], axes: list[int], expected: float, tmp_path: Path
) -> None:
    node = onnx.helper.make_node
    nodes = [
        node("Cast", ["obs"], ["numbers"], to=1),
        node("ReduceSum", ["numbers", "axes"], ["sum"], keepdims=0),
        node("Unsqueeze", ["sum", "one"], ["column"]),
        node("Sub", ["column", "expected"], ["off"]),
        node("Abs", ["off"], ["distance"]),
        node("Concat", [*["distance"], *["six"]], ["values"], axis=1),
    ]
    constants = {
        "axes": np.array(axes), "one": np.array([1]),
        "expected": np.array([expected], np.float32),
        "six": np.array([[4.0, 3.0, 2.0, 1.5, 0.5]], np.float32),
    }  # fmt: skip
    made = model(nodes, shape, {"values": (1, ["n", 6])}, constants, dtype)
    obs = np.zeros((1, 4, 84, 84), np.uint8)
    obs[:, 3] = 255  # one of four frames is white
    # The first value is 0 for the sum that is expected, and then the second, 4, is the largest.
    assert acted(made, tmp_path, PONG, obs) == [1]
    assert acted(made, tmp_path, PONG, 0 * obs) == [0]


@pytest.mark.parametrize(
    ("made", "facts", "message"),
    [
        (lambda: linear(np.eye(5, 2)), CARTPOLE, r"float32 \[batch, 5\]'; takes a model for CartP"),
        (lambda: linear(np.eye(4, 3)), CARTPOLE, r"gave float32 \[1, 3\].* 2 values \[batch, 2\]"),
        (lambda: linear(np.eye(3, 2)), PENDULUM, r"gave float32 \[1, 2\].* numbers \[batch, 1\]"),
        (lambda: linear(np.eye(4, 2)), PONG, r"takes a model for ALE/Pong-v5: one input, uint8"),
    ],
)
def test_what_does_not_suit_the_environment_is_named(
    made: Callable[[], Any], facts: EnvFacts, message: str, tmp_path: Path
) -> None:
    with pytest.raises(rlbench.ConfigError, match=message):
        policy(made(), tmp_path, facts)


def external() -> Any:
    made = linear(np.eye(4, 2))
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    for key, value in (("location", "../secret"), ("offset", "0"), ("length", "32")):
        tensor.external_data.add(key=key, value=value)
    return made


def hidden_external() -> Any:
    made = linear(np.eye(4, 2))
    tensor = external().graph.initializer[0]
    made.graph.node.insert(0, onnx.helper.make_node("Constant", [], ["c"], value=tensor))
    return made


def looping() -> Any:
    made = linear(np.eye(4, 2))
    body = onnx.helper.make_graph([], "body", [], [])
    made.graph.node.append(onnx.helper.make_node("Loop", ["n", "c"], ["x"], body=body))
    return made


def of_a_domain() -> Any:
    made = linear(np.eye(4, 2))
    made.graph.node[0].domain = "my.own"
    return made


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (external, "keeps weights in other files"),
        (hidden_external, "keeps weights in other files"),
        (looping, "has the operator Loop; takes ONNX's own without loops"),
        (of_a_domain, "has the operator my.own.MatMul"),
        (lambda: linear(np.eye(4, 2), shape=[7, 4]), "takes a batch of any size, or of 1"),
        (lambda: linear(np.eye(4, 2), constants={}), "ONNX Runtime cannot run it"),
    ],
)
def test_hostile_and_broken_models_are_one_line(
    made: Callable[[], Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "policy.onnx"
    path.write_bytes(made().SerializeToString())
    with pytest.raises(rlbench.ReportError, match=message) as caught:
        read_onnx(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_a_model_cannot_ask_for_more_memory_than_a_policy_needs(tmp_path: Path) -> None:
    node = onnx.helper.make_node
    nodes = [
        node("ConstantOfShape", ["size"], ["zeros"]),
        node("ReduceMax", ["zeros"], ["zero"], keepdims=0),
        node("MatMul", ["obs", "kernel"], ["product"]),
        node("Add", ["product", "zero"], ["values"]),
    ]
    constants = {"kernel": np.eye(4, 2, dtype=np.float32), "size": np.array([10**8])}
    with pytest.raises(rlbench.ConfigError, match=r"the model failed: .*ConstantOfShape"):
        policy(linear(np.eye(4, 2), nodes=nodes, constants=constants), tmp_path, CARTPOLE)
    constants["size"] = np.array([1000])
    policy(linear(np.eye(4, 2), nodes=nodes, constants=constants), tmp_path, CARTPOLE)


@pytest.mark.parametrize("content", [b"", b"torn", b"\x08" * 1000])
def test_what_is_no_model_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "policy.onnx"
    path.write_bytes(content)
    with pytest.raises(rlbench.ReportError):
        read_onnx(path)


def test_links_are_not_followed(tmp_path: Path) -> None:
    onnx.save(linear(np.eye(4, 2)), tmp_path / "real.onnx")
    (tmp_path / "policy.onnx").symlink_to(tmp_path / "real.onnx")
    with pytest.raises(rlbench.ReportError, match="is a link, which is not followed"):
        read_onnx(tmp_path / "policy.onnx")
