"""What tests of figures share: runs to draw, and whether their text can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from rlbench.reports.figures.looks import Looks
from rlbench.reports.figures.registry import (
    FIGURES,
    ClaimFigure,
    EnvironmentFigure,
    OverviewFigure,
    SuiteFigure,
)
from rlbench.reports.figures.style import styled
from rlbench.reports.findings import Findings, findings_of
from rlbench.runs.load import load_runs
from support.run_files import RunFiles


def pair(env: str, es_s: float, dqn_s: float | None, seeds: int = 3) -> list[RunFiles]:
    """Runs of ES and DQN that solve it after about so many seconds; None: never."""
    return runs_of(env, {"es": es_s, "dqn": dqn_s}, seeds)


def runs_of(env: str, solved_s: Mapping[str, float | None], seeds: int = 3) -> list[RunFiles]:
    """Runs of some agents that solve it after about so many seconds; None: never.

    An agent may be followed by a setting: `es agent.sigma=0.1`.
    """
    runs = []
    for seed in range(seeds):
        for name, end in solved_s.items():
            agent, _, setting = name.partition(" ")
            last = 600.0 if end is None else end * (1.0 + 0.3 * seed)
            height = 9.0 if end is None else 480.0
            header = {
                "setup": f"{name}-setup", "learning": f"{name}-learn",
                "argv": [f"agent={agent}", f"env={env}", *([setting] if setting else [])],
            }  # fmt: skip
            runs.append(
                RunFiles(
                    agent=agent, env=env, seed=seed, status="budget" if end is None else "solved",
                    history=[(last * i / 8, height * (i / 8 if end else 1.0)) for i in range(9)],
                    header=header,
                )
            )  # fmt: skip
    return runs


def random_run(env: str) -> RunFiles:
    """A run of the agent that acts at random."""
    return RunFiles(agent="random", env=env, history=((0.0, 9.0),), status="budget")


def findings_at(root: Path, runs: Iterable[RunFiles]) -> Findings:
    """What is found in some runs, which are written to `root`."""
    for run in runs:
        run.write(root)
    return findings_of(load_runs(root))


def draw(name: str, findings: Findings) -> Figure | None:
    """The figure of that name, of the first environment or suite where it belongs to one."""
    figure = FIGURES[name]
    subjects: dict[type[Any], Any] = {
        EnvironmentFigure: findings.analyses[0],
        SuiteFigure: findings.suites[0] if findings.suites else None,
        OverviewFigure: findings,
        ClaimFigure: findings.examination,
    }
    with styled():
        return figure.draw(subjects[type(figure)], Looks(findings.groups))


def drawn(name: str, findings: Findings) -> Figure:
    """The figure of that name, which there must be."""
    figure = draw(name, findings)
    assert figure is not None
    return figure


def texts_of(figure: Figure) -> str:
    """All words of a figure, on one line."""
    return " ".join(" ".join(content for content, _ in boxes(figure)).split())


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """The visible texts of a figure and where they stand, in pixels."""
    with styled():
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
