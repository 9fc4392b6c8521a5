"""Rows of a state (`saving.Rows`) in files that are only appended to, so that a checkpoint of a
large replay writes what is new."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rlbench.opening import UnreadableFileError, open_regular, open_to_write
from rlbench.runs.reading import whole
from rlbench.saving import Rows, SavedRows

FILE_BYTES = 2**25  # of one file at most, which is removed once none of its rows is kept
FILE_BYTES_LEAST = 2**20
FILES = 8  # for the rows that are kept, where that makes files of a size between the two
WRITTEN_TOGETHER = 2**22  # bytes
MAX_FILE_BYTES = 2**30
MAX_ROW = 2**53
MAX_PIECES = 10_000
_NAME = re.compile(r"rows-[0-9a-f]{8}-\d{1,16}-\d{1,16}\.bin")
_TYPE = re.compile(r"[<>|][biuf]\d{1,2}")  # of the numbers in a column


@dataclass(frozen=True)
class Piece:
    """The rows of one file: the number of the first, how many there are, and the checksum of so
    much of the file."""

    file: str
    first: int
    length: int
    checksum: int

    @property
    def end(self) -> int:
        """The number after that of the last."""
        return self.first + self.length


@dataclass(frozen=True)
class Written:
    """What is on the disk of some rows. row: name, type and shape of each column."""

    end: int = 0
    kept: int = 0
    row: tuple[tuple[str, str, tuple[int, ...]], ...] = ()
    pieces: tuple[Piece, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        pieces = [[p.file, p.first, p.length, p.checksum] for p in self.pieces]
        row = [[name, kind, list(shape)] for name, kind, shape in self.row]
        return {"end": self.end, "kept": self.kept, "row": row, "pieces": pieces}

    @classmethod
    def from_json(cls, value: Any) -> Written:
        """Raises KeyError, TypeError, ValueError or OverflowError for anything else."""
        row = tuple(
            (str(n), str(kind), tuple(map(_count, shape))) for n, kind, shape in value["row"]
        )
        pieces = tuple(
            Piece(str(file), _count(first), _count(length), _count(checksum))
            for file, first, length, checksum in value["pieces"]
        )
        if not all(_NAME.fullmatch(piece.file) and piece.length for piece in pieces):
            raise ValueError("a file of rows has no such name, or no rows")
        if len(pieces) > MAX_PIECES:
            raise ValueError(f"more than {MAX_PIECES} files")
        if len({piece.file for piece in pieces}) < len(pieces):
            raise ValueError("a file of rows is named twice")
        if not all(_TYPE.fullmatch(kind) for _, kind, _ in row):
            raise ValueError("rows are no numbers")
        written = cls(_count(value["end"]), _count(value["kept"]), row, pieces)
        written._check()
        return written

    def _check(self) -> None:
        ends, first = [piece.end for piece in self.pieces], self.end - self.kept
        firsts = [piece.first for piece in self.pieces]
        if firsts[1:] != ends[:-1] or (ends or [self.end])[-1] != self.end:
            raise ValueError("rows do not follow each other")
        if not 0 <= (firsts or [self.end])[0] <= first:
            raise ValueError("rows are missing")
        if ends and ends[0] <= first:
            raise ValueError("a file has no row that is kept")
        if not self.dtype.itemsize:
            raise ValueError("rows of no bytes")

    def bytes_since(self, before: Written | None) -> int:
        """The bytes of the rows that are new."""
        known = before.end if before is not None and before.row == self.row else 0
        return max(0, self.end - max(known, self.end - self.kept)) * self.dtype.itemsize

    @property
    def bytes(self) -> int:
        """Of all rows that are in files."""
        return sum(piece.length for piece in self.pieces) * self.dtype.itemsize

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of one row."""
        return np.dtype([(name, np.dtype(kind), shape) for name, kind, shape in self.row])


