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
    AXIS_LABEL_IN,
    INK,
    LEGEND_ROW_IN,
    LEGEND_TOP_IN,
    LOG_FROM_SPREAD,
    MARGIN_IN,
    MUTED,
    WIDTH_IN,
    caption_in,
    caption_lines,
    linear_axis,
    log_axis,
    place_axes,
    place_caption,
    place_legend,
    place_text,
    place_title,
    time_title,
)
from rlbench.reports.figures.words import times_to_threshold
from rlbench.runs.records import FloatArray, Unit
from rlbench.wording import (
    TIMES,
    amount,
    distinct_names,
    fitting_name,
    plural,
    significant,
)

LEFT_IN = {6: 0.98, 9: 1.17}  # for the names of the rows below the axis, by their characters
PANEL_IN = 1.5
PANEL_TITLE_IN = 0.27
RISK_ROW_IN = 0.2
RISK_SQUARE_IN = 0.14
POINTS_PER_IN = 72.0
COUNTED, ESTIMATED = 2.4, 0.9  # widths of a line: before a seed has ended unsolved, and after
MAX_LEVELS = 6
MAX_GROUPS = 12
RISK_NAME = max(LEFT_IN)  # characters


def draw(analysis: EnvironmentAnalysis, looks: Looks) -> Figure | None:
    """A panel for each level that some seed reached, and clock; None where none reached any."""
    shown = [g for g in analysis.groups.contenders if g.levels][:MAX_GROUPS]
    names = [group.label for group in shown]
    curves = [curve for curve in analysis.reached if curve.group in names]
    reached = {curve.level for curve in curves if curve.curve.reached.any()}
    levels = sorted(reached)[-MAX_LEVELS:]
    curves = [curve for curve in curves if curve.level in levels]
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
    caption = caption_lines(analysis.groups.groups, explanations)
    handles = [_handle(group, look[group.label], medians.get(group.label)) for group in shown]
    lines = sum(1 + str(handle.get_label()).count("\n") for handle in handles)
    at_in = LEGEND_TOP_IN + LEGEND_ROW_IN * lines + 0.1
    panels = _panels(curves, levels, cores)
    below_in = AXIS_LABEL_IN + RISK_ROW_IN * (1 + len(shown))
    height = at_in + (PANEL_TITLE_IN + PANEL_IN + below_in) * len(panels) + caption_in(caption)
    figure = Figure(figsize=(WIDTH_IN, height))
    place_title(figure, analysis.env, "share of seeds that had reached it")
    place_legend(figure, handles, handlelength=2.6, labelspacing=0.3)
    place_caption(figure, caption)
    longest = max(map(len, distinct_names(names, RISK_NAME).values()))
    left_in = next(inches for length, inches in LEFT_IN.items() if longest <= length)
    is_log = any(_needs_log(_times(part)) for part in panels)
    for part in panels:
        solved = " (solved)" if part[0].is_threshold else ""
        title = f"return of {significant(part[0].level)} or more{solved}"
        place_text(figure, left_in, at_in, title, fontsize=10.5)
        at_in += PANEL_TITLE_IN
        axes = place_axes(figure, left_in, at_in, WIDTH_IN - left_in - MARGIN_IN, PANEL_IN)
        _draw_panel(axes, part, look, is_log=is_log)
        at_in += PANEL_IN + below_in
    return figure


def caption(_: EnvironmentAnalysis) -> str:
    """What is drawn."""
    return (
        "The Kaplan–Meier estimate of the share of seeds that had reached the level, with its 95 % "
        "interval at each time. Where a line is thin, a seed had ended without it: from there on "
        "the share is an estimate and not a count of seeds. Below the axis stands how many were "
        "still under way."
    )


def _panels(
    curves: Sequence[ReachedCurve], levels: Sequence[float], cores: Sequence[int]
) -> list[list[ReachedCurve]]:
    """The curves of each panel: training time for every level, the highest against other clocks
    too. With the same cores for all, core-seconds are training seconds with other numbers."""
    others: tuple[Unit, ...] = ("core_s", "env_steps") if len(cores) > 1 else ("env_steps",)
    wanted: list[tuple[float, Unit]] = [(level, "train_s") for level in levels]
    wanted += [(levels[-1], unit) for unit in others]
    panels = [[c for c in curves if (c.level, c.unit) == place] for place in wanted]
    return [panel for panel in panels if panel]


