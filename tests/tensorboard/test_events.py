"""The format: checksums, framing and messages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rlbench.tensorboard.events import EventFile, crc32c, record
from rlbench.tensorboard.graph import Node, graph_definition
from rlbench.tensorboard.values import histogram, picture
from support.read_events import read_events


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),  # the check value of the catalogue of CRCs
        (bytes(32), 0x8A9136AA),  # RFC 3720, appendix B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_crc32c(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


def test_framing_is_that_of_tensorflows_writer(tmp_path: Path) -> None:
    import tensorflow as tf

    for index, data in enumerate((b"", b"x", bytes(range(256)) * 3)):
        path = tmp_path / str(index)
        with tf.io.TFRecordWriter(str(path)) as writer:
            writer.write(data)
        assert record(data) == path.read_bytes()


def test_a_real_reader_gets_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    events = EventFile(path, 1000.5)
    events.write(1001.25, 0, [("a", 0.5)])
    events.write(1002.0, 3_000_000_000, [("long/" + "n" * 300, -2.0), ("é", 1e38)])
    events.write(1003.0, 200, [("nan", float("nan")), ("inf", float("-inf")), ("big", 1e39)])
    events.close()
    assert read_events(path) == [
        ("a", 0, 0.5, 1001.25),
        ("long/" + "n" * 300, 3_000_000_000, -2.0, 1002.0),
        ("é", 3_000_000_000, pytest.approx(1e38), 1002.0),
    ]


def test_a_real_reader_gets_back_a_graph_a_histogram_and_a_picture(tmp_path: Path) -> None:
    from tensorflow.compat.v1 import GraphDef
    from tensorflow.compat.v1.train import summary_iterator

    path = tmp_path / "events.out.tfevents.1"
    events = EventFile(path, 1000.5)
    nodes = [Node("in", "Placeholder", (), (None, 4)), Node("a/out", "MatMul", ("in",), (None, 2))]
    events.write_graph(1001.0, graph_definition(nodes))
    numbers = np.array([1.0, 2.0, 2.0, np.nan, np.inf, 4.0], np.float32)
    values = [histogram("h", numbers), histogram("none", numbers[3:5]), picture("p", 7, 9, b"GIF")]
    events.write_values(1002.0, 30, values)
    events.close()
    *_, with_graph, with_values = summary_iterator(str(path))
    graph = GraphDef.FromString(with_graph.graph_def)
    assert [(node.name, node.op, list(node.input)) for node in graph.node] == [
        ("in", "Placeholder", []), ("a/out", "MatMul", ["in"])
    ]  # fmt: skip
    (shape,) = graph.node[1].attr["_output_shapes"].list.shape
    assert [size.size for size in shape.dim] == [-1, 2]
    found, empty, image = with_values.summary.value
    histo = found.histo
    assert (histo.min, histo.max, histo.num, histo.sum) == (1, 4, 4, 9)
    assert histo.sum_squares == 25 and sum(histo.bucket) == 4
    assert len(histo.bucket) == len(histo.bucket_limit) and histo.bucket_limit[-1] == 4
    assert empty.histo.num == 0
    assert (image.image.height, image.image.width) == (7, 9)
    assert image.image.encoded_image_string == b"GIF" and with_values.step == 30
