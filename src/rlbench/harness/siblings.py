"""What the jobs of one sweep use of the machine together."""

from __future__ import annotations

import contextlib
import os
import sys

import psutil

SWEEP = "RLBENCH_SWEEP"  # set by a sweep for its jobs: the number of the process that starts them
TRIES = 20


def sweep_cpu_s() -> float | None:
    """CPU-seconds so far of all jobs of the sweep that this run is a job of, ended or not, with
    their workers. None where this run is no such job, or the system (any but Linux) does not count
    the processes that have ended."""
    given = os.environ.get(SWEEP, "")
    if sys.platform != "linux" or not (given.isascii() and given.isdecimal() and len(given) < 10):
        return None
    for _ in range(TRIES):
        # The time of a process that ends goes to its parent, which was read before it: read again.
        with contextlib.suppress(psutil.NoSuchProcess):
            sweep = psutil.Process(int(given))
            jobs = sweep.children(recursive=True)
            times = sweep.cpu_times()
            ended_s = times.children_user + times.children_system
            return float(ended_s + sum(sum(job.cpu_times()[:4]) for job in jobs))
    return None
