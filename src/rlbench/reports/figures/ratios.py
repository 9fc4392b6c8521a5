"""The speed ratio of every comparison on one axis, beside the lines of the popular claims."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlbench.analysis.groups import Group, pair_names
from rlbench.analysis.speed_ratios import SpeedRatio, threshold_ratios
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.claims.evidence import is_claimed_pair
from rlbench.claims.statements import all_claims
from rlbench.published.papers import atari_record, humanoid_record
from rlbench.reports.figures.looks import Look, Looks
from rlbench.reports.figures.registry import OverviewFigure
from rlbench.reports.figures.style import (
    INK,
    MUTED,
    caption_in,
    caption_lines,
    log_axis,
    name_rows,
    place_axes,
    place_caption,
    place_title,
)
from rlbench.reports.findings import Findings
from rlbench.wording import agent_name, distinct_names, factor, ratio_text, shortened

WIDTH_IN = 12.6
LABEL_IN = 3.4
RIGHT_IN = 2.6
TITLE_IN = 0.65
LINE_NAMES_IN = (0.12, 0.42)  # above the axes, staggered so that no two meet
SIDES_IN, SIDES_ALONE_IN = 0.75, 0.2  # above the axes: whose side is whose, over lines and without
AXIS_LABEL_IN = 0.75
ROW_IN = 0.66
MAX_ROWS = 80
PLACE_NAME = 32  # characters, as the two below
PAIR_NAME = 18
SIDE_NAME = 24
CAPTION_WIDTH = 160  # characters
REASON_WIDTH = 80  # characters of a line, of two at most
AROUND_EQUAL = (0.4, 2.5)  # shown at least
AROUND_CLAIMS = (0.08, 500.0)  # shown at least where the claims have lines, with their names
ARROW = 2.6  # how many times as far as a bound its arrow points


class _Row(NamedTuple):
    """One comparison.

    place: the environment, or what stands in its place. groups: baseline and challenger; none
    where environments are put together. names: what the two are called on every environment.
    """

    place: str
    ratio: SpeedRatio | MeanRatio
    groups: tuple[Group, ...]
    names: tuple[str, str]


class ClaimLine(NamedTuple):
    """A ratio that a popular claim speaks of, or what it amounts to on equal cores."""

    ratio: float
    name: str
    is_claim: bool
    above_in: float  # the axes, its name


def draw(findings: Findings, looks: Looks) -> Figure | None:
    """A row for each comparison, environments put together last; None without a comparison."""
    found = _rows(findings)
    rows = found[:MAX_ROWS]
    if not rows:
        return None
    lines = claim_lines() if _has_claimed_pair(rows) else ()
    groups = [group for row in rows for group in row.groups]
    caption = caption_lines(groups, list(_explanations(found, lines)), CAPTION_WIDTH)
    rows_in, sides_in = ROW_IN * len(rows), SIDES_IN if lines else SIDES_ALONE_IN
    top_in = TITLE_IN + sides_in
    height = top_in + rows_in + AXIS_LABEL_IN + caption_in(caption)
    figure = Figure(figsize=(WIDTH_IN, height))
    baseline, challenger = _side_names(rows)
    place_title(
        figure, f"How many times as long {baseline} trains as {challenger} to solve the environment"
    )
    place_caption(figure, caption)
    axes = place_axes(figure, LABEL_IN, top_in, WIDTH_IN - LABEL_IN - RIGHT_IN, rows_in)
    low, high = _limits(rows, AROUND_CLAIMS if lines else AROUND_EQUAL)
    log_axis(axes, low, high, None)
    axes.set_xlabel(
        f"training time of {baseline} / training time of {challenger}, log scale  "
        "(1 = equally fast)"
    )
    axes.set_ylim(-len(rows) + 0.5, 0.5)
    for index, row in enumerate(rows):
        _draw_row(axes, -float(index), row, _looks_of(row, looks))
    several = len({(row.ratio.baseline, row.ratio.challenger) for row in rows}) > 1
    name_rows(axes, [_row_name(row, several) for row in rows], fontsize=10)
    axes.axvline(1.0, color=INK, linewidth=1.4, zorder=1)
    for line in lines:
        _draw_claim(axes, line, rows_in)
    _name_sides(axes, rows, looks, sides_in / rows_in)
    return figure


def caption(findings: Findings) -> str:
    """What is drawn."""
    rows = _rows(findings)
    baseline, challenger = _side_names(rows)
    lines = " and ".join(f"{line.ratio:g}" for line in claim_lines() if line.is_claim)
    claims = f" The lines at {lines} are the popular claims." if _has_claimed_pair(rows) else ""
    return (
        f"The training time to the threshold of {baseline} over that of {challenger} (median over "
        f"pairs of runs), on a logarithmic scale. Right of 1 {challenger} was faster, left of 1 "
        f"{baseline} was. Bars are 95 % intervals over seeds, arrows open ends: unsolved runs "
        f"leave them open.{claims}"
    )


def words(findings: Findings) -> str:
    """Every ratio with its interval."""
    parts = []
    for row in _rows(findings):
        baseline, challenger = map(agent_name, (row.ratio.baseline, row.ratio.challenger))
        parts.append(f"{row.place}, {baseline} / {challenger}: {ratio_text(row.ratio)}")
    return "; ".join(parts)


def claim_lines() -> tuple[ClaimLine, ...]:
    """The claimed factors, and what the published core-hours make of the one on Atari. What the
    paper reports of the other compares ES with itself: it has no line on equal cores."""
    high, low = LINE_NAMES_IN[1], LINE_NAMES_IN[0]
    lines = [
        ClaimLine(claim.factor, f"claim: {factor(claim.factor)}", True, above)
        for claim, above in zip(all_claims(), (high, low), strict=True)
    ]
    record = atari_record()
    name = f"{factor(record.time_factor)} per core = {factor(record.core_hour_factor)}"
    return (*lines, ClaimLine(record.core_hour_factor, name, False, low))


def _rows(findings: Findings) -> list[_Row]:
    rows = []
    for analysis in findings.analyses:
        for ratio in threshold_ratios(analysis.ratios):
            named = analysis.groups.named
            pair = named(ratio.baseline), named(ratio.challenger)
            rows.append(_Row(ratio.env, ratio, pair, pair_names(*pair)))
    means = [mean for mean in findings.overall_ratios if mean.unit == "train_s"]
    pairs = Counter((mean.baseline, mean.challenger) for mean in means)
    for mean in means:
        names = mean.baseline, mean.challenger
        place = f"{mean.n_environments} environments (geometric mean)"
        # The pair is in the row's name; the machine is not, where there are several.
        rows.append(_Row(place if pairs[names] == 1 else mean.env, mean, (), names))
    return rows


def _looks_of(row: _Row, looks: Looks) -> tuple[Look, ...]:
    if row.groups:
        return tuple(looks.on(group.env)[group.label] for group in row.groups)
    return tuple(map(looks.over_environments, row.names))


def _has_claimed_pair(rows: Sequence[_Row]) -> bool:
    return any(row.groups and is_claimed_pair(*row.groups) for row in rows)


def _side_names(rows: Sequence[_Row]) -> tuple[str, str]:
    """What baseline and challenger are called in a sentence about all rows."""
    baselines, challengers = ({row.names[side] for row in rows} for side in (0, 1))
    return (
        _only_name(baselines) or "the baseline",
        _only_name(challengers) or "the challenger",
    )


def _only_name(names: set[str]) -> str:
    return shortened(agent_name(next(iter(names))), SIDE_NAME) if len(names) == 1 else ""


def _row_name(row: _Row, with_pair: bool) -> str:
    ratio = row.ratio
    names = distinct_names((ratio.baseline, ratio.challenger), PAIR_NAME)
    labels = [names[name] for name in (ratio.baseline, ratio.challenger)]
    counts = (
        f"{ratio.n_baseline_reached}/{ratio.n_baseline}",
        f"{ratio.n_challenger_reached}/{ratio.n_challenger}",
    )
    solved = ", ".join(f"{label} {n}" for label, n in zip(labels, counts, strict=True))
    if with_pair or len(solved) > PLACE_NAME:
        solved = f"{' / '.join(labels)}\n{', '.join(counts)}"
    return f"{shortened(row.place, PLACE_NAME)}\n{solved} solved"


def _limits(rows: Sequence[_Row], around: tuple[float, float]) -> tuple[float, float]:
    """An axis that shows every value, with room for labels, and what is shown at least."""
    values = [
        value
        for row in rows
        for value in (row.ratio.ratio, row.ratio.low, row.ratio.high)
        if value is not None and 1e-9 < value < 1e9
    ]
    # An arrow ends where its axis does at the latest, so that it never points into a label.
    margin = 1.2 * ARROW if any(_open_end(row.ratio) for row in rows) else 2.0
    low, high = around
    return min([low, *(v / margin for v in values)]), max([high, *(v * margin for v in values)])


def _draw_row(axes: Axes, y: float, row: _Row, looks: Sequence[Look]) -> None:
    ratio, right = row.ratio, axes.get_yaxis_transform()
    if ratio.ratio is None:
        axes.text(1.02, y, "no ratio", transform=right, va="center", color=MUTED, clip_on=False)
        reason = textwrap.wrap(ratio.reason, REASON_WIDTH, max_lines=2, placeholder=" …")
        axes.text(
            0.01, y, "\n".join(reason), transform=right, va="center", color=MUTED,
            fontsize=10, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1},
            zorder=6,
        )  # fmt: skip
        return
    look = looks[1 if ratio.ratio >= 1.0 else 0]  # of the side that was ahead
    first, last = axes.get_xlim()
    at = min(max(ratio.ratio, first), last)
    if ratio.low is not None or ratio.high is not None:
        ends = [max(ratio.low or at, first), min(ratio.high or at, last)]
        axes.plot(
            ends, [y, y], color=look.colour, linewidth=5, alpha=0.4, solid_capstyle="butt",
            zorder=3,
        )  # fmt: skip
    axes.plot(
        [at], [y], marker=look.marker, markersize=10, color=look.colour, markeredgecolor="white",
        zorder=5,
    )  # fmt: skip
    open_end = _open_end(ratio)
    if open_end:
        axes.annotate(
            "", xytext=(at, y), xy=(at * (ARROW if open_end == ">=" else 1 / ARROW), y),
            arrowprops={"arrowstyle": "-|>", "color": look.colour, "linewidth": 2}, zorder=4,
            annotation_clip=False,
        )  # fmt: skip
    axes.text(
        1.02, y, ratio_text(ratio), transform=right, va="center", fontsize=10.5, clip_on=False
    )


def _open_end(ratio: SpeedRatio | MeanRatio) -> str:
    """To which side nothing is known: ">=" upwards, "<=" downwards, "" neither."""
    if (ratio.low is None) == (ratio.high is None):
        return ratio.bound
    return ">=" if ratio.high is None else "<="


def _draw_claim(axes: Axes, line: ClaimLine, rows_in: float) -> None:
    """A vertical line with its name above the axes, leaning outwards: a name never crosses the
    line beside it."""
    across, top = axes.get_xaxis_transform(), 1.0 + line.above_in / rows_in
    axes.plot(
        [line.ratio, line.ratio], [0.0, top], transform=across,
        color=INK if line.is_claim else MUTED, linewidth=1.1,
        linestyle="--" if line.is_claim else ":", clip_on=False, zorder=1,
    )  # fmt: skip
    is_right = line.ratio > 1.0
    axes.annotate(
        line.name, (line.ratio, top), xycoords=across, xytext=(4 if is_right else -4, 0),
        textcoords="offset points", ha="left" if is_right else "right", va="center", fontsize=10,
        annotation_clip=False,
    )  # fmt: skip


def _name_sides(axes: Axes, rows: Sequence[_Row], looks: Looks, above: float) -> None:
    """On which side of 1 who was faster, in colour where it is one agent.

    above: the axes, as a share of their height.
    """
    names = _side_names(rows)
    for side, text, offset, align in (
        (0, f"← {names[0]} faster", -8, "right"),
        (1, f"{names[1]} faster →", 8, "left"),
    ):
        own = {row.names[side] for row in rows}
        axes.annotate(
            text, (1.0, 1.0 + above), xycoords=axes.get_xaxis_transform(),
            xytext=(offset, 0), textcoords="offset points", ha=align, va="center", fontsize=11,
            fontweight="bold", annotation_clip=False,
            color=looks.over_environments(own.pop()).colour if len(own) == 1 else INK,
        )  # fmt: skip


def _explanations(found: Sequence[_Row], lines: Sequence[ClaimLine]) -> Iterator[str]:
    yield "bars: 95 % intervals over seeds"
    if any(_open_end(row.ratio) for row in found):
        yield "arrows: unsolved runs leave this end open"
    if len(found) > MAX_ROWS:
        yield f"{MAX_ROWS} of {len(found)} comparisons are shown, all are in speed_ratio.csv"
    if lines:
        yield from _claim_explanations()


def _claim_explanations() -> Iterator[str]:
    atari, humanoid = atari_record(), humanoid_record()
    hours, minutes = all_claims()
    yield "equal cores for both agents: compare with the line per core"
    yield (
        f"claims of Salimans et al. 2017: {factor(hours.factor)} is an hour of ES on "
        f"{atari.es.cores:,} cores against a day of A3C on {atari.a3c.cores}, in core-hours "
        f"{atari.a3c.core_hours:.0f}/{atari.es.core_hours:.0f} = {factor(atari.core_hour_factor)}; "
        f"{factor(minutes.factor)} is {humanoid.many.hours * 60:.0f} minutes of ES on "
        f"{humanoid.many.cores:,} cores, where the paper's own long figure, "
        f"{humanoid.few.hours * 60:.0f} minutes on {humanoid.few.cores} cores, is of ES itself: a "
        f"parallel efficiency of {100.0 * humanoid.parallel_efficiency:.0f} %, and no comparison "
        "with reinforcement learning"
    )


FIGURE = OverviewFigure("Speed ratio on every environment", caption, draw, words)
