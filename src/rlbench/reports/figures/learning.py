"""Return while learning, against training seconds, environment steps and CPU-seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlbench.analysis.curves import (
    CURVE_UNITS,
    Curve,
    carried_forward,
    common_end,
    evaluated,
    random_return,
)
from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.published.dopamine import DopamineCurve, dopamine_curve
from rlbench.reports.figures.style import (
    INK,
    LEFT_IN,
    MUTED,
    Look,
    caption_lines,
    linear_axis,
    log_axis,
    looks,
    place_text,
)
from rlbench.runs.records import FloatArray, Unit
from rlbench.wording import agent_name, plural, shortened, significant

WIDTH_IN = 13.5
PANEL_IN = 3.5
LOG_FROM_SPREAD = 8.0  # an agent done within this part of the axis would be a wall at its left
MAX_FAINT_RUNS = 30

_PUBLISHED: Mapping[str, Any] = {"color": MUTED, "linewidth": 1.8, "linestyle": "-."}
_AXIS_TITLES: dict[Unit, str] = {
    "train_s": "training time (s)",
    "env_steps": "environment steps",
    "train_cpu_s": "CPU time in training (CPU-s)",
}


def draw_learning(environment: EnvironmentGroups, curves: Sequence[Curve]) -> Figure:
    """One figure for one environment; `curves` are that environment's."""
    look = looks(environment)
    published = _published_here(environment)
    handles = _legend(environment, look)
    if published is not None:
        label = f"DQN of Dopamine, published: mean and range of {published.runs} runs"
        handles.append(Line2D([], [], label=label, **_PUBLISHED))
    columns = 2 if any(len(str(h.get_label())) > 38 for h in handles) else 3
    legend_rows = math.ceil(len(handles) / columns)
    explanations = _explanations(environment, curves)
    if published is not None:
        explanations.append(
            "Dopamine (Castro et al. 2018): returns in training with sticky actions 0.25, each "
            "point over the million frames before it"
        )
    caption = caption_lines(environment, explanations, 150)
    top_in = 0.55 + 0.27 * legend_rows
    bottom_in = 0.75 + 0.22 * len(caption)
    height = top_in + PANEL_IN + bottom_in
    figure = Figure(figsize=(WIDTH_IN, height))
    panels = figure.subplots(1, 3, sharey=True)
    figure.subplots_adjust(
        left=LEFT_IN / WIDTH_IN,
        right=1.0 - 0.25 / WIDTH_IN,
        top=1.0 - (top_in + 0.1) / height,
        bottom=bottom_in / height,
        wspace=0.09,
    )
    title = f"{shortened(environment.env, 70)}: return while learning"
    place_text(figure, LEFT_IN, 0.1, title, fontsize=14, fontweight="bold")
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(LEFT_IN / WIDTH_IN, 1.0 - 0.4 / height),
        ncols=columns,
        borderaxespad=0.0,
        borderpad=0.0,
        handlelength=2.6,
    )
    place_text(
        figure,
        LEFT_IN,
        height - 0.12 - 0.22 * len(caption),
        "\n".join(caption),
        muted=True,
        fontsize=10,
        linespacing=1.35,
    )
    for axes, unit in zip(panels, CURVE_UNITS, strict=True):
        _draw_panel(axes, environment, [c for c in curves if c.unit == unit], unit, look)
        if published is not None and unit == "env_steps":
            _draw_published(axes, published)
    panels[0].set_ylabel("mean return of an evaluation")
    _set_return_limits(panels[0], environment, curves)
    return figure


def _published_here(environment: EnvironmentGroups) -> DopamineCurve | None:
    """The published curve, where it begins before the axis of steps ends."""
    frame_skip = environment.frame_skip
    published = None if frame_skip is None else dopamine_curve(environment.env, frame_skip)
    end = common_end(environment, "env_steps")
    return published if published and end and published.env_steps[0] < end else None


def _draw_published(axes: Axes, published: DopamineCurve) -> None:
    """Up to the end of the axis, and no further: it goes on for 200 million frames."""
    limits = axes.get_xlim()
    axes.fill_between(
        published.env_steps, published.lowest, published.highest, color=MUTED, alpha=0.12,
        linewidth=0, zorder=1,
    )  # fmt: skip
    axes.plot(published.env_steps, published.mean, zorder=2, **_PUBLISHED)
    axes.set_xlim(limits)


