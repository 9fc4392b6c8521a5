"""Runs that did not have the machine to themselves, so that their clock suffered."""

from __future__ import annotations

from collections.abc import Iterator

from rlbench.runs.records import Run

CONTENTION_SHARE = 0.05  # of all cores' time: above it a run is named


def contention(run: Run) -> Iterator[tuple[float, str]]:
    """Who had a part of the cores' time while a run trained, and how large it was; jobs of its own
    sweep are not counted."""
    stolen, others = run.stolen_share, run.others_share
    if run.concurrent_jobs not in (None, 1):
        others = None  # its siblings are among them
    for share, who in ((others, "other processes"), (stolen, "other machines of the host")):
        if share is not None and share > CONTENTION_SHARE:
            yield share, who
