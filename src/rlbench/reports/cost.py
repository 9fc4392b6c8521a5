"""What training costs: core-hours turned into euros and kilowatt-hours by rates a user can set."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rlbench.runs.records import Run

# Amazon EC2 c5.4xlarge, on demand, us-east-1: 0.68 USD an hour for 16 vCPUs, so 0.0425 USD a vCPU
# (Amazon EC2 Auto Scaling User Guide, "Spot price per unit hour example"). A vCPU is a thread.
EUROS_PER_CORE_HOUR = 0.04
# Intel Xeon Platinum 8380: 270 W of thermal design power for 40 cores (Intel's specification).
WATTS_PER_CORE = 6.75


@dataclass(frozen=True)
class Rates:
    """What a core costs while it is held."""

    euros_per_core_hour: float = EUROS_PER_CORE_HOUR
    watts_per_core: float = WATTS_PER_CORE

    def euros(self, core_hours: float | None) -> float | None:
        """The price of some core-hours."""
        return None if core_hours is None else core_hours * self.euros_per_core_hour

    def kwh(self, core_hours: float | None) -> float | None:
        """The energy of some core-hours."""
        return None if core_hours is None else core_hours * self.watts_per_core / 1000.0


def train_core_hours(run: Run) -> float | None:
    """The run's cores times its training time: both agents hold their cores all along."""
    hours = run.end.along("core_s", run.cores) / 3600.0
    return hours if math.isfinite(hours) else None
