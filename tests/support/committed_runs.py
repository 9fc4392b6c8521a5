"""The committed runs, as the tests of what the documents say of them read them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rlbench.analysis.groups import EnvironmentGroups, group_runs
from rlbench.analysis.speed_ratios import SpeedRatio, speed_ratios, threshold_ratios
from rlbench.analysis.suite_statistics import across_environments
from rlbench.runs.columns import Unit
from rlbench.runs.load import load_runs
from rlbench.runs.records import Run

REFERENCE = Path(__file__).parents[2] / "results" / "reference"


@cache
def environments(name: str) -> tuple[EnvironmentGroups, ...]:
    return tuple(group_runs(load_runs(REFERENCE / name).runs))


def ratios(name: str, unit: Unit = "train_s") -> dict[str, SpeedRatio]:
    found = [ratio for one in environments(name) for ratio in speed_ratios(one)]
    return {ratio.env: ratio for ratio in threshold_ratios(found, unit)}


def together(name: str, unit: Unit) -> tuple[float | None, float | None]:
    """The interval of the geometric mean."""
    found = [ratio for one in environments(name) for ratio in speed_ratios(one)]
    suites = across_environments(environments(name), found)
    (mean,) = [mean for suite in suites for mean in suite.ratios if mean.unit == unit]
    return mean.low, mean.high


def runs(name: str, agent: str) -> list[Run]:
    groups = [group for one in environments(name) for group in one.contenders]
    return [run for group in groups if group.agent == agent for run in group.runs]
