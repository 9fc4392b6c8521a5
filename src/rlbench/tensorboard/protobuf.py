"""Fields of protocol buffers, as bytes: what TensorBoard's messages are made of.

Format: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types


def bytes_field(number: int, content: bytes) -> bytes:
    """Bytes, or another message."""
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def text_field(number: int, text: str) -> bytes:
    """UTF-8; what it cannot hold is replaced."""
    return bytes_field(number, text.encode("utf-8", "replace"))


def varint_field(number: int, value: int) -> bytes:
    """A number from 0 up, a truth or one of an enumeration."""
    return _varint(number << 3 | _VARINT) + _varint(value)


def double_field(number: int, value: float) -> bytes:
    return struct.pack("<Bd", number << 3 | _FIXED64, value)


def float_field(number: int, value: float) -> bytes:
    return struct.pack("<Bf", number << 3 | _FIXED32, value)


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
