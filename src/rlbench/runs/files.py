"""How files of a run become bytes: strict JSON, and a file replaced whole or not at all."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by a rename: a reader sees the old text or the new, never a part."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def to_json(value: Any, indent: int | None = None) -> str:
    """Strict JSON: NumPy values as plain ones, NaN and infinities as null."""
    try:
        return json.JSONEncoder(allow_nan=False, indent=indent, default=_unwrap).encode(value)
    except ValueError:  # something is not finite, which is rare: look through all of it
        return json.dumps(_plain(value), allow_nan=False, indent=indent)


def _unwrap(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in a log")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
