"""How fast each group of runs stepped its environment."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.reports.figures.looks import Looks
from rlbench.reports.figures.registry import EnvironmentFigure


def draw(analysis: EnvironmentAnalysis, looks: Looks) -> Figure | None:
    """A bar for each group; None without a run that has trained."""
    speeds = _steps_per_second(analysis)
    if not speeds:
        return None
    figure = Figure(figsize=(6.0, 1.2 + 0.4 * len(speeds)), layout="constrained")
    axes = figure.subplots()
    colours = [looks.on(analysis.env)[label].colour for label in speeds]
    axes.barh(list(speeds), list(speeds.values()), color=colours)
    axes.set_xlabel("environment steps per second of training")
    axes.set_title(analysis.env)
    return figure


def caption(analysis: EnvironmentAnalysis) -> str:
    """What is drawn."""
    return "Mean over seeds of environment steps over seconds of training."


def words(analysis: EnvironmentAnalysis) -> str:
    """The same for a reader who cannot see it."""
    speeds = _steps_per_second(analysis)
    return "; ".join(f"{label}: {speed:.0f} steps a second" for label, speed in speeds.items())


def _steps_per_second(analysis: EnvironmentAnalysis) -> dict[str, float]:
    found = {}
    for group in analysis.groups.contenders:
        speeds = [run.end.env_steps / run.end.train_s for run in group.runs if run.end.train_s]
        if speeds:
            found[group.label] = float(np.mean(speeds))
    return found


FIGURE = EnvironmentFigure("Steps per second", caption, draw, words)
