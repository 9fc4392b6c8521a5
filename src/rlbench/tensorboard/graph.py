"""A network as the graph that TensorBoard draws.

Format: `GraphDef` in graph.proto, with `NodeDef`, `AttrValue` and `TensorShapeProto`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rlbench.tensorboard.protobuf import bytes_field, text_field, varint_field

_FLOAT = 1  # DT_FLOAT
_ANY = 2**64 - 1  # -1: a size that is not known


@dataclass(frozen=True)
class Node:
    """An operation. name: parts with `/` between them are drawn in one another. inputs: names of
    other nodes. shape: of what it gives; None: a size that may be any."""

    name: str
    operation: str
    inputs: tuple[str, ...] = ()
    shape: tuple[int | None, ...] = ()


def graph_definition(nodes: Iterable[Node]) -> bytes:
    """The message `GraphDef`."""
    return b"".join(bytes_field(1, _node(node)) for node in nodes)


def _node(node: Node) -> bytes:
    sizes = (varint_field(1, _ANY if size is None else size) for size in node.shape)
    shape = b"".join(bytes_field(2, size) for size in sizes)
    parts = [text_field(1, node.name), text_field(2, node.operation)]
    parts += [text_field(3, name) for name in node.inputs]
    parts += [
        _attribute("T", varint_field(6, _FLOAT)),
        _attribute("_output_shapes", bytes_field(1, bytes_field(7, shape))),
    ]
    return b"".join(parts)


def _attribute(name: str, value: bytes) -> bytes:
    """An entry of the map of a node's attributes."""
    return bytes_field(5, text_field(1, name) + bytes_field(2, value))
