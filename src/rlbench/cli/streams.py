"""Standard output and error as a command finds them: closed, full, without a reader, or with no
code for a character. Nothing of this ends what a command does."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

READER_GONE = (errno.EPIPE, errno.ECONNRESET, errno.EBADF, errno.EIO)


class Steady(io.RawIOBase):
    """Hands bytes to a descriptor. After the first one that cannot be written they are dropped, and
    `error` says why."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.error: OSError | None = None

    def lost(self) -> OSError | None:
        """Why something was not written though it had a reader, as on a disk that is full."""
        sys.stdout.flush()
        gone = self.error is None or self.error.errno in READER_GONE
        return None if gone else self.error

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any) -> int:
        while self.error is None:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.error = error
        return len(data)


@contextmanager
def steady_streams() -> Iterator[Steady]:
    """Standard output and error that never raise, within; gives what is below the output.

    Streams that something else has put in their place (a notebook, a test) are left as they are.
    """
    _fill_closed_descriptors()
    before = sys.stdout, sys.stderr
    output = Steady(1)
    if before[0] is sys.__stdout__:
        sys.stdout = _text(before[0], output, "replace")
    if before[1] is sys.__stderr__:
        sys.stderr = _text(before[1], Steady(2), "backslashreplace")
    try:
        yield output
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before


def _fill_closed_descriptors() -> None:
    """Else the next file to be opened would be the standard output of all that is printed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free


def _text(before: TextIO | None, raw: Steady, errors: str) -> TextIO:
    """A text stream over `raw`, in the encoding of the one before (None: it was closed)."""
    if before is not None:
        before.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding="utf-8" if before is None else before.encoding,
        errors=errors,
        line_buffering=raw.isatty() or raw.fileno() == 2,
        write_through=bool(os.environ.get("PYTHONUNBUFFERED")),
    )
