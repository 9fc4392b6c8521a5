"""The format: checksums, framing and messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.tensorboard.events import EventFile, crc32c, record
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
