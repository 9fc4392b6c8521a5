"""TensorBoard's event files: scalars in the protocol buffers and the framing that it reads.

Written here rather than through a library: what is needed of the format is a few messages, and the
libraries write from another thread, whose time would fall into whatever is being timed.

Format: TensorFlow's record files (length, masked CRC-32C of the length, data, masked CRC-32C of
the data; all little-endian) of `Event` messages, event.proto and summary.proto. CRC-32C: RFC 3720,
appendix B.4.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path

from rlbench.opening import open_to_write
from rlbench.tensorboard.protobuf import (
    bytes_field,
    double_field,
    float_field,
    text_field,
    varint_field,
)

FILE_VERSION = "brain.Event:2"
MAX_FLOAT32 = 3.4028234663852886e38

_SESSION_START = 1  # SessionLog.START: a reader forgets what it had from this step on

Scalar = tuple[str, float]


class EventFile:
    """An event file that is written in the thread that calls.

    Everything of it that a reader had before is replaced: it begins with the start of a session
    at step 0.
    """

    def __init__(self, path: Path, start_s: float) -> None:
        self.path = path
        # What a stranger's folder may hold in its place, as a link, is not followed.
        self._file = os.fdopen(open_to_write(path, os.O_TRUNC), "wb")
        self._file.write(record(_event(start_s, 0) + text_field(3, FILE_VERSION)))
        session = varint_field(1, _SESSION_START)
        self._file.write(record(_event(start_s, 0) + bytes_field(7, session)))

    def write(self, wall_s: float, step: int, scalars: Iterable[Scalar]) -> None:
        """One event.

        wall_s: the time of day, in seconds since 1970. step: the scalars' place on the axis of
        steps. scalars: (tag, value); what a 32-bit float cannot hold is left out.
        """
        values = [
            text_field(1, tag) + float_field(2, value)
            for tag, value in scalars
            if abs(value) <= MAX_FLOAT32  # and no NaN
        ]
        if values:
            self.write_values(wall_s, step, values)

    def write_values(self, wall_s: float, step: int, values: Iterable[bytes]) -> None:
        """One event of messages of the type `Summary.Value`."""
        summary = b"".join(bytes_field(1, value) for value in values)
        self._file.write(record(_event(wall_s, step) + bytes_field(5, summary)))

    def write_graph(self, wall_s: float, graph: bytes) -> None:
        """One event of a message of the type `GraphDef`."""
        self._file.write(record(_event(wall_s, 0) + bytes_field(4, graph)))

    def flush(self) -> None:
        """Hand what was written to the system, for a reader beside the run."""
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def record(data: bytes) -> bytes:
    """`data` in the framing of a record file."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, _masked(length), data, _masked(data)))


def crc32c(data: bytes) -> int:
    """The CRC-32C (Castagnoli) checksum."""
    crc = 0xFFFFFFFF
    table = _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _table() -> tuple[int, ...]:
    entries = []
    for entry in range(256):
        for _ in range(8):
            entry = (entry >> 1) ^ (0x82F63B78 if entry & 1 else 0)
        entries.append(entry)
    return tuple(entries)


_TABLE = _table()


def _masked(data: bytes) -> bytes:
    """The checksum of `data`, rotated and shifted: `data` may itself contain checksums."""
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def _event(wall_s: float, step: int) -> bytes:
    return double_field(1, wall_s) + varint_field(2, step)
