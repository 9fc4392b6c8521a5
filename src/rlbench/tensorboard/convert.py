"""Event files of runs that were made without them."""

from __future__ import annotations

import sys
from pathlib import Path

from rlbench.errors import OutputError, ReportError
from rlbench.opening import UnreadableFileError, is_directory
from rlbench.runs.header import FILE as HEADER
from rlbench.runs.header import read_header
from rlbench.runs.load import find_run_directories, unreadable_note
from rlbench.runs.log import FILE as LOG
from rlbench.runs.log import LogFile
from rlbench.runs.reading import printable
from rlbench.tensorboard.runs import DIRECTORY, EventLog


def convert(directory: Path, out: Path | None = None) -> int:
    """Write the event files of every run below `directory`; returns how many runs there were.

    out: where they go, in folders with the names of the runs'; None: below `directory`.
    Raises ReportError where there is no such directory or no run in it, or `out` cannot be written.
    """
    # A link in the directory of the runs is not followed; one that is asked for is.
    below, out = (directory, directory / DIRECTORY) if out is None else (out, out)
    if not is_directory(directory):
        raise ReportError(f"{directory}: no such directory")
    written = 0
    for place in find_run_directories(
        directory, lambda error: _note(unreadable_note(directory, error))
    ):
        name = place.relative_to(directory)
        try:
            started_at = read_header(place).started_at
        except UnreadableFileError as error:
            _pass_over(name, HEADER, error)
            continue
        try:
            EventLog(out / name, started_at, LogFile(place / LOG), below).close()
        except UnreadableFileError as error:
            _pass_over(name, LOG, error)
            continue
        except OSError as error:
            raise OutputError(out, error) from None
        written += 1
    if not written:
        raise ReportError(f"{directory}: no run found (no run.json and log.jsonl at any depth)")
    return written


def _note(line: str) -> None:
    print(f"note: {line}", file=sys.stderr)


def _pass_over(name: Path, file: str, error: UnreadableFileError) -> None:
    _note(f"{printable(str(name))}: {file} {error}: passed over")
