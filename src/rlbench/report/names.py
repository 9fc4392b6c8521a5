"""Names for people and for file systems, made from names that may come from a stranger."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

MAX_FILE_STEM = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]")


def file_stems(envs: Iterable[str]) -> dict[str, str]:
    """A distinct, harmless file name stem for every environment id.

    Slashes become `__`; whatever else a file system may object to becomes `_`. Ids that would
    share a stem are told apart by a few digits of their hash.
    """
    stems: dict[str, str] = {}
    taken: set[str] = set()
    for env in sorted(envs):
        stem = _UNSAFE.sub("_", env.replace("/", "__")).lstrip(".-")[:MAX_FILE_STEM] or "_"
        if stem.lower() in taken:  # some file systems ignore case
            stem += "-" + hashlib.sha256(env.encode("utf-8", "replace")).hexdigest()[:6]
        taken.add(stem.lower())
        stems[env] = stem
    return stems


def shortened(name: str, length: int) -> str:
    """`name` cut in its middle to at most `length` characters."""
    if len(name) <= length:
        return name
    tail = (length - 1) // 2
    return f"{name[: length - 1 - tail]}…{name[len(name) - tail :]}"


def agent_name(label: str) -> str:
    """A group's label with the two well-known agents written as people write them."""
    for short in ("es", "dqn"):
        if label == short or label.startswith(short + " "):
            return short.upper() + label[len(short) :]
    return label


def plural(count: int, noun: str) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
