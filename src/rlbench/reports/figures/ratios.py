"""The speed ratio of every environment on one axis, beside the lines of the popular claim."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.reports.figures.style import INK, MUTED, log_axis, place_text
from rlbench.wording import TIMES, agent_name, factor, ratio_text, shortened

WIDTH_IN = 12.6
LABEL_IN = 3.4
RIGHT_IN = 2.6
ROW_IN = 0.66
HEADER_IN = 1.0
MAX_ROWS = 80

_ES_COLOUR, _DQN_COLOUR = "#0072B2", "#D55E00"

# Salimans et al. 2017 (arXiv 1703.03864), sections 4.1 and 4.2 and table 1, and the text that
# made "one hour against a day, ten minutes against ten hours" of it.
CLAIM_LINES = (
    (24.0, f"claim: 24{TIMES}", 0),
    (60.0, f"claim: 60{TIMES}", 1),
    (0.53, f"24{TIMES} per core", 0),
    (0.82, f"60{TIMES} per core", 1),
)
CLAIM_CAPTION = (
    f"Claims of Salimans et al. 2017. 24{TIMES}: an hour of ES on 720 cores against a day of A3C "
    f"on 16; in core-hours that is 384/720 = 0.53{TIMES}.",
    f"60{TIMES}: 10 minutes of ES on 1,440 cores; the paper's own long figure is ES itself, 657 "
    f"minutes on 18 cores: 197/240 = 0.82{TIMES} in core-hours.",
)
_BARS = (
    "Bars: 95 % bootstrap intervals over seeds. Arrows: one side never solved it, so the ratio "
    "is a bound. Equal cores for both agents: compare with the lines per core."
)


def draw_ratios(ratios: Sequence[SpeedRatio | MeanRatio], machine: Sequence[str]) -> Figure | None:
    """One row for each pair of groups; None where there is no pair.

    Args:
        ratios: to the threshold, in training time.
        machine: parts of the caption that name the hardware.
    """
    rows = list(ratios)[:MAX_ROWS]
    if not rows:
        return None
    caption = [*textwrap.wrap(" · ".join(machine), 140), _BARS, *CLAIM_CAPTION]
    top_in, bottom_in = 0.4 + HEADER_IN, 0.95 + 0.2 * len(caption)
    height = top_in + ROW_IN * len(rows) + bottom_in
    figure = Figure(figsize=(WIDTH_IN, height))
    axes = figure.add_axes(
        (
            LABEL_IN / WIDTH_IN,
            bottom_in / height,
            1.0 - (LABEL_IN + RIGHT_IN) / WIDTH_IN,
            ROW_IN * len(rows) / height,
        )
    )
    place_text(
        figure,
        0.2,
        0.1,
        _title(rows),
        fontsize=14,
        fontweight="bold",
    )
    low, high = _limits(rows)
    log_axis(axes, low, high, None)
    baseline, challenger = _side_names(rows)
    axes.set_xlabel(
        f"training time of {baseline} / training time of {challenger}, log scale  "
        "(1 = equally fast)"
    )
    axes.set_ylim(-len(rows) + 0.5, 0.5)
    for index, ratio in enumerate(rows):
        _draw_ratio(axes, -float(index), ratio, low, high)
    axes.set_yticks(
        [-float(i) for i in range(len(rows))], [_label(ratio) for ratio in rows], fontsize=10
    )
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    _draw_header(axes, len(rows), (baseline, challenger))
    place_text(
        figure,
        0.2,
        height - 0.25 - 0.2 * len(caption),
        "\n".join(caption),
        muted=True,
        fontsize=10,
        linespacing=1.4,
    )
    return figure


def _limits(rows: Sequence[SpeedRatio | MeanRatio]) -> tuple[float, float]:
    """An axis that shows the claim's lines, equality and every value, with room for labels."""
    values = [
        value
        for row in rows
        for value in (row.ratio, row.low, row.high)
        if value is not None and 1e-9 < value < 1e9
    ]
    return min([0.08, *(v / 2.0 for v in values)]), max([500.0, *(v * 2.0 for v in values)])


