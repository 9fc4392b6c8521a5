"""What the papers behind the claims published, as figures; no run has a part in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from rlbench.published.papers import (
    AtariRecord,
    Game,
    Record,
    StepRatio,
    atari_record,
    step_ratios,
)
from rlbench.reports.figures.style import INK, MUTED, log_axis, place_text, render, styled

WIDTH_IN = 7.6  # narrow: a phone shows it whole
LABEL_IN = 1.85
MARKS_IN = 1.3  # the two columns of won and lost
ROW_IN = 0.265
PERCENT = 100.0
LINEAR_TO = 10.0  # per cent; beyond it the axis is logarithmic
TICKS = (0.0, 10.0, 100.0, 1000.0, 10000.0)

_ES: Mapping[str, Any] = {"marker": "o", "markerfacecolor": "#0072B2", "markeredgecolor": "#0072B2"}
_A3C: Mapping[str, Any] = {"marker": "D", "markerfacecolor": "white", "markeredgecolor": "#000000"}
_DQN: Mapping[str, Any] = {
    "marker": "s",
    "markerfacecolor": "#F0A878",
    "markeredgecolor": "#A84300",
}
_COLUMNS = (1.09, 1.215)  # of the marks, as shares of the axes
_WON, _LOST, _TIED = "\u25b2", "\u25bd", "="


def draw_published() -> dict[str, bytes]:
    """Both figures: file name to content."""
    with styled():
        figures = {
            "published-atari": draw_atari(atari_record()),
            "published-mujoco": draw_step_ratios(step_ratios()),
        }
        return {
            name + suffix: content
            for name, figure in figures.items()
            for suffix, content in render(figure).items()
        }


def draw_atari(record: AtariRecord) -> Figure:
    """The 51 games: ES, A3C and DQN on one scale, those that ES won against A3C above."""
    won = _descending([game for game in record.games if game.es > game.a3c])
    lost = _descending([game for game in record.games if game.es <= game.a3c])
    gap = 2.0  # rows, for the line between the two parts
    positions = [-float(i) for i in range(len(won))]
    positions += [-float(i) - gap for i in range(len(won), len(won) + len(lost))]
    rows = len(won) + len(lost) + gap
    top_in, bottom_in = 2.95, 2.25
    height = top_in + ROW_IN * rows + bottom_in
    figure = Figure(figsize=(WIDTH_IN, height))
    axes = figure.add_axes(
        (
            LABEL_IN / WIDTH_IN,
            bottom_in / height,
            1.0 - (LABEL_IN + MARKS_IN) / WIDTH_IN,
            ROW_IN * rows / height,
        )
    )
    _percent_axis(axes, record.games)
    axes.set_ylim(-rows, 1.0)
    _draw_games(axes, positions, [*won, *lost])
    axes.set_yticks(positions, [game.name for game in (*won, *lost)], fontsize=10.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    _draw_parts(axes, record, len(won), gap)
    _draw_words(figure, record)
    return figure


def draw_step_ratios(ratios: Sequence[StepRatio]) -> Figure:
    """Steps of ES over steps of TRPO to four shares of TRPO's progress, one row a task."""
    tasks = sorted({ratio.task for ratio in ratios})
    row_in, top_in, bottom_in = 0.62, 1.55, 1.7
    height = top_in + row_in * len(tasks) + bottom_in
    figure = Figure(figsize=(WIDTH_IN, height))
    label_in, right_in = 2.25, 0.3
    axes = figure.add_axes(
        (
            label_in / WIDTH_IN,
            bottom_in / height,
            1.0 - (label_in + right_in) / WIDTH_IN,
            row_in * len(tasks) / height,
        )
    )
    log_axis(axes, 0.1, 12.0, None)
    axes.set_xlabel("steps of ES / steps of TRPO, log scale  (1 = equally many)")
    axes.axvline(1.0, color=INK, linewidth=1.4, zorder=1)
    axes.set_ylim(-len(tasks) + 0.4, 0.6)
    markers = {25: "o", 50: "s", 75: "D", 100: "*"}
    for y, task in enumerate(tasks):
        own = sorted((r.percent, r.ratio) for r in ratios if r.task == task)
        axes.plot([r for _, r in own], [-y] * len(own), color=MUTED, linewidth=1.2, zorder=2)
        for percent, value in own:
            axes.plot(
                [value],
                [-y],
                marker=markers[percent],
                markersize=15 if percent == 100 else 8.5,
                markerfacecolor="#0072B2" if percent == 100 else "white",
                markeredgecolor="#0072B2",
                linestyle="none",
                zorder=3 + percent / 1000,
            )
    axes.set_yticks([-float(i) for i in range(len(tasks))], tasks, fontsize=11)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    across = axes.get_xaxis_transform()
    for text, place, side in (("← ES needs fewer", -8, "right"), ("TRPO needs fewer →", 8, "left")):
        axes.annotate(
            text, (1.0, 1.02), xycoords=across, xytext=(place, 0), textcoords="offset points",
            ha=side, va="bottom", fontweight="bold", annotation_clip=False,
        )  # fmt: skip
    place_text(
        figure, 0.2, 0.12, "Published: steps that ES needed on MuJoCo, against TRPO",
        fontsize=13, fontweight="bold",
    )  # fmt: skip
    figure.legend(
        handles=[
            Line2D(
                [], [], linestyle="none", marker=marker, markersize=13 if percent == 100 else 8,
                markerfacecolor="#0072B2" if percent == 100 else "white",
                markeredgecolor="#0072B2", label=f"{percent} %",
            )
            for percent, marker in markers.items()
        ],
        loc="upper left", bbox_to_anchor=(0.2 / WIDTH_IN, 1.0 - 0.48 / height), ncols=4,
        title="of TRPO's progress from its start to its score after 5 million steps",
        alignment="left", borderaxespad=0.0, borderpad=0.0, handletextpad=0.3,
    )  # fmt: skip
    place_text(
        figure, 0.2, height - 0.95,
        "Salimans et al. 2017 (arXiv 1703.03864), tables 1 and 3: mean curves of 6 ES runs. These\n"
        "are steps, not seconds: no run of TRPO was timed. None of these tasks is the Humanoid\n"
        "of the ten-minute claim.",
        muted=True, fontsize=10, linespacing=1.4,
    )  # fmt: skip
    return figure