def _draw_panel(
    axes: Axes, curves: Sequence[ReachedCurve], looks: Mapping[str, Look], *, is_log: bool
) -> None:
    axes.set_ylim(-0.03, 1.05)
    axes.set_yticks([0.0, 0.5, 1.0], ["0 %", "50 %", "100 %"])
    start, end = _set_axis(axes, curves, curves[0].unit, is_log=is_log)
    for curve in curves:
        _draw_curve(axes, curve, looks[curve.group], start, end)
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
    events, lost = curve.reached > 0, curve.censored > 0
    y, counted = stepped(share, 0.0), len(x)
    if _is_estimated(found):
        counted = 2 + int(lost.argmax())  # points, the start and the first seed's end among them
    for part, width in ((slice(counted), COUNTED), (slice(counted - 1, None), ESTIMATED)):
        axes.step(
            x[part], y[part], where="post", color=look.colour, linewidth=width, ls=look.dashes,
            zorder=4,
        )  # fmt: skip
    axes.plot(
        np.maximum(curve.time[events], start), share[events], look.marker, color=look.colour,
        markersize=7, markeredgecolor="white", markeredgewidth=0.7, zorder=5,
    )  # fmt: skip
    axes.plot(
        np.maximum(curve.time[lost], start), share[lost], "|", color=look.colour,
        markersize=13, markeredgewidth=2.2, zorder=6,
    )  # fmt: skip


def _is_estimated(found: ReachedCurve) -> bool:
    """Whether a seed reached it after another had ended: the share is then no count of seeds."""
    lost = found.curve.censored > 0
    return bool(lost.any()) and bool(found.curve.reached[lost.argmax() + 1 :].any())


def _jumps_to_all(found: ReachedCurve) -> bool:
    """Whether the curve ends at 100 % though some seeds, which ended before, never reached it."""
    curve = found.curve
    return bool(len(curve.share)) and curve.share[-1] < 1e-9 and bool(curve.censored.any())


def _times(curves: Sequence[ReachedCurve]) -> list[float]:
    return [float(t) for curve in curves for t in curve.curve.time if t > 0.0]


def _needs_log(times: Sequence[float]) -> bool:
    return bool(times) and 1.06 * max(times) >= LOG_FROM_SPREAD * min(times)


def _set_axis(
    axes: Axes, curves: Sequence[ReachedCurve], unit: Unit, *, is_log: bool
) -> tuple[float, float]:
    """Set the time axis; returns its first and last value."""
    times = _times(curves)
    axes.set_xlabel(time_title(unit, is_log=is_log and bool(times)))
    high = 1.06 * max(times, default=1.0)
    if not times or not is_log:
        linear_axis(axes, high, unit)
        return 0.0, high
    start = max(min(times) / 1.6, high * 1e-6)
    log_axis(axes, start, high * 1.1, unit)
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
    axes_in = WIDTH_IN * axes.get_position().x0
    left_in = indent_in if x is not None else MARGIN_IN - axes_in + indent_in
    down_in = AXIS_LABEL_IN - 0.1 + RISK_ROW_IN * row
    axes.annotate(
        text, (0.0 if x is None else x, 0.0),
        xycoords="axes fraction" if x is None else axes.get_xaxis_transform(),
        xytext=(POINTS_PER_IN * left_in, -POINTS_PER_IN * down_in), textcoords="offset points",
        ha="left" if x is None else "center", va="top", fontsize=9.5, color=colour,
        annotation_clip=False,
    )  # fmt: skip


def _handle(group: Group, look: Look, time: LevelTime | None) -> Line2D:
    return Line2D(
        [], [], color=look.colour, marker=look.marker, linewidth=2.4, linestyle=look.dashes,
        markersize=7, markeredgecolor="white", label=_group_text(group, time),
    )  # fmt: skip


def _group_text(group: Group, time: LevelTime | None) -> str:
    """`ES: 3 of 5 seeds, half after 12 s [9, ?]`."""
    name = fitting_name(group.label, 18)
    if time is None:
        return f"{name}: {plural(len(group.runs), 'seed')}"
    text = f"{name}: {time.n_reached} of {plural(time.n_runs, 'seed')}"
    if time.median is None:
        return text
    if time.n_runs == 1:
        return f"{text}, after {amount(time.median, 'train_s')}"
    low = "?" if time.median_low is None else significant(time.median_low, 2)
    high = "?" if time.median_high is None else significant(time.median_high, 2)
    return f"{text}, half after {amount(time.median, 'train_s')} [{low}, {high}]"


def _explanations(
    shown: Sequence[Group],
    curves: Sequence[ReachedCurve],
    medians: Mapping[str, LevelTime],
    cores: Sequence[int],
) -> Iterator[str]:
    yield "Kaplan–Meier; higher and further left is better"
    if any(np.isfinite(curve.curve.low).any() for curve in curves):
        yield "band: 95 % interval at each time"
    if any((curve.curve.censored > 0).any() for curve in curves):
        yield "upright tick: a seed that had not reached it when it ended"
    if any(_is_estimated(curve) for curve in curves):
        yield "thin: an estimate from there on, as a seed had ended; not the share that solved it"
    if any(_jumps_to_all(curve) for curve in curves):
        yield "100 % is of the seeds still under way then, not of all"
    if any(time.median is not None and time.n_runs > 1 for time in medians.values()):
        yield "[ ]: 95 % interval of the median, ? where these seeds do not settle it"
    if len(cores) == 1:
        yield f"core-seconds = {cores[0]} {TIMES} training seconds"


FIGURE = EnvironmentFigure("Share of seeds that had reached it", caption, draw, times_to_threshold)
