"""When a run is to stop, and whether one that has ended has anything left to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlbench.runs.directory import read_summary
from rlbench.settings import Settings

Moment = dict[str, Any]  # the clock at which a level was reached, as in summary.json


def is_done(
    settings: Settings, solved_at: Moment | None, reached: Mapping[Any, Moment | None]
) -> bool:
    """Whether a run that was solved then, and reached its levels then, is to stop."""
    if settings.stop_at_levels:
        return bool(reached) and None not in reached.values()
    return solved_at is not None and settings.stop_at_threshold


def finished(settings: Settings, directory: Path) -> str | None:
    """One line on the run in `directory`, which `settings` ask for, if there is nothing left to do;
    else None.

    A run is finished when it reached what it is to stop at, or has used up the budget asked for;
    a larger budget goes on from where it ended. `overwrite` leaves nothing finished.
    """
    if settings.overwrite:
        return None
    summary = read_summary(directory)
    if summary is None or summary["status"] not in ("solved", "budget"):
        return None
    done = is_done(settings, summary["solved_at"], summary["reached"])
    if not done and not budget_used(settings, summary["train_s"], summary["env_steps"]):
        return None
    return f"{summary['status']} already: {in_words(summary)}; files in {directory}"


def budget_used(settings: Settings, train_s: float, env_steps: int) -> bool:
    """Whether either budget is used up."""
    budget = settings.budget
    return (budget.train_seconds is not None and train_s >= budget.train_seconds) or (
        budget.env_steps is not None and env_steps >= budget.env_steps
    )


def in_words(summary: Mapping[str, Any]) -> str:
    """A summary in a few words."""
    at = summary["solved_at"]
    if at is not None:
        return (
            f"threshold {summary['threshold']:g} confirmed after {at['train_s']:.2f} s of "
            f"training and {at['env_steps']:,} steps"
        )
    best = summary["best_return_mean"]
    best_text = "none" if best is None else f"{best:.1f}"
    return (
        f"{summary['train_s']:.1f} s of training and {summary['env_steps']:,} steps, "
        f"best return {best_text}"
    )