def _draw_ratio(
    axes: Axes, y: float, ratio: SpeedRatio | MeanRatio, low: float, high: float
) -> None:
    right = axes.get_yaxis_transform()
    if ratio.ratio is None:
        axes.text(1.02, y, "no ratio", transform=right, va="center", color=MUTED, clip_on=False)
        axes.text(
            0.01,
            y,
            shortened(ratio.reason, 72),
            transform=right,
            va="center",
            color=MUTED,
            fontsize=10,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0},
            zorder=6,
        )
        return
    faster_es = ratio.ratio >= 1.0
    colour = _ES_COLOUR if faster_es else _DQN_COLOUR
    marker = "o" if faster_es else "s"
    at = min(max(ratio.ratio, low), high)
    ends = (ratio.low or at, ratio.high or at)
    if ratio.low is not None or ratio.high is not None:
        axes.plot(
            [max(ends[0], low), min(ends[1], high)],
            [y, y],
            color=colour,
            linewidth=5,
            alpha=0.4,
            solid_capstyle="butt",
            zorder=3,
        )
    axes.plot(
        [at],
        [y],
        marker=marker,
        markersize=10,
        color=colour,
        markeredgecolor="white",
        zorder=5,
    )
    if ratio.bound:
        axes.annotate(
            "",
            xytext=(at, y),
            xy=(at * (2.6 if ratio.bound == ">=" else 1 / 2.6), y),
            arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2},
            zorder=4,
            annotation_clip=False,
        )
    axes.text(
        1.02, y, ratio_text(ratio), transform=right, va="center", fontsize=10.5, clip_on=False
    )


def _agent(label: str) -> str:
    return agent_name(label.split(" ", 1)[0])


def _side_names(rows: Sequence[SpeedRatio | MeanRatio]) -> tuple[str, str]:
    """Baseline and challenger, by the names of their agents where all rows have the same."""
    baselines, challengers = (
        {_agent(getattr(r, s)) for r in rows} for s in ("baseline", "challenger")
    )
    if len(baselines) == len(challengers) == 1 and baselines != challengers:
        return baselines.pop(), challengers.pop()
    return "the baseline", "the challenger"


def _title(rows: Sequence[SpeedRatio | MeanRatio]) -> str:
    baseline, challenger = _side_names(rows)
    return f"How many times as long {baseline} trains as {challenger} to solve the environment"


def _label(ratio: SpeedRatio | MeanRatio) -> str:
    name = shortened(ratio.env, 32)
    pair = ""
    if (ratio.baseline, ratio.challenger) != ("dqn", "es"):
        sides = [shortened(agent_name(label), 20) for label in (ratio.baseline, ratio.challenger)]
        pair = f"\n{' / '.join(sides)}"
    seeds = (
        f"{_agent(ratio.baseline)} {ratio.n_baseline_reached}/{ratio.n_baseline}, "
        f"{_agent(ratio.challenger)} {ratio.n_challenger_reached}/{ratio.n_challenger} solved"
    )
    return f"{name}{pair}\n{seeds}"


def _draw_header(axes: Axes, rows: int, names: tuple[str, str]) -> None:
    """The labelled vertical lines, labels staggered above the axes so that none meet."""
    across = axes.get_xaxis_transform()
    row = 1.0 / (ROW_IN * rows)  # one inch above the axes, as a share of their height
    heights = (0.12 * row, 0.42 * row)
    axes.axvline(1.0, color=INK, linewidth=1.4, zorder=1)
    for value, name, level in CLAIM_LINES:
        claimed = value > 1.0
        top = 1.0 + heights[1 - level if claimed else level]
        axes.plot(
            [value, value],
            [0.0, top],
            transform=across,
            color=INK if claimed else MUTED,
            linewidth=1.1,
            linestyle="--" if claimed else ":",
            clip_on=False,
            zorder=1,
        )
        # Leaning outwards: a label never crosses the line beside it.
        axes.annotate(
            name if claimed else f"{name} = {factor(value)}",
            (value, top),
            xycoords=across,
            xytext=(4 if claimed else -4, 0),
            textcoords="offset points",
            ha="left" if claimed else "right",
            va="center",
            fontsize=10,
            annotation_clip=False,
        )
    axes.annotate(
        f"← {names[0]} faster",
        (1.0, 1.0 + 0.75 * row),
        xycoords=across,
        xytext=(-8, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=11,
        fontweight="bold",
        color=_DQN_COLOUR,
        annotation_clip=False,
    )
    axes.annotate(
        f"{names[1]} faster →",
        (1.0, 1.0 + 0.75 * row),
        xycoords=across,
        xytext=(8, 0),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=11,
        fontweight="bold",
        color=_ES_COLOUR,
        annotation_clip=False,
    )
