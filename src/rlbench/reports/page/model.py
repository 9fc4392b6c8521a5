"""What the page shows, as plain data: made by the other modules, set in HTML by the template."""

from __future__ import annotations

from dataclasses import dataclass

from rlbench.reports.answers import Answer
from rlbench.reports.league import LeagueRow
from rlbench.reports.page.charts import Chart
from rlbench.reports.page.films import Film
from rlbench.table import Column


@dataclass(frozen=True)
class AnswerRow:
    """An answer in the table of answers."""

    answer: Answer
    anchor: str  # of the environment's section
    pair: str  # which groups were compared, where that is not the same everywhere
    winner: str  # the agent's name; empty where nothing is settled


@dataclass(frozen=True)
class LeagueBlock:
    """A league with its rows. alone: the environments of which rows have the places, too."""

    title: str
    baseline: str
    alone: tuple[str, ...]
    rows: tuple[LeagueRow, ...]


@dataclass(frozen=True)
class Figure:
    """One picture."""

    title: str
    source: str  # a data URI
    width: int
    height: int
    alt: str
    caption: str
    files: tuple[str, ...]  # the same picture beside the page


@dataclass(frozen=True)
class Section:
    """One environment."""

    anchor: str
    env: str
    answers: tuple[Answer, ...]
    figures: tuple[Figure, ...]
    chart: Chart | None

    @property
    def has_tall_figure(self) -> bool:
        """Whether a figure is so high that it would fill a page of paper alone."""
        return any(figure.height > 2 * figure.width for figure in self.figures)


@dataclass(frozen=True)
class Cell:
    """One value: as shown, and with every digit, as in the CSV file."""

    shown: str
    value: str
    target: str = ""  # an anchor of the page


@dataclass(frozen=True)
class Row:
    """One row, with what it can be filtered by; several agents are separated by lines."""

    cells: tuple[Cell, ...]
    env: str
    agents: str
    cores: str
    unit: str = ""


@dataclass(frozen=True)
class PageTable:
    """A table with the columns that people look for first."""

    anchor: str
    file: str
    title: str
    meaning: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    hidden_columns: int  # in the file but not here
    left_out: int = 0  # rows in the file but not here


@dataclass(frozen=True)
class Phase:
    """A part of a run's wall time."""

    key: str
    name: str
    seconds: str
    share: str
    start: float  # of the bar's 1000 units
    width: float


@dataclass(frozen=True)
class Configuration:
    """A run's config.yaml.

    text: empty where the run directory has none. first: the run that shows it, where another one
    with the same configuration, but for the seed, came before.
    """

    text: str
    first: RunDetail | None


@dataclass(frozen=True)
class RunDetail:
    """One run: its configuration and where its time went."""

    anchor: str
    title: str
    outcome: str
    env: str
    agent: str
    cores: str
    facts: tuple[tuple[str, str], ...]
    phases: tuple[Phase, ...]
    wall: str
    config: Configuration
    directory: str
    links: tuple[tuple[str, str], ...]  # (name, address relative to the page)


@dataclass(frozen=True)
class ClaimBlock:
    """One claim, examined."""

    title: str
    outcome: str
    statement: str
    origin: str
    reported: tuple[str, ...]
    measured: str
    early: tuple[str, ...]  # the scores that decide, where they do
    early_note: str
    reason: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """Everything."""

    question: str
    introduction: str
    headline: tuple[str, ...]
    together: tuple[str, ...]  # over all environments
    hardware: tuple[str, ...]
    seeds: str
    answers: tuple[AnswerRow, ...]
    leagues: tuple[LeagueBlock, ...]
    films: tuple[Film, ...]
    overview: tuple[Figure, ...]
    suites: tuple[Figure, ...]
    readings: tuple[tuple[str, str], ...]  # how to read each kind of figure of an environment
    sections: tuple[Section, ...]
    claims: tuple[ClaimBlock, ...]
    claim_figures: tuple[Figure, ...]
    tables: tuple[PageTable, ...]
    runs: tuple[RunDetail, ...]
    problems: tuple[str, ...]
    files: tuple[tuple[str, str], ...]  # (name, what it holds)
    envs: tuple[str, ...]
    agents: tuple[str, ...]
    cores: tuple[str, ...]
    units: tuple[tuple[str, str], ...]  # (as in the CSV files, in words)
    run_count: int
    version: str
