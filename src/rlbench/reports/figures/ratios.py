"""The speed ratio of every comparison on one axis, beside the lines of the popular claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from rlbench.analysis.decision import decide
from rlbench.analysis.groups import Group, pair_names
from rlbench.analysis.speed_ratios import SpeedRatio, threshold_ratios
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.claims.evidence import is_claimed_pair
from rlbench.claims.statements import all_claims
from rlbench.published.papers import atari_record, humanoid_record
from rlbench.reports.figures.looks import Look, Looks
from rlbench.reports.figures.registry import OverviewFigure
from rlbench.reports.figures.style import (
    CAPTION_WIDTH,
    INK,
    MARGIN_IN,
    MUTED,
    WIDTH_IN,
    caption_in,
    caption_lines,
    log_axis,
    log_ticks,
    place_axes,
    place_caption,
    place_title,
)
from rlbench.reports.findings import Findings
from rlbench.wording import advantage_text, agent_name, distinct_names, factor, shortened

TITLE_IN = 0.62
LINE_NAMES_IN = (0.1, 0.3)  # above the axes, staggered so that no two meet
SIDES_IN, SIDES_ALONE_IN = 0.56, 0.2  # above the axes: whose side is whose, over lines and without
AXIS_LABEL_IN = 0.68
ROW_IN = 0.8
WITHOUT_MARK = 0.66  # of that, the height of a row that has no ratio
# Within a row, from half a ROW_IN below its top: its name, who solved it, and the mark.
NAME_UP, COUNTS_UP, MARK_UP = 0.34, 0.06, -0.24
MAX_ROWS = 80
PAIR_NAME = 15  # characters, as those below
SIDE_NAME = 15
ROW_LENGTH = 50  # of a row's name and its numbers together
NUMBERS_LENGTH = 30
BEHIND_TEXT = {"facecolor": "white", "edgecolor": "none", "alpha": 1.0, "pad": 0.5}
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

    @property
    def height(self) -> float:
        """In ROW_IN."""
        return WITHOUT_MARK if self.ratio.ratio is None else 1.0


class ClaimLine(NamedTuple):
    """A ratio that a popular claim speaks of, or what it amounts to on equal cores."""

    ratio: float
    name: str
    is_claim: bool
    above_in: float  # the axes, its name
    claim: str  # the key of the claim


def draw(findings: Findings, looks: Looks) -> Figure | None:
    """A row for each comparison: with a ratio, environments put together after each alone, then
    without one. None without a comparison."""
    found = _rows(findings)
    rows = found[:MAX_ROWS]
    if not rows:
        return None
    lines = _lines(findings, rows)
    groups = [group for row in rows for group in row.groups]
    caption = caption_lines(groups, list(_explanations(found, lines)))
    heights = [row.height for row in rows]
    rows_in, sides_in = ROW_IN * sum(heights), SIDES_IN if lines else SIDES_ALONE_IN
    top_in = TITLE_IN + sides_in
    height = top_in + rows_in + AXIS_LABEL_IN + caption_in(caption)
    figure = Figure(figsize=(WIDTH_IN, height))
    place_title(figure, "Who solves it sooner?", "how many times as fast in training time")
    place_caption(figure, caption)
    axes = place_axes(figure, 2 * MARGIN_IN, top_in, WIDTH_IN - 4 * MARGIN_IN, rows_in)
    low, high = _limits(rows, AROUND_CLAIMS if lines else AROUND_EQUAL)
    log_axis(axes, low, high, None)
    apart = log_ticks(1.0, high / low)  # as far from each other on either side of 1
    ticks = {tick for one in apart for tick in (one, 1.0 / one) if low <= tick <= high}
    axes.xaxis.set_major_locator(FixedLocator(sorted(ticks)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: factor(max(value, 1 / value))))
    axes.set_xlabel("times as fast, log scale (1: equally fast)")
    axes.set_ylim(0.5 - sum(heights), 0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for row, y in zip(rows, accumulate((-one for one in heights), initial=0.0), strict=False):
        _name_row(axes, y, row, with_pair=_has_several_pairs(rows))
        _draw_row(axes, y + MARK_UP, row, _looks_of(row, looks))
    axes.axvline(1.0, color=INK, linewidth=1.4, zorder=1)
    for line in lines:
        _draw_claim(axes, line, rows_in)
    _name_sides(axes, rows, looks, sides_in / rows_in)
    return figure


def caption(findings: Findings) -> str:
    """What is drawn."""
    rows = _rows(findings)
    baseline, challenger = _side_names(rows)
    lines = [factor(line.ratio) for line in _lines(findings, rows) if line.is_claim]
    claims = f" Dashed: what popular claims say, {' and '.join(lines)}." if lines else ""
    return (
        f"How many times as fast the faster of two reached the threshold in training time, the "
        f"median over pairs of runs: {challenger} on the right, {baseline} on the left. Bars are "
        f"95 % intervals over seeds. A hollow mark: these seeds do not settle who is faster."
        f"{claims}"
    )


def words(findings: Findings) -> str:
    """Every comparison with its interval."""
    parts = []
    for row in _rows(findings):
        baseline, challenger = map(agent_name, (row.ratio.baseline, row.ratio.challenger))
        advantage = advantage_text(decide(row.ratio))
        parts.append(f"{row.place}, {challenger} against {baseline}: {advantage}")
    return "; ".join(parts)


def claim_lines() -> tuple[ClaimLine, ...]:
    """The claimed factors, and what the published core-hours make of the one on Atari. What the
    paper reports of the other compares ES with itself: it has no line on equal cores."""
    high, low = LINE_NAMES_IN[1], LINE_NAMES_IN[0]
    lines = [
        ClaimLine(claim.factor, f"claim: {factor(claim.factor)}", True, above, claim.key)
        for claim, above in zip(all_claims(), (high, low), strict=True)
    ]
    record = atari_record()
    name = f"per core: {factor(record.core_hour_factor)}"
    return (*lines, ClaimLine(record.core_hour_factor, name, False, low, lines[0].claim))


def _lines(findings: Findings, rows: Sequence[_Row]) -> tuple[ClaimLine, ...]:
    """The lines of the claims that some comparison here bears on."""
    if not any(row.groups and is_claimed_pair(*row.groups) for row in rows):
        return ()
    spoken = {e.claim.key for e in findings.examination.claims if e.evidence.environments}
    return tuple(line for line in claim_lines() if line.claim in spoken)


def _rows(findings: Findings) -> list[_Row]:
    rows = []
    for analysis in findings.analyses:
        for ratio in threshold_ratios(analysis.ratios):
            named = analysis.groups.named
            pair = named(ratio.baseline), named(ratio.challenger)
            rows.append(_Row(ratio.env, ratio, pair, pair_names(*pair)))
    overall = [mean for mean in findings.overall_ratios if mean.unit == "train_s"]
    means = [mean for mean in overall if mean.ratio is not None]
    pairs = Counter((mean.baseline, mean.challenger) for mean in means)
    for mean in means:
        names = mean.baseline, mean.challenger
        place = f"{mean.n_environments} environments: geometric mean"
        # The pair is in the row's name; the machine is not, where there are several.
        rows.append(_Row(place if pairs[names] == 1 else mean.env, mean, (), names))
    return sorted(rows, key=lambda row: row.ratio.ratio is None)


def _looks_of(row: _Row, looks: Looks) -> tuple[Look, ...]:
    if row.groups:
        return tuple(looks.on(group.env)[group.label] for group in row.groups)
    return tuple(map(looks.over_environments, row.names))


def _has_several_pairs(rows: Sequence[_Row]) -> bool:
    return len({(row.ratio.baseline, row.ratio.challenger) for row in rows}) > 1


def _side_names(rows: Sequence[_Row]) -> tuple[str, str]:
    """What baseline and challenger are called in a sentence about all rows."""
    sides = [{row.names[side] for row in rows} for side in (0, 1)]
    only = [next(iter(names)) if len(names) == 1 else "" for names in sides]
    called = distinct_names(filter(None, only), SIDE_NAME)
    return called.get(only[0], "the baseline"), called.get(only[1], "the challenger")


def _name_row(axes: Axes, y: float, row: _Row, *, with_pair: bool) -> None:
    """Above a row's mark where it is and who was faster, and how many runs solved it."""
    ratio, across = row.ratio, axes.get_yaxis_transform()
    advantage = advantage_text(decide(ratio), "short")
    if with_pair or len(advantage) > NUMBERS_LENGTH:  # the names are in the line below
        advantage = advantage.removeprefix(f"{agent_name(decide(ratio).ahead_label or '')} ")
    place = shortened(row.place, ROW_LENGTH - len(advantage))
    axes.text(0.0, y + NAME_UP, place, transform=across, va="center", fontweight="bold",
              fontsize=10, clip_on=False, bbox=BEHIND_TEXT, zorder=6)  # fmt: skip
    axes.text(1.0, y + NAME_UP, advantage, transform=across, va="center", ha="right",
              fontsize=10, clip_on=False, bbox=BEHIND_TEXT, zorder=6)  # fmt: skip
    axes.text(0.0, y + COUNTS_UP, _counts(ratio), transform=across, va="center", color=MUTED,
              fontsize=9.5, clip_on=False, bbox=BEHIND_TEXT, zorder=6)  # fmt: skip


