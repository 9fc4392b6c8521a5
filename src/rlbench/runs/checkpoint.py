"""Checkpoints: an agent's whole state as one .npz of arrays, files of rows that checkpoints share,
and one JSON file of the rest.

The JSON file names the others, says their lengths and checksums, and is put in place by a rename,
so that a reader always finds a complete set, however the writer ended. The one before is kept, for
the case that the newest is damaged.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from rlbench.arrays import open_arrays
from rlbench.errors import RunError
from rlbench.interfaces import Array, State
from rlbench.opening import (
    UnreadableFileError,
    is_directory,
    make_directory,
    open_regular,
    open_to_write,
)
from rlbench.runs.files import replace_text, sync_directory, write_npz
from rlbench.runs.reading import read_object, whole
from rlbench.runs.row_files import Written, files_of, read_rows, write_rows
from rlbench.saving import Rows, SavedRows

ARRAY, ROWS = "__array__", "__rows__"
MAX_INDEX_BYTES = 8_000_000
MAX_FILE_BYTES = 2**50
LOOKED_AT = 4  # of the checkpoints in a directory; there are two, and three while one is removed
BLOCK_BYTES = 2**20
_INDEX = re.compile(r"checkpoint-(\d{1,16})\.json")


@dataclass(frozen=True)
class Saved:
    """What a checkpoint has written. row_bytes: those of them that no later one writes again."""

    bytes: int
    row_bytes: int


class Checkpoints:
    """The checkpoints of one run: the newest, and the one before.

    Each has a number, `seq`, larger than that of any before. going_on_from: the number of the one
    that the run goes on from, which is kept until there are two newer ones. most_bytes: of arrays
    and rows, which are read to see that they are whole, in one that is loaded.
    """

    def __init__(self, directory: Path, most_bytes: int = MAX_FILE_BYTES) -> None:
        self.directory, self._most_bytes = directory, most_bytes
        self.going_on_from = next(self.numbers(), None)
        self._rows: dict[int | None, dict[str, Written]] = {}  # of those loaded or saved last

    def numbers(self) -> Iterator[int]:
        """Those that are there, the newest first."""
        if not is_directory(self.directory):
            return
        names = (_INDEX.fullmatch(file.name) for file in self.directory.iterdir())
        yield from sorted((int(name[1]) for name in names if name), reverse=True)[:LOOKED_AT]

    def index(self, seq: int) -> Path:
        """The JSON file of a checkpoint."""
        return self.directory / f"checkpoint-{seq}.json"

    def save(self, seq: int, state: State) -> Saved:
        """Save `state` as checkpoint `seq`.

        Raises OSError where it cannot be written, RunError where it could not be loaded; earlier
        checkpoints are whole then, and what was made for this one is removed.
        """
        make_directory(self.directory, below=self.directory.parent)
        arrays: dict[str, Array] = {}
        rows: dict[str, Rows] = {}
        scalars = _split(state, "", arrays, rows)
        before = self._rows.get(self.going_on_from, {})
        try:
            written = {
                key: write_rows(self.directory, key, part, before.get(key), seq)
                for key, part in rows.items()
            }
            size = self._write(seq, arrays, written, scalars)
            self._remove_all_but(seq, self.going_on_from)
        except (OSError, RunError):
            with suppress(OSError):
                self._remove_unnamed()
            raise
        self.going_on_from, self._rows = seq, {seq: written}
        new = sum(written[key].bytes_since(before.get(key)) for key in written)
        return Saved(size + new, new)

    def _write(
        self, seq: int, arrays: dict[str, Array], rows: dict[str, Written], scalars: Any
    ) -> int:
        """Write all but the rows; how many bytes that is."""
        npz = self._arrays(seq)
        npz.unlink(missing_ok=True)
        with os.fdopen(open_to_write(npz, os.O_EXCL), "w+b") as file:
            write_npz(file, arrays)
            file.flush()
            facts = {"file": npz.name, **_facts(file)}
            os.fsync(file.fileno())
        index = self.index(seq)
        places = {key: part.to_json() for key, part in rows.items()}
        text = sealed({"arrays": facts, "rows": places, "state": scalars})
        if len(text) > MAX_INDEX_BYTES:
            raise RunError(
                f"the agent's state has {len(text) / 1e6:.0f} MB of values that are not in arrays; "
                f"takes {MAX_INDEX_BYTES / 1e6:g} MB"
            )
        replace_text(index, text)
        sync_directory(self.directory)
        return npz.stat().st_size + index.stat().st_size

    def load(self, seq: int) -> State:
        """The state of checkpoint `seq`.

        Raises RunError that names the file which cannot be read.
        """
        path = self.index(seq)
        try:
            content = _unsealed(read_object(path, MAX_INDEX_BYTES))
            written, facts = _written(content), content.get("arrays")
            self._check_size(facts, written)
            rows = {key: read_rows(self.directory, part) for key, part in written.items()}
            if not isinstance(facts, dict) or not isinstance(facts.get("file"), str):
                raise UnreadableFileError("does not name the file of its arrays")
            # The name is data: only a file beside the index is ever opened.
            path = self.directory / Path(facts["file"]).name
            _check(path, facts)
            with open_arrays(path) as arrays:
                state = _join(content.get("state"), arrays, rows)
                if not isinstance(state, dict):
                    raise ValueError("no state")
            self._rows[seq] = written
            return state
        except UnreadableFileError as error:
            raise RunError(
                f"{path}: the checkpoint cannot be read: {error}; overwrite=true starts again"
            ) from error

    def _check_size(self, facts: Any, rows: Mapping[str, Written]) -> None:
        """Before hours are spent on reading what an agent of this run cannot have left."""
        arrays = whole(facts.get("bytes"), 0, MAX_FILE_BYTES) if isinstance(facts, dict) else None
        size = (arrays or 0) + sum(part.bytes for part in rows.values())
        if size > self._most_bytes:
            raise UnreadableFileError(
                f"names {size / 1e6:,.0f} MB; the agent takes up to {self._most_bytes / 1e6:,.0f}"
            )

    def _arrays(self, seq: int) -> Path:
        return self.directory / f"state-{seq}.npz"

    def _remove_all_but(self, *kept: int | None) -> None:
        """An index goes before what it names."""
        for seq in self.numbers():
            if seq not in kept:
                self.index(seq).unlink()
        self._remove_unnamed()

    def _remove_unnamed(self) -> None:
        """Remove the files that belong to none of the checkpoints."""
        named = set[str]()
        for seq in self.numbers():
            named |= {self._arrays(seq).name, *self._row_files(seq)}
        for file in (*self.directory.glob("state-*.npz"), *files_of(self.directory)):
            if file.name not in named:
                file.unlink()

    def _row_files(self, seq: int) -> set[str]:
        try:
            written = _written(_unsealed(read_object(self.index(seq), MAX_INDEX_BYTES)))
        except UnreadableFileError:
            return set()
        return {piece.file for part in written.values() for piece in part.pieces}


def save(directory: Path, seq: int, state: State) -> int:
    """Save `state` as the newest checkpoint in `directory` (see `Checkpoints.save`); the bytes."""
    return Checkpoints(directory).save(seq, state).bytes


def load(directory: Path) -> State | None:
    """The state of the newest checkpoint in `directory`, or None where there is none.

    Raises RunError for a checkpoint that cannot be read.
    """
    checkpoints = Checkpoints(directory)
    seq = next(checkpoints.numbers(), None)
    return None if seq is None else checkpoints.load(seq)


def sealed(content: Mapping[str, Any]) -> str:
    """The text of an index: its content and the checksum of that."""
    text = json.dumps(content)
    return f'{{"crc32": {zlib.crc32(text.encode())}, "content": {text}}}'


def _unsealed(index: Mapping[str, Any]) -> dict[str, Any]:
    content = index.get("content")
    if not isinstance(content, dict):
        raise UnreadableFileError("has no content")
    try:
        text = json.dumps(content)
    except RecursionError:
        raise UnreadableFileError("is nested too deeply") from None
    if zlib.crc32(text.encode()) != index.get("crc32"):
        raise UnreadableFileError("is damaged (its checksum is another)")
    return content


def _facts(file: IO[bytes]) -> dict[str, int]:
    """The length and the checksum of a file."""
    file.seek(0)
    length = checksum = 0
    while block := file.read(BLOCK_BYTES):
        length, checksum = length + len(block), zlib.crc32(block, checksum)
    return {"bytes": length, "crc32": checksum}


def _check(path: Path, facts: Mapping[str, Any]) -> None:
    """Raises UnreadableFileError where a file is not the one that was written."""
    with os.fdopen(open_regular(path, MAX_FILE_BYTES), "rb") as file:
        length = os.fstat(file.fileno()).st_size
        if length != facts.get("bytes"):
            raise UnreadableFileError(f"is damaged (it has {length} bytes, not as many as it had)")
        if _facts(file)["crc32"] != facts.get("crc32"):
            raise UnreadableFileError("is damaged (its checksum is another)")


def _written(content: Mapping[str, Any]) -> dict[str, Written]:
    try:
        return {str(key): Written.from_json(part) for key, part in content.get("rows", {}).items()}
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise UnreadableFileError(f"names no usable rows ({error})") from None


def _split(value: Any, path: str, arrays: dict[str, Array], rows: dict[str, Rows]) -> Any:
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or key in (ARRAY, ROWS):
                raise TypeError(f"{path or 'the state'}: {key!r} is a key; takes names of text")
        return {
            key: _split(item, f"{path}/{_part(key)}", arrays, rows) for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_split(item, f"{path}/{i}", arrays, rows) for i, item in enumerate(value)]
    if isinstance(value, Rows):
        rows[path] = value
        return {ROWS: path}
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {ARRAY: path}
    if isinstance(value, np.generic):
        return value.item()
    return value


def _part(key: str) -> str:
    """`key` as one part of a path, so that {"a/b": x} and {"a": {"b": y}} stay apart."""
    return key.replace("~", "~0").replace("/", "~1")


def _join(value: Any, arrays: Any, rows: Mapping[str, SavedRows]) -> Any:
    if isinstance(value, dict):
        if set(value) == {ARRAY}:
            return arrays[value[ARRAY]]
        if set(value) == {ROWS}:
            return rows[value[ROWS]]
        return {key: _join(item, arrays, rows) for key, item in value.items()}
    if isinstance(value, list):
        return [_join(item, arrays, rows) for item in value]
    return value
