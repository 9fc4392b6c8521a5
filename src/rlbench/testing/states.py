"""Whether two states of an agent are equal to the byte, and whether a checkpoint can hold one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from rlbench.interfaces import State
from rlbench.runs import checkpoint
from rlbench.saving import Rows, SavedRows


def first_difference(one: Any, other: Any, path: str = "") -> str | None:
    """Where two states differ first and how; None where they are equal to the byte."""
    here = path or "the state"
    if isinstance(one, (Rows, SavedRows)) and isinstance(other, (Rows, SavedRows)):
        one, other = _kept(one), _kept(other)
    if type(one) is not type(other):
        return f"{here}: {type(one).__name__} against {type(other).__name__}"
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return f"{here}: the keys {sorted(one)} against {sorted(other)}"
        parts = [(f"{path}/{key}", one[key], other[key]) for key in one]
    elif isinstance(one, list):
        if len(one) != len(other):
            return f"{here}: {len(one)} items against {len(other)}"
        parts = [(f"{path}/{i}", a, b) for i, (a, b) in enumerate(zip(one, other, strict=True))]
    elif isinstance(one, np.ndarray):
        if (one.dtype, one.shape) != (other.dtype, other.shape):
            return f"{here}: {one.dtype} {one.shape} against {other.dtype} {other.shape}"
        return None if one.tobytes() == other.tobytes() else f"{here}: arrays of other values"
    else:
        # Not-a-number equals itself here.
        same = one == other or (one != one and other != other)
        return None if same else f"{here}: {one!r} against {other!r}"
    found = (first_difference(a, b, where) for where, a, b in parts)
    return next((difference for difference in found if difference is not None), None)


def _kept(rows: Rows | SavedRows) -> dict[str, Any]:
    """The rows that are there, in order, by column."""
    if not rows.kept:
        return {"end": rows.end}
    if isinstance(rows, Rows):
        columns = dict(rows.columns)
    else:
        like = rows.pieces[0][1]
        columns = {n: np.zeros((rows.kept, *c.shape[1:]), c.dtype) for n, c in like.items()}
        rows.copy_to(columns)
    numbers = np.arange(rows.end - rows.kept, rows.end)
    return {"end": rows.end, **{name: c[numbers % len(c)] for name, c in columns.items()}}


def through_checkpoint(state: State) -> State:
    """`state` as it is after it has been saved and loaded.

    Raises ValueError or TypeError for what a checkpoint cannot hold: it takes nested dicts with
    string keys, of arrays without objects and of JSON values.
    """
    with tempfile.TemporaryDirectory(prefix="rlbench-check-") as place:
        checkpoint.save(Path(place), 1, state)
        loaded = checkpoint.load(Path(place))
    assert loaded is not None
    return loaded
