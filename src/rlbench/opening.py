"""Opening files that may be a stranger's: links are not followed, and pipes are not waited for."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

LINK = "is a link, which is not followed"
_NEITHER_FOLLOW_NOR_WAIT = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class UnreadableFileError(Exception):
    """The file cannot be used; the message says why in a few words."""


def open_regular(path: Path, max_bytes: int) -> int:
    """Open a regular file of at most `max_bytes` and return its descriptor.

    Raises UnreadableFileError for a file that is absent, not regular, too large or not readable.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NEITHER_FOLLOW_NOR_WAIT)
    except FileNotFoundError:
        raise UnreadableFileError("is missing") from None
    except ValueError:  # a name that no file can have
        raise UnreadableFileError("cannot be opened (its name holds a null character)") from None
    except OSError as error:
        why = in_the_way(path) or f"cannot be opened ({error.strerror})"
        raise UnreadableFileError(why) from None
    status = os.fstat(descriptor)
    reason = _kind(status.st_mode)
    if reason is None and status.st_size > max_bytes:
        reason = f"is larger than {max_bytes / 1e6:g} MB"
    if reason is not None:
        os.close(descriptor)
        raise UnreadableFileError(reason)
    return descriptor


def open_to_write(path: Path, flags: int = 0, *, shared: bool = False) -> int:
    """Open a regular file to read and write, made if absent, and return its descriptor.

    flags: added to those of `os.open`. shared: whether the file may have other names (hard links),
    under which a change would be seen too.
    Raises OSError, whose text says what is in the file's place.
    """
    # Emptied only once it is known what it is.
    wanted = os.O_RDWR | os.O_CREAT | (flags & ~os.O_TRUNC) | _NEITHER_FOLLOW_NOR_WAIT
    try:
        descriptor = os.open(path, wanted, 0o666)
    except OSError as error:
        reason = in_the_way(path)
        if reason is None:
            raise
        raise OSError(error.errno, reason, str(path)) from None
    status = os.fstat(descriptor)
    reason = _kind(status.st_mode)
    if reason is None and status.st_nlink > 1 and not shared:
        reason = "has another name (a hard link), and would change under that too"
    if reason is not None:
        os.close(descriptor)
        raise OSError(errno.EINVAL, reason, str(path))
    if flags & os.O_TRUNC:
        os.ftruncate(descriptor, 0)
    return descriptor


def in_the_way(path: Path, directory: bool = False) -> str | None:
    """What is in the place of a file, in words; None for a regular file or none.

    directory: whether a directory is what belongs there.
    """
    try:
        mode = path.lstat().st_mode
    except (OSError, ValueError):
        return None
    if not directory:
        return _kind(mode)
    return None if stat.S_ISDIR(mode) else _kind(mode) or "is not a directory"


def is_directory(path: Path) -> bool:
    """Whether a directory is there; a link to one is as good."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that is too long, or that no file can have
        return False


def no_directory(path: Path) -> str | None:
    """Why there is no directory at `path`, in words; None where there is one."""
    if is_directory(path):
        return None
    return "is not a directory" if os.path.lexists(path) else "no such directory"


def make_directory(path: Path, below: Path) -> None:
    """Make a directory and what is missing above it.

    below: a directory above `path`; it may be a link, but nothing below it. Where this fails, what
    was made is removed again.
    Raises OSError that names what is in the way.
    """
    place = below
    for part in path.relative_to(below).parts:
        place /= part
        if part == os.pardir:
            raise OSError(errno.EINVAL, "leads elsewhere", str(path))
        if place.is_symlink():
            raise OSError(errno.ELOOP, LINK, str(place))
    made: list[Path] = []
    try:
        for place in reversed((path, *path.parents)):
            if not is_directory(place):
                _make(place, made)
    except OSError:
        for place in reversed(made):
            with contextlib.suppress(OSError):
                place.rmdir()
        raise


def _make(place: Path, made: list[Path]) -> None:
    try:
        place.mkdir()
    except FileExistsError as error:
        if not is_directory(place):  # else another process was faster
            raise OSError(error.errno, "is not a directory", str(place)) from None
    else:
        made.append(place)


def _kind(mode: int) -> str | None:
    """What a file is, where it is not a regular one."""
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        return LINK
    if stat.S_ISDIR(mode):
        return "is a directory"
    if stat.S_ISFIFO(mode):
        return "is a pipe"
    return "is a socket" if stat.S_ISSOCK(mode) else "is a device"
