"""When a run is to stop, and whether one that has ended has anything left to do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rlbench import __version__
from rlbench.errors import RunError
from rlbench.runs import header
from rlbench.runs.columns import Clock
from rlbench.runs.contention import contention_in
from rlbench.runs.header import Header, read_header
from rlbench.runs.reading import UnreadableFileError
from rlbench.runs.records import EndStatus, Mark
from rlbench.runs.schema import SCHEMA
from rlbench.runs.summary import Summary, read_summary
from rlbench.settings import Settings


def reason_to_stop(
    settings: Settings,
    clock: Clock,
    solved_at: Mark | None,
    reached: Mapping[float, Mark | None],
    interrupted: bool = False,
) -> EndStatus | None:
    """Why a run ends here; None where it goes on."""
    if settings.stop_at_levels:
        done = bool(reached) and None not in reached.values()
    else:
        done = settings.stop_at_threshold and solved_at is not None
    if done:
        return "solved"
    if interrupted:
        return "interrupted"
    steps = settings.budget.env_steps
    if time_is_up(settings, clock.train_s) or (steps is not None and clock.env_steps >= steps):
        return "budget"
    return None


def time_is_up(settings: Settings, train_s: float) -> bool:
    """Whether the budget of training time is used up."""
    limit = settings.budget.train_seconds
    return limit is not None and train_s >= limit


def finished(settings: Settings, directory: Path) -> str | None:
    """One line on the run in `directory`, which `settings` ask for, if there is nothing left to do;
    else None.

    A run is finished when it reached what it is to stop at, or has used up the budget asked for;
    a larger budget goes on from where it ended. One that starts over is not finished.
    Raises RunError for an unfinished run that this version of rlbench cannot go on with.
    """
    if starts_over(settings, directory):
        return None
    maker = _maker(directory)
    try:
        summary = read_summary(directory)
    except UnreadableFileError:
        summary = None
    if summary is not None and summary.status in ("solved", "budget"):
        at = summary.clock
        if reason_to_stop(settings, at, summary.solved_at, summary.reached) is not None:
            by = f" by {_named(maker)}" if maker is not None and _is_foreign(maker) else ""
            return f"{summary.status} already{by}: {in_words(summary)}; files in {directory}"
    if maker is not None and _is_foreign(maker):
        raise RunError(
            f"{directory}: begun by {_named(maker)}, and rlbench {__version__} does not go on with "
            "it; overwrite=true starts again, another results_dir keeps both"
        )
    return None


def starts_over(settings: Settings, directory: Path) -> bool:
    """Whether `settings` ask for the run in `directory` to begin again: any with `overwrite=true`,
    with `overwrite=shared` one that has ended and had to share its cores."""
    if settings.overwrite != "shared":
        return settings.overwrite
    try:
        ended = read_summary(directory).status in ("solved", "budget")
    except UnreadableFileError:
        return False
    return ended and contention_in(directory) != []


def in_words(summary: Summary) -> str:
    """The outcome of a run in a few words."""
    return f"{_outcome(summary)}; evaluation took {summary.clock.eval_share or 0:.0%} of the time"


def _outcome(summary: Summary) -> str:
    at, clock = summary.solved_at, summary.clock
    if at is not None and summary.threshold is not None:
        return (
            f"threshold {summary.threshold:g} confirmed after {at.at.train_s:.2f} s of "
            f"training and {at.at.env_steps:,} steps"
        )
    best = summary.best_return_mean
    best_text = "none" if best is None else f"{best:.1f}"
    return (
        f"{clock.train_s:.1f} s of training and {clock.env_steps:,} steps, best return {best_text}"
    )


def _maker(directory: Path) -> Header | None:
    """The header of the run that is in `directory`; None where there is no run."""
    if not os.path.lexists(directory / header.FILE):
        return None
    try:
        return read_header(directory)
    except UnreadableFileError as error:
        raise RunError(
            f"{directory / header.FILE} {error}; overwrite=true starts the run again"
        ) from error


def _is_foreign(maker: Header) -> bool:
    """Whether another version made it: its times, and what it learned, may differ."""
    return (maker.rlbench, maker.schema) != (__version__, SCHEMA)


def _named(maker: Header) -> str:
    form = "" if maker.schema == SCHEMA else f" (files of schema {maker.schema})"
    return f"rlbench {maker.rlbench or 'of an unknown version'}{form}"
