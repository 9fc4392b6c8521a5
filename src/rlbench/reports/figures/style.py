"""How every figure looks and how it becomes bytes."""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from PIL import Image

from rlbench.analysis.groups import Group
from rlbench.published.atari import reference_scores
from rlbench.runs.records import MEMORY, Unit
from rlbench.wording import UNIT_NAMES, count, shortened, significant

DPI = 120  # 150 takes a tenth longer, and the SVG beside it is sharp at any size
COLOURS = 256  # of a PNG file
INK = "#222222"
MUTED = "#5f5f5f"
GRID = "#dddddd"
# Every figure is as wide as one column of the page, and its panels stand one below the other: so a
# telephone shows letters of ten pixels, and a desk or paper several figures side by side.
WIDTH_IN = 5.0
MARGIN_IN = 0.15  # left of titles, legends and captions, and right of axes
LEFT_IN = 0.8  # left of axes that have numbers there
EDGE_IN = 0.1  # above the title and below the caption
TITLE_LENGTH = 40  # characters
LEGEND_TOP_IN = 0.58  # below the title's two lines
LEGEND_ROW_IN = 0.23
PANEL_IN = 1.9
AXIS_LABEL_IN = 0.62
CAPTION_LINE_IN = 0.19
CAPTION_WIDTH = 60  # characters of a line
MAX_CAPTION_LINES = 14
LOG_FROM_SPREAD = 8.0  # on a linear axis an agent done within this part of it would be a wall
THRESHOLD_LINE: Mapping[str, Any] = {
    "color": INK, "linewidth": 1.2, "linestyle": (0, (6, 2)), "zorder": 1,
}  # fmt: skip
RANDOM_LINE: Mapping[str, Any] = {
    "color": MUTED, "linewidth": 1.0, "linestyle": ":", "zorder": 1,
}  # fmt: skip
_RC = {
    "text.hinting": "no_hinting",  # moves letters by less than a pixel for a fifth of the time
    "text.parse_math": False,  # a "$" in a stranger's name is a dollar sign
    "font.family": ["DejaVu Sans"],
    "font.size": 11.0,
    "axes.labelsize": 10.5,
    "axes.titlesize": 11.0,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
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
    "legend.fontsize": 10.0,
    "svg.fonttype": "none",  # text stays text: smaller files, and readable to a screen reader
    "svg.hashsalt": "rlbench",
    "path.simplify": True,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def styled() -> Iterator[None]:
    """Within this, figures are made and rendered in the report's style."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A name in a script that the font lacks shows boxes; that is no reason for noise.
        warnings.filterwarnings("ignore", message=".*missing from .*font.*")
        matplotlib.rcParams.update(cast(Any, _RC))  # its keys are typed one by one
        yield


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


def time_title(unit: Unit, *, is_log: bool) -> str:
    """The title of a time axis."""
    return f"{UNIT_NAMES[unit].axis}{', log scale' if is_log else ''}"


def linear_axis(axes: Axes, high: float, unit: Unit) -> None:
    """Make x linear from 0 to `high`, with room for a marker at 0."""
    axes.set_xlim(-0.015 * high, high)
    ticks = MaxNLocator(5).tick_values(0.0, high)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if 0.0 <= tick <= high]))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: count(value) if unit == "env_steps" else significant(value))
    )


def return_axis(axes: Axes, which: str, low: float, high: float) -> None:
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


def caption_in(lines: Sequence[str]) -> float:
    """How many inches a caption takes at the foot of a figure, with the room above it."""
    return CAPTION_LINE_IN * len(lines) + EDGE_IN


def place_caption(figure: Figure, lines: Sequence[str]) -> None:
    """Write a caption's lines at the foot of the figure."""
    place_text(
        figure, MARGIN_IN, figure.get_figheight() - caption_in(lines), "\n".join(lines),
        color=MUTED, fontsize=9.5, linespacing=1.25,
    )  # fmt: skip


def place_title(figure: Figure, content: str, about: str) -> None:
    """Write the title at the top of the figure, and below it a line on what is shown."""
    title = shortened(content, TITLE_LENGTH)
    place_text(figure, MARGIN_IN, EDGE_IN, title, fontsize=12, fontweight="bold")
    place_text(figure, MARGIN_IN, EDGE_IN + 0.22, about, fontsize=10.5)


def place_legend(figure: Figure, handles: Sequence[Artist], **kwargs: Any) -> None:
    """Set a legend below the title."""
    given = {"borderaxespad": 0.0, "borderpad": 0.0} | kwargs
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(
            MARGIN_IN / figure.get_figwidth(),
            1.0 - LEGEND_TOP_IN / figure.get_figheight(),
        ),
        **given,
    )


def place_axes(
    figure: Figure, left_in: float, top_in: float, width_in: float, height_in: float
) -> Axes:
    """Axes whose top left corner is at inches from the figure's left and top."""
    width, height = figure.get_size_inches()
    return figure.add_axes(
        (
            left_in / width,
            1.0 - (top_in + height_in) / height,
            width_in / width,
            height_in / height,
        )
    )


def place_text(figure: Figure, x_in: float, top_in: float, content: str, **kwargs: Any) -> None:
    """Write text with its top left corner at inches from the figure's left and top."""
    width, height = figure.get_size_inches()
    given = {"color": INK} | kwargs
    figure.text(x_in / width, 1.0 - top_in / height, content, ha="left", va="top", **given)


def name_rows(axes: Axes, names: Sequence[str], **kwargs: Any) -> None:
    """Name the rows of axes that have one at each of y = 0, -1, -2, ..., without lines across."""
    axes.set_yticks([-float(row) for row in range(len(names))], names, **kwargs)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)


def caption_lines(groups: Sequence[Group], extra: Sequence[str]) -> list[str]:
    """What a reader must know to trust a figure: what its marks are, and the machine."""
    text = " · ".join([*extra, *machine(groups)])
    return textwrap.wrap(text, CAPTION_WIDTH)[:MAX_CAPTION_LINES]


def machine(groups: Sequence[Group]) -> list[str]:
    """Cores, CPU model, device, evaluation, version and what a game is like, each once."""
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
    if any(run.observations == MEMORY for run in runs):
        parts.append("games seen as the emulator's memory, not as pixels")
    sticky = sorted({run.sticky_actions for run in runs if run.sticky_actions is not None})
    if sticky:
        shown = f"sticky actions {' or '.join(f'{s:g}' for s in sticky)}"
        if any(reference_scores(run.env) is not None for run in runs):
            shown += (
                ", and 0 in the published scores that thresholds and normalised scores come from"
            )
        parts.append(shown)
    return parts


def render(figure: Figure) -> tuple[bytes, bytes]:
    """The figure as PNG and SVG, the same bytes for the same figure: no dates, no versions."""
    png, svg = io.BytesIO(), io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(
        png, format="png", dpi=DPI, metadata={"Software": None}, pil_kwargs={"compress_level": 0}
    )
    FigureCanvasSVG(figure)
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return _in_few_colours(png), svg.getvalue()


def _in_few_colours(png: io.BytesIO) -> bytes:
    """The picture with a palette: two fifths of the bytes, and no eye sees the difference."""
    small = io.BytesIO()
    with Image.open(png) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(small, format="png", compress_level=6)  # 9: a twentieth less, for 50 ms more
    return small.getvalue()
