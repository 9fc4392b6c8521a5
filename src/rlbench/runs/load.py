"""Find the runs below a directory and load what can be used; name what cannot."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from rlbench.runs.header import FILE as HEADER
from rlbench.runs.header import Header, read_header
from rlbench.runs.history import History, read_history
from rlbench.runs.log import FILE as LOG
from rlbench.runs.reading import UnreadableFileError, printable
from rlbench.runs.records import Mark, Run
from rlbench.runs.summary import FILE as SUMMARY
from rlbench.runs.summary import Summary, read_summary

MAX_DEPTH = 100  # folders in one another


@dataclass(frozen=True)
class LoadedRuns:
    """All runs that could be loaded, in a fixed order, and one line for each thing passed over."""

    runs: tuple[Run, ...]
    problems: tuple[str, ...]
    found: int  # run directories, loadable or not


def find_run_directories(
    directory: Path, unreadable: Callable[[OSError], object] | None = None
) -> Iterator[Path]:
    """Every directory at or below `directory` that holds a run.json, in name order.

    Neither links nor the inside of a run are entered, nor folders below `MAX_DEPTH` others.
    unreadable: called with the error of each folder that cannot be read.
    """
    top = str(directory).count(os.sep)
    for place, folders, names in os.walk(directory, onerror=unreadable):
        if place.count(os.sep) - top >= MAX_DEPTH and folders:
            folders.clear()
            if unreadable is not None:
                unreadable(OSError(errno.ELOOP, "too many folders in one another", place))
        if HEADER in names or HEADER in folders:  # what it is, is for its reader to say
            folders.clear()
            yield Path(place)
        folders.sort()


def unreadable_note(directory: str | Path, error: OSError) -> str:
    """A line on a folder below `directory` that cannot be read."""
    name = os.path.relpath(str(error.filename), directory)
    return f"{printable(name)}: cannot be read ({error.strerror}): passed over"


def load_runs(*directories: Path, only: Sequence[Path] | None = None) -> LoadedRuns:
    """Load every run below the directories; what is torn, foreign or doubled is named instead.

    A run is called by its path below the directory, or below what several have in common. One that
    lies below two of them, or below one that is given twice, is one run. only: run directories;
    what lies in others is counted in a note and not read.
    """
    base = os.path.commonpath([os.path.realpath(directory) for directory in directories])
    runs: list[Run] = []
    problems: list[str] = []
    found = 0

    def unreadable(error: OSError) -> None:
        problems.append(unreadable_note(base, error))

    places: dict[str, Path] = {}
    for directory in directories:
        for place in find_run_directories(directory, unreadable):
            places.setdefault(os.path.realpath(place), place)
    if only is not None:
        asked = {os.path.realpath(place) for place in only}
        others = len(places.keys() - asked)
        places = {real: place for real, place in places.items() if real in asked}
        if others:
            number = "1 more run is" if others == 1 else f"{others} more runs are"
            problems.append(f"{number} here, of other settings or seeds: not in this report")
    for real, place in places.items():
        found += 1
        name = PurePath(os.path.relpath(real, base))
        run, notes = load_run(place, name)
        shown = printable(str(name))
        problems.extend(f"{shown}: {note}" for note in notes)
        if run is not None:
            runs.append(run)
    kept, doubles = _newest_of_each(runs)
    return LoadedRuns(tuple(kept), (*problems, *doubles), found)


def load_run(place: Path, name: PurePath) -> tuple[Run | None, list[str]]:
    """Load one run directory: the run, or None where nothing of it can be used, and notes on what
    was passed over. name: its path, as it is shown."""
    try:
        header = read_header(place)
    except UnreadableFileError as error:
        return None, [f"{HEADER} {error}: passed over"]
    try:
        history = read_history(place / LOG, header.cores)
    except UnreadableFileError as error:
        return None, [f"{LOG} {error}: passed over"]
    notes = list(history.notes)
    if len(history.evaluations) == 0:
        return None, [*notes, f"{LOG} has no evaluation yet: passed over"]
    try:
        summary = read_summary(place)
    except UnreadableFileError as error:
        summary = None
        if history.end_status is not None:
            notes.append(f"{SUMMARY} {error}: taken as a run still going or killed")
    run = _run(place, name, header, history, summary)
    if summary is not None:
        notes.extend(_contradictions(run, summary))
    return run, notes


def _stop_level(header: Header) -> float | None:
    if header.stop_at_levels:
        return max(header.levels, default=None)
    return header.threshold if header.stop_at_threshold else None


def _run(
    place: Path, name: PurePath, header: Header, history: History, summary: Summary | None
) -> Run:
    shared = None if summary is None else summary.contention
    return Run(
        path=name,
        directory=place,
        agent=header.agent,
        env=header.env,
        seed=header.seed,
        setup=header.setup,
        learning=header.learning,
        fingerprint=header.fingerprint,
        rlbench=header.rlbench,
        threshold=header.threshold,
        levels=header.levels,
        stop_level=_stop_level(header),
        budget_train_s=header.budget_train_s,
        budget_env_steps=header.budget_env_steps,
        cores=header.cores,
        device=header.device,
        executor=header.executor,
        workers=header.workers,
        precision=header.precision,
        concurrent_jobs=header.concurrent_jobs,
        machine=header.machine,
        registration=header.registration,
        frame_skip=header.frame_skip,
        sticky_actions=header.sticky_actions,
        observations=header.observations,
        eval_episodes=header.eval_episodes,
        started_at=header.started_at,
        argv=header.argv,
        status="unfinished" if summary is None else history.end_status or "unfinished",
        attempts=history.attempts,
        end=history.end,
        evaluations=history.evaluations,
        reached={
            level: _first_reached(history, level, level == header.threshold)
            for level in header.levels
        },
        failed_confirmations=history.failed_confirmations,
        final_return_mean=None if summary is None else summary.final_return_mean,
        best_return_mean=None if summary is None else summary.best_return_mean,
        peak_rss_mb=None if summary is None else summary.peak_rss_mb,
        others_share=None if shared is None else shared.others_share,
        siblings_share=None if shared is None else shared.siblings_share,
        stolen_share=None if shared is None else shared.stolen_share,
        error="" if summary is None else summary.error or "",
    )


def _first_reached(history: History, level: float, needs_confirmation: bool) -> Mark | None:
    """When a level was first reached, from the log's rows alone."""
    evaluations = history.evaluations
    if not needs_confirmation:
        above = np.flatnonzero(evaluations.return_mean >= level)
        if not len(above):
            return None
        index = int(above[0])
        at = evaluations.clocks[index]
    else:
        confirmed = [clock for value, clock in history.confirmed if value == level]
        if not confirmed:
            return None
        at = confirmed[0]
        # The evaluation that asked for the confirmation.
        index = sum(
            clock.train_s <= at.train_s and clock.env_steps <= at.env_steps
            for clock in evaluations.clocks
        )
        index -= 1
    return Mark(at, evaluations.clocks[index - 1] if index > 0 else None)


