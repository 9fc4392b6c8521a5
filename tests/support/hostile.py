"""Run directories as somebody might make them who means harm: each entry of CORPUS changes an
honest one. They are made by a program since half of them cannot be kept in a repository (pipes,
devices, sparse files), and the other half says more as code than as bytes.

CANARY names a file that comes into being when something in them is executed.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import socket
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rlbench.runs.checkpoint import sealed

CANARY = "RLBENCH_TEST_CANARY"
OUTSIDE = "outside.txt"
MODULE = "hostile_module"  # writes the canary when it is imported
JSON_FILES = ("run.json", "log.jsonl", "summary.json", "checkpoint/checkpoint-*.json")
NPZ_FILES = ("policy.npz", "policy-best.npz", "checkpoint/state-*.npz")
FILES = (*JSON_FILES, "config.yaml", *NPZ_FILES, ".clock", ".lock")
ESCAPES = "\x1b]0;mine\x07\x1b[2J\u202egnp.\x9b31m\r\n<script>alert(1)</script>"
ODD = {
    "huge": 10**400, "1e308": 1e308, "nan": float("nan"), "infinite": float("-inf"),
    "text": ESCAPES, "negative": -1, "list": [[]] * 9, "object": {"a": None}, "null": None,
    "true": True,
}  # fmt: skip
ZEROS = bytes(2**20)
CRC_OF_ZEROS = zlib.crc32(ZEROS)

Change = Callable[[Path], object]


class Pickled:
    """Writes the canary where somebody unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (f"import os; open(os.environ[{CANARY!r}], 'w').close()",)


def write_module(folder: Path) -> None:
    """A module that nobody may import."""
    (folder / f"{MODULE}.py").write_text(f"import os\nopen(os.environ[{CANARY!r}], 'w').close()\n")


def build(honest: Path, root: Path, few: slice = slice(None)) -> Iterator[tuple[str, Path]]:
    """A copy of the results in `honest` for each entry of the corpus, or for a few of them, with
    its name; each below another folder."""
    (header,) = honest.rglob("run.json")
    for number, (name, change) in list(enumerate(CORPUS.items()))[few]:
        results = root / re.sub(r"\W+", "-", f"{number:03} {name}")
        shutil.copytree(honest, results)
        change(results / header.parent.relative_to(honest))
        yield name, results


# --- kinds of harm --------------------------------------------------------------------------------


def each(pattern: str, change: Change) -> Change:
    """Of all files of a run that fit a pattern; of one that is not there it is made."""

    def apply(place: Path) -> None:
        for file in list(place.glob(pattern)) or [place / pattern]:
            if "*" not in file.name:
                change(file)

    return apply


def pipe(file: Path) -> None:
    file.unlink(missing_ok=True)
    os.mkfifo(file)


def device(file: Path) -> None:
    """/dev/zero: as a device where that may be made, else as a link."""
    file.unlink(missing_ok=True)
    try:
        os.mknod(file, stat.S_IFCHR | 0o666, os.makedev(1, 5))
        file.open("rb").close()
    except OSError:  # not root, or a file system without devices
        file.unlink(missing_ok=True)
        file.symlink_to("/dev/zero")


