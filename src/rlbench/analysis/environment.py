"""All statistics of one environment in one bundle: what terminal, tables, figures and page get."""

from __future__ import annotations

from dataclasses import dataclass

from rlbench.analysis.curves import Curve, environment_curves
from rlbench.analysis.groups import EnvironmentGroups
from rlbench.analysis.level_times import LevelTime, level_times
from rlbench.analysis.reached import ReachedCurve, reached_curves
from rlbench.analysis.speed_ratios import SpeedRatio, speed_ratios


@dataclass(frozen=True)
class EnvironmentAnalysis:
    """One environment's groups of runs with everything that was computed from them."""

    groups: EnvironmentGroups
    curves: tuple[Curve, ...]
    times: tuple[LevelTime, ...]
    ratios: tuple[SpeedRatio, ...]
    reached: tuple[ReachedCurve, ...]

    @property
    def env(self) -> str:
        """The environment's id."""
        return self.groups.env


def analyze(environment: EnvironmentGroups, baseline: str | None = None) -> EnvironmentAnalysis:
    """All statistics of one environment.

    baseline: the agent, or the label of one group, that the others are compared with; None: DQN
    where it was run, else the first group.
    """
    return EnvironmentAnalysis(
        groups=environment,
        curves=tuple(environment_curves(environment)),
        times=tuple(level_times(environment)),
        ratios=tuple(speed_ratios(environment, baseline)),
        reached=tuple(reached_curves(environment)),
    )
