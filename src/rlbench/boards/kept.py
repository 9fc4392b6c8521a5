"""The policies that a run has kept: those of `snapshots=true`, and the one that it ended with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rlbench.errors import ReportError
from rlbench.interfaces import Policy
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.snapshots import snapshots_of
from rlbench.playing.source import POLICY, Source, read_file, read_source
from rlbench.runs.columns import Clock
from rlbench.runs.directory import SNAPSHOTS


@dataclass(frozen=True)
class Kept:
    """A policy of a run. clock: the run's then. file: where it is."""

    clock: Clock
    file: Path

    def policy(self) -> Policy:
        """Raises ReportError where the file cannot be used."""
        return read_file(self.file)

    def network_policy(self) -> NetworkPolicy:
        """Raises ReportError where the file cannot be used, or holds no network."""
        policy = self.policy()
        if not isinstance(policy, NetworkPolicy):
            raise ReportError(f"its policy is a {type(policy).__name__}, which has no network")
        return policy


@dataclass(frozen=True)
class KeptRun:
    """A finished run, and its policies in the order of training, of which there is at least one."""

    source: Source
    kept: Sequence[Kept]


def read_run(directory: Path) -> KeptRun:
    """The run in a directory.

    Raises ReportError and ConfigError as `read_source`, and for a run whose files cannot be used.
    """
    source = read_source(directory)
    if source.run is None:
        raise ReportError(f"{directory}: is a run that cannot be read")
    end = source.run.end
    snapshots = snapshots_of(directory) if (directory / SNAPSHOTS).is_dir() else []
    before = [Kept(one.clock, one.file) for one in snapshots if one.clock.env_steps < end.env_steps]
    return KeptRun(source, [*before, Kept(end, directory / POLICY)])


def spread(kept: Sequence[Kept], most: int) -> list[Kept]:
    """At most so many of them, evenly, the last one included."""
    places = np.linspace(len(kept) - 1, 0, min(most, len(kept))).round().astype(int)
    return [kept[place] for place in reversed(places.tolist())]
