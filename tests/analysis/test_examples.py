"""The examples in the docstrings of the functions on plain arrays are run."""

from __future__ import annotations

import doctest
import importlib

import pytest

import rlbench.analysis


@pytest.mark.parametrize(
    "module", ["", ".mean_curves", ".score_statistics", ".survival", ".time_ratios"]
)
def test_examples(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"rlbench.analysis{module}"))
    assert found.attempted > 2
    assert found.failed == 0


def test_all_that_is_offered_is_there() -> None:
    for name in rlbench.analysis.__all__:
        assert getattr(rlbench.analysis, name).__doc__
