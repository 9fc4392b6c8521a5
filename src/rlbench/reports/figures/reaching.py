"""Time to each level: every seed a dot, runs that never got there an open triangle."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.analysis.level_times import LevelTime, observed_until, reached_at
from rlbench.reports.figures.style import (
    INK,
    MUTED,
    Look,
    caption_lines,
    linear_axis,
    log_axis,
    looks,
    place_text,
)
from rlbench.wording import agent_name, shortened, significant

WIDTH_IN = 11.0
LABEL_IN = 3.1
ROW_IN = 0.75
MAX_ROWS = 40


def draw_reaching(environment: EnvironmentGroups, times: Sequence[LevelTime]) -> Figure | None:
    """One figure for one environment; None where no level is timed.

    Args:
        times: that environment's, in every unit; training seconds are drawn.
    """
    by_group = {(t.group, t.level): t for t in times if t.unit == "train_s"}
    levels = sorted({t.level for t in times})
    # The random agent has a place here only where it got somewhere.
    rows = [
        (level, group, by_group[group.label, level])
        for level in levels
        for group in environment.groups
        if (group.label, level) in by_group
        and (not group.is_reference or by_group[group.label, level].n_reached)
    ][:MAX_ROWS]
    if not rows:
        return None
    look = looks(environment)
    caption = caption_lines(environment, _explanations(rows), 118)
    top_in, bottom_in = 0.95, 0.75 + 0.22 * len(caption)
    height = top_in + ROW_IN * len(rows) + bottom_in
    figure = Figure(figsize=(WIDTH_IN, height))
    axes = figure.add_axes(
        (
            LABEL_IN / WIDTH_IN,
            bottom_in / height,
            1.0 - (LABEL_IN + 0.35) / WIDTH_IN,
            ROW_IN * len(rows) / height,
        )
    )
    place_text(
        figure,
        0.2,
        0.1,
        f"{shortened(environment.env, 50)}: training time to "
        + (f"a return of {significant(levels[0])}" if len(levels) == 1 else "each return"),
        fontsize=14,
        fontweight="bold",
    )
    figure.legend(
        handles=_legend(rows),
        loc="upper left",
        bbox_to_anchor=(0.2 / WIDTH_IN, 1.0 - 0.45 / height),
        ncols=4,
        borderaxespad=0.0,
        borderpad=0.0,
        handletextpad=0.7,
        columnspacing=1.4,
        fontsize=10,
    )
    place_text(
        figure,
        0.2,
        height - 0.12 - 0.22 * len(caption),
        "\n".join(caption),
        muted=True,
        fontsize=10,
        linespacing=1.35,
    )
    start = _set_time_axis(axes, rows)
    labels = []
    for index, (level, group, time) in enumerate(rows):
        _draw_row(axes, -float(index), level, group, time, look[group.label], start)
        name = shortened(agent_name(group.label), 34)
        at = f"{significant(level)}: " if len(levels) > 1 else ""
        labels.append(f"{at}{name}\n{time.n_reached} of {time.n_runs} got there")
    axes.set_yticks([-float(i) for i in range(len(rows))], labels)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-len(rows) + 0.45, 0.5)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    return figure


def _draw_row(
    axes: Axes, y: float, level: float, group: Group, time: LevelTime, look: Look, start: float
) -> None:
    _draw_seeds(axes, y, level, group, look, start)
    # The mean of a group without a success is its horizon and says nothing.
    if time.restricted_mean is None or not time.n_reached:
        return
    above = y + 0.24
    right = max(time.restricted_mean, start)
    if time.low is not None and time.high is not None:
        right = max(time.high, right)
        axes.plot(
            [max(time.low, start), right],
            [above, above],
            color=look.colour,
            linewidth=5,
            alpha=0.35,
            solid_capstyle="butt",
            zorder=2,
        )
    axes.plot(
        [max(time.restricted_mean, start)],
        [above],
        marker="|",
        markersize=15,
        markeredgewidth=2.6,
        color=look.colour,
        zorder=4,
    )
    axes.annotate(
        f"mean {significant(time.restricted_mean, 2)} s",
        (right, above),
        xytext=(7, 0),
        textcoords="offset points",
        va="center",
        fontsize=10,
        zorder=6,
    )


def _draw_seeds(axes: Axes, y: float, level: float, group: Group, look: Look, start: float) -> None:
    """Each seed's time; seeds fan out below the row's line so that equal times stay countable."""
    count = len(group.runs)
    reached: list[tuple[float, float]] = []
    since: list[tuple[float, float]] = []  # from the evaluation before, NaN between seeds
    ended: dict[bool, list[tuple[float, float]]] = {False: [], True: []}  # by whether it failed
    for index, run in enumerate(group.runs):
        at = y - 0.04 - 0.36 * (index / (count - 1) if count > 1 else 0.5)
        mark = run.reached.get(level)
        if mark is not None:
            x = max(mark.at.train_s, start)
            reached.append((x, at))
            if mark.previous is not None:
                since += [(max(mark.previous.train_s, start), at), (x, at), (math.nan, at)]
        elif run.status == "failed":
            ended[True].append((max(run.end.train_s, start), at))
        else:
            ended[False].append((max(observed_until(run, "train_s"), start), at))
    if since:
        x_values, y_values = zip(*since, strict=True)
        axes.plot(x_values, y_values, color=look.colour, linewidth=1.2, alpha=0.6, zorder=2)
    if reached:
        x_values, y_values = zip(*reached, strict=True)
        axes.plot(
            x_values,
            y_values,
            look.marker,
            color=look.colour,
            markersize=7,
            markeredgecolor="white",
            markeredgewidth=0.5,
            zorder=4,
        )
    for failed, marker in ((False, ">"), (True, "x")):
        if ended[failed]:
            x_values, y_values = zip(*ended[failed], strict=True)
            axes.plot(
                x_values,
                y_values,
                marker,
                color=look.colour,
                markersize=7.5,
                markerfacecolor="none",
                markeredgewidth=1.5,
                zorder=4,
            )


def _set_time_axis(axes: Axes, rows: Sequence[tuple[float, Group, LevelTime]]) -> float:
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
    axes.set_xlabel("training time (s)")
    if not positive:
        linear_axis(axes, 1.0, "train_s")
        return 0.0
    if max(positive) < 8.0 * min(positive):
        linear_axis(axes, 1.12 * max(positive), "train_s")
        return 0.0
    start = max(min(positive) / 1.6, max(positive) * 1e-6)
    log_axis(axes, start, max(positive) * math.sqrt(math.sqrt(max(positive) / start)), "train_s")
    axes.set_xlabel("training time (s), log scale")
    return start


def _legend(rows: Sequence[tuple[float, Group, LevelTime]]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=MUTED, marker="o", markersize=7, linewidth=1.2,
               label="a seed (line: from the evaluation before)"),
        Line2D([], [], color=MUTED, marker="|", markersize=13, markeredgewidth=2.6, linewidth=5,
               alpha=0.8, label="mean, 95 % interval"),
    ]  # fmt: skip
    runs = [(level, run) for level, group, _ in rows for run in group.runs]
    missing = [run for level, run in runs if run.reached.get(level) is None]
    if any(run.status != "failed" for run in missing):
        handles.append(
            Line2D([], [], color=INK, marker=">", markersize=9, markerfacecolor="none",
                   markeredgewidth=1.8, linewidth=0, label="not there when it ended")
        )  # fmt: skip
    if any(run.status == "failed" for run in missing):
        handles.append(
            Line2D([], [], color=INK, marker="x", markersize=9, markeredgewidth=1.8, linewidth=0,
                   label="failed")
        )  # fmt: skip
    return handles


def _explanations(rows: Sequence[tuple[float, Group, LevelTime]]) -> list[str]:
    horizons = sorted({time.horizon for _, _, time in rows if time.horizon is not None})
    words = []
    if any(time.n_reached < time.n_runs for _, _, time in rows) and horizons:
        shown = " or ".join(f"{significant(h)} s" for h in horizons[:4])
        words.append(
            f"the mean is restricted to {shown}: a run that did not get there counts that much"
        )
    alone = sorted({agent_name(group.label) for _, group, _ in rows if len(group.runs) == 1})
    if alone:
        words.append(f"one seed, so no interval: {', '.join(alone)}")
    return words
