"""The share of runs that had reached a level, over time: product-limit curves of every group."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.analysis.level_times import curve_times
from rlbench.analysis.survival import ProductLimit, identified_until, product_limit
from rlbench.runs.records import UNITS, Unit


@dataclass(frozen=True)
class ReachedCurve:
    """One group's way to one level in one unit."""

    env: str
    agent: str
    group: str
    level: float
    is_threshold: bool
    unit: Unit
    n_runs: int
    curve: ProductLimit  # of the share that has *not* reached the level
    known_until: float  # infinite where nothing can change after the last row


def reached_curve(group: Group, level: float, unit: Unit) -> ReachedCurve | None:
    """The curve; None where the logs lack this clock."""
    times = curve_times(group, level, unit)
    if times is None:
        return None
    return ReachedCurve(
        env=group.env,
        agent=group.agent,
        group=group.label,
        level=level,
        is_threshold=level == group.threshold,
        unit=unit,
        n_runs=len(group.runs),
        curve=product_limit(times),
        known_until=identified_until(times) if len(times) else math.inf,
    )


def reached_curves(environment: EnvironmentGroups) -> Iterator[ReachedCurve]:
    """Every group, level and unit of one environment."""
    for group in environment.groups:
        for level in group.levels:
            for unit in UNITS:
                curve = reached_curve(group, level, unit)
                if curve is not None:
                    yield curve
