"""The share of seeds that had got to a level, against training time and environment steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.analysis.level_times import LevelTime
from rlbench.analysis.reached import ReachedCurve
from rlbench.reports.figures.style import (
    MUTED,
    Look,
    caption_lines,
    linear_axis,
    log_axis,
    looks,
    place_caption,
    place_text,
)
from rlbench.runs.records import FloatArray, Unit
from rlbench.wording import (
    TIMES,
    agent_name,
    amount,
    distinct_names,
    plural,
    shortened,
    significant,
)

WIDTH_IN = 9.2  # narrower than the others: two panels, and letters that a telephone can show
LEFT_IN = 1.25
PANEL_IN = 2.5
RISK_IN = 0.23
MAX_LEVELS = 6
MAX_GROUPS = 6
LOG_FROM_SPREAD = 8.0
Dashes = tuple[float, tuple[float, ...]]
DASHES: tuple[Dashes, ...] = ((0, ()), (0, (5, 2)), (0, (1, 1)), (0, (6, 1, 1, 1)))

_AXIS_TITLES: dict[Unit, str] = {
    "train_s": "training time (s)",
    "core_s": "core-seconds",
    "env_steps": "environment steps",
}


def draw_share(
    environment: EnvironmentGroups, curves: Sequence[ReachedCurve], times: Sequence[LevelTime]
) -> Figure | None:
    """One figure for one environment, a row of panels for each level; None without a level.

    Args:
        curves: that environment's.
        times: that environment's, for the medians.
    """
    shown = [g for g in environment.contenders if g.levels][:MAX_GROUPS]
    names = {group.label for group in shown}
    curves = [curve for curve in curves if curve.group in names]
    levels = sorted({curve.level for curve in curves})[-MAX_LEVELS:]
    if not levels:
        return None
    cores = sorted({run.cores for group in shown for run in group.runs if run.cores is not None})
    # With the same cores for all, core-seconds are training seconds with other numbers.
    units: tuple[Unit, ...] = (
        ("train_s", "core_s", "env_steps") if len(cores) > 1 else ("train_s", "env_steps")
    )
    look = looks(environment)
    medians = {
        time.group: time
        for time in times
        if levels == [time.level] and time.unit == "train_s" and time.group in names
    }
    handles = _legend(shown, look, medians)
    caption = caption_lines(environment, _explanations(curves, medians, cores), 104)
    top_in = 0.85 + 0.27 * len(handles)
    row_in = PANEL_IN + 1.05 + RISK_IN * (1 + len(shown))
    bottom_in = 0.1 + 0.22 * len(caption)
    height = top_in + row_in * len(levels) + bottom_in
    figure = Figure(figsize=(WIDTH_IN, height))
    title = f"{shortened(environment.env, 40)}: share of seeds that got there"
    place_text(figure, 0.2, 0.1, title, fontsize=14, fontweight="bold")
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.2 / WIDTH_IN, 1.0 - 0.42 / height),
        borderaxespad=0.0,
        borderpad=0.0,
        handlelength=3.2,
        labelspacing=0.35,
    )
    place_caption(figure, caption)
    gap_in = 0.42
    panel_in = (WIDTH_IN - LEFT_IN - 0.25 - gap_in * (len(units) - 1)) / len(units)
    for row, level in enumerate(levels):
        panel_top = top_in + row_in * row
        for column, unit in enumerate(units):
            axes = figure.add_axes(
                (
                    (LEFT_IN + column * (panel_in + gap_in)) / WIDTH_IN,
                    1.0 - (panel_top + PANEL_IN) / height,
                    panel_in / WIDTH_IN,
                    PANEL_IN / height,
                )
            )
            parts = [c for c in curves if c.level == level and c.unit == unit]
            _draw_panel(axes, parts, unit, look, [group.label for group in shown], first=not column)
        solved = " (solved)" if any(c.level == level and c.is_threshold for c in curves) else ""
        return_name = f"return of {significant(level)} or more{solved}"
        place_text(figure, LEFT_IN, panel_top - 0.27, return_name, fontsize=11)
    return figure


def _draw_panel(
    axes: Axes,
    curves: Sequence[ReachedCurve],
    unit: Unit,
    look: dict[str, Look],
    order: Sequence[str],
    first: bool,
) -> None:
    axes.set_ylim(-0.03, 1.05)
    axes.set_yticks([0.0, 0.5, 1.0], ["0 %", "50 %", "100 %"] if first else [])
    if not first:
        axes.tick_params(axis="y", length=0)
    start, end = _set_axis(axes, curves, unit)
    for curve in curves:
        index = order.index(curve.group)
        _draw_curve(axes, curve, look[curve.group], DASHES[index % len(DASHES)], start, end)
    if first:
        _write_at_risk(axes, curves, order, look)


def _draw_curve(
    axes: Axes,
    found: ReachedCurve,
    look: Look,
    dashes: Dashes,
    start: float,
    end: float,
) -> None:
    curve = found.curve
    last = min(found.known_until, end)
    x = np.maximum(np.concatenate([[start], curve.time, [last]]), start)
    got_there = 1.0 - curve.share

    def stepped(values: FloatArray, before: float) -> FloatArray:
        after = values[-1:] if len(values) else np.array([before])
        return np.concatenate([[before], values, after])

    axes.fill_between(
        x,
        stepped(1.0 - curve.high, math.nan),
        stepped(1.0 - curve.low, math.nan),
        step="post",
        color=look.colour,
        alpha=0.17,
        linewidth=0,
        zorder=2,
    )
    axes.step(
        x,
        stepped(got_there, 0.0),
        where="post",
        color=look.colour,
        linewidth=2.4,
        ls=dashes,
        zorder=4,
    )
    events, lost = curve.reached > 0, curve.censored > 0
    axes.plot(
        np.maximum(curve.time[events], start), got_there[events], look.marker, color=look.colour,
        markersize=7, markeredgecolor="white", markeredgewidth=0.7, zorder=5,
    )  # fmt: skip
    axes.plot(
        np.maximum(curve.time[lost], start), got_there[lost], "|", color=look.colour,
        markersize=13, markeredgewidth=2.2, zorder=6,
    )  # fmt: skip


def _set_axis(axes: Axes, curves: Sequence[ReachedCurve], unit: Unit) -> tuple[float, float]:
    """Set the time axis; returns its first and last value."""
    values = [float(t) for curve in curves for t in curve.curve.time if t > 0.0]
    axes.set_xlabel(_AXIS_TITLES[unit])
    if not values:
        linear_axis(axes, 1.0, unit)
        return 0.0, 1.0
    low, high = min(values), 1.06 * max(values)
    if high < LOG_FROM_SPREAD * low:
        linear_axis(axes, high, unit)
        return 0.0, high
    start = max(low / 1.6, high * 1e-6)
    log_axis(axes, start, high * 1.1, unit)
    axes.set_xlabel(f"{_AXIS_TITLES[unit]}, log scale")
    return start, high * 1.1


def _write_at_risk(
    axes: Axes,
    curves: Sequence[ReachedCurve],
    order: Sequence[str],
    look: dict[str, Look],
) -> None:
    """Below the axis, at each of its ticks: how many runs were still on the way."""
    low, high = axes.get_xlim()
    ticks = [float(tick) for tick in axes.get_xticks() if low <= tick <= high]
    by_group = {curve.group: curve for curve in curves}
    names = distinct_names(order, 9)
    _write_below(axes, "still on the way", None, 0, MUTED)
    for row, label in enumerate(order, start=1):
        found = by_group.get(label)
        if found is None:
            continue
        colour = look[label].colour
        _write_below(axes, names[label], None, row, colour)
        gone = found.curve.reached + found.curve.censored
        for tick in ticks:
            left = found.n_runs - int(np.sum(gone[found.curve.time < tick]))
            _write_below(axes, str(left), tick, row, colour)


def _write_below(axes: Axes, text: str, x: float | None, row: int, colour: str) -> None:
    """Write in a row below the axis: at `x`, or at the figure's left where None."""
    axes.annotate(
        text,
        (0.0 if x is None else x, 0.0),
        xycoords="axes fraction" if x is None else axes.get_xaxis_transform(),
        xytext=(-72.0 * (LEFT_IN - 0.2) if x is None else 0.0, -44.0 - 72.0 * RISK_IN * row),
        textcoords="offset points",
        ha="left" if x is None else "center",
        va="top",
        fontsize=10,
        color=colour,
        annotation_clip=False,
    )


