"""Return while learning, against training seconds, environment steps and CPU-seconds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlbench.analysis.curves import CURVE_UNITS, common_end, evaluated, random_return
from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.published.dopamine import DopamineCurve
from rlbench.reports.figures.learning_panel import (
    PUBLISHED_LINE,
    draw_panel,
    lowest_shown,
    published_curve,
    set_return_limits,
)
from rlbench.reports.figures.looks import Look, Looks
from rlbench.reports.figures.registry import EnvironmentFigure
from rlbench.reports.figures.style import (
    LEGEND_ROW_IN,
    LEGEND_TOP_IN,
    MARGIN_IN,
    RANDOM_LINE,
    THRESHOLD_LINE,
    caption_in,
    caption_lines,
    place_axes,
    place_caption,
    place_legend,
    place_title,
)
from rlbench.wording import agent_name, amount, plural, shortened, significant

WIDTH_IN = 13.5
LEFT_IN = 0.95
PANEL_IN = 3.5
GAP_IN = 0.3
AXIS_LABEL_IN = 0.6
LONG_LABEL = 38  # characters; with longer ones the legend has two columns in place of three
CAPTION_WIDTH = 165  # characters


def draw(analysis: EnvironmentAnalysis, looks: Looks) -> Figure:
    """Three panels with the returns of all contenders."""
    environment = analysis.groups
    published = published_curve(environment)
    look = looks.on(environment.env)
    handles = list(_legend(environment, look, published))
    columns = 2 if any(len(str(handle.get_label())) > LONG_LABEL for handle in handles) else 3
    explanations = list(_explanations(analysis, published))
    caption = caption_lines(environment.groups, explanations, CAPTION_WIDTH)
    top_in = LEGEND_TOP_IN + LEGEND_ROW_IN * math.ceil(len(handles) / columns) + 0.2
    height = top_in + PANEL_IN + AXIS_LABEL_IN + caption_in(caption)
    figure = Figure(figsize=(WIDTH_IN, height))
    place_title(figure, f"{shortened(environment.env, 70)}: return while learning")
    place_legend(figure, handles, ncols=columns, handlelength=2.6)
    place_caption(figure, caption)
    count = len(CURVE_UNITS)
    panel_in = (WIDTH_IN - LEFT_IN - MARGIN_IN - GAP_IN * (count - 1)) / count
    for index, unit in enumerate(CURVE_UNITS):
        axes = place_axes(figure, LEFT_IN + index * (panel_in + GAP_IN), top_in, panel_in, PANEL_IN)
        along = [curve for curve in analysis.curves if curve.unit == unit]
        draw_panel(axes, environment, along, unit, look)
        set_return_limits(axes, environment, analysis.curves)
        if index:
            axes.tick_params(axis="y", labelleft=False)
        else:
            axes.set_ylabel("mean return of an evaluation")
    return figure


def words(analysis: EnvironmentAnalysis) -> str:
    """From where to where each group's mean goes."""
    parts = []
    for curve in analysis.curves:
        if curve.unit != "train_s" or not len(curve.mean):
            continue
        text = f"{agent_name(curve.group)} goes from {significant(float(curve.mean[0]))} to "
        text += f"{significant(float(curve.mean[-1]))} in {amount(float(curve.x[-1]), 'train_s')}"
        if np.isfinite(curve.low[-1]):
            low, high = float(curve.low[-1]), float(curve.high[-1])
            text += f" (seeds at the end {significant(low)} to {significant(high)})"
        parts.append(text)
    return "; ".join(parts) or "nothing was evaluated"


def caption(_: EnvironmentAnalysis) -> str:
    """What is drawn."""
    return (
        "Mean return of an evaluation against training seconds, environment steps and CPU-seconds. "
        "Higher is better, and further left is sooner. Faint lines are single seeds, bold ones "
        "their mean; dashed means carried forward after a run was solved. The long-dashed line is "
        "the threshold, the dotted one acting at random. Bands reach from the worst seed to the "
        "best."
    )


def _legend(
    environment: EnvironmentGroups, looks: Mapping[str, Look], published: DopamineCurve | None
) -> Iterator[Line2D]:
    for group in environment.contenders:
        look = looks[group.label]
        yield Line2D(
            [], [], color=look.colour, marker=look.marker, linewidth=2.6, markersize=7,
            markeredgecolor="white", markeredgewidth=0.7, label=_group_text(group),
        )  # fmt: skip
    for threshold in environment.thresholds:
        yield Line2D([], [], label=f"threshold {significant(threshold)}", **THRESHOLD_LINE)
    acting_at_random = random_return(environment)
    if acting_at_random is not None:
        label = f"acting at random: {significant(acting_at_random)}"
        yield Line2D([], [], label=label, **RANDOM_LINE)
    if published is not None:
        label = f"DQN of Dopamine, published: mean and range of {published.runs} runs"
        yield Line2D([], [], label=label, **PUBLISHED_LINE)


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


def _explanations(analysis: EnvironmentAnalysis, published: DopamineCurve | None) -> Iterator[str]:
    environment = analysis.groups
    groups = environment.contenders
    yield "thin: one seed"
    yield "bold: mean over seeds"
    if any(len(group.runs) > 1 for group in groups):
        yield "band: from the worst seed to the best"
    if _has_star(environment):
        yield "star: solved, confirmed, stopped; dashed: carried forward from there"
    if any(group.count("failed") for group in groups):
        yield "x: failed"
    lowest = lowest_shown(environment)
    returns = [evaluated(run, "train_s")[1] for group in groups for run in group.runs]
    if any(values.min(initial=math.inf) < lowest for values in returns):
        yield f"returns below {significant(lowest)} are cut off"
    if analysis.curves:
        yield "evaluation is off the training clock"
    if published is not None:
        yield (
            "Dopamine (Castro et al. 2018): returns in training with sticky actions 0.25, each "
            "point over the million frames before it"
        )


def _has_star(environment: EnvironmentGroups) -> bool:
    """Whether a solved run ended within the axis of some panel."""
    solved = [r for group in environment.contenders for r in group.runs if r.status == "solved"]
    return any(
        len(times := evaluated(run, unit)[0]) and times[-1] <= (common_end(environment, unit) or 0)
        for unit in CURVE_UNITS
        for run in solved
    )


FIGURE = EnvironmentFigure("Return while learning", caption, draw, words)
