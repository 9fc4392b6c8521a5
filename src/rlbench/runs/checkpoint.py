"""Checkpoints: an agent's whole state as one .npz of arrays and one JSON file of the rest.

The JSON file names its .npz and is put in place by a rename, so that a reader always finds a
complete pair, however the writer ended.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from rlbench.arrays import open_arrays
from rlbench.errors import RunError
from rlbench.interfaces import Array, State
from rlbench.opening import UnreadableFileError, make_directory, open_to_write
from rlbench.runs.files import replace_text, write_npz
from rlbench.runs.reading import read_object

INDEX = "checkpoint.json"
ARRAY = "__array__"
MAX_INDEX_BYTES = 16_000_000


def save(directory: Path, seq: int, state: State) -> int:
    """Replace the checkpoint in `directory` with `state`; returns the bytes written.

    seq: a number that no earlier checkpoint of the directory had.
    Raises OSError where it cannot be written; an earlier checkpoint is whole then.
    """
    make_directory(directory, below=directory.parent)
    arrays: dict[str, Array] = {}
    scalars = _split(state, "", arrays)
    npz = directory / f"state-{seq}.npz"
    npz.unlink(missing_ok=True)
    with os.fdopen(open_to_write(npz, os.O_EXCL), "wb") as file:
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
    if not os.path.lexists(index):
        return None
    path = index
    try:
        content = read_object(index, MAX_INDEX_BYTES)
        if not isinstance(content.get("arrays"), str):
            raise UnreadableFileError("does not name the file of its arrays")
        # The name is data: only a file beside the index is ever opened.
        path = directory / Path(content["arrays"]).name
        with open_arrays(path) as arrays:
            state = _join(content.get("state"), arrays)
            if not isinstance(state, dict):
                raise ValueError("no state")
            return state
    except UnreadableFileError as error:
        raise RunError(
            f"{path}: the checkpoint cannot be read: {error}; overwrite=true starts again"
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


def _join(value: Any, arrays: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {ARRAY}:
            return arrays[value[ARRAY]]
        return {key: _join(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_join(item, arrays) for item in value]
    return value
