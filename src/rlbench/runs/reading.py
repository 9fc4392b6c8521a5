"""Reading files that may come from a stranger: nothing is executed, followed or trusted.

A file must be a regular file of bounded size; values are checked for type and range; whatever
does not fit is answered with None, and the caller names it.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rlbench.opening import UnreadableFileError as UnreadableFileError
from rlbench.opening import open_regular as open_regular

MAX_JSON_BYTES = 4_000_000
MAX_LOG_BYTES = 1_000_000_000
MAX_LINE_BYTES = 8_000_000
MAX_TEXT_LENGTH = 300

# Larger than any honest value, small enough that sums and axis limits stay finite.
MAX_SECONDS = 1e10
MAX_STEPS = 10**15
MAX_RETURN = 1e30


def parse_object(text: bytes) -> dict[str, Any] | None:
    """The JSON object in `text`, or None where there is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_object(path: Path, max_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """The JSON object that is the whole of a file.

    Raises UnreadableFileError where the file cannot be read or holds something else.
    """
    with os.fdopen(open_regular(path, max_bytes), "rb") as file:
        try:
            text = file.read(max_bytes + 1)
        except OSError as error:
            raise UnreadableFileError(f"cannot be read ({error.strerror})") from None
    value = parse_object(text)
    if value is None:
        raise UnreadableFileError("is not a JSON object")
    return value


def read_lines(path: Path, end: int | None = None) -> Iterator[bytes]:
    """The lines of a log, each with its line end where it has one; end: up to this byte.

    Raises UnreadableFileError where the file cannot be read, or has a line beyond MAX_LINE_BYTES.
    """
    with os.fdopen(open_regular(path, MAX_LOG_BYTES), "rb") as file:
        left = MAX_LOG_BYTES if end is None else end
        while left > 0:
            try:
                line = file.readline(min(MAX_LINE_BYTES + 1, left))
            except OSError as error:
                raise UnreadableFileError(f"cannot be read ({error.strerror})") from None
            if len(line) > MAX_LINE_BYTES:
                raise UnreadableFileError(f"has a line beyond {MAX_LINE_BYTES / 1e6:g} MB")
            if not line:
                return
            left -= len(line)
            yield line


def number(value: object, low: float, high: float) -> float | None:
    """`value` as a float where it is a number in [low, high], else None (bool is no number)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not low <= value <= high:  # exact for huge integers, and false for NaN
        return None
    return float(value)


def seconds(row: Mapping[str, Any], key: str) -> float:
    """A duration of a row, NaN where it is absent or impossible."""
    value = number(row.get(key), 0.0, MAX_SECONDS)
    return math.nan if value is None else value


def whole(value: object, low: int, high: int) -> int | None:
    """`value` where it is an integer in [low, high], else None."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        return None
    return value


def text(value: object) -> str:
    """`value` where it is a string, control characters replaced and cut to a bounded length."""
    return printable(value) if isinstance(value, str) else ""


def printable(value: str) -> str:
    """One line that is safe to print: nothing that moves a terminal's cursor or its colours."""
    cut = value[:MAX_TEXT_LENGTH]
    return "".join(c if c.isprintable() else "�" for c in cut)
