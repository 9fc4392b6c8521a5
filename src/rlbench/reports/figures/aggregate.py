"""Two agents over several environments in single numbers, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlbench.analysis.score_statistics import TAIL_SENSITIVE
from rlbench.analysis.suite_scores import Estimate
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports.figures.looks import Look, Looks
from rlbench.reports.figures.registry import SuiteFigure
from rlbench.reports.figures.style import (
    INK,
    RANDOM_LINE,
    THRESHOLD_LINE,
    WIDTH_IN,
    caption_in,
    name_rows,
    place_axes,
    place_caption,
    place_title,
    return_axis,
)
from rlbench.reports.figures.suites import (
    TOP_IN,
    WHAT_A_SCORE_IS,
    environments_text,
    estimates_in_words,
    place_suite_legend,
    scores_differ,
    side_name,
    suite_caption,
)
from rlbench.wording import agent_name, significant

ROWS_LEFT_IN = 1.55
RIGHT_IN = 1.45
GAP_IN = 0.75  # between the two panels, for the axis of the upper one
AXIS_IN = 0.85
SCORE_ROW_IN = 0.7  # two agents
CHANCE_ROW_IN = 0.5
APART = 0.2  # above and below the middle of a row, an agent each
CHANCE_LOOK = Look(INK, "P", (0, ()))  # a chance is of neither agent alone

_SCORES = (
    ("iqm", "interquartile mean", "higher is better"),
    ("median", "median environment", "higher is better"),
    ("mean", "mean", "higher is better"),
    ("optimality_gap", "optimality gap", "lower is better"),
)
_CHANCES = (
    ("probability_of_improvement", "scores more"),
    ("probability_of_sooner", "solves it sooner"),
)

_Estimates = Mapping[tuple[str, str], Estimate]  # by statistic and agent


def draw(found: SuiteStatistics, looks: Looks) -> Figure | None:
    """Scores above, chances below; None where there is neither."""
    by_name = {(e.statistic, e.agent): e for e in found.estimates}
    challenger = found.suite.challenger
    scores = [row for row in _SCORES if scores_differ(found) and _says_something(by_name, row[0])]
    chances = [row for row in _CHANCES if (row[0], challenger) in by_name]
    if not scores and not chances:
        return None
    weak = {f"the interval of mean and median: {e.reason}" for e in found.estimates
            if e.statistic in TAIL_SENSITIVE and e.low is not None}  # fmt: skip
    lines = suite_caption(found, [WHAT_A_SCORE_IS, *weak] if scores else [])
    scores_in, chances_in = SCORE_ROW_IN * len(scores), CHANCE_ROW_IN * len(chances)
    gap_in = GAP_IN if scores and chances else 0.0
    panels_in = scores_in + gap_in + chances_in
    figure = Figure(figsize=(WIDTH_IN, TOP_IN + panels_in + AXIS_IN + caption_in(lines)))
    names = [side_name(side) for side in found.suite.sides]
    place_title(figure, environments_text(found), f"{names[0]} against {names[1]}")
    place_suite_legend(figure, found, looks)
    place_caption(figure, lines)
    width_in = WIDTH_IN - ROWS_LEFT_IN - RIGHT_IN
    if scores:
        axes = place_axes(figure, ROWS_LEFT_IN, TOP_IN, width_in, scores_in)
        _draw_scores(axes, scores, by_name, found.suite.sides, looks)
    if chances:
        axes = place_axes(figure, ROWS_LEFT_IN, TOP_IN + scores_in + gap_in, width_in, chances_in)
        _draw_chances(axes, chances, by_name, found.suite.sides)
    return figure


def _says_something(by_name: _Estimates, statistic: str) -> bool:
    """Whether a score's row is more than the same sure number twice, as of agents that both solve
    nearly everything."""
    pair = [found for (name, _), found in by_name.items() if name == statistic]
    values = {v for e in pair for v in (e.value, e.low, e.high) if v is not None}
    return bool(pair) and max(values) - min(values) > 1e-6


def caption(found: SuiteStatistics) -> str:
    """What is drawn."""
    challenger, baseline = (agent_name(side) for side in found.suite.sides)
    scores = (
        "Normalised scores at the common horizon, where 0 is acting at random and 1 the threshold, "
        "and the chance"
        if scores_differ(found)
        else "The chance"
    )
    return (
        f"{scores} that a run of {challenger} is better than one of {baseline}. Bars are 95 % "
        "intervals over seeds; every environment weighs the same."
    )


def _draw_scores(
    axes: Axes,
    rows: Sequence[tuple[str, str, str]],
    by_name: _Estimates,
    sides: Sequence[str],
    looks: Looks,
) -> None:
    for index, (statistic, _, _) in enumerate(rows):
        for above, agent in zip((APART, -APART), sides, strict=True):
            look = looks.over_environments(agent)
            _draw_estimate(axes, above - index, by_name[statistic, agent], look)
    name_rows(axes, [f"{title}\n({better})" for _, title, better in rows])
    axes.set_ylim(-len(rows) + 0.5, 0.5)
    shown = [
        value
        for statistic, _, _ in rows
        for agent in sides
        for estimate in [by_name[statistic, agent]]
        for value in (estimate.value, estimate.low, estimate.high)
        if value is not None
    ]
    low, high = min([0.0, *shown]), max([1.0, *shown])
    return_axis(axes, "x", low - 0.05 * (high - low), high + 0.05 * (high - low))
    axes.axvline(0.0, **RANDOM_LINE)
    axes.axvline(1.0, **THRESHOLD_LINE)
    axes.set_xlabel("normalised score")


def _draw_chances(
    axes: Axes, rows: Sequence[tuple[str, str]], by_name: _Estimates, sides: Sequence[str]
) -> None:
    challenger, baseline = map(side_name, sides)
    for index, (statistic, _) in enumerate(rows):
        _draw_estimate(axes, -float(index), by_name[statistic, sides[0]], CHANCE_LOOK)
    name_rows(axes, [title for _, title in rows])
    axes.set_ylim(-len(rows) + 0.4, 0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0.0, 0.5, 1.0], ["0 %", "50 %", "100 %"])
    axes.axvline(0.5, color=INK, linewidth=1.4, zorder=1)
    axes.set_xlabel(f"chance that {challenger} beats {baseline}\n(50 %: neither, ties count half)")


def _draw_estimate(axes: Axes, y: float, found: Estimate, look: Look) -> None:
    text = significant(found.value, 2)
    if found.low is not None and found.high is not None:
        axes.plot(
            [found.low, found.high], [y, y], color=look.colour, linewidth=5, alpha=0.35,
            solid_capstyle="butt", zorder=3,
        )  # fmt: skip
        text += f" [{significant(found.low, 2)}, {significant(found.high, 2)}]"
    axes.plot(
        [found.value], [y], look.marker, color=look.colour, markersize=8, markeredgecolor="white",
        zorder=4,
    )  # fmt: skip
    axes.text(
        1.02, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=9.5,
        clip_on=False,
    )  # fmt: skip


FIGURE = SuiteFigure("All environments together", caption, draw, estimates_in_words)
