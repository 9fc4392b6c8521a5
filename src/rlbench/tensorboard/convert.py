"""Event files of runs that were made without them, under names that tell the runs apart."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from rlbench.errors import OutputError, ReportError, RlbenchError
from rlbench.opening import UnreadableFileError, in_the_way, no_directory
from rlbench.runs.header import FILE as HEADER
from rlbench.runs.load import MAX_DEPTH, find_run_directories, unreadable_note
from rlbench.runs.log import FILE as LOG
from rlbench.runs.log import LogFile
from rlbench.runs.reading import printable
from rlbench.tensorboard.differences import of_one_type_each, settings_that_differ
from rlbench.tensorboard.hparams import experiment
from rlbench.tensorboard.naming import name_runs
from rlbench.tensorboard.outcome import METRICS
from rlbench.tensorboard.runs import DIRECTORY, Added, EventLog, run_of
from rlbench.tensorboard.session import Session, read_session

Parts = Callable[[Path], Iterable[Iterable[Added]]]
"""What is to be shown of the run in a directory, part by part. It, or a part, may raise an
RlbenchError that says why not."""


def convert(directory: Path, out: Path | None = None, parts: Parts | None = None) -> int:
    """Write the event files of every run below `directory`; returns how many runs there were.

    out: where they go, in folders named by what differs among the runs (`name_runs`); those that
    earlier calls wrote of the same runs under other names are removed. None: below `directory`.
    parts: what is added to the rows of each run; what cannot be is named.
    Raises ReportError where there is no such directory or no run in it, or `out` cannot be written.
    """
    # A link in the directory of the runs is not followed; one that is asked for is.
    below, out = (directory, directory / DIRECTORY) if out is None else (out, out)
    missing = no_directory(directory)
    if missing is not None:
        raise ReportError(f"{directory}: {missing}")
    runs = list(_sessions(directory))
    sessions = [session for _, session in runs]
    hparams = of_one_type_each([session.hparams for session in sessions])
    columns = experiment(settings_that_differ(hparams), METRICS)
    # The one run that is asked for keeps its files where it may be writing them.
    alone = out == directory / DIRECTORY and [place for place, _ in runs] == [directory]
    names: Sequence[PurePath] = [PurePath()] if alone else name_runs(sessions)
    written = set[Path]()
    for (place, session), name, values in zip(runs, names, hparams, strict=True):
        log = LogFile(place / LOG)
        try:
            events = EventLog(out / name, session, log, below, (columns, values))
            if parts is not None:
                _add(parts, place, place.relative_to(directory), events)
            written.add(events.close(still_going=True))
        except UnreadableFileError as error:
            _note_on(place.relative_to(directory), f"{LOG} {error}: passed over")
        except OSError as error:
            raise OutputError(out, error) from None
    if not written:
        raise ReportError(f"{directory}: no run found (no run.json and log.jsonl at any depth)")
    _remove_others(out, written)
    return len(written)


def _add(parts: Parts, place: Path, name: PurePath, events: EventLog) -> None:
    """Add the parts of the run at a place, which is called `name` in notes."""

    @contextlib.contextmanager
    def named() -> Iterator[None]:
        try:
            yield
        except OutputError:
            raise
        except RlbenchError as error:
            _note_on(name, printable(str(error).removeprefix(f"{place}: ")))

    with named():
        for part in parts(place):
            with named():
                for added in part:
                    events.add(added)


def _sessions(directory: Path) -> Iterator[tuple[Path, Session]]:
    """Each run below a directory with its settings; what cannot be used is named."""
    for place in find_run_directories(
        directory, lambda error: _note(unreadable_note(directory, error))
    ):
        name = place.relative_to(directory)
        try:
            session = read_session(place)
        except UnreadableFileError as error:
            _note_on(name, f"{HEADER} {error}: passed over")
            continue
        if session.problem:
            _note_on(name, f"{session.problem}: its settings are not shown")
        yield place, session


def _remove_others(out: Path, written: set[Path]) -> None:
    """Remove the event files of the runs that were `written` from other folders below `out`, where
    they had other names; not from the inside of a run."""
    runs = {run_of(path.name) for path in written} - {None}
    in_use = {path.parent for path in written}
    for place, folders, names in os.walk(out):
        deep = len(Path(place).relative_to(out).parts) >= MAX_DEPTH
        if HEADER in names or HEADER in folders or deep:
            folders.clear()
        elif Path(place) not in in_use:
            files = [Path(place) / name for name in names if run_of(name) in runs]
            with contextlib.suppress(OSError):  # another user's, or a folder that is not empty
                _remove([file for file in files if in_the_way(file) is None], out)


def _remove(files: Sequence[Path], out: Path) -> None:
    """Remove files of one folder, and the folders below `out` that are empty then."""
    for file in files:
        file.unlink()
    for folder in files[0].parents if files else ():
        if folder == out:
            return
        folder.rmdir()


def _note(line: str) -> None:
    print(f"note: {line}", file=sys.stderr)


def _note_on(name: PurePath, what: str) -> None:
    _note(f"{printable(str(name))}: {what}")
