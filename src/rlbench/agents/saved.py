"""Policies as runs save them: from `policy.npz` back to something that acts."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np

from rlbench.agents.random import UniformPolicy
from rlbench.errors import RunError
from rlbench.interfaces import Policy
from rlbench.nets.policy import NetworkPolicy


def read_policy(path: Path) -> Policy:
    """The policy in a `policy.npz`, which may be a stranger's: nothing in it is executed.

    Raises RunError where it cannot be read, or is of a class that is not rlbench's.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        kind = json.loads(str(arrays["architecture"]))["network"]["kind"]
        policy_class = UniformPolicy if kind == UniformPolicy.KIND else NetworkPolicy
        return policy_class.from_arrays(arrays)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunError(f"{path}: no policy that rlbench can load ({reason})") from error
