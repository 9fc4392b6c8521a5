"""Scores while learning, over several environments: interquartile means against two clocks."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports.figures.looks import Looks
from rlbench.reports.figures.registry import SuiteFigure
from rlbench.reports.figures.style import (
    AXIS_LABEL_IN,
    LEFT_IN,
    MARGIN_IN,
    PANEL_IN,
    RANDOM_LINE,
    THRESHOLD_LINE,
    WIDTH_IN,
    caption_in,
    log_axis,
    place_axes,
    place_caption,
    place_title,
    return_axis,
    time_title,
)
from rlbench.reports.figures.suites import (
    TOP_IN,
    WHAT_A_SCORE_IS,
    draw_band_and_line,
    environments_text,
    estimates_in_words,
    place_suite_legend,
    suite_caption,
)


def draw(found: SuiteStatistics, looks: Looks) -> Figure | None:
    """A panel for each clock; None where nothing is normalised."""
    if not found.curves:
        return None
    lines = suite_caption(found, [WHAT_A_SCORE_IS])
    units = list(dict.fromkeys(curve.unit for curve in found.curves))
    panel_in = PANEL_IN + AXIS_LABEL_IN
    figure = Figure(figsize=(WIDTH_IN, TOP_IN + panel_in * len(units) + caption_in(lines)))
    place_title(
        figure, environments_text(found), "score while learning (higher, further left: better)"
    )
    place_suite_legend(figure, found, looks)
    place_caption(figure, lines)
    shown = [v for c in found.curves for v in (float(np.nanmin(c.mean)), float(np.nanmax(c.mean)))]
    limits = min(-0.1, *shown) - 0.05, max(1.1, *shown)
    for row, unit in enumerate(units):
        top_in = TOP_IN + row * panel_in
        axes = place_axes(figure, LEFT_IN, top_in, WIDTH_IN - LEFT_IN - MARGIN_IN, PANEL_IN)
        curves = [curve for curve in found.curves if curve.unit == unit]
        log_axis(axes, float(curves[0].x[0]), float(curves[0].x[-1]), unit)
        for c in curves:
            draw_band_and_line(axes, looks.over_environments(c.agent), c.x, c.mean, c.low, c.high)
        axes.axhline(0.0, **RANDOM_LINE)
        axes.axhline(1.0, **THRESHOLD_LINE)
        return_axis(axes, "y", *limits)
        axes.set_xlabel(time_title(unit, is_log=True))
        axes.set_ylabel("interquartile mean")
    return figure


def caption(_: SuiteStatistics) -> str:
    """What is drawn."""
    return (
        "The interquartile mean of normalised scores against training time and environment steps, "
        "with 95 % intervals over seeds."
    )


FIGURE = SuiteFigure(
    "Score while learning, over all environments", caption, draw, estimates_in_words
)
