"""The directory of a run: what is in it and who holds it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlbench.errors import RunError
from rlbench.interfaces import Array
from rlbench.runs import header, log, summary
from rlbench.runs.files import replacing, write_npz


class RunDir:
    """Paths of the files of one run (design section 3), of which this process has the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.log = path / log.FILE
        self.checkpoint = path / "checkpoint"
        self.policy = path / "policy.npz"
        self.best_policy = path / "policy-best.npz"
        self.traceback = path / "traceback.txt"
        self.events = path / "tensorboard"
        self._lock: Any = None

    def open(self, overwrite: bool) -> None:
        """Make the directory and hold it for this process; `overwrite` empties it first.

        Raises RunError where another process holds it or it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._hold()
            if overwrite:
                self._empty()
        except OSError as error:
            raise RunError(f"{self.path}: cannot be written: {error.strerror}") from error

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def _hold(self) -> None:
        try:
            import fcntl
        except ImportError:  # a system without advisory locks
            return
        self._lock = (self.path / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(f"{self.path}: another process is running this run") from error

    def _empty(self) -> None:
        results = (self.path / header.FILE, self.log, self.path / summary.FILE, self.traceback)
        for file in (self.config, *results, self.policy, self.best_policy):
            file.unlink(missing_ok=True)
        for folder in (self.checkpoint, self.events):
            shutil.rmtree(folder, ignore_errors=True)


def write_policy(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write a policy's arrays as an .npz, without pickles."""
    with replacing(path) as file:
        write_npz(file, arrays)