def _counts(ratio: SpeedRatio | MeanRatio) -> str:
    """How many runs of each side solved it, or why there is no ratio."""
    names = distinct_names((ratio.baseline, ratio.challenger), PAIR_NAME)
    solved = (
        f"{names[ratio.challenger]} {ratio.n_challenger_reached}/{ratio.n_challenger}, "
        f"{names[ratio.baseline]} {ratio.n_baseline_reached}/{ratio.n_baseline} solved"
    )
    if ratio.ratio is not None:
        return solved
    return shortened(f"{solved}: {ratio.reason}", CAPTION_WIDTH - 4)


def _limits(rows: Sequence[_Row], around: tuple[float, float]) -> tuple[float, float]:
    """An axis that shows every value, with room for labels, and what is shown at least."""
    values = [
        value
        for row in rows
        for value in (row.ratio.ratio, row.ratio.low, row.ratio.high)
        if value is not None and 1e-9 < value < 1e9
    ]
    # An arrow ends where its axis does at the latest, so that it never points into a label.
    margin = 1.2 * ARROW if any(_open_ends(row.ratio) == 1 for row in rows) else 2.0
    low, high = around
    return min([low, *(v / margin for v in values)]), max([high, *(v * margin for v in values)])


def _draw_row(axes: Axes, y: float, row: _Row, looks: Sequence[Look]) -> None:
    ratio = row.ratio
    if ratio.ratio is None:
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
    face, edge = (look.colour, "white") if decide(ratio).is_settled else ("white", look.colour)
    axes.plot(
        [at], [y], marker=look.marker, markersize=9, markerfacecolor=face, markeredgecolor=edge,
        markeredgewidth=1.0 if edge == "white" else 2.0, zorder=5,
    )  # fmt: skip
    # Short ones both ways would look like an interval, on one side of 1.
    is_known = ratio.low is not None or ratio.high is not None
    left, right = (at / ARROW, at * ARROW) if is_known else (first, last)
    for end, to in ((ratio.low, left), (ratio.high, right)):
        if end is None:
            axes.annotate(
                "", xytext=(at, y), xy=(to, y), zorder=4, annotation_clip=False,
                arrowprops={
                    "arrowstyle": "-|>", "linewidth": 2 if is_known else 1,
                    "color": look.colour if is_known else MUTED,
                },
            )  # fmt: skip


