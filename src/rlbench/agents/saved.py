"""Policies as runs save them: from `policy.npz` back to something that acts."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from rlbench.agents.random import UniformPolicy
from rlbench.errors import RunError
from rlbench.interfaces import Array, Policy
from rlbench.nets.policy import NetworkPolicy

FromArrays = Callable[[Mapping[str, Array]], Policy]


def read_policy(path: Path, from_arrays: FromArrays | None = None) -> Policy:
    """The policy in a `policy.npz`, which may be a stranger's: nothing in it is executed.

    from_arrays: the inverse of the policy's `arrays`, for a class that is not rlbench's. Raises
    RunError where the policy cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        if from_arrays is not None:
            return from_arrays(arrays)
        architecture = json.loads(str(arrays["architecture"]))
        if not (isinstance(architecture, dict) and "network" in architecture):
            reader = "the function that reads it goes into from_arrays"
            raise RunError(f"{path}: the policy of a class that is not rlbench's; {reader}")
        kind = architecture["network"]["kind"]
        policy_class = UniformPolicy if kind == UniformPolicy.KIND else NetworkPolicy
        return policy_class.from_arrays(arrays)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunError(f"{path}: no policy that rlbench can load ({reason})") from error