def listener(file: Path) -> None:
    file.unlink(missing_ok=True)
    here = os.open(".", os.O_RDONLY)
    os.chdir(file.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(file.name)
    finally:
        os.fchdir(here)
        os.close(here)


def link_out(file: Path) -> None:
    """To a file beside all results."""
    outside = next(path for path in file.parents if path.name == "es").parents[1] / OUTSIDE
    outside.write_text("mine")
    file.unlink(missing_ok=True)
    file.symlink_to(outside)


def link_to_itself(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to(file.name)


def folder(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()


def sparse(file: Path) -> None:
    with file.open("ab") as grown:
        grown.truncate(2**36)


def nested(depth: int) -> Change:
    return lambda file: file.write_text('{"a": ' * depth + "1" + "}" * depth + "\n")


def empty_lists(file: Path) -> None:
    """As much memory as a file that is not too large can ask for."""
    file.write_text('{"schema": 2, "content": [' + "[]," * 1_250_000 + "[]]}\n")


def digits(file: Path) -> None:
    """A number that takes a while to read."""
    file.write_text('{"schema": ' + "9" * 3_900_000 + "}\n")


def one_line(file: Path) -> None:
    file.write_bytes(b"[" * 9_000_000)


def nulls(file: Path) -> None:
    file.write_bytes(bytes(1_000_000))


def leaves(value: Any, new: Any, kept: frozenset[str]) -> Any:
    """`value` with `new` in the place of everything that is no list or object."""
    if isinstance(value, dict):
        return {k: v if k in kept else leaves(v, new, kept) for k, v in value.items()}
    if isinstance(value, list):
        return [leaves(item, new, kept) for item in value] or [new]
    return new


CLOCK = frozenset(("kind", "seq", "attempt", "env_steps", "train_s", "wall_s"))
NAMES = frozenset(("schema", "rlbench", "agent", "env", "seed", "setup", "fingerprint", "status"))


def odd(new: Any, kept: frozenset[str] = frozenset()) -> Change:
    """All values of a file of JSON are this one; of a checkpoint's index, with the right checksum.
    kept: keys that stay as they are."""

    def change(file: Path) -> None:
        lines = file.read_text().splitlines() if file.suffix == ".jsonl" else [file.read_text()]
        values = [json.loads(line) for line in lines]
        if file.name.startswith("checkpoint-"):
            state = leaves(values[0]["content"]["state"], new, kept)
            file.write_text(sealed({**values[0]["content"], "state": state}))
            return
        file.write_text("".join(json.dumps(leaves(v, new, kept)) + "\n" for v in values))

    return change


def header(**changes: Any) -> Change:
    def change(place: Path) -> None:
        file = place / "run.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return change


def index(edit: Callable[[dict[str, Any]], object]) -> Change:
    """A checkpoint's index that was edited, with the right checksum."""

    def change(place: Path) -> None:
        for file in place.glob("checkpoint/checkpoint-*.json"):
            content = json.loads(file.read_text())["content"]
            edit(content)
            file.write_text(sealed(content))

    return change


def seal_arrays(file: Path) -> None:
    """Have the index of a checkpoint say what its file of arrays is now."""
    whole = file.read_bytes()
    facts = {"bytes": len(whole), "crc32": zlib.crc32(whole)}
    number = file.stem.partition("-")[2]
    if file.name.startswith("state-"):
        path = file.with_name(f"checkpoint-{number}.json")
        content = json.loads(path.read_text())["content"]
        content["arrays"].update(facts)
        path.write_text(sealed(content))


def npz(
    write: Callable[[zipfile.ZipFile, str], object], method: int = zipfile.ZIP_STORED
) -> Change:
    """An .npz whose members are written by `write`, each under the name of one that was there."""

    def change(file: Path) -> None:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
        with zipfile.ZipFile(file, "w", method, compresslevel=1) as archive:
            for name in names:
                write(archive, name)
        seal_arrays(file)

    return change


def array_header(archive: zipfile.ZipFile, name: str, text: str, content: bytes = b"") -> None:
    text = text.ljust(117) + "\n"
    start = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    archive.writestr(name, start + content)


def described(shape: str, kind: str = "<f8") -> str:
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"


def pickled(archive: zipfile.ZipFile, name: str) -> None:
    array_header(archive, name, described("(1,)", "|O"), pickle.dumps(np.array([Pickled()])))


def bare_pickle(file: Path) -> None:
    file.write_bytes(pickle.dumps(Pickled()))
    seal_arrays(file)


def bomb(archive: zipfile.ZipFile, name: str) -> None:
    """600 MB of zeros in 3 MB."""
    with archive.open(name, "w", force_zip64=True) as stream:
        text = described(f"({600 * 2**17},)").ljust(117) + "\n"
        stream.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode())
        if name.endswith(("theta.npy", "parameters.npy")):
            for _ in range(600):
                stream.write(bytes(2**20))


def many_members(file: Path) -> None:
    """Each takes some hundred bytes of memory to list."""
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.npy", b"")
    seal_arrays(file)


def long_list(file: Path) -> None:
    """An archive that names one member a million times."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("0.npy", b"")
    content = file.read_bytes()
    start = content.index(b"PK\x01\x02")
    one, end = content[start:-22], bytearray(content[-22:])
    end[12:16] = (len(one) * 10**6).to_bytes(4, "little")
    with file.open("wb") as written:
        written.write(content[:start])
        for _ in range(100):
            written.write(one * 10**4)
        written.write(end)


def overlapping(file: Path) -> None:
    """Many names for the same bytes."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("0.npy", bytes(2**20))
        (first,) = archive.infolist()
        for number in range(1, 5_000):
            other = zipfile.ZipInfo(f"{number}.npy")
            other.header_offset, other.CRC = first.header_offset, first.CRC
            other.compress_size = other.file_size = first.file_size
            archive.filelist.append(other)
    seal_arrays(file)


def architecture(**network: Any) -> Change:
    """A policy that says it is a network of these sizes."""

    def change(place: Path) -> None:
        for name in ("policy.npz", "policy-best.npz"):
            with np.load(place / name) as arrays:
                found = dict(arrays)
            described = json.loads(str(found["architecture"]))
            described["network"] |= network
            np.savez(place / name, **{**found, "architecture": np.array(json.dumps(described))})

    return change


def text_of_architecture(text: str) -> Change:
    def change(place: Path) -> None:
        with np.load(place / "policy.npz") as arrays:
            found = dict(arrays)
        np.savez(place / "policy.npz", **{**found, "architecture": np.array(text)})

    return change


def yaml(text: str) -> Change:
    return lambda place: (place / "config.yaml").write_text(text)


EXECUTES = f"import os; open(os.environ['{CANARY}'], 'w').close()"
LAUGHS = "\n".join(
    ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
)


def deep_folders(place: Path) -> None:
    for _ in range(150):
        place /= "a"
    place.mkdir(parents=True)


def escaping_names(place: Path) -> None:
    shutil.copytree(place, place.with_name(ESCAPES.replace("/", "|")))


def swapped(place: Path) -> None:
    shutil.rmtree(place / "checkpoint")
    (place / "checkpoint").symlink_to("/proc/self")


def rows_of(**changes: Any) -> dict[str, Any]:
    return {
        "end": 10, "kept": 10, "row": [["obs", "<f4", [4]]],
        "pieces": [["rows-00000000-0-1.bin", 0, 10, 0]], **changes,
    }  # fmt: skip


def with_rows(file: Change | None = None, **changes: Any) -> Change:
    """A checkpoint that names rows of a replay, in a file that `file` makes."""

    def change(place: Path) -> None:
        if file is not None:
            path = place / "checkpoint" / "rows-00000000-0-1.bin"
            path.write_bytes(bytes(160))
            file(path)
        index(lambda content: content.update(rows={"/agent/rows": rows_of(**changes)}))(place)

    return change


def foreign_env(place: Path) -> None:
    """All files agree that the environment is one of a package."""
    header(env=f"{MODULE}:Env-v0")(place)
    file = place / "config.yaml"
    file.write_text(file.read_text().replace("CartPole-v1", f"{MODULE}:Env-v0"))


def many_sparse(place: Path) -> None:
    """64 GB of rows that take no space."""
    names = [f"rows-00000000-{2**26 * n}-1.bin" for n in range(64)]
    pieces = [[name, 2**26 * n, 2**26, 0] for n, name in enumerate(names)]
    with_rows(end=2**32, kept=2**32, pieces=pieces)(place)
    for name in names:
        with (place / "checkpoint" / name).open("wb") as file:
            file.truncate(2**30)


CORPUS: dict[str, Change] = {
    **{
        f"{name}: {kind.__name__}": each(name, kind)
        for name in FILES
        for kind in (pipe, device, listener, link_out, link_to_itself, folder, sparse, nulls)
    },
    **{
        f"{name}: {kind.__name__}": each(name, kind)
        for name in (*JSON_FILES, "config.yaml", ".clock")
        for kind in (empty_lists, digits, one_line)
    },
    **{
        f"{name}: {depth} deep": each(name, nested(depth))
        for name in (*JSON_FILES, "config.yaml", ".clock")
        for depth in (100, 330, 490, 900, 100_000)
    },
    **{
        f"{name}: all {word}": each(name, odd(value, kept))
        for name in JSON_FILES
        for word, value in ODD.items()
        for kept in [CLOCK | NAMES]
    },
    **{f"run.json: names {word}": each("run.json", odd(ODD[word])) for word in ("text", "huge")},
    **{f"log.jsonl: clock {word}": each("log.jsonl", odd(ODD[word], frozenset(["kind"])))
       for word in ODD},
    **{
        f"{name}: {word}": each(name, change)
        for name in NPZ_FILES
        for word, change in {
            "pickled": npz(pickled),
            "a pickle": bare_pickle,
            "promises": npz(lambda a, n: array_header(a, n, described(f"({2**40},)"))),
            "negative": npz(lambda a, n: array_header(a, n, described("(-1, -1)"), bytes(8))),
            "wide": npz(lambda a, n: array_header(a, n, described("(1,)", f"|S{2**31}"))),
            "many axes": npz(lambda a, n: array_header(a, n, described(str((1,) * 10)), bytes(8))),
            "code": npz(lambda a, n: array_header(a, n, f"__import__('{MODULE}')", bytes(8))),
            "no array": npz(lambda a, n: a.writestr(n, b"\x93NUMPY\x09\x00")),
            "outside": npz(lambda a, n: a.writestr(f"../../{n}", b"")),
            "many": many_members,
            "overlapping": overlapping,
        }.items()
    },
    "policy.npz: bomb": each("policy.npz", npz(bomb, zipfile.ZIP_DEFLATED)),
    "policy.npz: a long list": each("policy.npz", long_list),
    "state: bomb": each("checkpoint/state-*.npz", npz(bomb, zipfile.ZIP_DEFLATED)),
    **{
        f"policy: {word}": change
        for word, change in {
            "wide": architecture(hidden=[10**9, 10**9]),
            "deep": architecture(hidden=[1] * 100_000),
            "negative": architecture(inputs=-1, hidden=[-5]),
            "huge": architecture(inputs=10**400, outputs=10**400),
            "kind": architecture(kind=f"{MODULE}:Network"),
            "target": architecture(_target_=f"{MODULE}.Network"),
            "text": text_of_architecture("x" * 2_000_000),
            "nested": text_of_architecture("[" * 100_000),
            "nested less": text_of_architecture('{"network":' * 900 + "1" + "}" * 900),
            "null": text_of_architecture("null"),
        }.items()
    },
    "config: python": yaml(f'a: !!python/object/apply:exec ["{EXECUTES}"]\n'),
    "config: module": yaml(f"a: !!python/module:{MODULE}\n"),
    "config: laughs": yaml(LAUGHS),
    "config: target": yaml(
        f"agent: {{name: es, _target_: {MODULE}.Agent}}\nenv: {{id: '{MODULE}:Env-v0'}}\n"
    ),
    "config: interpolation": yaml("agent: {name: '${oc.env:HOME}', population: '${eval:1}'}\n"),
    "config: long": yaml("a: [" + "a, " * 21_000 + "a]"),
    "config: deep": yaml("[" * 5000),
    "config: long key": yaml("? " + "x" * 200_000 + "\n: 1\n"),
    "header: module": header(env=f"{MODULE}:Env-v0", agent=f"{MODULE}.Agent"),
    "header and config: module": foreign_env,
    "header: paths": header(env="../../../../etc/passwd", agent="../..", setup="../../.."),
    "header: escapes": header(env=ESCAPES, agent=ESCAPES, setup=ESCAPES, argv=[ESCAPES] * 99),
    "header: levels": header(levels=list(range(100_000)), threshold=1e30),
    "header: machine": header(packages={str(n): ESCAPES for n in range(50_000)}),
    "index: elsewhere": index(lambda c: c["arrays"].update(file="../../../../../etc/passwd")),
    "index: itself": index(lambda c: c["arrays"].update(file="checkpoint-1.json")),
    "index: arrays": index(lambda c: c.update(state={"__array__": "/agent/theta"})),
    "index: names": index(lambda c: c["state"].update(agent={"__array__": ["a"]})),
    "index: rows": index(lambda c: c["state"].update(agent={"__rows__": "/none"})),
    "index: lists": index(lambda c: c.update(state=[[]] * 1_200_000)),
    "index: deep": index(lambda c: c.update(state=json.loads('{"a":' * 300 + "1" + "}" * 300))),
    "index: deeper": index(lambda c: c.update(state=json.loads('{"a":' * 480 + "1" + "}" * 480))),
    "rows: absent": with_rows(),
    "rows: pipe": with_rows(pipe),
    "rows: device": with_rows(device),
    "rows: link": with_rows(link_out),
    "rows: sparse": with_rows(sparse, end=2**33, kept=2**33,
                              pieces=[["rows-00000000-0-1.bin", 0, 2**33, 0]]),
    "rows: many sparse": many_sparse,
    "rows: wide": with_rows(folder, row=[["obs", "<f8", [2**40, 2**40]]]),
    "rows: endless": with_rows(folder, end=2**53, kept=2**53,
                               pieces=[["rows-00000000-0-1.bin", 0, 2**53, 0]]),
    "rows: outside": with_rows(folder, pieces=[["../../../../etc/passwd", 0, 10, 0]]),
    "rows: pickles": with_rows(folder, row=[["obs", "|O8", [4]]]),
    "rows: the same": with_rows(
        lambda file: file.write_bytes(ZEROS), end=640_000, kept=640_000,
        row=[["obs", "|u1", [16384]]],
        pieces=[["rows-00000000-0-1.bin", 64 * n, 64, CRC_OF_ZEROS] for n in range(10_000)],
    ),
    "checkpoint: a link": swapped,
    "folders without end": deep_folders,
    "names with escapes": escaping_names,
}  # fmt: skip
