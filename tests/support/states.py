"""Whether two states of an agent are one."""

from __future__ import annotations

from typing import Any

from rlbench.testing import first_difference


def assert_same(one: Any, other: Any) -> None:
    """Assert that two states are equal to the byte."""
    assert first_difference(one, other) is None