def _contradictions(run: Run, summary: Summary) -> Iterator[str]:
    """Where the summary and the log disagree; the log is what the report goes by."""
    stated = None if summary.solved_at is None else summary.solved_at.at.train_s
    logged = None if run.solved_at is None else run.solved_at.at.train_s
    if (stated is None) != (logged is None) or (
        stated is not None
        and logged is not None
        and not math.isclose(stated, logged, rel_tol=1e-6, abs_tol=1e-3)
    ):
        yield (
            f"{SUMMARY} says solved at {_shown(stated)}, {LOG} {_shown(logged)}: the log is taken"
        )


def _shown(value: float | None) -> str:
    return "never" if value is None else f"{value:g} s"


def _newest_of_each(runs: list[Run]) -> tuple[list[Run], list[str]]:
    """Drop runs that repeat another's seed under the same conditions: they are not independent."""
    newest: dict[tuple[object, ...], Run] = {}
    notes: list[str] = []
    for run in runs:
        key = (run.env, run.agent, run.setup, run.fingerprint, run.cpu_model, run.rlbench, run.seed)
        other = newest.get(key)
        if other is None:
            newest[key] = run
            continue
        kept, left = (run, other) if run.started_at > other.started_at else (other, run)
        newest[key] = kept
        notes.append(
            f"{printable(str(left.path))}: same setup and seed as {printable(str(kept.path))}, "
            "which is used: passed over"
        )
    order = sorted(
        newest.values(), key=lambda run: (run.env, run.agent, run.setup, run.seed, str(run.path))
    )
    return order, notes
