"""Runs that did not have the machine to themselves, so that their clock suffered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rlbench.runs.header import read_header
from rlbench.runs.reading import UnreadableFileError
from rlbench.runs.records import Run
from rlbench.runs.summary import Contention, read_summary

CONTENTION_SHARE = 0.05  # of all cores' time: above it a run is named


def contention(run: Run) -> Iterator[tuple[float, str]]:
    """Who had a part of the cores' time while a run trained, and how large it was. What the other
    jobs of its sweep had is not counted; where that was not measured, as much as they can have
    had."""
    shared = Contention(run.others_share, run.stolen_share, run.siblings_share)
    yield from _shares(shared, run.concurrent_jobs, run.cores, run.machine.cpu_count)


def contention_in(directory: Path) -> list[tuple[float, str]]:
    """The same of the run in `directory`; nothing where its files do not say."""
    try:
        shared, header = read_summary(directory).contention, read_header(directory)
    except UnreadableFileError:
        return []
    if shared is None:
        return []
    return list(_shares(shared, header.concurrent_jobs, header.cores, header.machine.cpu_count))


def _shares(
    shared: Contention, jobs: int | None, cores: int | None, machine: int | None
) -> Iterator[tuple[float, str]]:
    others = shared.others_share
    if others is not None:
        siblings = shared.siblings_share
        others -= _most_of_siblings(jobs, cores, machine) if siblings is None else siblings
    for share, who in (
        (others, "other processes"),
        (shared.stolen_share, "other machines of the host"),
    ):
        if share is not None and share > CONTENTION_SHARE:
            yield share, who


def _most_of_siblings(jobs: int | None, cores: int | None, machine: int | None) -> float:
    """The share of the machine that the jobs beside a run could have: each has as many cores as
    the run. 0 where so many jobs would not fit, as then their number is wrong."""
    if jobs is None or cores is None or machine is None or not 1 <= jobs * cores <= machine:
        return 0.0
    return (jobs - 1) * cores / machine
