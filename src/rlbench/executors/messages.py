"""What a process and its workers say to each other. Both ends belong to one run, so that nothing of
a stranger's is ever unpickled here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import DupFd, ForkingPickler
from typing import Any

PROTOCOL = 5  # of pickle
POSTED_FROM_BYTES = 2**16  # what a pipe holds
PIECE_BYTES = 2**30  # what one call of the system writes or reads at most


def dumped(message: Any) -> memoryview:
    """A message in bytes, as `Connection.send_bytes` takes them."""
    data: memoryview = ForkingPickler.dumps(message, PROTOCOL)
    return data


def receive(connection: Connection) -> tuple[Any, int]:
    """Wait for a message; what it says, and how many bytes it had."""
    data = connection.recv_bytes()
    return ForkingPickler.loads(data), len(data)


@dataclass(frozen=True)
class Posted:
    """How many bytes there are on a board."""

    size: int


class Board:
    """Memory in which a process writes a message once, and all of its workers read it.

    It is handed to a worker's process when that is started. It has no name in the file system, so
    that nothing is left of it however the processes end. Only Linux has such memory: elsewhere each
    worker is sent the message.
    """

    def __init__(self) -> None:
        self._file = os.memfd_create("rlbench") if hasattr(os, "memfd_create") else None

    def post(self, message: Any) -> bytes | Posted:
        """Write a message in place of the one before, which nobody must be reading any more; what
        workers are to be sent, which `read` takes."""
        return self.post_bytes(dumped(message))

    def post_bytes(self, data: bytes | memoryview) -> bytes | Posted:
        """The same with a message that is in bytes already."""
        if self._file is None or len(data) < POSTED_FROM_BYTES:
            return bytes(data)
        done = 0
        while done < len(data):
            done += os.pwrite(self._file, data[done : done + PIECE_BYTES], done)
        return Posted(len(data))

    def read(self, sent: bytes | Posted) -> Any:
        """What was posted."""
        if isinstance(sent, bytes):
            return ForkingPickler.loads(sent)
        data = b""
        while len(data) < sent.size:  # once, for all but the largest
            data += self.piece(len(data), min(sent.size - len(data), PIECE_BYTES))
        return ForkingPickler.loads(data)

    def piece(self, start: int, size: int) -> bytes:
        """So many bytes of what was posted, or fewer."""
        assert self._file is not None
        return os.pread(self._file, size, start)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __getstate__(self) -> Any:
        return None if self._file is None else (DupFd(self._file),)

    def __setstate__(self, state: Any) -> None:
        self._file = state[0].detach()
