"""How long a sweep may still take, from what its jobs took and what their runs say."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from rlbench.harness.progress_line import read_line
from rlbench.sweeps.jobs import Job, State

ACTIVE = (State.RUNNING, State.STOPPING)


def sweep_left_s(jobs: Sequence[Job], cores: int) -> float | None:
    """About how many seconds are left until all `jobs` have run on `cores` cores; None where
    nothing is known.

    A running job says itself how long it may take. One that waits is taken to be as long as those
    of its agent and environment were, else as its budget of training.
    """
    left = {id(job): _left_s(job, jobs) for job in jobs if job.state in (State.WAITING, *ACTIVE)}
    known = [seconds for seconds in left.values() if seconds is not None]
    if not known:
        return None
    typical = mean(known)
    core_s, longest_s = 0.0, 0.0
    for job in jobs:
        if id(job) in left:
            seconds = left[id(job)]
            seconds = typical if seconds is None else seconds
            core_s += seconds * min(job.wanted_cores, cores)
            longest_s = max(longest_s, seconds)
    return max(longest_s, core_s / cores)


def is_measured(jobs: Sequence[Job]) -> bool:
    """Whether of each agent and environment that is left, a job has ended: `sweep_left_s` rests on
    budgets of training else, which a run that is solved does not use up."""
    ended = {(job.agent, job.env) for job in jobs if job.state is State.DONE}
    left = {(job.agent, job.env) for job in jobs if job.state in (State.WAITING, *ACTIVE)}
    return left <= ended


def _left_s(job: Job, jobs: Sequence[Job]) -> float | None:
    elapsed_s = job.elapsed_s or 0.0 if job.state in ACTIVE else 0.0
    said = read_line(job.note).left_s if job.state in ACTIVE else None
    kind = job.agent, job.env
    took = [
        other.elapsed_s
        for other in jobs
        if other.state is State.DONE and other.elapsed_s and (other.agent, other.env) == kind
    ]
    if took:
        measured = max(0.0, mean(took) - elapsed_s)
        return measured if said is None else min(said, measured)
    if said is not None:
        return said
    budget = job.settings.budget.train_seconds if job.settings is not None else None
    return None if budget is None else max(0.0, budget - elapsed_s)
