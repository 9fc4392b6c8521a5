"""The arrays of an .npz that may be a stranger's: no pickles, and no more memory than the file is
long."""

from __future__ import annotations

import math
import os
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlbench.opening import UnreadableFileError, open_regular

MAPPED_FROM_BYTES = 64 * 2**20
MAX_FILE_BYTES = 2**50
MAX_LIST_BYTES = 2**21  # of the list of an archive's members, which takes ten times that in memory
_END, _END_64, _PLACE_OF_END_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"


class Arrays:
    """The arrays in an .npz, by name, each of which can be asked for once.

    Large ones are mapped from the file, read-only, so that an agent that copies a replay memory
    into its own never holds it twice.
    """

    def __init__(self, file: IO[bytes]) -> None:
        _check_list(file)
        self._file, self._members = file, zipfile.ZipFile(file)
        self._left_bytes = os.fstat(file.fileno()).st_size

    @property
    def names(self) -> list[str]:
        return [name.removesuffix(".npy") for name in self._members.namelist()]

    def __getitem__(self, name: str) -> NDArray[Any]:
        member = self._members.getinfo(f"{name}.npy")
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{name} is compressed, which rlbench does not write")
        # Many names can stand for the same bytes, so all of them are counted.
        self._left_bytes -= member.file_size
        if self._left_bytes < 0:
            raise ValueError("the arrays come to more than the file holds")
        with self._members.open(member) as stream:
            shape, order, dtype = _header(stream, name)
            begin = stream.tell()
            holds, asks = member.file_size - begin, math.prod(shape) * dtype.itemsize
            if holds != asks or not dtype.itemsize:
                raise ValueError(f"{name} asks for {asks} bytes and has {holds}")
            if holds >= MAPPED_FROM_BYTES:
                begin += self._first_byte(member)
                return np.memmap(self._file, dtype, "r", begin, shape, order)
            stream.seek(0)
            array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
            return array

    def _first_byte(self, member: zipfile.ZipInfo) -> int:
        """Where a member's content begins in the file."""
        self._file.seek(member.header_offset + 26)
        name_bytes, extra_bytes = struct.unpack("<HH", self._file.read(4))
        return int(member.header_offset + 30 + name_bytes + extra_bytes)


@contextmanager
def open_arrays(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Iterator[Arrays]:
    """The arrays of the .npz at `path`, a file of at most `max_bytes`; a link is not followed.

    Raises UnreadableFileError, whose message goes after the file's name, where it cannot be read,
    then or while arrays are asked for within.
    """
    with os.fdopen(open_regular(path, max_bytes), "rb") as file:
        try:
            yield Arrays(file)
        except UnreadableFileError:
            raise
        except KeyError as error:
            raise UnreadableFileError(f"lacks {error}") from error
        except Exception as error:  # zipfile and NumPy raise a dozen kinds for a damaged file
            raise UnreadableFileError(
                f"cannot be read ({type(error).__name__}: {error})"
            ) from error


def _check_list(file: IO[bytes]) -> None:
    """Raises ValueError where the list at the end of an archive, as `zipfile` finds it, is longer
    than any that rlbench writes."""
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - 98))
    end = file.read().rjust(98)  # the end for large archives, where it is, and the end of any
    if not end[76:].startswith(_END) or end[-2:] != b"\0\0":
        raise ValueError("it does not end as an archive without a comment does")
    (size,) = struct.unpack("<L", end[88:92])
    if end[56:].startswith(_PLACE_OF_END_64) and end.startswith(_END_64):
        (size,) = struct.unpack("<Q", end[40:48])
    if size > MAX_LIST_BYTES:
        raise ValueError("it has more members than rlbench writes")
    file.seek(0)


def _header(
    stream: IO[bytes], name: str
) -> tuple[tuple[int, ...], Literal["C", "F"], np.dtype[Any]]:
    """Shape, order and type of an array in NumPy's format."""
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, fortran_order, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError(f"{name} is no array of numbers")
    return shape, "F" if fortran_order else "C", dtype
