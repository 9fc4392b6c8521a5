"""Checkpoints: an agent's whole state as one .npz of arrays and one JSON file of the rest.

The JSON file names its .npz and is put in place by a rename, so that a reader always finds a
complete pair, however the writer ended.
"""

from __future__ import annotations

import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rlbench.errors import RunError
from rlbench.interfaces import Array, State
from rlbench.runs.files import replace_text, write_npz

INDEX = "checkpoint.json"
ARRAY = "__array__"
MAPPED_FROM_BYTES = 64 * 2**20


def save(directory: Path, seq: int, state: State) -> int:
    """Replace the checkpoint in `directory` with `state`; returns the bytes written.

    seq: a number that no earlier checkpoint of the directory had.
    """
    directory.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Array] = {}
    scalars = _split(state, "", arrays)
    npz = directory / f"state-{seq}.npz"
    with npz.open("wb") as file:
        write_npz(file, arrays)
        file.flush()
        os.fsync(file.fileno())
    index = directory / INDEX
    replace_text(index, json.dumps({"arrays": npz.name, "state": scalars}))
    for other in directory.glob("state-*.npz"):
        if other != npz:
            other.unlink()
    return npz.stat().st_size + index.stat().st_size


def load(directory: Path) -> State | None:
    """The state of the checkpoint in `directory`, or None where there is none.

    Raises RunError for a checkpoint that cannot be read.
    """
    index = directory / INDEX
    if not index.is_file():
        return None
    try:
        content = json.loads(index.read_text())
        # The name is data: only a file beside the index is ever opened.
        path = directory / Path(content["arrays"]).name
        with np.load(path, allow_pickle=False) as arrays, zipfile.ZipFile(path) as members:
            return dict(_join(content["state"], _Arrays(path, arrays, members)))
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise RunError(
            f"{directory}: the checkpoint cannot be read ({error}); overwrite=true starts again"
        ) from error


def _split(value: Any, path: str, arrays: dict[str, Array]) -> Any:
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or key == ARRAY:
                raise TypeError(f"{path or 'the state'}: {key!r} is a key; takes names of text")
        return {key: _split(item, f"{path}/{_part(key)}", arrays) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_split(item, f"{path}/{i}", arrays) for i, item in enumerate(value)]
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {ARRAY: path}
    if isinstance(value, np.generic):
        return value.item()
    return value


def _part(key: str) -> str:
    """`key` as one part of a path, so that {"a/b": x} and {"a": {"b": y}} stay apart."""
    return key.replace("~", "~0").replace("/", "~1")


class _Arrays:
    """The arrays of an uncompressed .npz. Large ones are mapped from the file, read-only, so that
    an agent that copies a replay memory into its own never holds it twice."""

    def __init__(self, path: Path, arrays: Any, members: zipfile.ZipFile) -> None:
        self._path, self._arrays, self._members = path, arrays, members

    def __getitem__(self, name: str) -> Array:
        member = self._members.getinfo(f"{name}.npy")
        if member.file_size < MAPPED_FROM_BYTES or member.compress_type != zipfile.ZIP_STORED:
            array: Array = self._arrays[name]
            return array
        with self._path.open("rb") as file:
            file.seek(member.header_offset + 26)  # lengths of name and extra field, then these
            name_bytes, extra_bytes = struct.unpack("<HH", file.read(4))
            file.seek(name_bytes + extra_bytes, os.SEEK_CUR)
            version = np.lib.format.read_magic(file)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran_order, dtype = read(file)
            if dtype.hasobject:
                raise ValueError(f"{name} is no array of numbers")
            order: Literal["C", "F"] = "F" if fortran_order else "C"
            return np.memmap(self._path, dtype, "r", file.tell(), shape, order)


def _join(value: Any, arrays: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {ARRAY}:
            return arrays[value[ARRAY]]
        return {key: _join(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_join(item, arrays) for item in value]
    return value