def _draw_panel(
    axes: Axes,
    environment: EnvironmentGroups,
    curves: Sequence[Curve],
    unit: Unit,
    look: dict[str, Look],
) -> None:
    axes.set_xlabel(_AXIS_TITLES[unit])
    for threshold in environment.thresholds:
        axes.axhline(threshold, color=INK, linewidth=1.2, linestyle=(0, (6, 2)), zorder=1)
    acting_at_random = random_return(environment)
    if acting_at_random is not None:
        axes.axhline(acting_at_random, color=MUTED, linewidth=1.0, linestyle=":", zorder=1)
    end = common_end(environment, unit)
    if end is None or end <= 0.0:
        axes.text(0.5, 0.5, "nothing was measured", transform=axes.transAxes, ha="center")
        axes.set_xticks([])
        return
    start = _set_time_axis(axes, environment, unit, end)
    for group in environment.contenders or environment.groups:
        _draw_runs(axes, group, unit, look[group.label], start, end)
        for curve in curves:
            if curve.group == group.label:
                _draw_mean(axes, curve, look[group.label], start, end)


def _draw_runs(axes: Axes, group: Group, unit: Unit, look: Look, start: float, end: float) -> None:
    """Every seed of a group: faint, dashed from where it stopped because it was solved.

    All seeds are one line with gaps: an artist for each would take most of the drawing's time.
    """
    solid: list[FloatArray] = []
    carried: list[FloatArray] = []
    stops: dict[str, list[tuple[float, float]]] = {"solved": [], "failed": []}
    gap = np.full((2, 1), np.nan)
    for run in group.runs[:MAX_FAINT_RUNS]:
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
        if run.status in stops:
            stops[run.status].append((float(last[0, 0]), float(last[1, 0])))
    for parts, dashes in ((solid, "-"), (carried, "--")):
        if parts:
            axes.step(
                *np.hstack(parts),
                where="post",
                color=look.colour,
                alpha=0.32,
                linewidth=0.9,
                linestyle=dashes,
                zorder=2,
            )
    if stops["failed"]:
        axes.plot(
            *zip(*stops["failed"], strict=True), "x", color=look.colour, markersize=9, zorder=5
        )
    if stops["solved"]:
        axes.plot(
            *zip(*stops["solved"], strict=True),
            "*",
            color=look.colour,
            markersize=9,
            markeredgecolor="white",
            markeredgewidth=0.5,
            alpha=0.9,
            zorder=5,
        )


def _draw_mean(axes: Axes, curve: Curve, look: Look, start: float, end: float) -> None:
    x = np.maximum(curve.x, start)
    axes.fill_between(
        x, curve.low, curve.high, step="post", color=look.colour, alpha=0.18, linewidth=0, zorder=3
    )
    live = curve.x <= curve.live_until
    axes.step(
        x[live],
        curve.mean[live],
        where="post",
        color=look.colour,
        linewidth=2.6,
        zorder=4,
        marker=look.marker,
        markersize=7,
        markeredgecolor="white",
        markeredgewidth=0.7,
        markevery=_spread(x[live], start, end),
    )
    if live.any() and not live.all():
        last = int(np.flatnonzero(live)[-1])
        axes.step(
            x[last:],
            curve.mean[last:],
            where="post",
            color=look.colour,
            linewidth=2.2,
            linestyle=(0, (3, 1.6)),
            zorder=4,
        )


def _spread(x: FloatArray, start: float, end: float) -> list[int]:
    """Indices of about six points evenly apart on the axis as drawn."""
    if not len(x):
        return []
    shown = np.log(x) if start > 0.0 else x
    low, high = (math.log(start), math.log(end)) if start > 0.0 else (0.0, end)
    wanted = np.linspace(low, high, 8)[1:-1]
    wanted = wanted[(wanted >= shown[0]) & (wanted <= shown[-1])]
    if not len(wanted):
        return [len(x) - 1]
    return sorted({int(np.abs(shown - w).argmin()) for w in wanted})


