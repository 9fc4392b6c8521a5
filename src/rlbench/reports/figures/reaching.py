"""Time to each level: every seed a mark, runs that never reached it an open triangle."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group
from rlbench.analysis.level_times import LevelTime, observed_until, reached_at
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
    name_rows,
    place_axes,
    place_caption,
    place_legend,
    place_title,
    time_title,
)
from rlbench.reports.figures.words import times_to_threshold
from rlbench.wording import fitting_name, significant

LABEL_IN = 1.65
ROW_IN = 0.75
MAX_ROWS = 40
MAX_HORIZONS = 4
NAME_LENGTH = 16  # characters

# Within a row of height 1: the mean above its line, the seeds from just below it downwards.
MEAN_ABOVE = 0.24
SEEDS_BELOW = 0.04
SEEDS_SPREAD = 0.36
NAMED_LEFT_FROM = 0.7  # of the axis: a mean further right has its words on its left

_MEAN_MARK: Mapping[str, Any] = {"marker": "|", "markeredgewidth": 2.6}
_OPEN_MARK: Mapping[str, Any] = {"markerfacecolor": "none", "linestyle": "none"}


class _Row(NamedTuple):
    """One group on its way to one level."""

    level: float
    group: Group
    time: LevelTime


def draw(analysis: EnvironmentAnalysis, looks: Looks) -> Figure | None:
    """A row for each level that some seed reached and each group, in training seconds; None where
    none reached any."""
    rows = _rows(analysis)
    if not rows:
        return None
    look = looks.on(analysis.env)
    levels = sorted({row.level for row in rows})
    caption = caption_lines(analysis.groups.groups, list(_explanations(rows)))
    rows_in = ROW_IN * len(rows)
    legend = list(_legend(rows))
    top_in = LEGEND_TOP_IN + LEGEND_ROW_IN * len(legend) + 0.1
    figure = Figure(figsize=(WIDTH_IN, top_in + rows_in + AXIS_LABEL_IN + caption_in(caption)))
    aim = f"a return of {significant(levels[0])}" if len(levels) == 1 else "each return"
    place_title(figure, analysis.env, f"training time to {aim} (further left is better)")
    place_legend(figure, legend, handlelength=2.2, labelspacing=0.3)
    place_caption(figure, caption)
    axes = place_axes(figure, LABEL_IN, top_in, WIDTH_IN - LABEL_IN - MARGIN_IN, rows_in)
    start = _set_time_axis(axes, rows)
    for index, row in enumerate(rows):
        _draw_seeds(axes, -float(index), row, look[row.group.label], start)
        _draw_mean(axes, MEAN_ABOVE - index, row.time, look[row.group.label], start)
    name_rows(axes, [_row_name(row, len(levels) > 1) for row in rows])
    axes.set_ylim(-len(rows) + 0.45, 0.5)
    return figure


def caption(_: EnvironmentAnalysis) -> str:
    """What is drawn."""
    return (
        "The training time at which each seed reached the level. An open triangle is a seed that "
        "never did: it counts as at least that long."
    )


def _rows(analysis: EnvironmentAnalysis) -> list[_Row]:
    by_group = {(t.group, t.level): t for t in analysis.times if t.unit == "train_s"}
    # The random agent has a place here only where it reached something.
    return [
        _Row(level, group, by_group[group.label, level])
        for level in sorted({time.level for time in analysis.times if time.n_reached})
        for group in analysis.groups.groups
        if (group.label, level) in by_group
        and (not group.is_reference or by_group[group.label, level].n_reached)
    ][:MAX_ROWS]


def _row_name(row: _Row, several_levels: bool) -> str:
    at = f"{significant(row.level)}: " if several_levels else ""
    name = fitting_name(row.group.label, NAME_LENGTH - len(at))
    return f"{at}{name}\n{row.time.n_reached} of {row.time.n_runs} reached it"


def _draw_mean(axes: Axes, y: float, time: LevelTime, look: Look, start: float) -> None:
    # The mean of a group without a success is its horizon and says nothing.
    if time.restricted_mean is None or not time.n_reached:
        return
    mean = max(time.restricted_mean, start)
    axes.plot([mean], [y], markersize=15, color=look.colour, zorder=4, **_MEAN_MARK)
    across = axes.transAxes.inverted().transform(axes.transData.transform((mean, y)))[0]
    is_right = across > NAMED_LEFT_FROM
    axes.annotate(
        f"mean {significant(time.restricted_mean, 2)} s", (mean, y), textcoords="offset points",
        xytext=(-7 if is_right else 7, 0), ha="right" if is_right else "left", va="center",
        fontsize=10, zorder=6,
    )  # fmt: skip


def _draw_seeds(axes: Axes, y: float, row: _Row, look: Look, start: float) -> None:
    """Each seed's time; seeds fan out below the row's line so that equal times stay countable."""
    last = max(len(row.group.runs) - 1, 1)
    first_y = y - SEEDS_BELOW - (0.0 if len(row.group.runs) > 1 else SEEDS_SPREAD / 2)
    reached: list[tuple[float, float]] = []
    since: list[tuple[float, float]] = []  # from the evaluation before, NaN between seeds
    ended: dict[str, list[tuple[float, float]]] = {">": [], "x": []}  # by marker: x for failures
    for index, run in enumerate(row.group.runs):
        at = first_y - SEEDS_SPREAD * index / last
        mark = run.reached.get(row.level)
        if mark is not None:
            x = max(mark.at.train_s, start)
            reached.append((x, at))
            if mark.previous is not None:
                since += [(max(mark.previous.train_s, start), at), (x, at), (math.nan, at)]
        elif run.status == "failed":
            ended["x"].append((max(run.end.train_s, start), at))
        else:
            ended[">"].append((max(observed_until(run, "train_s"), start), at))
    if since:
        axes.plot(*zip(*since, strict=True), color=look.colour, linewidth=1.2, alpha=0.6, zorder=2)
    if reached:
        axes.plot(
            *zip(*reached, strict=True), look.marker, color=look.colour, markersize=7,
            markeredgecolor="white", markeredgewidth=0.5, zorder=4,
        )  # fmt: skip
    for marker, points in ended.items():
        if points:
            axes.plot(
                *zip(*points, strict=True), marker=marker, color=look.colour, markersize=7.5,
                markeredgewidth=1.5, zorder=4, **_OPEN_MARK,
            )  # fmt: skip


def _set_time_axis(axes: Axes, rows: Sequence[_Row]) -> float:
    """Set the axis; returns its smallest value."""
    values: list[float] = []
    for level, group, time in rows:
        for run in group.runs:
            reached = reached_at(run, level, "train_s")
            mark = run.reached.get(level)
            values.append(observed_until(run, "train_s") if reached is None else reached)
            if mark is not None and mark.previous is not None:
                values.append(mark.previous.train_s)
        if time.restricted_mean is not None:
            values.append(time.restricted_mean)
    positive = [value for value in values if value > 0.0]
    is_log = bool(positive) and max(positive) >= LOG_FROM_SPREAD * min(positive)
    axes.set_xlabel(time_title("train_s", is_log=is_log))
    if not positive:
        linear_axis(axes, 1.0, "train_s")
        return 0.0
    last = max(positive)
    if not is_log:
        linear_axis(axes, 1.3 * last, "train_s")
        return 0.0
    start = max(min(positive) / 1.6, last * 1e-6)
    # A third of the axis is left for the text behind the longest bar.
    log_axis(axes, start, last * (last / start) ** 0.4, "train_s")
    return start


def _legend(rows: Sequence[_Row]) -> Iterator[Line2D]:
    yield Line2D([], [], color=MUTED, marker="o", markersize=7, linewidth=1.2,
                 label="a seed, with a line from the evaluation before")  # fmt: skip
    yield Line2D([], [], color=MUTED, markersize=13, linestyle="none", label="mean", **_MEAN_MARK)
    missing = [run for row in rows for run in row.group.runs if run.reached.get(row.level) is None]
    for marker, label, is_there in (
        (">", "had not reached it when it ended", any(r.status != "failed" for r in missing)),
        ("x", "failed", any(r.status == "failed" for r in missing)),
    ):
        if is_there:
            yield Line2D([], [], color=INK, marker=marker, markersize=9, markeredgewidth=1.8,
                         label=label, **_OPEN_MARK)  # fmt: skip


def _explanations(rows: Sequence[_Row]) -> Iterator[str]:
    horizons = sorted({row.time.horizon for row in rows if row.time.horizon is not None})
    if horizons and any(row.time.n_reached < row.time.n_runs for row in rows):
        shown = " or ".join(f"{significant(h)} s" for h in horizons[:MAX_HORIZONS])
        yield f"in the mean a run that did not reach it counts as {shown}"


FIGURE = EnvironmentFigure("When each seed reached it", caption, draw, times_to_threshold)
