"""Both agents over all environments: single numbers, performance profiles, scores over time."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlbench.analysis.curves import Curve
from rlbench.analysis.suite_scores import Estimate
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports.figures.style import (
    AGENT_LOOKS,
    INK,
    MUTED,
    log_axis,
    machine,
    place_caption,
    place_text,
    score_axis,
)
from rlbench.runs.records import FloatArray
from rlbench.wording import UNIT_NAMES, agent_name, plural, significant

WIDTH_IN = 9.2
LEFT_IN = 2.75
ROW_IN = 0.36
# Of challenger and baseline.
LOOKS = (AGENT_LOOKS["es"], AGENT_LOOKS["dqn"])
DASHES = ("-", (0, (5, 2)))

_SCORES = (
    ("iqm", "interquartile mean", "higher is better"),
    ("median", "median environment", "higher is better"),
    ("mean", "mean", "higher is better"),
    ("optimality_gap", "optimality gap", "lower is better"),
)
_CHANCES = (
    ("probability_of_improvement", "{} scores more than {}"),
    ("probability_of_sooner", "{} solves it sooner than {}"),
)
_WHAT_A_SCORE_IS = (
    "score: 0 is acting at random, 1 the threshold (on Atari a human tester); "
    "a run that stopped because it was solved counts as the level it was to reach"
)
_BARS = "bars and bands: 95 % stratified bootstrap intervals over seeds, for these environments"


def draw_aggregate(found: SuiteStatistics) -> Figure | None:
    """Every estimate with its interval; None where there are none."""
    by_name = {(e.statistic, e.agent): e for e in found.estimates}
    challenger, names = found.suite.challenger, _names(found)
    scores = [row for row in _SCORES if (row[0], challenger) in by_name]
    chances = [
        (name, title.format(*names)) for name, title in _CHANCES if (name, challenger) in by_name
    ]
    if not scores and not chances:
        return None
    caption = _caption(found, [_WHAT_A_SCORE_IS] if scores else [])
    scores_in = ROW_IN * 2.35 * len(scores)
    chances_in = ROW_IN * 1.6 * len(chances)
    top_in, gap_in = 0.75, 1.35 if scores and chances else 0.0
    height = top_in + scores_in + gap_in + chances_in + 0.85 + 0.22 * len(caption)
    figure = Figure(figsize=(WIDTH_IN, height))
    _title(figure, f"{_environments(found)}: {names[1]} and {names[0]} together")
    if scores:
        axes = _panel(figure, top_in, scores_in, height)
        _draw_scores(axes, scores, by_name, found.suite.sides)
    if chances:
        axes = _panel(figure, top_in + scores_in + gap_in, chances_in, height)
        _draw_chances(axes, chances, by_name, names, challenger)
    place_caption(figure, caption)
    return figure


def draw_profiles(found: SuiteStatistics) -> Figure | None:
    """The share of runs above each score; None where nothing is normalised."""
    if not found.profiles:
        return None
    figure, axes, height, caption = _one_panel(
        found,
        f"{_environments(found)}: how many runs score above a value",
        ["further right and higher is better", _WHAT_A_SCORE_IS],
    )
    for side, profile in enumerate(found.profiles):
        _draw_band_and_line(
            axes, side, profile.agent, profile.tau, profile.share, profile.low, profile.high
        )
    axes.axvline(1.0, color=INK, linewidth=1.2, linestyle=(0, (6, 2)), zorder=1)
    tau = found.profiles[0].tau
    score_axis(axes, "x", float(tau[0]), float(tau[-1]))
    axes.set_ylim(-0.03, 1.05)
    axes.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.set_ylabel("share of runs above the score")
    axes.set_xlabel("normalised score at the common horizon")
    _legend(figure, axes, height)
    place_caption(figure, caption)
    return figure


def draw_score_curves(found: SuiteStatistics) -> Figure | None:
    """Interquartile means over training time and steps; None where nothing is normalised."""
    if not found.curves:
        return None
    caption = _caption(found, ["higher is better", _WHAT_A_SCORE_IS])
    height = 0.9 + 3.2 + 0.8 + 0.22 * len(caption)
    figure = Figure(figsize=(WIDTH_IN, height))
    _title(figure, f"{_environments(found)}: score while learning")
    units = [unit for unit in ("train_s", "env_steps") if any(c.unit == unit for c in found.curves)]
    panel_in = (WIDTH_IN - 1.2 - 0.35 * len(units)) / len(units)
    limits = [v for c in found.curves for v in (float(np.nanmin(c.mean)), float(np.nanmax(c.mean)))]
    for column, unit in enumerate(units):
        axes = figure.add_axes(
            (
                (0.95 + column * (panel_in + 0.35)) / WIDTH_IN,
                1.0 - (0.9 + 3.2) / height,
                panel_in / WIDTH_IN,
                3.2 / height,
            )
        )
        curves: list[Curve] = [curve for curve in found.curves if curve.unit == unit]
        log_axis(axes, float(curves[0].x[0]), float(curves[0].x[-1]), curves[0].unit)
        for side, curve in enumerate(curves):
            _draw_band_and_line(axes, side, curve.agent, curve.x, curve.mean, curve.low, curve.high)
        for level in (0.0, 1.0):
            axes.axhline(level, color=INK, linewidth=1.0, linestyle=(0, (6, 2)), zorder=1)
        score_axis(axes, "y", min(-0.1, *limits) - 0.05, max(1.1, *limits))
        axes.set_xlabel(f"{UNIT_NAMES[curves[0].unit].axis}, log scale")
        if column:
            axes.tick_params(axis="y", labelleft=False, length=0)
        else:
            axes.set_ylabel("interquartile mean of scores")
            _legend(figure, axes, height)
    place_caption(figure, caption)
    return figure


def _draw_scores(
    axes: Axes,
    rows: Sequence[tuple[str, str, str]],
    by_name: dict[tuple[str, str], Estimate],
    sides: tuple[str, str],
) -> None:
    labels = []
    for index, (name, title, better) in enumerate(rows):
        for place, agent in enumerate(sides):
            found, look = by_name[name, agent], LOOKS[place]
            _draw_estimate(axes, -index + (0.2, -0.2)[place], found, look.colour, look.marker,
                           agent_name(agent))  # fmt: skip
        labels.append(f"{title}\n({better})")
    axes.set_yticks([-float(index) for index in range(len(rows))], labels)
    axes.set_ylim(-len(rows) + 0.5, 0.5)
    shown = [
        value
        for estimate in by_name.values()
        for value in (estimate.value, estimate.low, estimate.high)
        if value is not None and not estimate.statistic.startswith("probability")
    ]
    low, high = min([0.0, *shown]), max([1.0, *shown])
    score_axis(axes, "x", low - 0.05 * (high - low), high + 0.05 * (high - low))
    axes.axvline(0.0, color=MUTED, linewidth=1.0, linestyle=":", zorder=1)
    axes.axvline(1.0, color=INK, linewidth=1.2, linestyle=(0, (6, 2)), zorder=1)
    axes.set_xlabel("normalised score at the common horizon")


def _draw_chances(
    axes: Axes,
    rows: Sequence[tuple[str, str]],
    by_name: dict[tuple[str, str], Estimate],
    names: tuple[str, str],
    challenger: str,
) -> None:
    for index, (name, _) in enumerate(rows):
        _draw_estimate(axes, -float(index), by_name[name, challenger], INK, "P", "")
    axes.set_yticks([-float(index) for index in range(len(rows))], [title for _, title in rows])
    axes.set_ylim(-len(rows) + 0.4, 0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.axvline(0.5, color=INK, linewidth=1.4, zorder=1)
    axes.set_xlabel(
        f"chance that a run of {names[0]} beats one of {names[1]} (50 %: neither, ties count half)"
    )


def _draw_estimate(
    axes: Axes, y: float, found: Estimate, colour: str, marker: str, name: str
) -> None:
    if found.low is not None and found.high is not None:
        axes.plot([found.low, found.high], [y, y], color=colour, linewidth=6, alpha=0.35,
                  solid_capstyle="butt", zorder=3)  # fmt: skip
    axes.plot([found.value], [y], marker, color=colour, markersize=8, markeredgecolor="white",
              zorder=4)  # fmt: skip
    text = f"{name}  {significant(found.value, 2)}".strip()
    if found.low is not None and found.high is not None:
        text += f" [{significant(found.low, 2)}, {significant(found.high, 2)}]"
    axes.text(1.02, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=10,
              clip_on=False)  # fmt: skip


def _draw_band_and_line(
    axes: Axes,
    side: int,
    agent: str,
    x: FloatArray,
    y: FloatArray,
    low: FloatArray,
    high: FloatArray,
) -> None:
    look = LOOKS[side]
    axes.fill_between(x, low, high, color=look.colour, alpha=0.18, linewidth=0, zorder=2)
    axes.plot(
        x, y, color=look.colour, linewidth=2.4, linestyle=DASHES[side], marker=look.marker,
        markersize=7, markeredgecolor="white", markevery=(5 * side, 12), zorder=4,
        label=agent_name(agent),
    )  # fmt: skip


def _legend(figure: Figure, axes: Axes, height: float) -> None:
    figure.legend(
        handles=axes.get_legend_handles_labels()[0],
        loc="upper left",
        bbox_to_anchor=(0.2 / WIDTH_IN, 1.0 - 0.42 / height),
        ncols=2,
        borderaxespad=0.0,
        borderpad=0.0,
        handlelength=3.2,
    )


def _one_panel(
    found: SuiteStatistics, title: str, words: Sequence[str]
) -> tuple[Figure, Axes, float, list[str]]:
    caption = _caption(found, words)
    height = 0.7 + 3.4 + 0.8 + 0.22 * len(caption)
    figure = Figure(figsize=(WIDTH_IN, height))
    _title(figure, title)
    axes = figure.add_axes((1.1 / WIDTH_IN, 1.0 - 4.1 / height, 1.0 - 1.4 / WIDTH_IN, 3.4 / height))
    return figure, axes, height, caption


def _panel(figure: Figure, top_in: float, panel_in: float, height: float) -> Axes:
    axes = figure.add_axes(
        (
            LEFT_IN / WIDTH_IN,
            1.0 - (top_in + panel_in) / height,
            1.0 - (LEFT_IN + 2.05) / WIDTH_IN,
            panel_in / height,
        )
    )
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    return axes


def _title(figure: Figure, title: str) -> None:
    place_text(figure, 0.2, 0.1, title, fontsize=14, fontweight="bold")


def _names(found: SuiteStatistics) -> tuple[str, str]:
    """Challenger and baseline as people write them."""
    return agent_name(found.suite.challenger), agent_name(found.suite.baseline)


def _environments(found: SuiteStatistics) -> str:
    return f"{len(found.scores if found.profiles else found.suite.contests)} environments"


def _caption(found: SuiteStatistics, words: Sequence[str]) -> list[str]:
    groups = [group for c in found.suite.contests for group in (c.baseline, c.challenger)]
    reasons = sorted({e.reason for e in found.estimates if e.reason})
    counts = sorted({len(group.runs) for group in groups})
    seeds = "" if len(counts) == 1 else f"{counts[0]} to "
    each = f"{seeds}{plural(counts[-1], 'seed')} an agent and environment"
    parts = [each, *machine(groups), *words]
    return textwrap.wrap(" · ".join([*parts, *(reasons or [_BARS])]), 104)[:7]