def _set_time_axis(axes: Axes, environment: EnvironmentGroups, unit: Unit, end: float) -> float:
    """Set the axis; returns where it starts: 0 where linear, positive where logarithmic."""
    spans = [
        float(np.median([x[-1] for run in group.runs if len(x := evaluated(run, unit)[0])] or [0]))
        for group in environment.contenders
    ]
    spans = [span for span in spans if span > 0.0]
    if not spans or end < LOG_FROM_SPREAD * min(spans):
        linear_axis(axes, end * 1.01, unit)
        return 0.0
    positive = [
        float(later[0])
        for group in environment.contenders
        for run in group.runs
        if len(later := (x := evaluated(run, unit)[0])[x > 0.0])
    ]
    start = max(min(positive) * 0.8, end * 1e-6)
    log_axis(axes, start, end * 1.03, unit)
    axes.set_xlabel(f"{_AXIS_TITLES[unit]}, log scale")
    return start


def _set_return_limits(axes: Axes, environment: EnvironmentGroups, curves: Sequence[Curve]) -> None:
    values = [
        *environment.thresholds,
        *(float(v) for curve in curves for v in (curve.mean.min(), curve.mean.max())),
        *(
            float(v)
            for group in environment.contenders
            for run in group.runs
            if len(y := evaluated(run, "train_s")[1])
            for v in (y.min(), y.max())
        ),
    ]
    if values:
        lowest = max(min(values), _lowest_shown(environment))
        margin = 0.06 * (max(values) - lowest) or 1.0
        axes.set_ylim(lowest - margin, max(values) + margin)


def _lowest_shown(environment: EnvironmentGroups) -> float:
    """As far below acting at random as the threshold is above it: a policy that is for a moment
    far worse than that would squeeze all that matters into the top of the figure."""
    acting_at_random = random_return(environment)
    if acting_at_random is None or not environment.thresholds:
        return -math.inf
    above = max(environment.thresholds) - acting_at_random
    return acting_at_random - above if above > 0.0 else -math.inf


def _legend(environment: EnvironmentGroups, look: dict[str, Look]) -> list[Line2D]:
    handles = [
        Line2D(
            [],
            [],
            color=look[group.label].colour,
            marker=look[group.label].marker,
            linewidth=2.6,
            markersize=7,
            markeredgecolor="white",
            markeredgewidth=0.7,
            label=_group_text(group),
        )
        for group in environment.contenders
    ]
    handles.extend(
        Line2D(
            [],
            [],
            color=INK,
            linewidth=1.2,
            linestyle=(0, (6, 2)),
            label=f"threshold {significant(threshold)}",
        )
        for threshold in environment.thresholds
    )
    acting_at_random = random_return(environment)
    if acting_at_random is not None:
        handles.append(
            Line2D(
                [],
                [],
                color=MUTED,
                linewidth=1.0,
                linestyle=":",
                label=f"acting at random: {significant(acting_at_random)}",
            )
        )
    return handles


def _group_text(group: Group) -> str:
    name = shortened(agent_name(group.label), 60)
    parts = [plural(len(group.runs), "seed")]
    if group.threshold is not None:
        parts.append(f"{group.count('solved')} solved")
    if group.count("failed"):
        parts.append(f"{group.count('failed')} failed")
    unfinished = group.count("interrupted") + group.count("unfinished")
    if unfinished:
        parts.append(f"{unfinished} unfinished")
    return f"{name}: {', '.join(parts)}"


def _explanations(environment: EnvironmentGroups, curves: Sequence[Curve]) -> list[str]:
    groups = environment.contenders
    words = ["thin: one seed", "bold: mean over seeds"]
    if any(len(group.runs) > 1 for group in groups):
        words.append("band: 95 % bootstrap interval over seeds")
    alone = [agent_name(group.label) for group in groups if len(group.runs) == 1]
    if alone:
        words.append(f"one seed, so no interval: {', '.join(alone)}")
    end = common_end(environment, "train_s") or 0.0
    solved = [run for group in groups for run in group.runs if run.status == "solved"]
    # As `_draw_runs` has it: a run that went on to the end of the axis has no star.
    if any(len(x := evaluated(run, "train_s")[0]) and x[-1] <= end for run in solved):
        words.append("star: solved, confirmed, stopped; dashed: carried forward from there")
    if any(group.count("failed") for group in groups):
        words.append("x: failed")
    lowest = _lowest_shown(environment)
    returns = [evaluated(run, "train_s")[1] for group in groups for run in group.runs]
    if any(values.min(initial=math.inf) < lowest for values in returns):
        words.append(f"returns below {significant(lowest)} are cut off")
    if curves:
        words.append("evaluation is off the training clock")
    return words
