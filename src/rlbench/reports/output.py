"""Writing the report: each file whole or not at all, and nothing left over from an older one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from rlbench.errors import OutputError, ReportError
from rlbench.opening import UnreadableFileError, in_the_way, is_directory, make_directory
from rlbench.runs.files import replace_bytes
from rlbench.runs.reading import read_object

MANIFEST = "report.json"
PAGE = "index.html"
MAX_FILE_STEM = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]")
_OWN_SUFFIXES = (".png", ".svg", ".csv", ".html")


class NothingToReportError(ReportError):
    """There is no directory or no usable run yet."""


def make_output(out: Path, below: Path) -> None:
    """Make the folder for the files; nothing from `below` on down to it may be a link.

    Raises OutputError where it cannot be made or written, or holds a page of somebody else.
    """
    try:
        make_directory(out, below)
        before = _written_before(out)
        if before is None:
            keep_others_file(out, MANIFEST)
        if PAGE not in (before or ()):
            keep_others_file(out, PAGE)
        replace_bytes(out / MANIFEST, _manifest(before or ()))
    except (OSError, ValueError) as error:
        raise OutputError(out, error) from None


def check_place(out: Path) -> None:
    """Raise OutputError where a folder cannot be made at `out`; nothing is made yet."""
    for place in (out, *out.parents):
        if is_directory(place):
            return
        what = in_the_way(place, directory=True)
        if what is not None:
            raise OutputError(out, NotADirectoryError(errno.ENOTDIR, what, str(place)))


def keep_others_file(out: Path, name: str) -> None:
    """Raise OutputError where a folder has a file of that name; rlbench has not written it."""
    if os.path.lexists(out / name):
        why = "is there already, and rlbench has not written it"
        raise OutputError(out, FileExistsError(errno.EEXIST, why, str(out / name)))


def write_files(out: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write `files` (name to content) into `out`, and remove what an older report left there.

    Raises OutputError where the place cannot be written.
    """
    try:
        before = _written_before(out) or set()
        try:
            # Before the files: what a kill leaves of them is known to be a report's.
            replace_bytes(out / MANIFEST, _manifest(before | set(files)))
            written = add_files(out, files)
            for name in sorted(before - set(files)):
                (out / name).unlink(missing_ok=True)
            replace_bytes(out / MANIFEST, _manifest(files))
        except (OSError, OutputError):
            _take_back(out, before, files)
            raise
    except OSError as error:
        raise OutputError(out, error) from None
    return written


def _take_back(out: Path, before: set[str], files: Iterable[str]) -> None:
    """A report that could not be written as a whole leaves no page that looks like one: what is new
    is removed, and all of it where there was no report before."""
    new = [*(set(files) - before), *([] if before else [MANIFEST])]
    for name in new:
        with contextlib.suppress(OSError):
            (out / name).unlink(missing_ok=True)


def add_files(out: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write `files` (name to content) into `out` beside whatever is there.

    Raises OutputError where the place cannot be written.
    """
    try:
        make_directory(out, out)
        for name, content in files.items():
            replace_bytes(out / name, content)
        return [out / name for name in files]
    except (OSError, ValueError) as error:
        raise OutputError(out, error) from None


def file_stems(envs: Iterable[str]) -> dict[str, str]:
    """A distinct, harmless file name stem for every environment id.

    Slashes become `__`; whatever else a file system may object to becomes `_`. Ids that would
    share a stem get a few digits of their hash.
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


def _manifest(files: Iterable[str]) -> bytes:
    return (json.dumps({"schema": 1, "files": sorted(files)}, indent=1) + "\n").encode()


def _written_before(out: Path) -> set[str] | None:
    """Names of an older report's files: plain names of the report's own kinds, nothing else. None
    where there is no list of them."""
    try:
        names = read_object(out / MANIFEST).get("files")
    except UnreadableFileError:
        return None
    if not isinstance(names, list):
        return None
    return {
        name
        for name in names
        if isinstance(name, str)
        and name.endswith(_OWN_SUFFIXES)
        and Path(name).name == name
        and (out / name).is_file()
    }
