"""What the YAML files say of their keys: each comment beside its key, and the default."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rlbench.agents import AGENTS, with_algorithm

COMMENT_COLUMN = 8  # a line that is a comment from here on belongs to the key above it
KEY = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z_]\w*):(?P<value>.*)")
NOT_OURS = ("defaults", "hydra", "_target_", "name")  # parts of the files that are no settings


@dataclass(frozen=True)
class KeyDoc:
    """A key, the text of its default, what is said of it, and where. default None: a group of keys.
    agent: whose key it is, "" where it is everybody's."""

    key: str
    default: str | None
    comment: str
    file: Path
    agent: str = ""

    @property
    def group(self) -> str:
        """`budget` of `budget.env_steps`; "" of a key that stands alone."""
        return self.key.rpartition(".")[0]


def keys_of_runs(folders: Sequence[Path]) -> list[KeyDoc]:
    """The keys that every run has, in the order of config.yaml."""
    return list(_keys(folders[0] / "config.yaml"))


def documented(name: str) -> str:
    """The agent whose file says what the keys of `name` mean: `sb3` of `sb3-PPO`."""
    return with_algorithm(name)[0]


def keys_of_agent(name: str, folders: Sequence[Path]) -> list[KeyDoc]:
    """The keys `agent.*` of an agent that has a YAML file; the first of `folders` wins."""
    file = _file(f"agent/{name}.yaml", folders)
    if file is None:
        return []
    return [replace(doc, key=f"agent.{doc.key}", agent=name) for doc in _keys(file)]


def headline(group: str, name: str, folders: Sequence[Path]) -> str:
    """The first sentence of a file's comment; "" where there is none."""
    file = _file(f"{group}/{name}.yaml", folders)
    lines = file.read_text("utf-8", "replace").splitlines() if file is not None else []
    said: list[str] = []
    for line in lines:
        if line.startswith("# @package"):
            continue
        if not line.startswith("#"):
            break
        said.append(line.lstrip("# "))
    sentence = re.split(r"(?<!al)\.(?= |$)|: |; ", " ".join(said))[0]
    return re.sub(r" \([^)]*$", "", re.sub(r" \([^)]*\)", "", sentence))


def names(group: str, folders: Sequence[Path]) -> list[str]:
    """What can be chosen in a group: its files by name, and agents of installed packages."""
    found = {path.stem for folder in folders for path in (folder / group).glob("*.yaml")}
    return sorted(found | set(AGENTS) if group == "agent" else found)


def _file(name: str, folders: Sequence[Path]) -> Path | None:
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _keys(file: Path) -> Iterator[KeyDoc]:
    """The keys of a file in order, a group before its members."""
    open_groups: list[tuple[int, str]] = []
    doc: KeyDoc | None = None
    for line in file.read_text("utf-8", "replace").splitlines():
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        if stripped.startswith("#"):
            if doc is not None and indent >= COMMENT_COLUMN:
                doc = replace(doc, comment=f"{doc.comment} {stripped.lstrip('# ')}".strip())
            continue
        found = KEY.fullmatch(line)
        if found is None:
            continue
        if doc is not None:
            yield doc
            doc = None
        value, comment = _parted(found["value"])
        while open_groups and open_groups[-1][0] >= indent:
            open_groups.pop()
        key = ".".join([*(name for _, name in open_groups), found["key"]])
        if value is None:
            open_groups.append((indent, found["key"]))
        if key.partition(".")[0] not in NOT_OURS:
            doc = KeyDoc(key, value, comment, file)
    if doc is not None:
        yield doc


def _parted(text: str) -> tuple[str | None, str]:
    """The value and the comment behind a key; None for a key with more below it."""
    value, mark, comment = text.partition(" #")
    return value.strip() or None, comment.strip() if mark else ""
