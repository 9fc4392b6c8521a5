"""The share of seeds that had reached a level, against training time and environment steps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group
from rlbench.analysis.level_times import LevelTime
from rlbench.analysis.reached import ReachedCurve
from rlbench.reports.figures.looks import Look, Looks
from rlbench.reports.figures.registry import EnvironmentFigure
from rlbench.reports.figures.style import (
    INK,
    LEGEND_ROW_IN,
    LEGEND_TOP_IN,
    LOG_FROM_SPREAD,
    MARGIN_IN,
    MUTED,
    caption_in,
    caption_lines,
    linear_axis,
    log_axis,
    place_axes,
    place_caption,
    place_legend,
    place_text,
    place_title,
)
from rlbench.reports.figures.words import times_to_threshold
from rlbench.runs.records import FloatArray, Unit
from rlbench.wording import (
    TIMES,
    UNIT_NAMES,
    agent_name,
    amount,
    distinct_names,
    plural,
    shortened,
    significant,
)

WIDTH_IN = 9.2  # narrower than the others: two panels, and letters that a telephone can show
LEFT_IN = 1.25
GAP_IN = 0.42
PANEL_IN = 2.5
PANEL_TITLE_IN = 0.27
AXIS_LABEL_IN = 0.65
RISK_ROW_IN = 0.23
RISK_SQUARE_IN = 0.15
ROW_GAP_IN = 0.3
POINTS_PER_IN = 72.0
MAX_LEVELS = 6
MAX_GROUPS = 12
RISK_NAME = 8  # characters
CAPTION_WIDTH = 118  # characters


def draw(analysis: EnvironmentAnalysis, looks: Looks) -> Figure | None:
    """A row of panels for each level; None without a level."""
    shown = [g for g in analysis.groups.contenders if g.levels][:MAX_GROUPS]
    names = [group.label for group in shown]
    curves = [curve for curve in analysis.reached if curve.group in names]
    levels = sorted({curve.level for curve in curves})[-MAX_LEVELS:]
    if not levels:
        return None
    look = {label: looks.on(analysis.env)[label] for label in names}
    medians = {
        time.group: time
        for time in analysis.times
        if levels == [time.level] and time.unit == "train_s" and time.group in names
    }
    cores = sorted({run.cores for group in shown for run in group.runs if run.cores is not None})
    explanations = list(_explanations(shown, curves, medians, cores))
    caption = caption_lines(analysis.groups.groups, explanations, CAPTION_WIDTH)
    top_in = LEGEND_TOP_IN + LEGEND_ROW_IN * len(shown) + PANEL_TITLE_IN + 0.15
    row_in = PANEL_IN + AXIS_LABEL_IN + RISK_ROW_IN * (1 + len(shown)) + ROW_GAP_IN
    height = top_in + row_in * len(levels) + caption_in(caption)
    figure = Figure(figsize=(WIDTH_IN, height))
    place_title(figure, f"{shortened(analysis.env, 40)}: share of seeds that reached it")
    handles = [_handle(group, look[group.label], medians.get(group.label)) for group in shown]
    place_legend(figure, handles, handlelength=3.2, labelspacing=0.35)
    place_caption(figure, caption)
    for row, level in enumerate(levels):
        parts = [curve for curve in curves if curve.level == level]
        _draw_level(figure, top_in + row_in * row, parts, _units(cores), look)
    return figure


def caption(_: EnvironmentAnalysis) -> str:
    """What is drawn."""
    return (
        "Kaplan–Meier estimate of the share of seeds that had reached the level, against "
        "training time and environment steps. Higher is better, and further left is sooner. Bands "
        "are 95 % intervals; below stands how many seeds were still under way."
    )


def _units(cores: Sequence[int]) -> tuple[Unit, ...]:
    """With the same cores for all, core-seconds are training seconds with other numbers."""
    return ("train_s", "core_s", "env_steps") if len(cores) > 1 else ("train_s", "env_steps")


def _draw_level(
    figure: Figure,
    top_in: float,
    curves: Sequence[ReachedCurve],
    units: Sequence[Unit],
    looks: Mapping[str, Look],
) -> None:
    """A panel for each clock, side by side."""
    width_in = (WIDTH_IN - LEFT_IN - MARGIN_IN - GAP_IN * (len(units) - 1)) / len(units)
    for column, unit in enumerate(units):
        left_in = LEFT_IN + column * (width_in + GAP_IN)
        axes = place_axes(figure, left_in, top_in, width_in, PANEL_IN)
        along = [curve for curve in curves if curve.unit == unit]
        _draw_panel(axes, along, unit, looks, is_first=column == 0)
    solved = " (solved)" if any(curve.is_threshold for curve in curves) else ""
    title = f"return of {significant(curves[0].level)} or more{solved}"
    place_text(figure, LEFT_IN, top_in - PANEL_TITLE_IN, title, fontsize=11)


def _draw_panel(
    axes: Axes,
    curves: Sequence[ReachedCurve],
    unit: Unit,
    looks: Mapping[str, Look],
    *,
    is_first: bool,
) -> None:
    axes.set_ylim(-0.03, 1.05)
    axes.set_yticks([0.0, 0.5, 1.0], ["0 %", "50 %", "100 %"] if is_first else [])
    if not is_first:
        axes.tick_params(axis="y", length=0)
    start, end = _set_axis(axes, curves, unit)
    for curve in curves:
        _draw_curve(axes, curve, looks[curve.group], start, end)
    if is_first:
        _write_at_risk(axes, curves, looks)


def _draw_curve(axes: Axes, found: ReachedCurve, look: Look, start: float, end: float) -> None:
    curve = found.curve
    last = min(found.known_until, end)
    x = np.maximum(np.concatenate([[start], curve.time, [last]]), start)
    share = 1.0 - curve.share

    def stepped(values: FloatArray, before: float) -> FloatArray:
        after = values[-1:] if len(values) else np.array([before])
        return np.concatenate([[before], values, after])

    axes.fill_between(
        x, stepped(1.0 - curve.high, math.nan), stepped(1.0 - curve.low, math.nan), step="post",
        color=look.colour, alpha=0.17, linewidth=0, zorder=2,
    )  # fmt: skip
    axes.step(
        x, stepped(share, 0.0), where="post", color=look.colour, linewidth=2.4, ls=look.dashes,
        zorder=4,
    )  # fmt: skip
    events, lost = curve.reached > 0, curve.censored > 0
    axes.plot(
        np.maximum(curve.time[events], start), share[events], look.marker, color=look.colour,
        markersize=7, markeredgecolor="white", markeredgewidth=0.7, zorder=5,
    )  # fmt: skip
    axes.plot(
        np.maximum(curve.time[lost], start), share[lost], "|", color=look.colour,
        markersize=13, markeredgewidth=2.2, zorder=6,
    )  # fmt: skip


def _set_axis(axes: Axes, curves: Sequence[ReachedCurve], unit: Unit) -> tuple[float, float]:
    """Set the time axis; returns its first and last value."""
    title = UNIT_NAMES[unit].axis
    values = [float(t) for curve in curves for t in curve.curve.time if t > 0.0]
    axes.set_xlabel(title)
    if not values:
        linear_axis(axes, 1.0, unit)
        return 0.0, 1.0
    low, high = min(values), 1.06 * max(values)
    if high < LOG_FROM_SPREAD * low:
        linear_axis(axes, high, unit)
        return 0.0, high
    start = max(low / 1.6, high * 1e-6)
    log_axis(axes, start, high * 1.1, unit)
    axes.set_xlabel(f"{title}, log scale")
    return start, high * 1.1


def _write_at_risk(axes: Axes, curves: Sequence[ReachedCurve], looks: Mapping[str, Look]) -> None:
    """Below the axis, at each of its ticks: how many runs were still under way."""
    low, high = axes.get_xlim()
    ticks = [float(tick) for tick in axes.get_xticks() if low <= tick <= high]
    by_group = {curve.group: curve for curve in curves}
    names = distinct_names(looks, RISK_NAME)
    _write_below(axes, "still under way", None, 0, MUTED)
    for row, (label, look) in enumerate(looks.items(), start=1):
        found = by_group.get(label)
        if found is None:
            continue
        # Coloured letters would be too pale for some; the name has a square of its colour.
        _write_below(axes, "■", None, row, look.colour)
        _write_below(axes, names[label], None, row, INK, indent_in=RISK_SQUARE_IN)
        gone = found.curve.reached + found.curve.censored
        for tick in ticks:
            left = found.n_runs - int(np.sum(gone[found.curve.time < tick]))
            _write_below(axes, str(left), tick, row, INK)


def _write_below(
    axes: Axes, text: str, x: float | None, row: int, colour: str, *, indent_in: float = 0.0
) -> None:
    """Write in a row below the axis: at `x`, or at the figure's left where None."""
    left_in = indent_in if x is not None else MARGIN_IN - LEFT_IN + indent_in
    down_in = AXIS_LABEL_IN - 0.04 + RISK_ROW_IN * row
    axes.annotate(
        text, (0.0 if x is None else x, 0.0),
        xycoords="axes fraction" if x is None else axes.get_xaxis_transform(),
        xytext=(POINTS_PER_IN * left_in, -POINTS_PER_IN * down_in), textcoords="offset points",
        ha="left" if x is None else "center", va="top", fontsize=10, color=colour,
        annotation_clip=False,
    )  # fmt: skip


