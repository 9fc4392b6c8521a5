"""The scores that decide the claim about Atari: what ES had after a small part of the time, less
what its rival had after all of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from rlbench.claims.evidence import Comparison, Evidence
from rlbench.claims.examine import Examination, ExaminedClaim
from rlbench.claims.scores import EarlyScores, Further, share_ahead
from rlbench.claims.verdict import early_lines
from rlbench.published.atari import reference_scores
from rlbench.reports.figures.looks import ES, Look, Looks
from rlbench.reports.figures.registry import ClaimFigure
from rlbench.reports.figures.style import (
    INK,
    MARGIN_IN,
    MUTED,
    WIDTH_IN,
    caption_in,
    caption_lines,
    place_axes,
    place_caption,
    place_title,
)
from rlbench.wording import shortened, significant

TOP_IN = 0.85
SIDES_IN = 0.16  # above the axes: on which side who had more
AXIS_LABEL_IN = 0.68
ROW_IN = 0.62
NAME_UP, RETURNS_UP, MARK_UP = 0.34, 0.02, -0.28  # within a row of height 1, from its middle
NAME_LENGTH = 26  # characters
LINEAR_TO = 10.0  # points; beyond it the axis is logarithmic
TICKS = 3  # at most, on either side of 0

_NAME: Mapping[str, Any] = {"fontweight": "bold", "fontsize": 10}
_SAID: Mapping[str, Any] = {"ha": "right", "fontsize": 10}
_RETURNS: Mapping[str, Any] = {"color": MUTED, "fontsize": 9.5}


class _Row(NamedTuple):
    """One game: the difference and the ends of its interval in points, per cent of the way from
    random play to a human tester; None where there is none."""

    game: str
    scores: EarlyScores
    points: float
    low: float | None
    high: float | None


def draw(examination: Examination, looks: Looks) -> Figure | None:
    """A row for each game that counts, the most for ES first; None where times decide."""
    examined = _decided_by_scores(examination)
    if examined is None:
        return None
    claim, evidence = examined.claim, examined.evidence
    rows = _rows(evidence)
    rival = looks.over_environments(evidence.rival.agent)
    caption = caption_lines(
        [group for c, _ in evidence.scores for group in (c.baseline, c.challenger)],
        list(_explanations(examined)),
    )
    mine = _after({row.scores.returns.challenger_s for row in rows}, "early on")
    theirs = _after({row.scores.returns.baseline_s for row in rows}, "at the end")
    rows_in = ROW_IN * len(rows)
    figure = Figure(figsize=(WIDTH_IN, TOP_IN + rows_in + AXIS_LABEL_IN + caption_in(caption)))
    place_title(
        figure,
        f"Does ES need only a {claim.factor:.0f}th of the time?",
        f"score of ES{mine} less that of {evidence.rival.name}{theirs}",
    )
    place_caption(figure, caption)
    axes = place_axes(figure, 2 * MARGIN_IN, TOP_IN, WIDTH_IN - 4 * MARGIN_IN, rows_in)
    _points_axis(axes, rows)
    axes.set_ylim(-len(rows) + 0.5, 0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for index, row in enumerate(rows):
        _name_row(axes, -float(index), row, evidence.rival.name)
        _draw_row(axes, MARK_UP - index, row, rival)
    axes.axvline(0.0, color=INK, linewidth=1.4, zorder=1)
    _name_sides(axes, evidence, rival, SIDES_IN / rows_in)
    return figure


def caption(examination: Examination) -> str:
    """What is drawn."""
    examined = _decided_by_scores(examination)
    if examined is None:
        return ""
    return (
        f"On each game the return of ES after a "
        f"{examined.claim.factor:.0f}th of the time less that of {examined.evidence.rival.name} "
        "after all of it. Right of 0 ES had more. Bars are 95 % intervals over seeds."
    )


def words(examination: Examination) -> str:
    """The returns of each game."""
    examined = _decided_by_scores(examination)
    return "" if examined is None else "; ".join(early_lines(examined.evidence))


def _decided_by_scores(examination: Examination) -> ExaminedClaim | None:
    """The claim that scores decide."""
    return next((e for e in examination.claims if e.evidence.scores), None)


def _rows(evidence: Evidence) -> list[_Row]:
    rows = [_row(comparison, scores) for comparison, scores in evidence.scores]
    return sorted(rows, key=lambda row: -row.points)


def _row(comparison: Comparison, scores: EarlyScores) -> _Row:
    published = reference_scores(comparison.env)
    assert published is not None, "only games with published scores count"
    way, found = published.human - published.random, scores.returns
    points, low, high = (
        None if value is None else 100.0 * value / way
        for value in (found.difference, found.low, found.high)
    )
    assert points is not None
    return _Row(comparison.env, scores, points, low, high)


def _explanations(examined: ExaminedClaim) -> Iterator[str]:
    scores = [found for _, found in examined.evidence.scores]
    share = share_ahead(scores)
    yield f"ES had more on {share.ahead} of the {share.decided} games that count"
    yield "numbers: median returns over seeds"
    yield "mark: median difference over all pairs of runs; bar: its 95 % interval"
    if not all(found.returns.is_settled for found in scores):
        yield "hollow: these seeds do not settle who had more"
    if share.neither:
        yield "grey: neither had come a tenth of the way by then"
    if any(found.is_untrained for found in scores):
        yield "untrained: no generation of ES was over by then"
    sizes = {n for f in scores for n in (f.returns.n_baseline, f.returns.n_challenger)}
    yield f"{' to '.join(map(str, sorted({min(sizes), max(sizes)})))} seeds of each agent"


def _after(seconds: set[float], otherwise: str) -> str:
    """After how long, where that is the same on all games."""
    return f" after {significant(min(seconds))} s" if len(seconds) == 1 else f" {otherwise}"


def _points_axis(axes: Axes, rows: Sequence[_Row]) -> None:
    ends = [value for row in rows for value in (row.points, row.low, row.high) if value is not None]
    far = 1.5 * max(LINEAR_TO, *map(abs, ends))
    axes.set_xscale("symlog", linthresh=LINEAR_TO, linscale=0.8)
    axes.set_xlim(-far, far)
    powers = range(1, math.ceil(math.log10(far)))
    ticks = [10.0**power for power in powers[:: math.ceil(len(powers) / TICKS)]]
    axes.xaxis.set_major_locator(FixedLocator([*(-t for t in reversed(ticks)), 0.0, *ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:+,.0f}" if value else "0")
    )
    axes.set_xlabel("per cent of the way from random play to a human\n(linear up to 10, then log)")


def _name_row(axes: Axes, y: float, row: _Row, rival: str) -> None:
    across, found = axes.get_yaxis_transform(), row.scores.returns
    said: dict[Further, str] = {
        "challenger": "ES had more",
        "baseline": f"{rival} had more",
        "open": "open",
        "neither": "left out: below a tenth",
    }
    untrained = " (untrained)" if row.scores.is_untrained else ""
    returns = f"ES {significant(found.challenger_return)}{untrained}, "
    returns += f"{rival} {significant(found.baseline_return)}"
    if row.scores.begins_far and row.scores.further != "neither":
        returns += "; untrained ones pass a tenth"
    for x, up, text, look in (
        (0.0, NAME_UP, shortened(row.game, NAME_LENGTH), _NAME),
        (1.0, NAME_UP, said[row.scores.further], _SAID),
        (0.0, RETURNS_UP, returns, _RETURNS),
    ):
        axes.text(
            x, y + up, text, transform=across, va="center", clip_on=False, zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5}, **look,
        )  # fmt: skip


def _draw_row(axes: Axes, y: float, row: _Row, rival: Look) -> None:
    look = ES if row.points > 0.0 else rival
    is_grey = row.scores.further == "neither" or not row.points
    colour = MUTED if is_grey else look.colour
    if row.low is not None and row.high is not None:
        axes.plot(
            [row.low, row.high], [y, y], color=colour, linewidth=5, alpha=0.4,
            solid_capstyle="butt", zorder=3,
        )  # fmt: skip
    is_settled = row.scores.returns.is_settled
    face, edge = (colour, "white") if is_settled else ("white", colour)
    axes.plot(
        [row.points], [y], marker=look.marker, markersize=9, markerfacecolor=face,
        markeredgecolor=edge, markeredgewidth=1.0 if is_settled else 2.0, zorder=5,
    )  # fmt: skip


def _name_sides(axes: Axes, evidence: Evidence, rival: Look, above: float) -> None:
    """Above the axes whose side is whose."""
    for x, text, colour in (
        (0.0, f"← {evidence.rival.name} had more", rival.colour),
        (1.0, "ES had more →", ES.colour),
    ):
        axes.text(
            x, 1.0 + above, text, transform=axes.transAxes, ha="right" if x else "left",
            va="center", fontsize=10, fontweight="bold", color=colour, clip_on=False,
        )  # fmt: skip


FIGURE = ClaimFigure("What decides the claim about Atari", caption, draw, words)
