"""All statistics of one environment in one bundle: what terminal, tables, figures and page get."""

from __future__ import annotations

from dataclasses import dataclass

from rlbench.analysis.curves import Curve, environment_curves
from rlbench.analysis.groups import EnvironmentGroups
from rlbench.analysis.level_times import LevelTime, level_times
from rlbench.analysis.reached import ReachedCurve, reached_curves
from rlbench.analysis.speed_ratios import SpeedRatio, speed_ratios
from rlbench.runs.records import Unit


@dataclass(frozen=True)
class EnvironmentAnalysis:
    """One environment's groups of runs with everything that was computed from them."""

    groups: EnvironmentGroups
    curves: tuple[Curve, ...]
    times: tuple[LevelTime, ...]
    ratios: tuple[SpeedRatio, ...]
    reached: tuple[ReachedCurve, ...]
    baseline: str | None = None  # as it was asked for, see `analyze`

    @property
    def env(self) -> str:
        """The environment's id."""
        return self.groups.env

    @property
    def comparisons(self) -> list[dict[Unit, SpeedRatio]]:
        """For each pair of groups that has a common threshold the ratios to it in every unit."""
        found: dict[tuple[str, str], dict[Unit, SpeedRatio]] = {}
        for ratio in self.ratios:
            if ratio.is_threshold:
                found.setdefault((ratio.baseline, ratio.challenger), {})[ratio.unit] = ratio
        return list(found.values())

    def threshold_time(self, group: str, unit: Unit = "train_s") -> LevelTime | None:
        """How long a group took to the threshold; None where it has none."""
        times = (t for t in self.times if t.group == group and t.is_threshold and t.unit == unit)
        return next(times, None)


def analyze(environment: EnvironmentGroups, baseline: str | None = None) -> EnvironmentAnalysis:
    """All statistics of one environment.

    baseline: the agent, or the label of one group, that the others are compared with; None: DQN
    where it was run, else the agent of the first group.
    """
    return EnvironmentAnalysis(
        groups=environment,
        curves=tuple(environment_curves(environment)),
        times=tuple(level_times(environment)),
        ratios=tuple(speed_ratios(environment, baseline)),
        reached=tuple(reached_curves(environment)),
        baseline=baseline,
    )
