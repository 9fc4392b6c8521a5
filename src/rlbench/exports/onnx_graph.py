"""A policy as an ONNX graph: observations in, actions out, without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.conv import padding
from rlbench.nets.heads import ArgmaxHead, ContinuousHead, Head, RangeHead
from rlbench.nets.network import Convolution, Dense, Layer, LayerNorm, Layers, Section
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.names import ACTION, OBSERVATION, OUTPUTS

OPSET = 17  # of 2022, which every runtime of today reads
IR_VERSION = 8  # the form of file that belongs to it
ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "elu": "Elu"}
BATCH = "batch"
Grid = tuple[int, int]


class Graph:
    """The nodes of a graph and the constants that they use, in the order of computation."""

    def __init__(self) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy = helper, numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """The name of a constant array."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(self._numpy.from_array(np.array(value, dtype, order="C"), name))
        return name

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add an operator; the name of what it gives."""
        name = output or f"{operator.lower()}_{len(self.nodes)}"
        made = self._helper.make_node(operator, list(inputs), [name], **attributes)
        self.nodes.append(made)
        return name


def onnx_model(policy: NetworkPolicy, properties: Mapping[str, str], version: str) -> Any:
    """The `onnx.ModelProto` of a policy.

    Input `observation`: [batch, n] float32, or frames [batch, frames, height, width] uint8, as the
    environment's lanes give them. Outputs: `action`, as the lanes take it, and `outputs`, what the
    network gives before (action values of DQN). properties: what stands in the file beside them;
    version: of rlbench.
    """
    from onnx import TensorProto, checker, helper

    graph = Graph()
    x = _normalised(graph, policy, OBSERVATION)
    x = _network(graph, policy, x)
    graph.node("Identity", x, output=OUTPUTS)
    _head(graph, policy.head, x)
    network, head = policy.network, policy.head
    frames = network.observations == "frames"
    observed = TensorProto.UINT8 if frames else TensorProto.FLOAT
    single = isinstance(head, ArgmaxHead) and head.single
    integers = isinstance(head, ArgmaxHead) and head.values is None
    dimensions = len(head.nvec) if isinstance(head, ArgmaxHead) else head.size
    made = helper.make_graph(
        graph.nodes,
        "policy",
        [helper.make_tensor_value_info(OBSERVATION, observed, [BATCH, *network.observation_shape])],
        [
            helper.make_tensor_value_info(
                ACTION,
                TensorProto.INT64 if integers else TensorProto.FLOAT,
                [BATCH] if single else [BATCH, dimensions],
            ),
            helper.make_tensor_value_info(OUTPUTS, TensorProto.FLOAT, [BATCH, head.size]),
        ],
        graph.constants,
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(
        made, opset_imports=[opset], producer_name="rlbench", producer_version=version
    )
    model.ir_version = IR_VERSION
    helper.set_model_props(model, dict(properties))
    checker.check_model(model, full_check=True)
    return model


def _normalised(graph: Graph, policy: NetworkPolicy, x: str) -> str:
    """Observations as the first layer takes them."""
    if policy.network.observations == "frames":
        scaled = graph.node("Cast", x, to=1)  # to float32
        return graph.node("Mul", scaled, graph.constant(1 / 255))
    if policy.obs_mean is None or policy.obs_std is None:
        return x
    x = graph.node("Sub", x, graph.constant(policy.obs_mean))
    x = graph.node("Div", x, graph.constant(policy.obs_std))
    x = graph.node("Max", x, graph.constant(-policy.obs_clip))
    return graph.node("Min", x, graph.constant(policy.obs_clip))


def _network(graph: Graph, policy: NetworkPolicy, x: str) -> str:
    """What the network's layers give."""
    flat = policy.network.observations == "vector"
    grids = iter(() if flat else policy.network.grids)
    for layer, parameters in policy.network.stacked(policy.parameters):
        if isinstance(layer, Dense) and not flat:
            # Flattened in the order (row, column, filter), as the kernel behind it takes it.
            x = graph.node("Transpose", x, perm=[0, 2, 3, 1])
            x = graph.node("Flatten", x, axis=1)
            flat = True
        x = _layer(graph, layer, parameters, next(grids, (1, 1)), x)
    return x


