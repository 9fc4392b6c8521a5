"""Return while learning, against training time, environment steps and, where it differs, CPU
time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlbench.analysis.curves import (
    CURVE_UNITS,
    carried_forward,
    common_end,
    cut_by,
    evaluated,
    random_return,
)
from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.published.dopamine import ADAM, RMSPROP, DopamineCurve
from rlbench.reports.figures.learning_panel import (
    FEW_SEEDS,
    PUBLISHED_LINES,
    draw_panel,
    lowest_shown,
    needs_log,
    published_curves,
    set_return_limits,
)
from rlbench.reports.figures.looks import Look, Looks
from rlbench.reports.figures.registry import EnvironmentFigure
from rlbench.reports.figures.style import (
    AXIS_LABEL_IN,
    LEFT_IN,
    LEGEND_ROW_IN,
    LEGEND_TOP_IN,
    MARGIN_IN,
    PANEL_IN,
    RANDOM_LINE,
    THRESHOLD_LINE,
    WIDTH_IN,
    caption_in,
    caption_lines,
    place_axes,
    place_caption,
    place_legend,
    place_title,
)
from rlbench.runs.records import Unit
from rlbench.wording import UNIT_NAMES, agent_name, amount, fitting_name, plural, significant

MIDDLE_FROM = 3  # seeds; a median of fewer is their mean, or the one
PUBLISHED_OPTIMIZERS = {RMSPROP: "RMSProp", ADAM: "Adam"}
SAME_CPU_SHARE = 1.25  # how far the agents' CPU-seconds per second may be apart to be drawn as one


def draw(analysis: EnvironmentAnalysis, looks: Looks) -> Figure:
    """The returns of all contenders, a panel for each clock that adds something to the others."""
    environment = analysis.groups
    published = published_curves(environment)
    look = looks.on(environment.env)
    handles = list(_legend(environment, look, published))
    caption = caption_lines(environment.groups, list(_explanations(analysis, published)))
    units = _units(environment)
    top_in = LEGEND_TOP_IN + LEGEND_ROW_IN * len(handles) + 0.1
    panel_in = PANEL_IN + AXIS_LABEL_IN
    figure = Figure(figsize=(WIDTH_IN, top_in + panel_in * len(units) + caption_in(caption)))
    place_title(
        figure, environment.env, "return while learning (higher and further left is better)"
    )
    place_legend(figure, handles, handlelength=2.2, labelspacing=0.3)
    place_caption(figure, caption)
    is_log = any(needs_log(environment, unit) for unit in units)
    for index, unit in enumerate(units):
        axes = place_axes(
            figure, LEFT_IN, top_in + index * panel_in, WIDTH_IN - LEFT_IN - MARGIN_IN, PANEL_IN
        )
        along = [curve for curve in analysis.curves if curve.unit == unit]
        draw_panel(axes, environment, along, unit, look, is_log=is_log)
        set_return_limits(axes, environment, analysis.curves)
        axes.set_ylabel("mean return")
    return figure


def _units(environment: EnvironmentGroups) -> list[Unit]:
    """The clocks of the panels. Where every agent used as many CPU-seconds in a second, CPU time
    shows training time again with other numbers."""
    rates = [
        run.end.train_cpu_s / run.end.train_s
        for group in environment.contenders
        for run in group.runs
        if run.end.train_s > 0.0 and run.end.train_cpu_s > 0.0
    ]
    same = not rates or max(rates) < SAME_CPU_SHARE * min(rates)
    return [unit for unit in CURVE_UNITS if not (same and unit == "train_cpu_s")]


def words(analysis: EnvironmentAnalysis) -> str:
    """From where to where each group's median goes."""
    parts = []
    for curve in analysis.curves:
        if curve.unit != "train_s" or curve.median is None or not len(curve.median):
            continue
        first, last = float(curve.median[0]), float(curve.median[-1])
        text = f"{agent_name(curve.group)} goes from {significant(first)} to "
        text += f"{significant(last)} in {amount(float(curve.x[-1]), 'train_s')}"
        if np.isfinite(curve.low[-1]):
            low, high = float(curve.low[-1]), float(curve.high[-1])
            text += f" (seeds at the end {significant(low)} to {significant(high)})"
        parts.append(text)
    return "; ".join(parts) or "nothing was evaluated"


