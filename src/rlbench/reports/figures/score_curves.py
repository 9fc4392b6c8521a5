"""Scores while learning, over several environments: interquartile means against two clocks."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports.figures.looks import Looks
from rlbench.reports.figures.registry import SuiteFigure
from rlbench.reports.figures.style import (
    MARGIN_IN,
    RANDOM_LINE,
    THRESHOLD_LINE,
    caption_in,
    log_axis,
    place_axes,
    place_caption,
    place_title,
    return_axis,
)
from rlbench.reports.figures.suites import (
    AXIS_LABEL_IN,
    PANEL_IN,
    TOP_IN,
    WHAT_A_SCORE_IS,
    WIDTH_IN,
    draw_band_and_line,
    environments_text,
    estimates_in_words,
    place_suite_legend,
    suite_caption,
)
from rlbench.wording import UNIT_NAMES

LEFT_IN = 0.95
GAP_IN = 0.35


def draw(found: SuiteStatistics, looks: Looks) -> Figure | None:
    """A panel for each clock; None where nothing is normalised."""
    if not found.curves:
        return None
    lines = suite_caption(found, ["higher is better", WHAT_A_SCORE_IS])
    figure = Figure(figsize=(WIDTH_IN, TOP_IN + PANEL_IN + AXIS_LABEL_IN + caption_in(lines)))
    place_title(figure, f"{environments_text(found)}: score while learning")
    place_suite_legend(figure, found, looks)
    place_caption(figure, lines)
    shown = [v for c in found.curves for v in (float(np.nanmin(c.mean)), float(np.nanmax(c.mean)))]
    limits = min(-0.1, *shown) - 0.05, max(1.1, *shown)
    units = list(dict.fromkeys(curve.unit for curve in found.curves))
    width_in = (WIDTH_IN - LEFT_IN - MARGIN_IN - GAP_IN * (len(units) - 1)) / len(units)
    for column, unit in enumerate(units):
        left_in = LEFT_IN + column * (width_in + GAP_IN)
        axes = place_axes(figure, left_in, TOP_IN, width_in, PANEL_IN)
        curves = [curve for curve in found.curves if curve.unit == unit]
        log_axis(axes, float(curves[0].x[0]), float(curves[0].x[-1]), unit)
        for c in curves:
            draw_band_and_line(axes, looks.over_environments(c.agent), c.x, c.mean, c.low, c.high)
        axes.axhline(0.0, **RANDOM_LINE)
        axes.axhline(1.0, **THRESHOLD_LINE)
        return_axis(axes, "y", *limits)
        axes.set_xlabel(f"{UNIT_NAMES[unit].axis}, log scale")
        if column:
            axes.tick_params(axis="y", labelleft=False, length=0)
        else:
            axes.set_ylabel("interquartile mean of scores")
    return figure


def caption(_: SuiteStatistics) -> str:
    """What is drawn."""
    return (
        "Interquartile mean of normalised scores against training time and environment steps. "
        "Higher is better, and further left is sooner. Bands are 95 % intervals over seeds."
    )


FIGURE = SuiteFigure(
    "Score while learning, over all environments", caption, draw, estimates_in_words
)
