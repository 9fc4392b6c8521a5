"""A run on more workers: prediction, measured runs, and ES as published, in one plot."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlbench.published.papers import humanoid_record
from rlbench.reports.figures.looks import DASHED, KNOWN, SOLID, Look
from rlbench.reports.figures.style import (
    AXIS_LABEL_IN,
    CAPTION_WIDTH,
    INK,
    LEFT_IN,
    LEGEND_ROW_IN,
    LEGEND_TOP_IN,
    MARGIN_IN,
    MUTED,
    WIDTH_IN,
    caption_in,
    log_axis,
    log_ticks,
    place_axes,
    place_caption,
    place_legend,
    place_title,
)
from rlbench.scaling.forecast import Forecast
from rlbench.scaling.prediction import Point, Scaling
from rlbench.wording import agent_name, count

PLOT_IN = 3.2
LEAST_SHOWN = 0.05
_IDEAL: dict[str, Any] = {"color": MUTED, "linewidth": 1.0, "linestyle": (0, (1, 2))}
_PUBLISHED: dict[str, Any] = {
    "color": INK, "marker": "D", "markersize": 6.5, "markerfacecolor": "white", "linewidth": 1.0,
}  # fmt: skip


def draw_forecast(found: Forecast) -> Figure:
    """Speed-up over one worker against the number of workers, both logarithmic."""
    look = KNOWN[found.measured.run.agent]
    handles = _handles(found, look)
    lines = textwrap.wrap(figure_caption(found), CAPTION_WIDTH)
    top_in = LEGEND_TOP_IN + LEGEND_ROW_IN * len(handles) + 0.15
    figure = Figure(figsize=(WIDTH_IN, top_in + PLOT_IN + AXIS_LABEL_IN + caption_in(lines)))
    run = found.measured.run
    place_title(figure, f"{agent_name(run.agent)} on {run.env}", "speed-up over one worker")
    place_legend(figure, handles)
    place_caption(figure, lines)
    axes = place_axes(figure, LEFT_IN, top_in, WIDTH_IN - LEFT_IN - MARGIN_IN, PLOT_IN)
    most = max(found.strong[-1].workers, 2)
    axes.plot([1, most], [1, most], **_IDEAL)
    for scaling, points in found.series.items():
        _draw_points(axes, points, look, scaling)
    published = published_points(found)
    if published:
        axes.plot(*zip(*published, strict=True), **_PUBLISHED)
    for workers, speed_up in measured_points(found):
        axes.plot([workers], [speed_up], **_of_measured(look))
    _log_axes(axes, most, min(speed_up for _, speed_up in measured_points(found)))
    return figure


def measured_points(found: Forecast) -> list[tuple[int, float]]:
    """Workers and speed-up of each measured run: CPU time of the model's run over its seconds."""
    points = []
    for measured in (found.measured, *found.others):
        rounds = sum(s.rounds for s in measured.work.stretches) or 1.0
        alone = sum(s.cpu_s for s in found.measured.work.stretches)
        alone /= sum(s.rounds for s in found.measured.work.stretches) or 1.0
        points.append((measured.workers, alone * rounds / max(measured.goal_s, 1e-9)))
    return points


def published_points(found: Forecast) -> list[tuple[int, float]]:
    """Cores and speed-up of ES on the Humanoid, as if its smaller number of cores were perfectly
    used; none beside DQN."""
    if found.measured.run.agent != "es":
        return []
    record = humanoid_record()
    few = record.few.cores
    return [(few, float(few)), (record.many.cores, few * record.time_factor)]


def figure_caption(found: Forecast) -> str:
    """What is drawn, and what it rests on."""
    hardware = found.hardware
    text = (
        "Lines: a discrete-event model fed by this run; bands: 95 % intervals over resamples of "
        "its episodes. Dotted: perfect use of all workers. "
        f"Assumed: {hardware.cores_per_machine} cores a machine. The lines go by CPU time, a "
        "measured run by the clock: on a busy machine it lies lower."
    )
    if published_points(found):
        text += (
            " Diamonds: ES on the Humanoid (Salimans et al. 2017, arXiv 1703.03864), another task "
            "and other machines; the first is set on the dotted line."
        )
    return text


def words(found: Forecast) -> str:
    """The numbers in the figure, for a reader who cannot see it."""
    return "; ".join(
        f"{p.workers:,} workers: {p.efficiency.value * p.workers:.3g} times one worker"
        for p in found.strong
    )


def _draw_points(axes: Axes, points: tuple[Point, ...], look: Look, scaling: Scaling) -> None:
    workers = np.array([p.workers for p in points], np.float64)
    low, value, high = (
        workers * np.array([getattr(p.efficiency, end) for p in points])
        for end in ("low", "value", "high")
    )
    axes.fill_between(workers, low, high, color=look.colour, alpha=0.15, linewidth=0)
    axes.plot(workers, value, **_of_line(look, scaling))


def _of_line(look: Look, scaling: Scaling) -> dict[str, Any]:
    dashes = SOLID if scaling == "strong" else DASHED
    return {"color": look.colour, "linestyle": dashes, "linewidth": 2.0}


def _of_measured(look: Look) -> dict[str, Any]:
    return {
        "marker": look.marker, "markersize": 8.0, "markerfacecolor": look.colour,
        "markeredgecolor": INK, "linestyle": "none", "zorder": 5,
    }  # fmt: skip


def _handles(found: Forecast, look: Look) -> list[Line2D]:
    names = {"strong": "predicted", "growing": "predicted, growing population"}
    if len(found.series) > 1:
        names["strong"] += ", the run's population"
    handles = [
        Line2D([], [], label=names[scaling], **_of_line(look, scaling)) for scaling in found.series
    ]
    handles.append(Line2D([], [], label="measured", **_of_measured(look)))
    if published_points(found):
        handles.append(Line2D([], [], label="published: ES on the Humanoid", **_PUBLISHED))
    return handles


def _log_axes(axes: Axes, most: int, least: float) -> None:
    """least: speed-up; a run on a busy machine has less than one worker."""
    low = 0.8 * min(max(least, LEAST_SHOWN), 1.0)
    log_axis(axes, 0.8, 1.3 * most, "env_steps")
    axes.set_yscale("log")
    axes.set_ylim(low, 1.3 * most)
    axes.set_yticks(ticks := log_ticks(low, 1.3 * most), [count(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("workers, one a core, log scale")
