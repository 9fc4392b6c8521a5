"""Standard output and error as a command finds them: closed, full, without a reader, with one who
does not read, or with no code for a character. Nothing of this ends what a command does."""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

READER_GONE = (errno.EPIPE, errno.ECONNRESET, errno.EBADF, errno.EIO)
CHUNK_BYTES = 512  # of a pipe that can take anything, POSIX promises so much
KEPT_BYTES = 1 << 15  # half of what a pipe holds on Linux
LAST_WAIT_S = 1.0


class Steady(io.RawIOBase):
    """Hands bytes to a descriptor. After the first one that cannot be written they are dropped, and
    `error` says why.

    waits: whether to wait for a reader who is slow, for as long as it takes. Else what cannot be
    written at once is kept until there is room; of much that waits the newest KEPT_BYTES are kept.
    """

    def __init__(self, descriptor: int, *, waits: bool = True) -> None:
        self._descriptor, self._waits = descriptor, waits
        self._target = descriptor if waits else _own_way_to(descriptor)
        self._kept = b""
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
        self._kept += bytes(data)
        try:
            self._send(None if self._waits else 0.0)
        except KeyboardInterrupt:  # who waited for the reader does so no more
            self._kept, self._waits = b"", False
            raise
        if len(self._kept) > KEPT_BYTES:
            self._kept = self._kept[-KEPT_BYTES:].partition(b"\n")[2]
        return len(data)

    def finish(self) -> None:
        """Wait a moment for what is kept, and no longer."""
        from rlbench.clock import monotonic_s  # takes a while, which --help needs not

        ends_s = monotonic_s() + LAST_WAIT_S
        while self._kept and (left_s := ends_s - monotonic_s()) > 0:
            self._send(left_s)
        if self._target != self._descriptor:
            os.close(self._target)
            self._target = self._descriptor

    def _send(self, patience_s: float | None) -> None:
        """Write what is kept, as far as there is room; for the first room wait so long."""
        while self._kept and self.error is None:
            try:
                if not select.select([], [self._target], [], patience_s)[1]:
                    return
                sent = os.write(self._target, self._kept[:CHUNK_BYTES])
            except BlockingIOError:
                if not self._waits:
                    return
            except OSError as error:
                self.error = error
            else:
                self._kept = self._kept[sent:]
        if self.error is not None:
            self._kept = b""


@contextmanager
def steady_streams(*, waits: bool = True) -> Iterator[Steady]:
    """Standard output and error that never raise, within; gives what is below the output.

    waits: for a reader who is slow; see `Steady`.
    Streams that something else has put in their place (a notebook, a test) are left as they are.
    """
    _fill_closed_descriptors()
    before = sys.stdout, sys.stderr
    output, errors = Steady(1, waits=waits), Steady(2, waits=waits)
    if before[0] is sys.__stdout__:
        sys.stdout = _text(before[0], output, "replace")
    if before[1] is sys.__stderr__:
        sys.stderr = _text(before[1], errors, "backslashreplace")
    try:
        yield output
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before
        for raw in (output, errors):
            raw.finish()


def _own_way_to(descriptor: int) -> int:
    """A descriptor of our own for the same pipe or terminal, which never makes a writer wait; not
    waiting for `descriptor` itself would be so for every process that shares it. Where there is
    no such way, as for a socket, or no need, as for a file: `descriptor`."""
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode) or os.isatty(descriptor):
        with suppress(OSError):
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
            return os.open(f"/dev/fd/{descriptor}", flags)
    return descriptor


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