def _legend(
    shown: Sequence[Group], look: dict[str, Look], medians: Mapping[str, LevelTime]
) -> list[Line2D]:
    return [
        Line2D(
            [], [], color=look[group.label].colour, marker=look[group.label].marker,
            linewidth=2.4, linestyle=DASHES[index % len(DASHES)], markersize=7,
            markeredgecolor="white", label=_group_text(group, medians.get(group.label)),
        )
        for index, group in enumerate(shown)
    ]  # fmt: skip


def _group_text(group: Group, time: LevelTime | None) -> str:
    """`ES: 3 of 5 got there; half after 12 s [9, unknown)`."""
    name = shortened(agent_name(group.label), 34)
    if time is None:
        return f"{name}: {plural(len(group.runs), 'seed')}"
    text = f"{name}: {time.n_reached} of {time.n_runs} seeds got there"
    if time.median is None:
        return f"{text}; fewer than half" if time.n_reached else text
    if time.n_runs == 1:
        return f"{text}, after {amount(time.median, 'train_s')}"
    low = "?" if time.median_low is None else significant(time.median_low, 2)
    high = "?" if time.median_high is None else significant(time.median_high, 2)
    return f"{text}; half after {amount(time.median, 'train_s')} [{low}, {high}]"


def _explanations(
    curves: Sequence[ReachedCurve], medians: Mapping[str, LevelTime], cores: Sequence[int]
) -> list[str]:
    words = ["Kaplan\u2013Meier; further left and higher is better"]
    if any(np.isfinite(curve.curve.low).any() for curve in curves):
        words.append("band: 95 % interval at each time")
    if any((curve.curve.censored > 0).any() for curve in curves):
        words.append("upright tick: a seed that had not got there when it ended")
    if any(time.median is not None and time.n_runs > 1 for time in medians.values()):
        words.append("[ ]: 95 % interval of the median, ? where these seeds do not settle it")
    alone = sorted({agent_name(curve.group) for curve in curves if curve.n_runs == 1})
    if alone:
        words.append(f"one seed, so no interval: {', '.join(alone)}")
    if len(cores) == 1:
        words.append(f"core-seconds = {cores[0]} {TIMES} training seconds")
    return words