def _descending(games: Sequence[Game]) -> list[Game]:
    return sorted(games, key=lambda game: (-game.es_place, game.name))


def _percent_axis(axes: Axes, games: Sequence[Game]) -> None:
    """Per cent of the way from random to human: linear around 0, logarithmic beyond."""
    places = [
        PERCENT * place
        for game in games
        for place in (game.es_place, game.a3c_place, game.dqn_place)
    ]
    axes.set_xscale("symlog", linthresh=LINEAR_TO, linscale=0.6)
    axes.set_xlim(min(-LINEAR_TO, 1.5 * min(places)), 1.6 * max(places))
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(FixedLocator([t for t in TICKS if low <= t <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f} %"))
    axes.tick_params(axis="x", labeltop=True, labelsize=10)
    for place in (0.0, PERCENT):
        axes.axvline(place, color=INK, linewidth=1.2, linestyle="-" if place else ":", zorder=1)


def _draw_games(axes: Axes, positions: Sequence[float], games: Sequence[Game]) -> None:
    """A line and three places for each game, and whether ES won at the right. All games at once:
    drawn one by one they take seconds."""
    places = PERCENT * np.array([(g.es_place, g.a3c_place, g.dqn_place) for g in games])  # [G, 3]
    axes.hlines(
        positions, places.min(axis=1), places.max(axis=1), color="#9a9a9a", linewidth=1.1, zorder=2
    )
    for column, look, size in ((2, _DQN, 6.0), (1, _A3C, 5.6), (0, _ES, 7.0)):
        axes.plot(
            places[:, column], positions, linestyle="none", markersize=size,
            zorder=5 - column, **look,
        )  # fmt: skip
    right = axes.get_yaxis_transform()
    for x, others in zip(_COLUMNS, ([g.a3c for g in games], [g.dqn for g in games]), strict=True):
        leads = [np.sign(game.es - other) for game, other in zip(games, others, strict=True)]
        for sign, marker, face in ((1, "^", INK), (-1, "v", "white")):
            rows = [y for y, lead in zip(positions, leads, strict=True) if lead == sign]
            axes.plot(
                [x] * len(rows), rows, transform=right, linestyle="none", marker=marker,
                markersize=7.0, markerfacecolor=face, markeredgecolor=INK, clip_on=False,
            )  # fmt: skip
        for y in (y for y, lead in zip(positions, leads, strict=True) if not lead):
            axes.text(x, y, _TIED, transform=right, ha="center", va="center", clip_on=False)


def _draw_parts(axes: Axes, record: AtariRecord, won: int, gap: float) -> None:
    """The heads of the two columns, and the two parts of the list by name."""
    right = axes.get_yaxis_transform()
    heads = (("A3C", record.against_a3c), ("DQN", record.against_dqn))
    for x, (name, counted) in zip(_COLUMNS, heads, strict=True):
        axes.text(
            x, 4.6, f"{name}\n{_counts(counted)}", transform=right, ha="center", va="top",
            fontsize=10, clip_on=False, linespacing=1.25,
        )  # fmt: skip
    axes.text(
        sum(_COLUMNS) / 2.0, 4.8, "ES against", transform=right, ha="center", va="bottom",
        fontsize=10.5, fontweight="bold", clip_on=False,
    )  # fmt: skip
    between = -won - gap / 2.0 + 0.5
    axes.axhline(between, color=INK, linewidth=1.0, zorder=1)
    for y, side, text in (
        (0.55, "bottom", f"ES scored better than A3C on these {won}"),
        (between - 0.15, "top", f"ES scored worse than A3C on these {len(record.games) - won}"),
    ):
        axes.text(
            0.99, y, text, transform=right, ha="right", va=side, fontsize=10.5, fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0}, zorder=6,
        )  # fmt: skip


def _counts(record: Record) -> str:
    lines = [f"{_WON} {record.won}", f"{_LOST} {record.lost}"]
    return "\n".join([*lines, f"{_TIED} {record.tied}"] if record.tied else lines)


def _draw_words(figure: Figure, record: AtariRecord) -> None:
    height = figure.get_figheight()
    place_text(
        figure, 0.2, 0.12, f"Published scores on {len(record.games)} Atari games",
        fontsize=14, fontweight="bold",
    )  # fmt: skip
    efforts = (
        ("ES", _ES, f"{record.es.hours:g} hour on {record.es.cores} cores = "
         f"{record.es.core_hours:,.0f} core-hours"),
        ("A3C", _A3C, f"{record.a3c.hours:g} hours on {record.a3c.cores} cores = "
         f"{record.a3c.core_hours:,.0f} core-hours"),
        ("DQN", _DQN, f"{record.dqn_frames / 1e6:,.0f} million frames, about "
         f"{record.dqn_gpu_hours / 24:.0f} days on a GPU"),
    )  # fmt: skip
    figure.legend(
        handles=[
            Line2D([], [], linestyle="none", markersize=8, label=f"{name}: {text}", **look)
            for name, look, text in efforts
        ],
        loc="upper left",
        bbox_to_anchor=(0.2 / WIDTH_IN, 1.0 - 0.52 / height),
        borderaxespad=0.0,
        borderpad=0.0,
        handletextpad=0.5,
        labelspacing=0.45,
    )  # fmt: skip
    place_text(
        figure,
        0.2,
        1.4,
        f"Right: {_WON} ES scored better   {_LOST} ES scored worse   {_TIED} equal\n"
        "Across: human-normalised score,\nrandom play 0 %, human tester 100 %",
        fontsize=11,
        linespacing=1.35,
    )
    place_text(
        figure,
        LABEL_IN,
        height - 1.8,
        "human-normalised score: random play 0 %, human tester 100 %\n"
        "(linear up to 10 %, then logarithmic)",
        fontsize=11,
        linespacing=1.3,
    )
    place_text(
        figure,
        0.2,
        height - 1.3,
        "The starts differ: ES and DQN were scored from random no-op starts, A3C from starts\n"
        "taken from human play. All are drawn with the no-op references, so that further right\n"
        "is always a higher score. Interquartile mean: "
        f"ES {PERCENT * record.es_iqm:.0f} %, DQN {PERCENT * record.dqn_iqm:.0f} %. Sources:\n"
        "Salimans et al. 2017 (arXiv 1703.03864), Mnih et al. 2016 (1602.01783), Wang et al.\n"
        "2016 (1511.06581).",
        muted=True,
        fontsize=10,
        linespacing=1.4,
    )
