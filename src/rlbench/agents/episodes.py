"""Episodes played again: a checkpoint holds actions, and no environments."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rlbench.errors import RunError
from rlbench.interfaces import Array, Lanes


def digest(obs: Array) -> str:
    """Of the lanes' observations, to see whether they are those of the checkpoint."""
    return hashlib.sha256(obs.tobytes()).hexdigest()


def parted(values: Array, lengths: Array) -> list[list[Any]]:
    """`values` of all lanes in a row, as a list for each lane."""
    starts = np.cumsum(lengths) - lengths
    return [list(values[a : a + n]) for a, n in zip(starts, lengths, strict=True)]


def play_again(
    lanes: Lanes, obs: Array, played: Sequence[Sequence[Any]], actions: Callable[[Array], Array]
) -> Array:
    """Step lanes that were just reset through what each has `played`; the observations then.

    obs: [N, *obs] of the resets, which is overwritten. actions: turns rows of `played` into what
    the lanes take. Counts as the lanes do: the caller says that it is uncounted.
    """
    lengths = np.array([len(each) for each in played])
    for step in range(int(lengths.max())):
        going = np.flatnonzero(lengths > step)
        rows = np.array([played[int(lane)][step] for lane in going])
        obs[going] = lanes.step(going, actions(rows))[0]
    return obs


def check_digest(found: str, kept: str) -> None:
    """Raises RunError where the observations are others than those of the checkpoint."""
    if found != kept:
        raise RunError(
            "cannot go on from the checkpoint: the environment, reset with the same seeds and "
            "given the same actions, is not where it was (has its version changed?)"
        )