def _open_ends(ratio: SpeedRatio | MeanRatio) -> int:
    """How many ends of the interval are not known: 2 where there is none."""
    return 0 if ratio.ratio is None else (ratio.low is None) + (ratio.high is None)


def _all_solved(ratio: SpeedRatio | MeanRatio) -> bool:
    reached = ratio.n_baseline_reached + ratio.n_challenger_reached
    return reached == ratio.n_baseline + ratio.n_challenger


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
        line.name, (line.ratio, top), xycoords=across, xytext=(3 if is_right else -3, 0),
        textcoords="offset points", ha="left" if is_right else "right", va="center", fontsize=9.5,
        annotation_clip=False,
    )  # fmt: skip


def _name_sides(axes: Axes, rows: Sequence[_Row], looks: Looks, above: float) -> None:
    """On which side of 1 who was faster, in colour where it is one agent.

    above: the axes, as a share of their height.
    """
    names = _side_names(rows)
    for side, text, x, align in (
        (0, f"← {names[0]} faster", 0.0, "left"),
        (1, f"{names[1]} faster →", 1.0, "right"),
    ):
        own = {row.names[side] for row in rows}
        axes.text(
            x, 1.0 + above, text, transform=axes.transAxes, ha=align, va="center", fontsize=10,
            fontweight="bold", clip_on=False,
            color=looks.over_environments(own.pop()).colour if len(own) == 1 else INK,
        )  # fmt: skip


def _explanations(found: Sequence[_Row], lines: Sequence[ClaimLine]) -> Iterator[str]:
    if any(row.ratio.low is not None or row.ratio.high is not None for row in found):
        yield "bars: 95 % intervals over seeds"
    decisions = [decide(row.ratio) for row in found]
    if any(decision.winner == "open" for decision in decisions):
        yield "hollow: these seeds do not settle who is faster"
    open_ends = [_open_ends(row.ratio) for row in found]
    if 1 in open_ends:
        one_open = [row.ratio for row, ends in zip(found, open_ends, strict=True) if ends == 1]
        solved = [_all_solved(ratio) for ratio in one_open]
        reasons = ["unsolved runs"] * (not all(solved))
        reasons += ["runs solved by their first evaluation in training"] * any(solved)
        yield f"arrows: {' or '.join(reasons)} leave this end open"
    if 2 in open_ends:
        yield "grey arrows both ways: there is no interval, either may be faster"
    if len(found) > MAX_ROWS:
        yield f"{MAX_ROWS} of {len(found)} comparisons are shown, all are in speed_ratio.csv"
    if lines:
        yield from _claim_explanations({line.claim for line in lines})


def _claim_explanations(keys: Collection[str]) -> Iterator[str]:
    atari, humanoid = atari_record(), humanoid_record()
    hours, minutes = all_claims()
    if hours.key in keys:
        yield (
            f"{factor(hours.factor)} (Salimans et al. 2017): an hour of ES on {atari.es.cores:,} "
            f"cores against a day of A3C on {atari.a3c.cores}, in core-hours "
            f"{atari.a3c.core_hours:.0f}/{atari.es.core_hours:.0f} = "
            f"{factor(atari.core_hour_factor)}, the line to compare equal cores with"
        )
    if minutes.key in keys:
        yield (
            f"{factor(minutes.factor)} (Salimans et al. 2017): {humanoid.many.hours * 60:.0f} "
            f"minutes of ES on {humanoid.many.cores:,} cores; the paper's own long figure is of "
            f"ES itself, {humanoid.few.hours * 60:.0f} minutes on {humanoid.few.cores} cores"
        )


FIGURE = OverviewFigure("Who solves it sooner", caption, draw, words)
