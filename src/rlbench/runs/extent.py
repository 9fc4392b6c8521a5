"""How far a log goes, so that it can be seen later whether it still begins as it did."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from rlbench.opening import open_regular
from rlbench.runs.reading import MAX_LOG_BYTES

BLOCK_BYTES = 2**20


@dataclass(frozen=True)
class Extent:
    """The length of a log, and the checksum (CRC-32) of so much of it."""

    length: int = 0
    checksum: int = 0

    def plus(self, more: bytes) -> Extent:
        """The extent after `more` was appended."""
        return Extent(self.length + len(more), zlib.crc32(more, self.checksum))


def extent_of(path: Path, length: int) -> Extent:
    """The extent of the first `length` bytes of a log, or of all where it is shorter.

    Raises UnreadableFileError where the file cannot be read.
    """
    found = Extent()
    with os.fdopen(open_regular(path, MAX_LOG_BYTES), "rb") as file:
        while block := file.read(min(length - found.length, BLOCK_BYTES)):
            found = found.plus(block)
    return found