def _layer(graph: Graph, layer: Layer, parameters: Layers, grid: Grid, x: str) -> str:
    """grid: height and width of what a convolution takes."""
    kernel, bias = parameters[0]
    match layer:
        case Convolution(_, width, stride, activation, padded):
            pads = _pads(grid, width, stride) if padded else [0, 0, 0, 0]
            x = _convolution(graph, kernel, bias, width, x, strides=[stride, stride], pads=pads)
        case Section(_, blocks, activation):
            x = _section(graph, blocks, parameters, x)
        case Dense(_, activation):
            x = graph.node("MatMul", x, graph.constant(kernel))
            x = graph.node("Add", x, graph.constant(bias))
        case LayerNorm(epsilon, activation):
            mean = graph.node("ReduceMean", x, axes=[-1])
            centred = graph.node("Sub", x, mean)
            squared = graph.node("Mul", centred, centred)
            variance = graph.node("ReduceMean", squared, axes=[-1])
            variance = graph.node("Add", variance, graph.constant(epsilon))
            x = graph.node("Div", centred, graph.node("Sqrt", variance))
            x = graph.node("Mul", x, graph.constant(kernel))
            x = graph.node("Add", x, graph.constant(bias))
    return x if activation is None else graph.node(ACTIVATIONS[activation], x)


def _pads(grid: Grid, width: int, stride: int) -> list[int]:
    """Rows above, columns before, rows below, columns behind. ONNX has "SAME_UPPER" for it, which
    another runtime may read otherwise where kernels are smaller than their steps."""
    (above, below), (before, behind) = (padding(side, width, stride) for side in grid)
    return [above, before, below, behind]


def _convolution(
    graph: Graph, kernel: Array, bias: Array, width: int, x: str, **attributes: Any
) -> str:
    square = kernel.reshape(width, width, -1, kernel.shape[-1]).transpose(3, 2, 0, 1)
    weights, shift = graph.constant(square), graph.constant(bias.ravel())
    return graph.node("Conv", x, weights, shift, **attributes)


def _section(graph: Graph, blocks: int, parameters: Layers, x: str) -> str:
    """See `network.Section`."""
    left = iter(parameters)

    def convolved(x: str) -> str:
        return _convolution(graph, *next(left), 3, x, pads=[1, 1, 1, 1])

    x = graph.node(
        "MaxPool", convolved(x), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"
    )
    for _ in range(blocks):
        inner = graph.node("Relu", convolved(graph.node("Relu", x)))
        x = graph.node("Add", x, convolved(inner))
    return x


def _head(graph: Graph, head: Head, x: str) -> None:
    """Actions from the network's outputs, under the name of the graph's output."""
    if isinstance(head, ContinuousHead):
        _spanned(graph, head, x)
    elif isinstance(head, RangeHead):
        _within(graph, head, x)
    elif head.single and head.values is None:
        graph.node("ArgMax", x, axis=1, keepdims=0, output=ACTION)
    else:
        _choices(graph, head, x)


def _choices(graph: Graph, head: ArgmaxHead, x: str) -> None:
    ends = np.cumsum(head.nvec)
    begins = ends - head.nvec
    parts = []
    for begin, end in zip(begins, ends, strict=True):
        limits = (graph.constant([limit], np.int64) for limit in (begin, end, 1))
        part = graph.node("Slice", x, *limits)
        parts.append(graph.node("ArgMax", part, axis=1, keepdims=1))
    if head.values is None:
        graph.node("Concat", *parts, axis=1, output=ACTION)
        return
    chosen = graph.node("Concat", *parts, axis=1)
    place = graph.node("Add", chosen, graph.constant(begins, np.int64))
    values = graph.constant(np.concatenate([np.asarray(v, np.float32) for v in head.values]))
    graph.node("Gather", values, place, axis=0, output=ACTION)


def _spanned(graph: Graph, head: ContinuousHead, x: str) -> None:
    """A bounded dimension spans its box, any other takes the output (see `ContinuousHead`)."""
    low, high, bounded, low_b, half_b, _ = head.bounds
    within = graph.node("Max", x, graph.constant(low))
    within = graph.node("Min", within, graph.constant(high))
    spanned = graph.node("Max", x, graph.constant(-1))
    spanned = graph.node("Min", spanned, graph.constant(1))
    spanned = graph.node("Add", spanned, graph.constant(1))
    spanned = graph.node("Mul", spanned, graph.constant(half_b))
    spanned = graph.node("Add", spanned, graph.constant(low_b))
    graph.node("Where", graph.constant(bounded, np.bool_), spanned, within, output=ACTION)


def _within(graph: Graph, head: RangeHead, x: str) -> None:
    """Cut to the range, or through tanh, whose -1 and 1 are its ends (see `RangeHead`)."""
    low, high = np.array(head.low, np.float32), np.array(head.high, np.float32)
    if head.limit is not None:
        x = _between(graph, x, -head.limit, head.limit)
    if not head.tanh:
        _between(graph, x, low, high, output=ACTION)
        return
    x = graph.node("Add", graph.node("Tanh", x), graph.constant(1))
    x = graph.node("Mul", x, graph.constant(np.float32(0.5) * (high - low)))
    graph.node("Add", x, graph.constant(low), output=ACTION)


def _between(graph: Graph, x: str, low: Any, high: Any, output: str = "") -> str:
    x = graph.node("Max", x, graph.constant(low))
    return graph.node("Min", x, graph.constant(high), output=output)
