"""Event files taken apart by hand: records, and the fields of protocol buffers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

EXPERIMENT, START, END = (
    f"_hparams_/{name}" for name in ("experiment", "session_start_info", "session_end_info")
)


def records(path: Path) -> list[bytes]:
    """The data of each record of an event file, checksums passed over."""
    content, found = path.read_bytes(), []
    while content:
        (length,) = struct.unpack_from("<Q", content)
        found.append(content[12 : 12 + length])
        content = content[16 + length :]
    return found


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The number and the content of each field, in order."""
    while message:
        key, message = _varint(message)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, message = _varint(message)
        elif wire_type == 2:
            length, message = _varint(message)
            value, message = message[:length], message[length:]
        else:
            form = {1: "<d", 5: "<f"}[wire_type]
            (value,) = struct.unpack_from(form, message)
            message = message[struct.calcsize(form) :]
        yield number, value


def field(message: bytes, *path: int) -> Any:
    """What is at the end of a way through messages in messages."""
    for number in path:
        message = dict(fields(message))[number]
    return message


def hparams_messages(path: Path) -> dict[str, bytes]:
    """By tag, each message of the HParams plugin in an event file; no tag is there twice."""
    found: dict[str, bytes] = {}
    for record in records(path):
        for number, summary in fields(record):
            if number != 5:
                continue
            for _, value in fields(summary):
                tag = field(value, 1).decode()
                if not tag.startswith("_hparams_/"):
                    continue
                assert tag not in found
                assert field(value, 9, 1, 1) == b"hparams"
                assert field(value, 8) == b"\x08\x01\x12\x02\x12\x00"  # TensorBoard's NULL_TENSOR
                found[tag] = field(value, 9, 1, 2)
    return found


def session_settings(path: Path) -> dict[str, Any]:
    """The settings in the start of a session."""
    start = field(hparams_messages(path)[START], 3)
    entries = [entry for number, entry in fields(start) if number == 1]
    return {field(entry, 1).decode(): plain(field(entry, 2)) for entry in entries}


def columns(path: Path) -> dict[str, list[Any]]:
    """The settings that the experiment lists, each with its domain."""
    found = {}
    for number, column in fields(field(hparams_messages(path)[EXPERIMENT], 2)):
        if number == 4:
            content = dict(fields(column))
            if 6 in content:
                domain = [value for _, value in fields(content[6])]
            else:
                domain = [plain(value) for _, value in fields(content[5])]
            found[content[1].decode()] = domain
    return found


def status(path: Path) -> int | None:
    """How the session ended: 1 success, 2 failure, 3 running; None where it is not said."""
    end = hparams_messages(path).get(END)
    return None if end is None else field(end, 4, 1)


def plain(value: bytes) -> Any:
    """The content of a google.protobuf.Value."""
    ((number, content),) = fields(value)
    return {2: lambda: content, 3: lambda: content.decode(), 4: lambda: bool(content)}[number]()


def _varint(message: bytes) -> tuple[int, bytes]:
    value = 0
    for index, byte in enumerate(message):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, message[index + 1 :]
    raise ValueError("a number without an end")
