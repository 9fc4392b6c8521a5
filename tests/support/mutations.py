"""What can happen to the files of a run: each function damages one file, by the numbers it draws
from a generator."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rlbench.runs.checkpoint import sealed

Mutation = Callable[[Path, random.Random], None]

DEEP = "[" * 100_000 + "]" * 100_000
ODD_VALUES: tuple[str, ...] = (
    "null", "true", "-1", "0", "1e308", "-1e308", "NaN", "Infinity", "-Infinity", "1e400",
    "1" + "0" * 400, "1000000000000000000", "0.1", '""', '"475"', "[]", "{}", "[1, 2]", "[null]",
    '{"a": {"b": [1]}}', '"\\u001b[2J\\u0007"', '"<script>alert(1)</script>"', '"\\ud800"',
    '"../../../etc"', '"CartPole-v1"', '"' + "x" * 9000 + '"', "[" + "1, " * 3000 + "1]", DEEP,
)  # fmt: skip
LONG_LINE = 9_000_000


def cut(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) + 1)])


def flip_bytes(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(rng.randrange(1, 9)):
        if content:
            content[rng.randrange(len(content))] = rng.randrange(256)
    path.write_bytes(bytes(content))


def insert_bytes(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    place = rng.randrange(len(content) + 1)
    path.write_bytes(content[:place] + rng.randbytes(rng.randrange(1, 40)) + content[place:])


def change_value(path: Path, rng: random.Random) -> None:
    """Some value of the file's JSON (of one line of a log) becomes an odd one."""
    lines = path.read_text(errors="replace").splitlines() if path.suffix == ".jsonl" else None
    index = rng.randrange(len(lines)) if lines else 0
    try:
        value = json.loads(lines[index] if lines else path.read_text(errors="replace"))
    except (ValueError, RecursionError):
        return
    mark = "@odd value@"
    if not isinstance(value, dict) or not value:
        return
    is_sealed = isinstance(value.get("content"), dict) and rng.random() < 0.8
    holder: Any = value["content"] if is_sealed else value
    key = rng.choice(sorted(holder))
    while isinstance(holder[key], dict) and holder[key] and rng.random() < 0.7:
        holder = holder[key]
        key = rng.choice(sorted(holder))
    if rng.random() < 0.2:
        del holder[key]
    else:
        holder[key] = mark
    text = json.dumps(value).replace(f'"{mark}"', rng.choice(ODD_VALUES))
    if lines:
        lines[index] = text
        text = "\n".join(lines) + "\n"
    elif is_sealed:  # of a checkpoint, with the right checksum
        with contextlib.suppress(ValueError, RecursionError):
            text = sealed(json.loads(text)["content"])
    path.write_text(text)


def shuffle_lines(path: Path, rng: random.Random) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    for _ in range(rng.randrange(1, 6)):
        if lines:
            lines.insert(rng.randrange(len(lines)), lines[rng.randrange(len(lines))])
            lines.pop(rng.randrange(len(lines)))
    path.write_bytes(b"".join(lines))


def long_line(path: Path, rng: random.Random) -> None:
    with path.open("ab") as file:
        file.write(rng.choice([b"x", b"[", b" ", b"[],", b"\0"]) * (LONG_LINE // 3))


def empty(path: Path, rng: random.Random) -> None:
    path.write_bytes(b"")


def absent(path: Path, rng: random.Random) -> None:
    path.unlink()


def pipe(path: Path, rng: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.mkdir()


def link(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.symlink_to(rng.choice(["/dev/zero", "/dev/stdin", "/etc/passwd", path.name, "/nowhere"]))


def references(path: Path, rng: random.Random) -> None:
    """A few lines of YAML that stand for a billion values."""
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    path.write_text("\n".join(lines))


def of_another_file(path: Path, rng: random.Random) -> None:
    others = sorted(file for file in path.parent.iterdir() if file.is_file() and file != path)
    if others:
        shutil.copyfile(rng.choice(others), path)


MUTATIONS: tuple[Mutation, ...] = (
    cut, flip_bytes, insert_bytes, change_value, change_value, change_value, change_value,
    change_value, shuffle_lines, long_line, empty, absent, pipe, folder, link, references,
    of_another_file,
)  # fmt: skip


def mutate(path: Path, mutation: Mutation, seed: int) -> None:
    """Apply a mutation where `path` is still a regular file."""
    if path.is_file() and not path.is_symlink():
        mutation(path, random.Random(seed))
