"""Names for people and for file systems, made from names that may come from a stranger."""

from __future__ import annotations

import hashlib
import itertools
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


def telling_apart(labels: Iterable[str], length: int) -> dict[str, str]:
    """For every group's label at most `length` characters that tell it from the others: the agent
    where each has one of its own, else what its variants differ in (`lowrank` of
    `es (noise=lowrank)` beside `es (noise=full)`)."""
    by_agent: dict[str, list[str]] = {}
    for label in labels:
        by_agent.setdefault(label.split(" ", 1)[0], []).append(label)
    found = {}
    for agent, variants in by_agent.items():
        if len(variants) == 1:
            found[variants[0]] = shortened(agent_name(agent), length)
            continue
        settings = [label[len(agent) :].lstrip(" (").rstrip(")]") for label in variants]
        words = [re.split(r"(?<=[ (=,])", text) for text in settings]
        columns = zip(*words, strict=False)  # as far as the shortest goes
        same = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
        for label, parts in zip(variants, words, strict=True):
            found[label] = shortened("".join(parts[same:]) or agent_name(agent), length)
    return found


def plural(count: int, noun: str) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
