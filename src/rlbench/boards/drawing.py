"""A policy's network as nodes of a graph, from the observation to the action."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rlbench.nets.conv import ceil_div
from rlbench.nets.heads import ArgmaxHead, RangeHead
from rlbench.nets.network import Convolution, Dense, LayerNorm, Section
from rlbench.nets.policy import NetworkPolicy
from rlbench.nets.residual import HALF
from rlbench.tensorboard.graph import Node

Shape = tuple[int | None, ...]


class Drawing:
    """Nodes in the order of computation; the last one added is what the next one takes."""

    def __init__(self, name: str, shape: Sequence[int]) -> None:
        self.nodes = [Node(name, "Placeholder", (), (None, *shape))]

    @property
    def shape(self) -> Shape:
        """Of what the last node gives."""
        return self.nodes[-1].shape

    def add(
        self,
        name: str,
        operation: str,
        *variables: tuple[str, Sequence[int]],
        shape: Shape | None = None,
        beside: str = "",
    ) -> None:
        """An operation on the last node and on variables (name, shape), which stand beside it.
        shape: of what it gives; None: as what it takes. beside: another node that it takes."""
        before, scope = self.nodes[-1], name.rpartition("/")[0]
        names = [f"{scope}/{variable}" for variable, _ in variables]
        self.nodes += [
            Node(variable, "VariableV2", (), tuple(sizes))
            for variable, (_, sizes) in zip(names, variables, strict=True)
        ]
        given = before.shape if shape is None else shape
        others = [beside] if beside else []
        self.nodes.append(Node(name, operation, (before.name, *others, *names), given))


def policy_nodes(policy: NetworkPolicy) -> list[Node]:
    """The nodes of the network that acts, with all that belongs to it."""
    network = policy.network
    drawing = Drawing("observation", network.observation_shape)
    frames = network.observations == "frames"
    if frames:
        count, height, width = network.observation_shape
        drawing.add("scale/Transpose", "Transpose", shape=(None, height, width, count))
        drawing.add("scale/Mul", "Mul")
    elif policy.obs_mean is not None:
        sizes = policy.obs_mean.shape
        drawing.add("normalise/Sub", "Sub", ("mean", sizes))
        drawing.add("normalise/Div", "Div", ("deviation", sizes))
        drawing.add("normalise/Clip", "ClipByValue")
    flat = not frames
    shapes = iter(network.shapes)
    for name, layer in zip(network.layer_names, network.stack, strict=True):
        if isinstance(layer, Section):
            for _ in range(layer.kernels):
                next(shapes)
            _draw_section(drawing, name, layer)
            continue
        rows, units = next(shapes)
        if isinstance(layer, Dense) and not flat:
            drawing.add("flatten/Reshape", "Reshape", shape=(None, rows))
            flat = True
        _draw(drawing, name, layer, rows, units)
    drawing.add("outputs", "Identity")
    _draw_head(drawing, policy)
    return drawing.nodes


def _draw(
    drawing: Drawing, name: str, layer: Convolution | Dense | LayerNorm, rows: int, units: int
) -> None:
    bias = ("bias", (units,))
    match layer:
        case Convolution(_, width, stride, activation, padded):
            beyond = 0 if padded else width - 1
            _draw_convolution(drawing, name, width, units, lambda n: ceil_div(n - beyond, stride))
        case Dense(_, activation):
            kernel = ("kernel", (rows, units))
            drawing.add(f"{name}/MatMul", "MatMul", kernel, shape=(None, units))
            drawing.add(f"{name}/BiasAdd", "BiasAdd", bias)
        case LayerNorm(_, activation):
            drawing.add(f"{name}/Normalise", "LayerNorm")
            drawing.add(f"{name}/Mul", "Mul", ("scale", (units,)))
            drawing.add(f"{name}/Add", "Add", ("shift", (units,)))
    if activation is not None:
        drawing.add(f"{name}/{activation.title()}", activation.title())


def _draw_convolution(
    drawing: Drawing, name: str, width: int, filters: int, side: Callable[[int], int]
) -> None:
    """side: how long a side is after it."""
    _, height, across, channels = (size or 0 for size in drawing.shape)
    kernel = ("kernel", (width, width, channels, filters))
    shape = (None, side(height), side(across), filters)
    drawing.add(f"{name}/Conv2D", "Conv2D", kernel, shape=shape)
    drawing.add(f"{name}/BiasAdd", "BiasAdd", ("bias", (filters,)))


def _draw_section(drawing: Drawing, name: str, section: Section) -> None:
    first, *others = section.names
    _draw_convolution(drawing, f"{name}/{first}", 3, section.filters, lambda n: n)
    _, height, across, _ = (size or 0 for size in drawing.shape)
    shape = (None, ceil_div(height, HALF), ceil_div(across, HALF), section.filters)
    drawing.add(f"{name}/MaxPool", "MaxPool", shape=shape)
    for number, conv in enumerate(others):
        if number % 2 == 0:
            given = drawing.nodes[-1].name
        drawing.add(f"{name}/{conv}/Relu", "Relu")
        _draw_convolution(drawing, f"{name}/{conv}", 3, section.filters, lambda n: n)
        if number % 2:
            drawing.add(f"{name}/{conv.partition('/')[0]}/Add", "Add", beside=given)
    if section.activation is not None:
        drawing.add(f"{name}/{section.activation.title()}", section.activation.title())


def _draw_head(drawing: Drawing, policy: NetworkPolicy) -> None:
    """From outputs to the action."""
    head = policy.head
    if isinstance(head, ArgmaxHead):
        shape: Shape = (None,) if head.single else (None, len(head.nvec))
        drawing.add("action/ArgMax", "ArgMax", shape=shape)
        if head.values is not None:
            values = ("values", (len(head.nvec), max(head.nvec)))
            drawing.add("action/Gather", "Gather", values)
        return
    ends = ("low", (head.size,)), ("high", (head.size,))
    if isinstance(head, RangeHead) and not head.tanh:
        drawing.add("action/Clip", "ClipByValue", *ends)
        return
    drawing.add("action/Squash", "Tanh" if isinstance(head, RangeHead) else "ClipByValue")
    drawing.add("action/Scale", "Mul", *ends)
