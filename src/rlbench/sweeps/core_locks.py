"""Cores of this machine for a job that another program has put here: a job holds a lock for each of
its cores, so that no two of them, of whatever sweep, are timed on the same core."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rlbench.errors import RunError

TURN = "turn"  # who holds its lock takes cores as they become free; the others wait behind


@contextlib.contextmanager
def held_cores(
    wanted: int, among: Sequence[int], wait: Callable[[], None], folder: Path | None = None
) -> Iterator[list[int]]:
    """So many of the cores `among`, which no other process of this user holds until the end of
    this; all of them where more are wanted than there are.

    wait: called again and again while others hold what is wanted; what it raises ends the waiting.
    folder: where the locks are, the same for all. The system frees the locks of a process that has
    ended, however it ended. On a system without locks each gets the first cores.
    """
    folder = _folder() if folder is None else folder
    wanted = min(wanted, len(among))
    turn, held = None, dict[int, int]()  # descriptors of the locks, by core
    try:
        while (turn := lock(folder / TURN)) is None:
            wait()
        while len(held) < wanted:
            for core in among:
                if core in held or len(held) == wanted:
                    continue
                descriptor = lock(folder / str(core))
                if descriptor is not None:
                    held[core] = descriptor
            if len(held) < wanted:
                wait()
        os.close(turn)
        turn = None
        yield sorted(held)
    finally:
        for descriptor in (*held.values(), *([] if turn is None else [turn])):
            os.close(descriptor)


def lock(path: Path) -> int | None:
    """The descriptor that holds the lock of this file until it is closed; None: another does."""
    no_link = getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | no_link, 0o600)
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        pass
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _folder() -> Path:
    """The folder of this user's locks. Raises RunError where somebody else has made one of its
    name: anybody may write where it is."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir(), f"rlbench-cores-{user}")
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != user):
        raise RunError(f"{folder}: is not a folder of this user's; remove it, or set TMPDIR")
    return folder