def _handle(group: Group, look: Look, time: LevelTime | None) -> Line2D:
    return Line2D(
        [], [], color=look.colour, marker=look.marker, linewidth=2.4, linestyle=look.dashes,
        markersize=7, markeredgecolor="white", label=_group_text(group, time),
    )  # fmt: skip


def _group_text(group: Group, time: LevelTime | None) -> str:
    """`ES: 3 of 5 seeds reached it; half after 12 s [9, ?]`."""
    name = shortened(agent_name(group.label), 34)
    if time is None:
        return f"{name}: {plural(len(group.runs), 'seed')}"
    text = f"{name}: {time.n_reached} of {plural(time.n_runs, 'seed')} reached it"
    if time.median is None:
        return f"{text}; fewer than half" if time.n_reached else text
    if time.n_runs == 1:
        return f"{text}, after {amount(time.median, 'train_s')}"
    low = "?" if time.median_low is None else significant(time.median_low, 2)
    high = "?" if time.median_high is None else significant(time.median_high, 2)
    return f"{text}; half after {amount(time.median, 'train_s')} [{low}, {high}]"


def _explanations(
    shown: Sequence[Group],
    curves: Sequence[ReachedCurve],
    medians: Mapping[str, LevelTime],
    cores: Sequence[int],
) -> Iterator[str]:
    yield "Kaplan–Meier; further left and higher is better"
    if any(np.isfinite(curve.curve.low).any() for curve in curves):
        yield "band: 95 % interval at each time"
    if any((curve.curve.censored > 0).any() for curve in curves):
        yield "upright tick: a seed that had not reached it when it ended"
    if any(time.median is not None and time.n_runs > 1 for time in medians.values()):
        yield "[ ]: 95 % interval of the median, ? where these seeds do not settle it"
    if len(cores) == 1:
        yield f"core-seconds = {cores[0]} {TIMES} training seconds"


FIGURE = EnvironmentFigure("Share of seeds that had reached it", caption, draw, times_to_threshold)