def write_rows(directory: Path, key: str, rows: Rows, before: Written | None, seq: int) -> Written:
    """Write what is not on the disk yet, to files named by `key` and, where they are new, `seq`;
    what is there then. before: of the checkpoint that the run goes on from.

    Raises OSError where it cannot be written; what `before` says is there stays. TypeError for
    rows that are no numbers.
    """
    row = tuple((n, c.dtype.str, tuple(c.shape[1:])) for n, c in rows.columns.items())
    for name, kind, _ in row:
        if not _TYPE.fullmatch(kind):
            raise TypeError(f"{key}: {name} is of type {kind}; rows are numbers")
    if before is None or before.row != row or not rows.first <= before.end <= rows.end:
        before = Written(rows.first, 0, row)
    size = before.dtype.itemsize
    wanted = max(-(-rows.kept // FILES), FILE_BYTES_LEAST // size)
    per_file = max(1, min(FILE_BYTES // size, wanted))
    pieces = [piece for piece in before.pieces if piece.end > rows.first]
    number = before.end
    while number < rows.end:
        if not pieces or pieces[-1].length >= per_file:
            name = f"rows-{zlib.crc32(key.encode()):08x}-{number}-{seq}.bin"
            pieces.append(Piece(name, number, 0, 0))
        last = pieces[-1]
        stop = min(rows.end, last.first + per_file)
        pieces[-1] = _append(directory / last.file, last, rows, stop, before.dtype)
        number = stop
    return Written(rows.end, rows.kept, row, tuple(pieces))


def read_rows(directory: Path, written: Written) -> SavedRows:
    """The rows that are there. Raises UnreadableFileError that names a file which does not hold
    what was written."""
    pieces = []
    for piece in written.pieces:
        try:
            data = _read(directory / piece.file, piece, written.dtype)
        except UnreadableFileError as error:
            raise UnreadableFileError(f"names {piece.file}, which {error}") from None
        pieces.append((piece.first, {name: data[name] for name, _, _ in written.row}))
    return SavedRows(tuple(pieces), written.end, written.kept)


def files_of(directory: Path) -> Iterator[Path]:
    """All files of rows in a directory."""
    yield from (path for path in directory.iterdir() if _NAME.fullmatch(path.name))


def _read(path: Path, piece: Piece, kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    with os.fdopen(open_regular(path, MAX_FILE_BYTES), "rb") as file:
        if os.fstat(file.fileno()).st_size < piece.length * kind.itemsize:
            raise UnreadableFileError("is damaged (it is too short)")
        data = np.memmap(file, kind, "r", 0, (piece.length,))
    if _checksum(data) != piece.checksum:
        raise UnreadableFileError("is damaged (its checksum is another)")
    return data


def _append(path: Path, piece: Piece, rows: Rows, stop: int, kind: np.dtype[Any]) -> Piece:
    """Write the rows that follow a piece, up to number `stop`; the piece with them."""
    number, checksum = piece.end, piece.checksum
    together = max(1, WRITTEN_TOGETHER // kind.itemsize)
    with os.fdopen(open_to_write(path), "r+b") as file:
        file.seek(piece.length * kind.itemsize)  # beyond may be what a later checkpoint knew
        while number < stop:
            until = min(number + together, stop)
            block = np.empty(until - number, kind)
            for name, column in rows.columns.items():
                block[name] = column[np.arange(number, until) % len(column)]
            data = block.tobytes()
            file.write(data)
            checksum, number = zlib.crc32(data, checksum), until
        file.flush()
        os.fsync(file.fileno())
    return Piece(piece.file, piece.first, stop - piece.first, checksum)


def _checksum(data: np.ndarray[Any, Any]) -> int:
    checksum, together = 0, max(1, WRITTEN_TOGETHER // data.dtype.itemsize)
    for start in range(0, len(data), together):
        checksum = zlib.crc32(data[start : start + together].tobytes(), checksum)
    return checksum


def _count(value: object) -> int:
    number = whole(value, 0, MAX_ROW)
    if number is None:
        raise ValueError(f"{value!r} is no count")
    return number
