"""What a run kept of its policy on the way, as its files say: `snapshots=true`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rlbench.errors import ReportError
from rlbench.interfaces import Policy
from rlbench.opening import in_the_way
from rlbench.playing.source import read_file
from rlbench.runs.columns import Clock
from rlbench.runs.directory import SNAPSHOTS, snapshot_file
from rlbench.runs.log import FILE as LOG
from rlbench.runs.log import LogFile, kept_rows
from rlbench.runs.reading import UnreadableFileError

MOST = 1_000  # of a run that are looked at


@dataclass(frozen=True)
class Snapshot:
    """The policy of an evaluation: the run's clock then, its mean return, and the file."""

    clock: Clock
    return_mean: float
    file: Path

    @property
    def train_s(self) -> float:
        """When that was, in seconds of training."""
        return self.clock.train_s

    def policy(self) -> Policy:
        """Raises ReportError where the file cannot be used."""
        return read_file(self.file)


def snapshots_of(directory: Path) -> list[Snapshot]:
    """The snapshots of a run, in the order of training. Raises ReportError where there are none."""
    kept = (one for one in _evaluated(directory) if one.file.is_file())
    found = list(itertools.islice(kept, MOST))
    if not found:
        takes = "a run that was made with snapshots=true"
        raise ReportError(f"{directory}: has no {SNAPSHOTS}; takes {takes}")
    return found


def untrained_snapshot(directory: Path) -> Snapshot | None:
    """The policy of a run's first evaluation, which is before any learning; None where it was not
    kept."""
    first = next(_evaluated(directory), None)
    return first if first is not None and first.file.is_file() else None


def _evaluated(directory: Path) -> Iterator[Snapshot]:
    """The evaluations of a run in their order, whether their policies were kept or not. Raises
    ReportError for a log that cannot be read, and where the folder of the policies is none."""
    reason = in_the_way(directory / SNAPSHOTS, directory=True)
    if reason is not None:
        raise ReportError(f"{directory / SNAPSHOTS}: {reason}")
    try:
        for row in kept_rows(LogFile(directory / LOG)):
            if row.kind == "eval" and row.return_mean is not None:
                file = snapshot_file(directory, row.clock.env_steps)
                yield Snapshot(row.clock, row.return_mean, file)
    except UnreadableFileError as error:
        raise ReportError(f"{directory}: {LOG} {error}") from None
