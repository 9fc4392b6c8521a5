"""The directory of a run: what is in it and who holds it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rlbench.errors import RunError
from rlbench.interfaces import Array
from rlbench.runs.files import to_json, write_atomically


class RunDir:
    """Paths and files of one run (design section 3)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.run = path / "run.json"
        self.log = path / "log.jsonl"
        self.checkpoint = path / "checkpoint"
        self.policy = path / "policy.npz"
        self.best_policy = path / "policy-best.npz"
        self.summary = path / "summary.json"
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

    def write_json(self, path: Path, value: Mapping[str, Any]) -> None:
        write_atomically(path, to_json(value, indent=1) + "\n")

    def write_policy(self, path: Path, arrays: Mapping[str, Array]) -> None:
        temporary = path.with_name(path.name + ".tmp")
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        temporary.replace(path)

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
        for file in (self.config, self.run, self.log, self.policy, self.best_policy):
            file.unlink(missing_ok=True)
        for file in (self.summary, self.traceback):
            file.unlink(missing_ok=True)
        for folder in (self.checkpoint, self.events):
            shutil.rmtree(folder, ignore_errors=True)


def read_summary(path: Path) -> dict[str, Any] | None:
    """The summary in run directory `path`, or None where there is none that can be read."""
    try:
        summary = json.loads((path / "summary.json").read_text())
    except (OSError, ValueError):
        return None
    return summary if isinstance(summary, dict) and "status" in summary else None
