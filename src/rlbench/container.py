"""What a container may use: the limits of Linux's control groups, versions 1 and 2.

A group is limited by its own limits and by those of all groups above it. `root` is where the file
system begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/")
GROUPS = "sys/fs/cgroup"


def cores(root: Path = ROOT) -> float | None:
    """How many cores' time this process may take; None: all that there are."""
    limits = [_quota(text) for text in _read(root, "cpu", "cpu.max")]
    for folder in _folders(root, "cpu"):
        quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
        limits.append(_quota(f"{quota} {period}"))
    return min((limit for limit in limits if limit), default=None)


def memory_bytes(root: Path = ROOT) -> int | None:
    """How much memory this process may take, with all others of its group; None: what there is.

    Version 1 says so by a number larger than any memory, as do machines.
    """
    texts = [
        *_read(root, "memory", "memory.max"),
        *_read(root, "memory", "memory.limit_in_bytes"),
    ]
    return min((int(text) for text in texts if text.isdecimal()), default=None)


def memory_left_bytes(root: Path = ROOT) -> int | None:
    """How much of `memory_bytes` is not in use; None where there is no limit.

    Pages of files can be given back, so they are not in use.
    """
    left = []
    for folder in _folders(root, "memory"):
        for limit, usage, cached in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            most, used = _text(folder / limit), _text(folder / usage)
            if most.isdecimal() and used.isdecimal():
                left.append(int(most) - int(used) + _statistic(folder / "memory.stat", cached))
    return max(0, min(left)) if left else None


def _read(root: Path, controller: str, name: str) -> Iterator[str]:
    for folder in _folders(root, controller):
        yield _text(folder / name)


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """Those of the process's group and of all above it that are there. A container may see its
    group under another path than the kernel names, but then it sees the group's limits at the
    top."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            tops = [root / GROUPS]
        elif controller in controllers.split(","):
            tops = [root / GROUPS / name for name in {controllers, controller}]
        else:
            continue
        place = PurePosixPath("/", path).relative_to("/")
        for top in tops:
            yield from (top / group for group in (place, *place.parents) if (top / group).is_dir())


def _quota(text: str) -> float | None:
    """The cores of `200000 100000`: microseconds of CPU time in each so many; None: no limit."""
    quota, _, period = text.partition(" ")
    if not (quota.isdecimal() and period.isdecimal() and int(period) > 0):
        return None
    return int(quota) / int(period)


def _statistic(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdecimal():
            return int(value)
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
