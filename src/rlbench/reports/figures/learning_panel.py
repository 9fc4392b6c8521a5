"""One panel of the figure of returns: medians, a few seeds, and what was published beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rlbench.analysis.curves import Curve, carried_forward, common_end, evaluated, random_return
from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.published.dopamine import ADAM, RMSPROP, DopamineCurve, dopamine_curve
from rlbench.reports.figures.looks import Look
from rlbench.reports.figures.style import (
    LOG_FROM_SPREAD,
    MUTED,
    RANDOM_LINE,
    THRESHOLD_LINE,
    linear_axis,
    log_axis,
    return_axis,
    time_title,
)
from rlbench.runs.records import FloatArray, Unit

FEW_SEEDS = 3  # up to so many are drawn one by one; more are a tangle
MARKERS = 6  # on a curve
CARRIED_DASHES = (0, (3, 1.6))
PUBLISHED_LINES: Mapping[str, Mapping[str, Any]] = {
    RMSPROP: {"color": MUTED, "linewidth": 1.8, "linestyle": "-."},
    ADAM: {"color": MUTED, "linewidth": 1.8, "linestyle": (0, (1, 1))},
}


def draw_panel(
    axes: Axes,
    environment: EnvironmentGroups,
    curves: Sequence[Curve],
    unit: Unit,
    looks: Mapping[str, Look],
    *,
    is_log: bool,
) -> None:
    """Draw all contenders against one clock; `curves` are those along it."""
    axes.set_xlabel(time_title(unit, is_log=is_log))
    for threshold in environment.thresholds:
        axes.axhline(threshold, **THRESHOLD_LINE)
    acting_at_random = random_return(environment)
    if acting_at_random is not None:
        axes.axhline(acting_at_random, **RANDOM_LINE)
    end = common_end(environment, unit)
    if end is None or end <= 0.0:
        axes.text(0.5, 0.5, "nothing was measured", transform=axes.transAxes, ha="center")
        axes.set_xticks([])
        return
    start = _set_time_axis(axes, environment, unit, end, is_log=is_log)
    for group in environment.contenders or environment.groups:
        if len(group.runs) <= FEW_SEEDS:
            _draw_runs(axes, group, unit, looks[group.label], start, end)
        for curve in curves:
            if curve.group == group.label:
                _draw_middle(axes, curve, looks[group.label], start, end)
    if unit == "env_steps":
        for agent, published in published_curves(environment).items():
            _draw_published(axes, published, PUBLISHED_LINES[agent])


def published_curves(environment: EnvironmentGroups) -> Mapping[str, DopamineCurve]:
    """The published curves of a game by agent, where their first point is on the axis of steps."""
    frame_skip, end = environment.frame_skip, common_end(environment, "env_steps")
    if frame_skip is None or end is None:
        return {}
    found = {agent: dopamine_curve(environment.env, frame_skip, agent) for agent in PUBLISHED_LINES}
    return {agent: curve for agent, curve in found.items() if curve and curve.env_steps[0] < end}


def set_return_limits(axes: Axes, environment: EnvironmentGroups, curves: Sequence[Curve]) -> None:
    """Make room for the thresholds and the bands; `curves` are all."""
    limits = return_limits(environment, curves)
    if limits is not None:
        return_axis(axes, "y", *limits)


def return_limits(
    environment: EnvironmentGroups, curves: Sequence[Curve]
) -> tuple[float, float] | None:
    """The returns between which all thresholds and the bands lie, which hold every seed; None where
    there are none. `curves` are all."""
    names = {group.label for group in environment.contenders or environment.groups}
    own = [curve for curve in curves if curve.group in names]
    values = [
        *environment.thresholds,
        *(float(v) for curve in own for v in (curve.low.min(), curve.high.max())),
    ]
    if not values:
        return None
    lowest = max(min(values), lowest_shown(environment))
    margin = 0.06 * (max(values) - lowest) or 1.0
    return lowest - margin, max(values) + margin


def lowest_shown(environment: EnvironmentGroups) -> float:
    """As far below acting at random as the threshold is above it: a policy that is for a moment
    far worse than that would squeeze all that matters into the top of the figure."""
    acting_at_random = random_return(environment)
    if acting_at_random is None or not environment.thresholds:
        return -math.inf
    above = max(environment.thresholds) - acting_at_random
    return acting_at_random - above if above > 0.0 else -math.inf


def needs_log(environment: EnvironmentGroups, unit: Unit) -> bool:
    """Whether on a linear axis an agent that is done soon would be a wall at its start."""
    end = common_end(environment, unit)
    spans = [
        float(np.median([x[-1] for run in group.runs if len(x := evaluated(run, unit)[0])] or [0]))
        for group in environment.contenders
    ]
    spans = [span for span in spans if span > 0.0]
    return bool(spans) and end is not None and end >= LOG_FROM_SPREAD * min(spans)


def _set_time_axis(
    axes: Axes, environment: EnvironmentGroups, unit: Unit, end: float, *, is_log: bool
) -> float:
    """Set the axis; returns where it starts: 0 where linear, positive where logarithmic."""
    positive = [
        float(later[0])
        for group in environment.contenders
        for run in group.runs
        if len(later := (x := evaluated(run, unit)[0])[x > 0.0])
    ]
    if not is_log or not positive:
        linear_axis(axes, end * 1.01, unit)
        return 0.0
    start = max(min(min(positive) * 0.8, end * 0.5), end * 1e-6)
    log_axis(axes, start, end * 1.03, unit)
    return start


def _draw_runs(axes: Axes, group: Group, unit: Unit, look: Look, start: float, end: float) -> None:
    """Every seed of a group: faint, dashed from where it stopped because it was solved.

    All seeds are one line with gaps: an artist for each would take most of the drawing's time.
    """
    solid: list[FloatArray] = []
    carried: list[FloatArray] = []
    stops: dict[str, list[tuple[float, float]]] = {"solved": [], "failed": []}
    gap = np.full((2, 1), np.nan)
    for run in group.runs:
        x, y = evaluated(run, unit)
        inside = x <= end
        if not inside.any():
            continue
        points = np.array([np.maximum(x[inside], start), y[inside]])  # [2, E]
        last = points[:, -1:]
        until_end = np.array([[end], last[1]])
        if not inside.all():  # its last evaluation here holds until the next, off the axis
            solid.extend((points, until_end, gap))
            continue
        solid.extend((points, gap))
        if carried_forward(run):
            carried.extend((last, until_end, gap))
            stops[run.status].append((float(last[0, 0]), float(last[1, 0])))
    for parts, dashes in ((solid, "-"), (carried, "--")):
        if parts:
            axes.step(
                *np.hstack(parts), where="post", color=look.colour, alpha=0.32, linewidth=0.9,
                linestyle=dashes, zorder=2,
            )  # fmt: skip
    if stops["failed"]:
        axes.plot(
            *zip(*stops["failed"], strict=True), "x", color=look.colour, markersize=9, zorder=5
        )
    if stops["solved"]:
        axes.plot(
            *zip(*stops["solved"], strict=True), "*", color=look.colour, markersize=9,
            markeredgecolor="white", markeredgewidth=0.5, alpha=0.9, zorder=5,
        )  # fmt: skip


def _draw_middle(axes: Axes, curve: Curve, look: Look, start: float, end: float) -> None:
    """The median over seeds in the band from the worst to the best."""
    middle = curve.mean if curve.median is None else curve.median
    x = np.maximum(curve.x, start)
    axes.fill_between(
        x, curve.low, curve.high, step="post", color=look.colour, alpha=0.18, linewidth=0, zorder=3
    )
    live = curve.x <= curve.live_until
    axes.step(
        x[live], middle[live], where="post", color=look.colour, linewidth=2.2, zorder=4,
        marker=look.marker, markersize=6, markeredgecolor="white", markeredgewidth=0.7,
        markevery=_spread(x[live], start, end),
    )  # fmt: skip
    if live.any() and not live.all():
        last = int(np.flatnonzero(live)[-1])
        axes.step(
            x[last:], middle[last:], where="post", color=look.colour, linewidth=1.9,
            linestyle=CARRIED_DASHES, zorder=4,
        )  # fmt: skip


def _spread(x: FloatArray, start: float, end: float) -> list[int]:
    """Indices of about as many points as a curve has markers, evenly apart on the axis as drawn."""
    if not len(x):
        return []
    shown = np.log(x) if start > 0.0 else x
    low, high = (math.log(start), math.log(end)) if start > 0.0 else (0.0, end)
    wanted = np.linspace(low, high, MARKERS + 2)[1:-1]
    wanted = wanted[(wanted >= shown[0]) & (wanted <= shown[-1])]
    if not len(wanted):
        return [len(x) - 1]
    return sorted({int(np.abs(shown - w).argmin()) for w in wanted})


def _draw_published(axes: Axes, published: DopamineCurve, line: Mapping[str, Any]) -> None:
    """Up to the end of the axis, and no further: it goes on for 200 million frames."""
    limits = axes.get_xlim()
    axes.fill_between(
        published.env_steps, published.lowest, published.highest, color=MUTED, alpha=0.12,
        linewidth=0, zorder=1,
    )  # fmt: skip
    axes.plot(published.env_steps, published.mean, zorder=2, **line)
    axes.set_xlim(limits)
