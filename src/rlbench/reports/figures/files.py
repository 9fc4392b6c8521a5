"""From statistics to the figures' files, environments side by side where there are many."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports.figures.across import draw_aggregate, draw_profiles, draw_score_curves
from rlbench.reports.figures.learning import draw_learning
from rlbench.reports.figures.ratios import draw_ratios
from rlbench.reports.figures.reaching import draw_reaching
from rlbench.reports.figures.share import draw_share
from rlbench.reports.figures.style import machine, render, styled

PARALLEL_FROM = 10  # jobs; below, starting workers takes longer than drawing
MAX_WORKERS = 8

Job = Callable[[], dict[str, bytes]]
"""Draws some figures: file name to content. It must be able to travel to another process."""


def draw_all(jobs: Sequence[Job]) -> dict[str, bytes]:
    """All files of some jobs, the same however many cores there are.

    Args:
        jobs: the longest first, so that no worker is left with one at the end.
    """
    workers = min(_usable_cores(), MAX_WORKERS, len(jobs))
    drawn: list[dict[str, bytes]] | None = None
    if len(jobs) >= PARALLEL_FROM and workers > 1:
        try:
            spawn = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
                drawn = list(pool.map(_draw, jobs))
        except (BrokenProcessPool, OSError):
            drawn = None  # no room for workers, or a main module that cannot be imported again
    if drawn is None:
        drawn = [_draw(job) for job in jobs]
    return {name: content for files in drawn for name, content in files.items()}


def draw_environment(part: EnvironmentAnalysis, stem: str) -> dict[str, bytes]:
    """The figures of one environment: file name to content.

    stem: what the names of its files begin with.
    """
    with styled():
        figures = {
            f"{stem}-curves": draw_learning(part.groups, part.curves),
            f"{stem}-time": draw_reaching(part.groups, part.times),
            f"{stem}-reached": draw_share(part.groups, part.reached, part.times),
        }
        return {
            name + suffix: content
            for name, figure in figures.items()
            if figure is not None
            for suffix, content in render(figure).items()
        }


def draw_overview(
    ratios: Sequence[SpeedRatio | MeanRatio], compared: Sequence[Group]
) -> dict[str, bytes]:
    """The figure of all speed ratios: file name to content; empty where no pair was compared."""
    with styled():
        figure = draw_ratios(ratios, machine(compared))
        if figure is None:
            return {}
        return {"speed-ratio" + suffix: content for suffix, content in render(figure).items()}


def draw_across(suites: Sequence[SuiteStatistics]) -> dict[str, bytes]:
    """The figures over several environments: file name to content.

    The largest suite has the plain names; those of the others are numbered from 2.
    """
    files: dict[str, bytes] = {}
    with styled():
        for index, found in enumerate(suites, start=1):
            for name, figure in (
                ("aggregate", draw_aggregate(found)),
                ("profiles", draw_profiles(found)),
                ("aggregate-curves", draw_score_curves(found)),
            ):
                if figure is not None:
                    stem = name if index == 1 else f"{name}-{index}"
                    files |= {stem + suffix: made for suffix, made in render(figure).items()}
    return files


def _draw(job: Job) -> dict[str, bytes]:
    return job()


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
