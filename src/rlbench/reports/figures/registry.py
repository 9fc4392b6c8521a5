"""The figures of a report: each is one module with one object of a class below.

A figure belongs to each environment, to each suite of environments, to all that was found, or to
the claims. Its name in FIGURES is the stem of its files' names. A package adds figures
as entry points of the group `rlbench.figures`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from matplotlib.figure import Figure

from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.claims.examine import Examination
from rlbench.errors import ConfigError
from rlbench.registry import Registry
from rlbench.reports.figures.looks import Looks
from rlbench.reports.findings import Findings

T = TypeVar("T")


@dataclass(frozen=True)
class ReportFigure(Generic[T]):
    """A figure that is drawn from a T.

    title, caption: above and below it on the page. draw: makes it; None where there is nothing to
    show. words: the numbers in it, for a reader who cannot see it.
    """

    title: str
    caption: Callable[[T], str]
    draw: Callable[[T, Looks], Figure | None]
    words: Callable[[T], str]


class EnvironmentFigure(ReportFigure[EnvironmentAnalysis]):
    """A figure that each environment has."""


class SuiteFigure(ReportFigure[SuiteStatistics]):
    """A figure over several environments."""


class OverviewFigure(ReportFigure[Findings]):
    """A figure over all that was found."""


class ClaimFigure(ReportFigure[Examination]):
    """A figure that belongs to the popular claims."""


_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
_ROOM = "rlbench.reports.figures"
FIGURES: Registry[ReportFigure[Any]] = Registry(
    "figure",
    "rlbench.figures",
    {
        "curves": f"{_ROOM}.learning:FIGURE",
        "reached": f"{_ROOM}.share:FIGURE",
        "time": f"{_ROOM}.reaching:FIGURE",
        "speed-ratio": f"{_ROOM}.ratios:FIGURE",
        "aggregate": f"{_ROOM}.aggregate:FIGURE",
        "aggregate-curves": f"{_ROOM}.score_curves:FIGURE",
        "profiles": f"{_ROOM}.profiles:FIGURE",
        "early-scores": f"{_ROOM}.early_scores:FIGURE",
        "published-atari": f"{_ROOM}.published_atari:FIGURE",
        "published-mujoco": f"{_ROOM}.published_mujoco:FIGURE",
    },
)


def figure_called(name: str) -> ReportFigure[Any]:
    """The figure of that name.

    Raises ConfigError where a package's entry point is no figure, cannot be imported, or has a name
    that cannot be a part of a file's name.
    """
    if not _FILE_NAME.fullmatch(name):
        raise ConfigError("figure", name, "a name of letters, digits, '-', '_', '+' and '.'")
    figure = FIGURES[name]
    if not isinstance(figure, ReportFigure):
        raise ConfigError("figure", name, "an object of a class of rlbench.reports.figures")
    return figure
