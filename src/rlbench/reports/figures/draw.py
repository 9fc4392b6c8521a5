"""From what was found to drawn figures, environments side by side where there are many."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import Any

from rlbench.analysis.suites import Suite
from rlbench.claims.examine import Examination
from rlbench.errors import RlbenchError
from rlbench.reports.figures.looks import Looks
from rlbench.reports.figures.registry import (
    FIGURES,
    ClaimFigure,
    EnvironmentFigure,
    OverviewFigure,
    ReportFigure,
    SuiteFigure,
    figure_called,
)
from rlbench.reports.figures.style import render, styled
from rlbench.reports.findings import Findings
from rlbench.wording import agent_name, shortened

PARALLEL_FROM = 10  # jobs; below, starting workers takes longer than drawing
MAX_WORKERS = 8
FORMATS = ("png", "svg")  # of the files beside the page, which has each figure as SVG
MAX_CAUSE = 300  # characters of an error in a note


@dataclass(frozen=True)
class Drawn:
    """A figure that was drawn, with the words that belong to it.

    env: of a figure of one environment; else empty. stem: of its files' names. formats: of its
    files.
    """

    kind: type[ReportFigure[Any]]
    env: str
    stem: str
    title: str
    caption: str
    words: str
    svg: bytes
    png: bytes
    formats: Sequence[str] = FORMATS

    @property
    def files(self) -> dict[str, bytes]:
        """File name to content."""
        contents = {"png": self.png, "svg": self.svg}
        return {f"{self.stem}.{name}": contents[name] for name in self.formats}


@dataclass(frozen=True)
class Drawing:
    """The figures that were drawn, and a line for each figure of a package that failed."""

    figures: tuple[Drawn, ...]
    problems: tuple[str, ...]

    @classmethod
    def of(cls, parts: Iterable[Drawing]) -> Drawing:
        """All parts together; what failed in the same way several times is said once."""
        every = list(parts)
        figures = tuple(figure for part in every for figure in part.figures)
        problems = dict.fromkeys(problem for part in every for problem in part.problems)
        return cls(figures, tuple(problems))


@dataclass(frozen=True)
class Job:
    """All figures of one kind, drawn from one subject. It can travel to another process: the
    figures are looked up there."""

    kind: type[ReportFigure[Any]]
    subject: Any
    env: str = ""
    of: str = ""  # what sets the subject apart from others of its kind
    before: str = ""  # the figure's name in the stem of its files
    after: str = ""


def draw_findings(findings: Findings) -> Drawing:
    """Every figure of a report, the same however many cores there are."""
    looks = Looks(findings.groups)
    # The longest first, so that no worker is left with one at the end.
    jobs = [Job(ClaimFigure, findings.examination)] if findings.bears_on_claims else []
    for index, suite in enumerate(findings.suites, start=1):
        after = f"-{index}" if index > 1 else ""
        jobs.append(Job(SuiteFigure, suite, of=_label_of(suite.suite), after=after))
    jobs.append(Job(OverviewFigure, findings))
    for analysis in findings.analyses:
        stem = findings.stems[analysis.env]
        jobs.append(Job(EnvironmentFigure, analysis, analysis.env, before=f"{stem}-"))
    return Drawing.of(_side_by_side(jobs, looks))


def _label_of(suite: Suite) -> str:
    """What sets a suite apart, its two agents written as people write them."""
    written = " against ".join(map(agent_name, suite.sides))
    return suite.label.replace(" against ".join(suite.sides), written, 1)


def draw_claims(examination: Examination) -> Drawing:
    """The figures that belong to the claims, for a command that draws no others."""
    compared = [c for claim in examination.claims for c in claim.evidence.comparisons]
    groups = [group for c in compared for group in (c.baseline, c.challenger)]
    return _draw(Looks(groups), Job(ClaimFigure, examination))


def _side_by_side(jobs: Sequence[Job], looks: Looks) -> Iterator[Drawing]:
    workers = min(_usable_cores(), MAX_WORKERS, len(jobs))
    if len(jobs) >= PARALLEL_FROM and workers > 1:
        try:
            spawn = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
                return iter(list(pool.map(partial(_draw, looks), jobs)))
        except (BrokenProcessPool, OSError):
            pass  # no room for workers, or a main module that cannot be imported again
    return map(partial(_draw, looks), jobs)


def _draw(looks: Looks, job: Job) -> Drawing:
    drawn, problems = [], []
    for name in FIGURES:
        package = FIGURES.package(name)
        try:
            found = _draw_one(looks, job, name)
        except (Exception, SystemExit) as error:  # a package's figure may raise anything at all
            if package is None:  # a mistake in rlbench itself, to be seen as one
                raise
            problems.append(f"figure {name!r} of {package} failed and is left out: {_cause(error)}")
        else:
            drawn += [found] if found is not None else []
    return Drawing(tuple(drawn), tuple(problems))


def _draw_one(looks: Looks, job: Job, name: str) -> Drawn | None:
    """The figure of that name; None where it is of another kind, or has nothing to show."""
    figure = figure_called(name)
    if not isinstance(figure, job.kind):
        return None
    with styled():
        picture = figure.draw(job.subject, looks)
        if picture is None:
            return None
        png, svg = render(picture)
    texts = figure.title, figure.caption(job.subject), figure.words(job.subject)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("its title, caption and words must be text")
    title, caption, words = texts
    return Drawn(
        job.kind, job.env, f"{job.before}{name}{job.after}",
        f"{title}, {job.of}" if job.of else title, caption, words, svg, png,
    )  # fmt: skip


def _cause(error: BaseException) -> str:
    """An error in one short line."""
    text = str(error) if isinstance(error, RlbenchError) else f"{type(error).__name__}: {error}"
    return shortened(" ".join(text.split()), MAX_CAUSE)


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
