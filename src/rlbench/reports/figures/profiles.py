"""Performance profiles: the share of runs above each score, over several environments."""

from __future__ import annotations

from matplotlib.figure import Figure

from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports.figures.looks import Looks
from rlbench.reports.figures.registry import SuiteFigure
from rlbench.reports.figures.style import (
    AXIS_LABEL_IN,
    LEFT_IN,
    MARGIN_IN,
    PANEL_IN,
    THRESHOLD_LINE,
    WIDTH_IN,
    caption_in,
    place_axes,
    place_caption,
    place_title,
    return_axis,
)
from rlbench.reports.figures.suites import (
    BARS,
    TOP_IN,
    WHAT_A_SCORE_IS,
    draw_band_and_line,
    environments_text,
    estimates_in_words,
    place_suite_legend,
    scores_differ,
    suite_caption,
)


def draw(found: SuiteStatistics, looks: Looks) -> Figure | None:
    """One panel with both agents; None where nothing is normalised, or all scores are equal."""
    if not found.profiles or not scores_differ(found):
        return None
    lines = suite_caption(found, [WHAT_A_SCORE_IS], BARS)
    figure = Figure(figsize=(WIDTH_IN, TOP_IN + PANEL_IN + AXIS_LABEL_IN + caption_in(lines)))
    place_title(figure, environments_text(found), "runs that score above (right, high: better)")
    place_suite_legend(figure, found, looks)
    place_caption(figure, lines)
    axes = place_axes(figure, LEFT_IN, TOP_IN, WIDTH_IN - LEFT_IN - MARGIN_IN, PANEL_IN)
    for p in found.profiles:
        draw_band_and_line(axes, looks.over_environments(p.agent), p.tau, p.share, p.low, p.high)
    axes.axvline(1.0, **THRESHOLD_LINE)
    tau = found.profiles[0].tau
    return_axis(axes, "x", float(tau[0]), float(tau[-1]))
    axes.set_ylim(-0.03, 1.05)
    axes.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.set_ylabel("runs above the score")
    axes.set_xlabel("normalised score at the common horizon")
    return figure


def caption(_: SuiteStatistics) -> str:
    """What is drawn."""
    return (
        "The share of runs, over all environments, whose normalised score is above the value on "
        "the horizontal axis, with 95 % intervals over seeds."
    )


FIGURE = SuiteFigure("Performance profiles", caption, draw, estimates_in_words)
