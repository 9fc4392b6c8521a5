"""How long a sweep may still take, from what its jobs took and what their runs say."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from statistics import mean

from rlbench.harness.progress_line import read_line
from rlbench.sweeps.jobs import Job, Room, State

ACTIVE = (State.RUNNING, State.STOPPING)
ENDED_WELL = (State.DONE, State.BEFORE)
Kind = tuple[str, str]  # agent and environment


def sweep_left_s(jobs: Sequence[Job], room: Room) -> float | None:
    """About how many seconds are left until all `jobs` have run, in their order and with as many
    side by side as `room` allows; None where nothing is known.

    A running job says itself how long it may take at most. Jobs are taken to be as long as those of
    their agent and environment were on average, in this sweep or before it was started again; where
    there are none, as their budget of training. What a run has behind it is not taken again.
    """
    took = _took(jobs)
    left = {
        id(job): _left_s(job, took.get(_kind(job)))
        for job in jobs
        if job.state in (State.WAITING, *ACTIVE)
    }
    known = [seconds for seconds in left.values() if seconds is not None]
    if not known:
        return None
    typical = mean(known)
    return _time_of(jobs, {job: typical if s is None else s for job, s in left.items()}, room)


def is_measured(jobs: Sequence[Job]) -> bool:
    """Whether of each agent and environment that is left, a job has ended: `sweep_left_s` rests on
    budgets of training else, which a run that is solved does not use up."""
    left = {_kind(job) for job in jobs if job.state in (State.WAITING, *ACTIVE)}
    return left <= set(_took(jobs))


def _kind(job: Job) -> Kind:
    return job.agent, job.env


def _took(jobs: Sequence[Job]) -> Mapping[Kind, float]:
    """The seconds that whole runs took on average."""
    found: dict[Kind, list[float]] = {}
    for job in jobs:
        if job.state in ENDED_WELL and (seconds := _whole_run_s(job)):
            found.setdefault(_kind(job), []).append(seconds)
    return {kind: mean(seconds) for kind, seconds in found.items()}


def _whole_run_s(job: Job) -> float | None:
    """With what it took in earlier attempts, which `elapsed_s` lacks."""
    if job.summary is None or not math.isfinite(job.summary.clock.wall_s):
        return job.elapsed_s
    return job.summary.clock.wall_s


def _left_s(job: Job, took_s: float | None) -> float | None:
    active = job.state in ACTIVE
    elapsed_s = (job.elapsed_s or 0.0) if active else 0.0
    behind_s = elapsed_s + (job.before.wall_s if math.isfinite(job.before.wall_s) else 0.0)
    said = read_line(job.note).left_s if active else None
    if took_s is not None:
        # One that is over the average may take as long again as it is over it.
        measured = abs(took_s - behind_s)
        return measured if said is None else min(said, measured)
    if said is not None:
        return said
    budget = job.settings.budget.train_seconds if job.settings is not None else None
    return None if budget is None else max(0.0, budget - job.before.train_s - elapsed_s)


def _time_of(jobs: Sequence[Job], left_s: Mapping[int, float], room: Room) -> float:
    """When the last job ends, if each takes what it has left and the next begins as soon as there
    is room for it."""
    running = [
        (left_s[id(job)], min(job.wanted_cores, room.cores)) for job in jobs if job.state in ACTIVE
    ]
    free = room.cores - sum(cores for _, cores in running)
    heapq.heapify(running)
    now, end = 0.0, max((seconds for seconds, _ in running), default=0.0)
    for job in jobs:
        if job.state is not State.WAITING:
            continue
        wanted = min(job.wanted_cores, room.cores)
        while running and (wanted > free or len(running) >= room.limit(job)):
            now, cores = heapq.heappop(running)
            free += cores
        heapq.heappush(running, (now + left_s[id(job)], wanted))
        free -= wanted
        end = max(end, now + left_s[id(job)])
    return end
