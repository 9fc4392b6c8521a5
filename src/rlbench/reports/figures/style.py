"""How every figure looks and how it becomes bytes.

Colours are those of Okabe & Ito (Color Universal Design, 2008), told apart by the common kinds of
colour blindness; every agent also has its own marker, so that a black-and-white print works.
"""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.runs.records import Unit
from rlbench.wording import count, significant

DPI = 120  # 150 takes a tenth longer, and the SVG beside it is sharp at any size
INK = "#222222"
MUTED = "#5f5f5f"
GRID = "#dddddd"
LEFT_IN = 0.95  # left edge of titles, legends and captions, in inches

_PALETTE = ("#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8c6d1f")
_MARKERS = ("^", "D", "v", "P", "X", "*")

_RC = {
    "text.hinting": "no_hinting",  # moves letters by less than a pixel for a fifth of the time
    "text.parse_math": False,  # a "$" in a stranger's name is a dollar sign
    "font.family": ["DejaVu Sans"],
    "font.size": 11.0,
    "axes.labelsize": 11.0,
    "axes.titlesize": 12.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 11.0,
    "svg.fonttype": "none",  # text stays text: smaller files, and readable to a screen reader
    "svg.hashsalt": "rlbench",
    "path.simplify": True,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@dataclass(frozen=True)
class Look:
    """Colour and marker of one group."""

    colour: str
    marker: str


AGENT_LOOKS = {"es": Look("#0072B2", "o"), "dqn": Look("#D55E00", "s")}


@contextmanager
def styled() -> Iterator[None]:
    """Within this, figures are made and rendered in the report's style."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A name in a script that the font lacks shows boxes; that is no reason for noise.
        warnings.filterwarnings("ignore", message=".*missing from .*font.*")
        matplotlib.rcParams.update(cast(Any, _RC))  # its keys are typed one by one
        yield


def looks(environment: EnvironmentGroups) -> dict[str, Look]:
    """A look for each group's label; ES and DQN have the same one everywhere."""
    found: dict[str, Look] = {}
    used: set[str] = set()
    extra = 0
    for group in environment.groups:
        if group.agent in AGENT_LOOKS and group.agent not in used:
            used.add(group.agent)
            found[group.label] = AGENT_LOOKS[group.agent]
        else:
            found[group.label] = Look(
                _PALETTE[extra % len(_PALETTE)], _MARKERS[extra % len(_MARKERS)]
            )
            extra += 1
    return found


def log_axis(axes: Axes, low: float, high: float, unit: Unit | None) -> None:
    """Make x logarithmic from `low` to `high`, with plain numbers at its ticks."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator(log_ticks(low, high)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(
        FuncFormatter(
            lambda value, _: count(value) if unit == "env_steps" else significant(value, 1)
        )
    )


def linear_axis(axes: Axes, high: float, unit: Unit) -> None:
    """Make x linear from 0 to `high`, with room for a marker at 0."""
    axes.set_xlim(-0.015 * high, high)
    ticks = MaxNLocator(5).tick_values(0.0, high)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if 0.0 <= tick <= high]))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: count(value) if unit == "env_steps" else significant(value))
    )


def score_axis(axes: Axes, which: str, low: float, high: float) -> None:
    """Make x or y linear from `low` to `high`, negative values welcome, with ticks inside."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xlim if which == "x" else axes.set_ylim)(low, high)
    ticks = MaxNLocator(6).tick_values(low, high)
    axis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))


def log_ticks(low: float, high: float) -> list[float]:
    """Between two and about seven round values in [low, high]."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps, stride in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 3), ((1,), 6)):
        ticks = [step * 10.0**power for power in range(first, last + 1, stride) for step in steps]
        inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(inside) <= 7:
            return inside if len(inside) >= 2 else [low, high]
    return [low, high]


def place_caption(figure: Figure, lines: Sequence[str]) -> None:
    """Write a caption's lines at the foot of the figure, 0.22 inches each."""
    top_in = figure.get_size_inches()[1] - 0.1 - 0.22 * len(lines)
    content = "\n".join(lines)
    place_text(figure, 0.2, top_in, content, muted=True, fontsize=10, linespacing=1.35)


def place_text(
    figure: Figure,
    x_in: float,
    top_in: float,
    content: str,
    *,
    muted: bool = False,
    **kwargs: Any,
) -> None:
    """Write text with its top left corner at inches from the figure's left and top."""
    width, height = figure.get_size_inches()
    figure.text(
        x_in / width,
        1.0 - top_in / height,
        content,
        ha="left",
        va="top",
        color=MUTED if muted else INK,
        **kwargs,
    )


def caption_lines(environment: EnvironmentGroups, extra: Sequence[str], width: int) -> list[str]:
    """What a reader must know to trust a figure: the machine, the seeds, the evaluation."""
    parts = [*machine(environment.groups), *extra]
    return textwrap.wrap(" · ".join(parts), width)[:6]


def machine(groups: Sequence[Group]) -> list[str]:
    """Cores, CPU model, device, evaluation, version and sticky actions, each once."""
    runs = [run for group in groups for run in group.runs]
    cores = sorted({run.cores for run in runs if run.cores is not None})
    models = sorted({run.cpu_model for run in runs if run.cpu_model})
    versions = sorted({run.rlbench for run in runs if run.rlbench})
    episodes = sorted({run.eval_episodes for run in runs if run.eval_episodes})
    parts = []
    if cores:
        noun = "core" if cores == [1] else "cores"
        parts.append(f"{' or '.join(map(str, cores))} {noun} of {' or '.join(models) or 'a CPU'}")
    if any(run.device not in ("", "cpu") for run in runs):
        parts.append("device " + " or ".join(sorted({run.device for run in runs})))
    if episodes:
        parts.append(f"{' or '.join(map(str, episodes))} episodes an evaluation")
    if versions:
        parts.append(f"rlbench {' and '.join(versions)}")
    sticky = sorted({run.sticky_actions for run in runs if run.sticky_actions is not None})
    if sticky:
        parts.append(
            f"sticky actions {' or '.join(f'{s:g}' for s in sticky)}, and 0 in the published "
            "scores that thresholds and normalised scores come from"
        )
    return parts


def render(figure: Figure) -> dict[str, bytes]:
    """The figure as PNG and SVG, the same bytes for the same figure: no dates, no versions."""
    png, svg = io.BytesIO(), io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(
        png, format="png", dpi=DPI, metadata={"Software": None}, pil_kwargs={"compress_level": 2}
    )
    FigureCanvasSVG(figure)
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return {".png": png.getvalue(), ".svg": svg.getvalue()}