def caption(_: EnvironmentAnalysis) -> str:
    """What is drawn."""
    return (
        "The mean return of an evaluation, which costs no training time: the median over seeds, in "
        "a band from the worst seed to the best. A line that goes on dashed is carried forward "
        "from where its runs had solved it. An axis ends where the first seed's budget did: after "
        "that there is nothing to compare. CPU time has a panel where the agents used different "
        "amounts of it in a second."
    )


def _legend(
    environment: EnvironmentGroups,
    looks: Mapping[str, Look],
    published: Mapping[str, DopamineCurve],
) -> Iterator[Line2D]:
    for group in environment.contenders:
        look = looks[group.label]
        yield Line2D(
            [], [], color=look.colour, marker=look.marker, linewidth=2.6, markersize=6,
            markeredgecolor="white", markeredgewidth=0.7, label=_group_text(group),
        )  # fmt: skip
    for threshold in environment.thresholds:
        yield Line2D([], [], label=f"threshold {significant(threshold)}", **THRESHOLD_LINE)
    acting_at_random = random_return(environment)
    if acting_at_random is not None:
        label = f"acting at random: {significant(acting_at_random)}"
        yield Line2D([], [], label=label, **RANDOM_LINE)
    for agent, curve in published.items():
        optimizer = PUBLISHED_OPTIMIZERS[agent]
        label = f"Dopamine's DQN ({optimizer}): mean, range of {curve.runs} runs"
        yield Line2D([], [], label=label, **PUBLISHED_LINES[agent])


def _group_text(group: Group) -> str:
    name = fitting_name(group.label, 24)
    parts = [plural(len(group.runs), "seed")]
    if group.threshold is not None:
        parts.append(f"{group.count('solved')} solved")
    if group.count("failed"):
        parts.append(f"{group.count('failed')} failed")
    if group.n_unfinished:
        parts.append(f"{group.n_unfinished} unfinished")
    return f"{name}: {', '.join(parts)}"


def _explanations(
    analysis: EnvironmentAnalysis, published: Mapping[str, DopamineCurve]
) -> Iterator[str]:
    environment = analysis.groups
    groups = environment.contenders
    most = max((len(group.runs) for group in groups), default=0)
    if most >= 2:
        middle = "median" if most >= MIDDLE_FROM else "mean"
        yield f"line: {middle} over seeds; band: from the worst seed to the best"
    if most >= 2 and any(2 <= len(group.runs) <= FEW_SEEDS for group in groups):
        yield "thin: one seed"
    if _has_star(environment):
        yield "star: solved, confirmed, stopped"
    if any(carried_forward(run) for group in groups for run in group.runs):
        yield "short dashes: carried forward from there"
    if any(group.count("failed") for group in groups if len(group.runs) <= FEW_SEEDS):
        yield "x: failed"
    lowest = lowest_shown(environment)
    returns = [evaluated(run, "train_s")[1] for group in groups for run in group.runs]
    if any(values.min(initial=math.inf) < lowest for values in returns):
        yield f"returns below {significant(lowest)} are cut off"
    for unit in _units(environment):
        group, end = cut_by(environment, unit), common_end(environment, unit)
        if group is not None and end is not None:
            yield (
                f"the axis of {UNIT_NAMES[unit].short} ends at {amount(end, unit)}, where the "
                f"budget of {fitting_name(group.label, 24)} ended; other runs went on"
            )
    if published:
        yield (
            "Dopamine (Castro et al. 2018): returns in training with sticky actions 0.25, each "
            "point over the million frames before it"
        )


def _has_star(environment: EnvironmentGroups) -> bool:
    """Whether a run that stopped when solved ended within the axis of some panel."""
    few = [group for group in environment.contenders if len(group.runs) <= FEW_SEEDS]
    solved = [run for group in few for run in group.runs if run.stopped_when_solved]
    return any(
        len(times := evaluated(run, unit)[0]) and times[-1] <= (common_end(environment, unit) or 0)
        for unit in _units(environment)
        for run in solved
    )


FIGURE = EnvironmentFigure("Return while learning", caption, draw, words)
