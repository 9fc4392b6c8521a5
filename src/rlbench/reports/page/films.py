"""Films of `rlbench race` that the page shows: files beside it, which it links to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from rlbench.errors import ReportError
from rlbench.opening import UnreadableFileError, open_regular

FOUND = "race*.mp4"  # in the folder of the report
MOST_FOUND = 12
MAX_BYTES = 1_000_000_000
# The first seconds of a film are its picture until it is played: browsers show that moment.
_POSTER = "#t=0.1"


@dataclass(frozen=True)
class Film:
    """A film: its file's name, and the addresses, relative to the page, of the file and of the
    moment that is shown before it is played."""

    name: str
    address: str
    poster: str


def films_of(out: Path, asked: Sequence[Path] = ()) -> tuple[Film, ...]:
    """The films that were asked for, then those called FOUND in the report's folder, each once.

    Raises ReportError for one that was asked for and is no MP4 file.
    """
    wanted = [Path(os.path.realpath(path)) for path in asked]
    for path, shown in zip(asked, wanted, strict=True):
        reason = _why_not(shown)
        if reason:
            takes = "an MP4 file, as `rlbench race RUN RUN --out race.mp4` writes it"
            raise ReportError(f"film {path}: {reason}; takes {takes}")
    try:
        there = sorted(out.glob(FOUND))
    except OSError:  # what is wrong with the folder is said when it is written
        there = []
    beside = [path for path in there if not _why_not(path)][:MOST_FOUND]
    place = Path(os.path.realpath(out))
    paths = dict.fromkeys([*wanted, *(place / path.name for path in beside)])
    return tuple(_film(path, place) for path in paths)


def _film(path: Path, out: Path) -> Film:
    try:
        relative = Path(os.path.relpath(path, out)).as_posix()
    except ValueError:
        raise ReportError(f"film {path}: is on another drive than the report, {out}") from None
    # Quoted wholly, so that no name can pass for an address of another kind.
    address = "./" + quote(relative, safe="/", errors="replace")
    return Film(path.name, address, address + _POSTER)


def _why_not(path: Path) -> str:
    """Why a file cannot be shown; empty where it can."""
    try:
        descriptor = open_regular(path, MAX_BYTES)
    except UnreadableFileError as error:
        return str(error)
    with os.fdopen(descriptor, "rb") as file:
        # ISO/IEC 14496-12, 4.3: the first box of an MP4 file says what kind of file it is.
        return "" if file.read(8)[4:] == b"ftyp" else "is no MP4 file"
