"""The directory of a run: what is in it and who holds it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import Array
from rlbench.opening import in_the_way, make_directory, open_to_write
from rlbench.runs import header, log, pulse, summary
from rlbench.runs.files import replacing, write_npz

SNAPSHOTS = "snapshots"
TRACKERS = ("tensorboard", "wandb")  # folders of theirs
HELD = "another process is running this run"
LOCK = ".lock"


class RunDir:
    """Paths of the files of one run (design section 3), of which this process has the lock.

    path: absolute, since an environment may change the working directory. results_dir: above it;
    that may be a link, but nothing below it is followed.
    """

    def __init__(self, path: Path, results_dir: Path) -> None:
        self.path, self._results_dir = path.absolute(), results_dir
        self.config = self.path / "config.yaml"
        self.log = self.path / log.FILE
        self.pulse = self.path / pulse.FILE
        self.checkpoint = self.path / "checkpoint"
        self.policy = self.path / "policy.npz"
        self.best_policy = self.path / "policy-best.npz"
        self.traceback = self.path / "traceback.txt"
        self.snapshots = self.path / SNAPSHOTS
        self._files = (
            self.path / header.FILE, self.config, self.log, self.pulse, self.policy,
            self.best_policy, self.path / summary.FILE, self.traceback,
        )  # fmt: skip
        trackers = (self.path / name for name in TRACKERS)
        self._folders = (self.checkpoint, self.snapshots, *trackers)
        self._lock: int | None = None
        self._place: tuple[int, int] | None = None  # what `path` names, once it is open
        self._made: list[Path] = []  # the folders that `open` made, the innermost first

    def open(self, overwrite: bool) -> None:
        """Make the directory and hold it for this process; `overwrite` empties it first.

        Raises ConfigError where nothing can be written below `results_dir`, and RunError where
        another process holds the run, or something else is in the place of one of its files.
        """
        places = (self.path, *self.path.parents)
        try:
            self._made = [place for place in places if not place.exists()]
            make_directory(self.path, self._results_dir.absolute())
        except OSError as error:
            reason = f"{error.filename}: {error.strerror}"
            takes = f"a folder that can be written ({reason})"
            raise ConfigError("results_dir", str(self._results_dir), takes) from error
        try:
            self._place = _identity(self.path)
            self._hold()
            if overwrite:
                self._empty()
            self._check()
        except OSError as error:
            self.close()
            raise RunError(f"{error.filename}: cannot be written: {error.strerror}") from error
        except RunError:
            self.close()
            raise

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def check_place(self) -> None:
        """Raise OSError where `path` names another folder than the one that was opened: somebody
        has put a link, say, in its place, and what is written would be elsewhere."""
        if _identity(self.path) != self._place:
            why = "is another folder than when the run began"
            raise OSError(errno.ESTALE, why, str(self.path))

    def write_policy(self, arrays: Mapping[str, Array], *, best: bool = False) -> None:
        """Write the last policy of the run, or the best one; raises OSError as `check_place`."""
        self.check_place()
        write_policy(self.best_policy if best else self.policy, arrays)

    def write_snapshot(self, env_steps: int, arrays: Mapping[str, Array]) -> None:
        """Write the policy of the evaluation at a step; raises OSError as `check_place`."""
        self.check_place()
        self.snapshots.mkdir(exist_ok=True)
        write_policy(snapshot_file(self.path, env_steps), arrays)

    def remove_snapshot(self, env_steps: int) -> None:
        """Remove that policy, where it is there; raises OSError as `check_place`."""
        self.check_place()
        snapshot_file(self.path, env_steps).unlink(missing_ok=True)

    def discard(self) -> None:
        """Take away what `open` made, but for what others have put there: a run that is refused
        leaves nothing."""
        if self.path not in self._made:
            return
        with contextlib.suppress(OSError):
            self.check_place()
            shutil.rmtree(self.path)
        with contextlib.suppress(OSError):  # one is not empty
            for place in self._made[1:]:
                place.rmdir()

    def _hold(self) -> None:
        try:
            import fcntl
        except ImportError:  # a system without advisory locks
            return
        self._lock = open_to_write(self.path / LOCK, shared=True)  # nothing is written to it
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(f"{self.path}: {HELD}") from error

    def _empty(self) -> None:
        for place in (*self._files, *self._folders):
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.unlink(missing_ok=True)

    def _check(self) -> None:
        """Before an hour of training, that its results will have a place."""
        for place in (*self._files, *self._folders):
            reason = in_the_way(place, directory=place in self._folders)
            if reason is not None:
                raise RunError(f"{place}: {reason}; overwrite=true removes it and starts again")


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def snapshot_file(directory: Path, env_steps: int) -> Path:
    """The file with the policy of a run's evaluation at a step, where it was kept."""
    return directory / SNAPSHOTS / f"{env_steps}.npz"


def write_policy(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write a policy's arrays as an .npz, without pickles."""
    with replacing(path) as file:
        write_npz(file, arrays)


def is_held(directory: Path) -> bool:
    """Whether a process is running the run in `directory`."""
    try:
        import fcntl

        lock = os.open(directory / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (ImportError, OSError):
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
