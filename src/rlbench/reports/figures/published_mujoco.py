"""What the paper behind the claims published on MuJoCo; without any run."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlbench.claims.examine import Examination
from rlbench.published.papers import StepRatio, step_ratios
from rlbench.reports.figures.looks import ES, Looks
from rlbench.reports.figures.registry import ClaimFigure
from rlbench.reports.figures.style import (
    AXIS_LABEL_IN,
    CAPTION_WIDTH,
    INK,
    MARGIN_IN,
    MUTED,
    WIDTH_IN,
    caption_in,
    log_axis,
    name_rows,
    place_axes,
    place_caption,
    place_legend,
    place_title,
)
from rlbench.wording import millions, significant

LABEL_IN = 1.95
TOP_IN = 1.75
ROW_IN = 0.5
SHOWN = (0.1, 12.0)  # steps of ES over those of TRPO

_MARKERS = {25: "o", 50: "s", 75: "D", 100: "*"}  # per cent of TRPO's progress


def draw(_: Examination, __: Looks) -> Figure:
    """Steps of ES over steps of TRPO to four shares of TRPO's progress, one row a task."""
    ratios = step_ratios()
    tasks = sorted({ratio.task for ratio in ratios})
    rows_in = ROW_IN * len(tasks)
    sources = _sources(ratios[0])
    height = TOP_IN + rows_in + AXIS_LABEL_IN + caption_in(sources)
    figure = Figure(figsize=(WIDTH_IN, height))
    place_title(figure, "Published: ES on MuJoCo", "steps that ES needed over those of TRPO")
    place_legend(
        figure,
        [
            Line2D([], [], label=f"{percent} %", **(_look(percent) | {"markersize": size}))
            for percent, size in ((25, 8.0), (50, 8.0), (75, 8.0), (100, 13.0))
        ],
        ncols=4,
        title=(
            "to this share of TRPO's progress from its start\nto its score after "
            f"{millions(ratios[0].trpo_steps)} steps"
        ),
        alignment="left",
        handletextpad=0.3,
    )
    place_caption(figure, sources)
    axes = place_axes(figure, LABEL_IN, TOP_IN, WIDTH_IN - LABEL_IN - MARGIN_IN, rows_in)
    log_axis(axes, *SHOWN, None)
    axes.set_xlabel("steps of ES / steps of TRPO, log scale")
    axes.axvline(1.0, color=INK, linewidth=1.4, zorder=1)
    axes.set_ylim(-len(tasks) + 0.4, 0.6)
    for row, task in enumerate(tasks):
        _draw_task(axes, -float(row), [ratio for ratio in ratios if ratio.task == task])
    name_rows(axes, tasks, fontsize=10)
    for text, place, side in (("← ES fewer", -6, "right"), ("TRPO fewer →", 6, "left")):
        axes.annotate(
            text, (1.0, 1.02), xycoords=axes.get_xaxis_transform(), xytext=(place, 0),
            textcoords="offset points", ha=side, va="bottom", fontweight="bold",
            annotation_clip=False,
        )  # fmt: skip
    return figure


def caption(_: Examination) -> str:
    """What is drawn."""
    return (
        "How many environment steps the published ES needed over those of TRPO, to the same share "
        "of TRPO's final score: not measured here. Below 1 ES needed fewer."
    )


def words(_: Examination) -> str:
    """The ratios to the whole of TRPO's progress."""
    return "; ".join(
        f"{found.task}: {significant(found.ratio, 2)} times the steps of TRPO"
        for found in step_ratios()
        if found.percent == 100
    )


def _sources(found: StepRatio) -> tuple[str, ...]:
    text = (
        "Salimans et al. 2017 (arXiv 1703.03864), tables 1 and 3: mean curves of "
        f"{found.es_runs} ES runs. These are steps, not seconds: no run of TRPO was timed. None of "
        "these tasks is the Humanoid of the ten-minute claim."
    )
    return tuple(textwrap.wrap(text, CAPTION_WIDTH))


def _draw_task(axes: Axes, y: float, ratios: Sequence[StepRatio]) -> None:
    ascending = sorted(ratios, key=lambda found: found.percent)
    axes.plot([r.ratio for r in ascending], [y] * len(ascending), color=MUTED, linewidth=1.2)
    for found in ascending:
        axes.plot([found.ratio], [y], zorder=3 + found.percent / 1000, **_look(found.percent))


def _look(percent: int) -> dict[str, Any]:
    """The whole of TRPO's progress stands out."""
    return {
        "marker": _MARKERS[percent],
        "markersize": 15.0 if percent == 100 else 8.5,
        "markerfacecolor": ES.colour if percent == 100 else "white",
        "markeredgecolor": ES.colour,
        "linestyle": "none",
    }


FIGURE = ClaimFigure("What was published on MuJoCo", caption, draw, words)
