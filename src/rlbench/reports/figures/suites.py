"""What the figures over several environments share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports.figures.looks import Look, Looks
from rlbench.reports.figures.style import caption_lines, place_legend
from rlbench.runs.records import FloatArray
from rlbench.wording import agent_name, fitting_name, plural, significant

NAME_LENGTH = 18  # characters
TOP_IN = 0.95  # the title and a line of legend

WHAT_A_SCORE_IS = (
    "score: 0 is acting at random, 1 the threshold (on Atari a human tester); "
    "a run that stopped because it was solved counts as the level it was to reach"
)
BARS = "bars and bands: 95 % intervals over seeds, for these environments"


def environments_text(found: SuiteStatistics) -> str:
    """`5 environments`: those that have a score, where any has one."""
    return f"{len(found.scores if found.profiles else found.suite.contests)} environments"


def scores_differ(found: SuiteStatistics) -> bool:
    """Whether any two runs have different scores. Where all stopped at the threshold, all have 1,
    and a figure of scores says nothing."""
    if not found.scores:
        return False
    scores = np.concatenate([side for part in found.scores for side in part.sides])
    known = scores[np.isfinite(scores)]
    return bool(len(known)) and float(known.max() - known.min()) > 1e-6


def side_name(name: str) -> str:
    """What an agent is called in a figure."""
    return fitting_name(name, NAME_LENGTH)


def suite_caption(
    found: SuiteStatistics, words: Sequence[str], bars: str | None = None
) -> list[str]:
    """The lines of a caption: the seeds, the machine, some words, how uncertainty is shown.

    bars: what the intervals are; None: those of the estimates, or why there are none.
    """
    groups = [group for contest in found.suite.contests for group in contest.sides]
    uncertainty = [bars] if bars else _uncertainty(found)
    counts = sorted({len(group.runs) for group in groups})
    least = "" if len(counts) == 1 else f"{counts[0]} to "
    each = f"{least}{plural(counts[-1], 'seed')} of each agent on each environment"
    return caption_lines(groups, [*uncertainty, each, *words])


def _uncertainty(found: SuiteStatistics) -> list[str]:
    """What the intervals of the estimates are, and why some have none."""
    missing = sorted({e.reason for e in found.estimates if e.low is None})
    if all(e.low is None for e in found.estimates):
        return missing
    return [BARS, *(f"without a bar: {reason}" for reason in missing)]


def draw_band_and_line(
    axes: Axes, look: Look, x: FloatArray, y: FloatArray, low: FloatArray, high: FloatArray
) -> None:
    """A curve of one agent with its interval."""
    axes.fill_between(x, low, high, color=look.colour, alpha=0.18, linewidth=0, zorder=2)
    # Solid and dashed lines are marked at different places: where two curves meet, both are seen.
    first = 5 if look.dashes[1] else 0
    axes.plot(
        x, y, color=look.colour, linewidth=2.4, linestyle=look.dashes, marker=look.marker,
        markersize=7, markeredgecolor="white", markevery=(first, 12), zorder=4,
    )  # fmt: skip


def place_suite_legend(figure: Figure, found: SuiteStatistics, looks: Looks) -> None:
    """The two agents below the title."""
    handles = []
    for name in found.suite.sides:
        look = looks.over_environments(name)
        handles.append(
            Line2D(
                [], [], color=look.colour, linewidth=2.4, linestyle=look.dashes,
                marker=look.marker, markersize=7, markeredgecolor="white", label=side_name(name),
            )
        )  # fmt: skip
    place_legend(figure, handles, ncols=2, handlelength=2.6)


def estimates_in_words(found: SuiteStatistics) -> str:
    """Every statistic with its interval."""
    parts = []
    for estimate in found.estimates:
        name = estimate.statistic.replace("iqm", "interquartile mean").replace("_", " ")
        text = f"{agent_name(estimate.agent)} {name} {significant(estimate.value)}"
        if estimate.low is not None and estimate.high is not None:
            text += f" [{significant(estimate.low)}, {significant(estimate.high)}]"
        parts.append(text)
    return "; ".join(parts) or "no aggregate"
