"""Checks of what callers give: numbers of the right shape and size, or ValueError in one line that
names the argument, what was given and what is taken."""

from __future__ import annotations

import math
import reprlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench.runs.records import FloatArray


def numbers(
    name: str,
    given: Any,
    *,
    dimensions: int = 1,
    least: float = -math.inf,
    nan: bool = False,
    infinite: bool = False,
) -> FloatArray:
    """`given` as an array of floats with so many dimensions.

    least: the smallest number that is taken. nan, infinite: whether these are taken too.
    """

    def refused(got: str) -> ValueError:
        takes = ["a matrix of runs by tasks" if dimensions == 2 else "a list of numbers"]
        takes += [f"from {least:g} up"] if least > -math.inf else []
        takes += ["finite"] if not infinite else []
        takes += ["without NaN"] if not nan else []
        return ValueError(f"{name}: got {got}; takes {', '.join(takes)}")

    try:
        found = np.asarray(given)
        if found.dtype.kind not in "biuf" and found.size:
            raise TypeError
        found = found.astype(np.float64)
    except (TypeError, ValueError):
        raise refused(reprlib.repr(given)) from None
    if found.ndim != dimensions:
        raise refused(f"an array of shape {found.shape}")
    wrong = found < least
    if not nan:
        wrong |= np.isnan(found)
    if not infinite:
        wrong |= np.isinf(found)
    if wrong.any():
        raise refused(f"{found[wrong][0]:g}")
    return found


def number(name: str, given: Any, *, least: float = -math.inf) -> float:
    """`given` as a finite float of at least `least`."""
    plain = given.item() if isinstance(given, np.number) else given
    is_number = isinstance(plain, (int, float)) and not isinstance(plain, bool)
    if is_number and math.isfinite(plain) and plain >= least:
        return float(plain)
    size = f" from {least:g} up" if least > -math.inf else ""
    raise ValueError(f"{name}: got {reprlib.repr(given)}; takes a finite number{size}")


def flags(name: str, given: Any) -> NDArray[np.bool_]:
    """`given` as an array of truth values, which may be written as 0 and 1."""
    found = np.asarray(given)
    if found.ndim == 1 and found.dtype.kind in "biuf" and ((found == 0) | (found == 1)).all():
        return found.astype(np.bool_)
    if found.shape == (0,):
        return np.zeros(0, np.bool_)
    raise ValueError(f"{name}: got {reprlib.repr(given)}; takes a list of True and False")


def instance(name: str, given: Any, wanted: type) -> None:
    """Raise ValueError unless `given` is of the class."""
    if not isinstance(given, wanted):
        raise ValueError(f"{name}: got {reprlib.repr(given)}; takes {wanted.__name__}")
