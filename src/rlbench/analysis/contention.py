"""Runs that did not have the machine to themselves, so that their clock suffered."""

from __future__ import annotations

from collections.abc import Iterator

from rlbench.runs.records import Run

CONTENTION_SHARE = 0.05  # of all cores' time: above it a run is named


def contention(run: Run) -> Iterator[tuple[float, str]]:
    """Who had a part of the cores' time while a run trained, and how large it was; as much as the
    other jobs of its sweep can have had is not counted."""
    others = run.others_share
    if others is not None:
        others -= _most_of_siblings(run)
    for share, who in (
        (others, "other processes"),
        (run.stolen_share, "other machines of the host"),
    ):
        if share is not None and share > CONTENTION_SHARE:
            yield share, who


def _most_of_siblings(run: Run) -> float:
    """The share of the machine that the jobs beside a run could have: each has as many cores as
    the run. 0 where so many jobs would not fit, as then their number is wrong."""
    jobs, cores, machine = run.concurrent_jobs, run.cores, run.machine.cpu_count
    if jobs is None or cores is None or machine is None or not 1 <= jobs * cores <= machine:
        return 0.0
    return (jobs - 1) * cores / machine
