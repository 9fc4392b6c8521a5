"""What the paper behind the claims published on Atari; without any run."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from rlbench.claims.examine import Examination
from rlbench.published.papers import AtariRecord, Effort, Game, Record, atari_record
from rlbench.reports.figures.looks import DQN, ES, Looks
from rlbench.reports.figures.registry import ClaimFigure
from rlbench.reports.figures.style import (
    AXIS_LABEL_IN,
    CAPTION_WIDTH,
    INK,
    MARGIN_IN,
    WIDTH_IN,
    caption_in,
    place_axes,
    place_caption,
    place_legend,
    place_text,
    place_title,
)

LABEL_IN = 1.6
RIGHT_IN = 0.95  # the two columns of won and lost
ROW_IN = 0.2
KEY_IN = 1.4  # from the top: what the marks are
TOP_IN = 2.75
LABEL_LINES_IN = AXIS_LABEL_IN + 0.15  # the axis's label has two lines
GAP_ROWS = 2.0  # for the line between the games won and lost
PERCENT = 100.0
LINEAR_TO = 10.0  # per cent; beyond it the axis is logarithmic
TICKS = (0.0, 100.0, 10000.0)
COLUMNS = (1.1, 1.26)  # of won and lost, as shares of the axes' width
WON, LOST, TIED = "▲", "▽", "="

_ES: Mapping[str, Any] = {"marker": ES.marker, "color": ES.colour}
_DQN: Mapping[str, Any] = {"marker": DQN.marker, "color": DQN.colour}
_A3C: Mapping[str, Any] = {"marker": "D", "markerfacecolor": "white", "markeredgecolor": "black"}


def draw(_: Examination, __: Looks) -> Figure:
    """The 51 games: ES, A3C and DQN on one scale, those that ES won against A3C above."""
    record = atari_record()
    won = _descending([game for game in record.games if game.es > game.a3c])
    lost = _descending([game for game in record.games if game.es <= game.a3c])
    games = [*won, *lost]
    positions = [-float(i) - (GAP_ROWS if i >= len(won) else 0.0) for i in range(len(games))]
    rows = len(games) + GAP_ROWS
    sources = _sources(record)
    height = TOP_IN + ROW_IN * rows + LABEL_LINES_IN + caption_in(sources)
    figure = Figure(figsize=(WIDTH_IN, height))
    _place_words(figure, record)
    place_caption(figure, sources)
    width_in = WIDTH_IN - LABEL_IN - RIGHT_IN
    axes = place_axes(figure, LABEL_IN, TOP_IN, width_in, ROW_IN * rows)
    _percent_axis(axes, record.games)
    axes.set_ylim(-rows, 1.0)
    axes.set_yticks(positions, [game.name for game in games], fontsize=9.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    _draw_games(axes, positions, games)
    _draw_verdicts(axes, positions, games)
    _name_columns(axes, record)
    _name_parts(axes, len(won), len(games))
    return figure


def caption(_: Examination) -> str:
    """What is drawn."""
    return (
        f"The published scores of ES, A3C and DQN on {len(atari_record().games)} games, "
        "human-normalised: not measured here. Further right is better."
    )


def words(_: Examination) -> str:
    """On how many games ES scored better, and worse."""
    record = atari_record()
    return "; ".join(
        f"ES against {rival}: better on {score.won} games, worse on {score.lost}, equal on "
        f"{score.tied}"
        for rival, score in (("A3C", record.against_a3c), ("DQN", record.against_dqn))
    )


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
    axes.tick_params(axis="x", labeltop=True, labelsize=9.5)
    axes.set_xlabel(
        "human-normalised score, further right is better\n(linear up to 10 %, then logarithmic)"
    )
    for place in (0.0, PERCENT):
        axes.axvline(place, color=INK, linewidth=1.2, linestyle="-" if place else ":", zorder=1)


def _draw_games(axes: Axes, positions: Sequence[float], games: Sequence[Game]) -> None:
    """A line and three places for each game. All games at once: one by one they take seconds."""
    places = PERCENT * np.array([(g.es_place, g.a3c_place, g.dqn_place) for g in games])  # [G, 3]
    axes.hlines(
        positions, places.min(axis=1), places.max(axis=1), color="#9a9a9a", linewidth=1.1, zorder=2
    )
    for column, look, size in ((2, _DQN, 6.0), (1, _A3C, 5.6), (0, _ES, 7.0)):
        axes.plot(
            places[:, column], positions, linestyle="none", markersize=size, zorder=5 - column,
            **look,
        )  # fmt: skip


def _draw_verdicts(axes: Axes, positions: Sequence[float], games: Sequence[Game]) -> None:
    """At the right of each game whether ES scored better than A3C, and than DQN."""
    right = axes.get_yaxis_transform()
    for x, others in zip(COLUMNS, ([g.a3c for g in games], [g.dqn for g in games]), strict=True):
        leads = [np.sign(game.es - other) for game, other in zip(games, others, strict=True)]
        for sign, marker, face in ((1, "^", INK), (-1, "v", "white")):
            rows = [y for y, lead in zip(positions, leads, strict=True) if lead == sign]
            axes.plot(
                [x] * len(rows), rows, transform=right, linestyle="none", marker=marker,
                markersize=7.0, markerfacecolor=face, markeredgecolor=INK, clip_on=False,
            )  # fmt: skip
        for y in (y for y, lead in zip(positions, leads, strict=True) if not lead):
            axes.text(x, y, TIED, transform=right, ha="center", va="center", clip_on=False)


def _name_columns(axes: Axes, record: AtariRecord) -> None:
    right = axes.get_yaxis_transform()
    heads = (("A3C", record.against_a3c), ("DQN", record.against_dqn))
    for x, (name, counted) in zip(COLUMNS, heads, strict=True):
        axes.text(
            x, 4.9, f"{name}\n{_counts(counted)}", transform=right, ha="center", va="top",
            fontsize=9.5, clip_on=False, linespacing=1.15,
        )  # fmt: skip
    axes.text(
        sum(COLUMNS) / 2.0, 5.1, "ES against", transform=right, ha="center", va="bottom",
        fontsize=10.5, fontweight="bold", clip_on=False,
    )  # fmt: skip


def _name_parts(axes: Axes, won: int, games: int) -> None:
    """The two parts of the list by name, and the line between them."""
    between = -won - GAP_ROWS / 2.0 + 0.5
    axes.axhline(between, color=INK, linewidth=1.0, zorder=1)
    for y, side, text in (
        (0.55, "bottom", f"ES better than A3C on these {won}"),
        (between - 0.15, "top", f"ES worse than A3C on these {games - won}"),
    ):
        axes.text(
            0.99, y, text, transform=axes.get_yaxis_transform(), ha="right", va=side,
            fontsize=9.5, fontweight="bold", zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip


def _counts(counted: Record) -> str:
    lines = [f"{WON} {counted.won}", f"{LOST} {counted.lost}"]
    return "\n".join([*lines, f"{TIED} {counted.tied}"] if counted.tied else lines)


def _place_words(figure: Figure, record: AtariRecord) -> None:
    """Above the games: the title, what each was given, what the marks are."""
    place_title(figure, "Published: ES on Atari", f"scores on {len(record.games)} games")
    efforts = (
        ("ES", _ES, _effort(record.es)),
        ("A3C", _A3C, _effort(record.a3c)),
        ("DQN", _DQN, f"{record.dqn_frames / 1e6:,.0f} million frames, about "
         f"{record.dqn_gpu_hours / 24:.0f} days on a GPU"),
    )  # fmt: skip
    handles = [
        Line2D([], [], linestyle="none", markersize=8, label=f"{name}: {text}", **look)
        for name, look, text in efforts
    ]
    place_legend(figure, handles, handletextpad=0.5, labelspacing=0.35)
    place_text(
        figure, MARGIN_IN, KEY_IN,
        f"At the right: {WON} ES better   {LOST} ES worse   {TIED} equal\n"
        "0 %: random play, 100 %: a human tester",
        fontsize=10, linespacing=1.3,
    )  # fmt: skip


def _effort(effort: Effort) -> str:
    hours = f"{effort.hours:g} {'hour' if effort.hours == 1 else 'hours'}"
    return f"{hours} on {effort.cores:,} cores = {effort.core_hours:,.0f} core-hours"


def _sources(record: AtariRecord) -> list[str]:
    text = (
        "The starts differ: ES and DQN were scored from random no-op starts, A3C from starts taken "
        "from human play. All are drawn with the no-op references, so that further right is always "
        f"a higher score. Interquartile mean: ES {PERCENT * record.es_iqm:.0f} %, DQN "
        f"{PERCENT * record.dqn_iqm:.0f} %. Sources: Salimans et al. 2017 (arXiv 1703.03864), Mnih "
        "et al. 2016 (1602.01783), Wang et al. 2016 (1511.06581)."
    )
    return textwrap.wrap(text, CAPTION_WIDTH)


FIGURE = ClaimFigure("What was published on Atari", caption, draw, words)
