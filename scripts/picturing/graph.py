"""`rlbench export`: the operators in an ONNX file, with the sizes of their constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

import rlbench
from rlbench.exports.facts import exported, properties
from rlbench.exports.onnx_graph import onnx_model
from rlbench.playing.source import read_source
from rlbench.reports.figures.style import INK, MUTED

PARTS = {  # what a row does, and its colour
    "normalisation of observations": "#d9e8f5",
    "network": "#fde3c8",
    "decoding of the action": "#d8eed6",
}
WIDTH, HEIGHT, STEP, ROW = 1.0, 0.62, 1.42, 1.2  # of a box, and from one to the next


def figure(run: Path) -> Figure:
    """run: of a network for vectors, with normalised observations and one choice of actions."""
    found = exported(read_source(run), "Apache-2.0")
    graph = onnx_model(found.policy, properties(found), rlbench.__version__).graph
    constants = {constant.name: _said(constant) for constant in graph.initializer}
    ends = {value.name: _port(value) for value in graph.output}
    made = Figure(figsize=(7.2, 3.5), layout="constrained")
    axes = made.add_subplot()
    axes.axis("off")
    axes.set_aspect("equal")
    rows = _rows(list(graph.node))
    for number, (part, nodes) in enumerate(rows.items()):
        y = -number * ROW
        axes.text(-WIDTH / 2, y + 0.42, part, fontsize=9.5, color=MUTED)
        step = 2 * STEP if nodes[0].output[0] in ends else STEP  # room for what it gives
        for place, node in enumerate(nodes):
            _draw(axes, (place * step, y), PARTS[part], node, constants, ends)
    axes.text(-STEP, 0.0, _port(graph.input[0]), ha="center", va="center", fontsize=9.5)
    _arrow(axes, (-STEP + 0.55, 0.0), (-WIDTH / 2, 0.0))
    axes.set_xlim(-STEP - 0.6, 4 * STEP + WIDTH)
    axes.set_ylim(-(len(rows) - 1) * ROW - 0.5, 0.75)
    return made


def _rows(nodes: Sequence[Any]) -> Mapping[str, Sequence[Any]]:
    """The operators before the first kernel, up to the network's outputs, and behind these."""
    operators = [node.op_type for node in nodes]
    first, last = operators.index("MatMul"), operators.index("Identity")
    return dict(zip(PARTS, (nodes[:first], nodes[first:last], nodes[last:]), strict=True))


def _draw(
    axes: Axes,
    centre: tuple[float, float],
    colour: str,
    node: Any,
    constants: Mapping[str, str],
    ends: Mapping[str, str],
) -> None:
    """One operator: its name, its constants, and where it leads."""
    x, y = centre
    box = FancyBboxPatch(
        (x - WIDTH / 2, y - HEIGHT / 2), WIDTH, HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.08", facecolor=colour, edgecolor=MUTED,
    )  # fmt: skip
    axes.add_patch(box)
    said = [node.op_type, *(constants[name] for name in node.input if name in constants)]
    axes.text(x, y, "\n".join(said), ha="center", va="center", fontsize=10)
    right = x + WIDTH / 2
    _arrow(axes, (right, y), (right + STEP - WIDTH, y))
    if (name := node.output[0]) in ends:
        axes.text(right + 0.5, y, ends[name], va="center", fontsize=9.5)


def _arrow(axes: Axes, begin: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, begin, arrowprops={"arrowstyle": "->", "color": INK})


def _said(constant: Any) -> str:
    """A constant: its value where it is one number, else its shape."""
    from onnx import numpy_helper

    value = numpy_helper.to_array(constant)
    return f"{value.item():g}" if value.size == 1 else " × ".join(map(str, value.shape))


def _port(value: Any) -> str:
    """An input or output: its name, shape and type."""
    from onnx import TensorProto

    kind = value.type.tensor_type
    shape = ", ".join(one.dim_param or str(one.dim_value) for one in kind.shape.dim)
    return f"{value.name}\n[{shape}]\n{TensorProto.DataType.Name(kind.elem_type).lower()}"
