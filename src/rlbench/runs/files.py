"""How files become bytes: strict JSON, and a file replaced whole or not at all."""

from __future__ import annotations

import errno
import json
import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from rlbench.interfaces import Array
from rlbench.opening import LINK, in_the_way, open_to_write


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of `path` at the end, by a rename: a reader sees the old
    content or the new, never a part. After an error the old content stays. A link at `path` is
    replaced, not followed.

    Raises OSError that names `path`, also for a device, a pipe or a socket there.
    """
    what = in_the_way(path)
    if what is not None and what != LINK:
        raise OSError(errno.EINVAL, what, str(path))
    # Named by the process: two reports may be made into one folder at the same time.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)  # whatever a stranger has put there
        with os.fdopen(open_to_write(partial, os.O_EXCL), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    """Have the names in a directory outlast a loss of power, where the system can."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_bytes(path: Path, content: bytes) -> None:
    """Replace the content of `path`, whole or not at all (see `replacing`)."""
    with replacing(path) as file:
        file.write(content)


def replace_text(path: Path, text: str) -> None:
    """As `replace_bytes`, in UTF-8; what that cannot say (half of a character) is escaped."""
    replace_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_npz(file: IO[bytes], arrays: Mapping[str, Array]) -> None:
    """Write `arrays` as `np.savez` does, without pickles. It takes the names as keywords, and so
    not all of them ("file"); here each is taken.

    Uncompressed: compressing a replay memory takes minutes and gains little.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            if "\0" in name:  # a zip file's name would end there
                raise ValueError(f"{name!r} cannot be the name of an array in a file")
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def to_json(value: Any, indent: int | None = None) -> str:
    """Strict JSON: NumPy values as Python's, NaN and infinities as null."""
    try:
        return json.JSONEncoder(allow_nan=False, indent=indent, default=_unwrap).encode(value)
    except ValueError:  # something is not finite, which is rare: look through all of it
        return json.dumps(_finite(value), allow_nan=False, indent=indent)


def _unwrap(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, np.ndarray):
        return _finite(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
