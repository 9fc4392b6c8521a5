"""What tests of figures share: runs to draw, and whether their text can be read."""

from __future__ import annotations

from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from support.run_files import RunFiles


def pair(env: str, es_s: float, dqn_s: float | None, seeds: int = 3) -> list[RunFiles]:
    runs = []
    for seed in range(seeds):
        spread = 1.0 + 0.3 * seed
        for agent, end in (("es", es_s), ("dqn", dqn_s)):
            reached = end is not None
            last = end * spread if end is not None else 600.0
            runs.append(
                RunFiles(
                    agent=agent, env=env, seed=seed, status="solved" if reached else "budget",
                    history=[(last * i / 8, 480.0 * i / 8 if reached else 9.0) for i in range(9)],
                )
            )  # fmt: skip
    return runs


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """The visible texts of a figure and where they stand, in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    found = []
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip():
            found.append((text.get_text(), text.get_window_extent(renderer)))
    return found


def assert_readable(figure: Figure) -> None:
    """No text leaves the figure or meets another; ticks beyond the axis are not drawn."""
    width, height = figure.bbox.width, figure.bbox.height
    shown = []
    for content, box in boxes(figure):
        if box.width < 1:
            continue
        assert box.x0 >= 0, f"{content!r} leaves the figure to the left"
        assert box.x1 <= width, f"{content!r} leaves the figure to the right"
        assert box.y0 >= 0, f"{content!r} leaves the figure below"
        assert box.y1 <= height, f"{content!r} leaves the figure above"
        shown.append((content, box))
    for (one, a), (other, b) in combinations(shown, 2):
        overlap = min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
        assert not overlap, f"{one!r} meets {other!r}"
