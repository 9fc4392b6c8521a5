"""Whether two states of an agent are one."""

from __future__ import annotations

from typing import Any

import numpy as np


def assert_same(one: Any, other: Any, path: str = "") -> None:
    """Assert that two states are equal to the byte; `path` is where in the state they stand."""
    assert type(one) is type(other), path
    if isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            assert_same(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), path
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{path}/{i}")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype and one.shape == other.shape, path
        assert one.tobytes() == other.tobytes(), path
    else:
        assert one == other, path
