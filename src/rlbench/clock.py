"""The only module that reads the time: wall clocks, CPU time, and the time of day."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Start:
    """The moment an attempt began, as `wall_s` says it, and the CPU-seconds already spent by then.

    Not the time of day, which somebody may set while a run goes on.
    """

    at_s: float
    cpu_s: float

    @classmethod
    def of_process(cls) -> Start:
        """The start of this process: imports count."""
        return cls(wall_s() - _process_age_s(), 0.0)

    @classmethod
    def now(cls) -> Start:
        """This moment: for another run in a process that has already done other things."""
        return cls(wall_s(), process_cpu_s())


def wall_s() -> float:
    """Seconds on the finest steady clock, for durations."""
    return time.perf_counter()


def _process_age_s() -> float:
    """Seconds since this process began.

    Linux gives it in clock ticks since boot. psutil would add the time of day of the boot, which
    is known to the second only.
    """
    stat = Path("/proc/self/stat")
    if not (stat.is_file() and hasattr(time, "CLOCK_BOOTTIME")):
        return max(0.0, time.time() - psutil.Process().create_time())
    # proc(5): starttime is field 22, the 20th after the parenthesised name.
    started_ticks = int(stat.read_text().rpartition(")")[2].split()[19])
    since_boot_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    return since_boot_s - started_ticks / os.sysconf("SC_CLK_TCK")


def process_cpu_s() -> float:
    """User and system CPU-seconds of this process so far."""
    return time.process_time()


def monotonic_s() -> float:
    """A clock for the spacing of progress lines and checkpoints."""
    return time.monotonic()


def utc_now() -> str:
    """The time of day, such as 2026-01-31T12:00:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
