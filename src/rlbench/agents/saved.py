"""Policies as runs save them: from `policy.npz` back to something that acts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from rlbench.agents.random import UniformPolicy
from rlbench.arrays import open_arrays
from rlbench.errors import RlbenchError, RunError
from rlbench.interfaces import Array, Policy
from rlbench.nets.policy import NetworkPolicy
from rlbench.opening import UnreadableFileError

FromArrays = Callable[[Mapping[str, Array]], Policy]


MAX_BYTES = 2**30  # of a policy's arrays: 150 times the Nature network's
_WRONG = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError,
    RecursionError, NotImplementedError,
)  # fmt: skip


def read_policy(path: Path, from_arrays: FromArrays | None = None) -> Policy:
    """The policy in a `policy.npz`, which may be a stranger's: nothing in it is executed.

    from_arrays: the inverse of the policy's `arrays`, for a class that is not rlbench's. Raises
    RunError where the policy cannot be read.
    """
    try:
        with open_arrays(path, MAX_BYTES) as file:
            arrays = {name: file[name] for name in file.names}
        if from_arrays is not None:
            return from_arrays(arrays)
        architecture = json.loads(str(arrays["architecture"]))
        if not (isinstance(architecture, dict) and "network" in architecture):
            reader = "the function that reads it goes into from_arrays"
            raise RunError(f"the policy of a class that is not rlbench's; {reader}")
        kind = architecture["network"]["kind"]
        policy_class = UniformPolicy if kind == UniformPolicy.KIND else NetworkPolicy
        for name in ("parameters", "obs_mean", "obs_std"):
            if name in arrays and not _are_finite(arrays[name]):
                raise ValueError(f"{name}: takes finite numbers, as float32 holds them")
        return policy_class.from_arrays(arrays)
    except UnreadableFileError as error:
        raise RunError(f"{path}: no policy that rlbench can load: it {error}") from error
    except RlbenchError as error:
        raise RunError(f"{path}: {error}") from error
    except _WRONG as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunError(f"{path}: no policy that rlbench can load ({reason})") from error


def _are_finite(numbers: Array) -> bool:
    with np.errstate(over="ignore"):
        return numbers.dtype.kind == "f" and bool(np.isfinite(numbers.astype(np.float32)).all())
