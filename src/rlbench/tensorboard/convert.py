"""Event files of runs that were made without them."""

from __future__ import annotations

import sys
from pathlib import Path

from rlbench.errors import ReportError
from rlbench.runs.header import FILE as HEADER
from rlbench.runs.header import read_header
from rlbench.runs.load import find_run_directories
from rlbench.runs.log import FILE as LOG
from rlbench.runs.log import read_rows
from rlbench.runs.reading import UnreadableFileError, printable
from rlbench.tensorboard.runs import DIRECTORY, EventLog


def convert(directory: Path, out: Path | None = None) -> int:
    """Write the event files of every run below `directory`; returns how many runs there were.

    out: where they go, in folders with the names of the runs'; None: below `directory`.
    Raises ReportError where there is no such directory or no run in it, or `out` cannot be written.
    """
    out = directory / DIRECTORY if out is None else out
    if not directory.is_dir():
        raise ReportError(f"{directory}: no such directory")
    written = 0
    for place in find_run_directories(directory, skip=out):
        name = place.relative_to(directory)
        try:
            started_at = read_header(place).started_at
        except UnreadableFileError as error:
            _pass_over(name, HEADER, error)
            continue
        try:
            rows = read_rows(place / LOG).rows
        except UnreadableFileError as error:
            _pass_over(name, LOG, error)
            continue
        try:
            EventLog(out / name, started_at, rows).close()
        except OSError as error:
            why = error.strerror or error
            raise ReportError(f"--out {out}: cannot be written ({why})") from None
        written += 1
    if not written:
        raise ReportError(f"{directory}: no run found (no run.json and log.jsonl at any depth)")
    return written


def _pass_over(name: Path, file: str, error: UnreadableFileError) -> None:
    print(f"note: {printable(str(name))}: {file} {error}: passed over", file=sys.stderr)
