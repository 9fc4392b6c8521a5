"""Runs that belong together: as tables for pandas, and the answer that they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, overload

from rlbench.analysis.environment import EnvironmentAnalysis, analyze
from rlbench.analysis.groups import check_baseline, group_runs
from rlbench.reports.build import Report, build_report
from rlbench.reports.cost import Rates
from rlbench.reports.tables import evaluations_table, ratios_table, runs_table
from rlbench.reports.terminal import environment_lines
from rlbench.runs.load import load_run
from rlbench.runs.records import Run

if TYPE_CHECKING:
    import pandas


MOST_ANSWERS = 12  # environments whose answer a terminal shows


def closing_lines(directories: Sequence[Path], results_dir: Path) -> list[str]:
    """What a sweep of these runs ends with: what they came to, and how to see more."""
    return [*answer_lines(directories), f"figures and tables: rlbench report {results_dir}"]


def answer_lines(directories: Sequence[Path], baseline: str | None = None) -> list[str]:
    """What `Runs.answer` says of the runs in these directories, for a terminal: of the first
    environments where there are many."""
    loaded = (load_run(place, PurePath(place.name)) for place in dict.fromkeys(directories))
    environments = group_runs([run for run, _ in loaded if run is not None])
    lines = [
        line
        for environment in environments[:MOST_ANSWERS]
        for line in environment_lines(analyze(environment, baseline))
    ]
    more = len(environments) - MOST_ANSWERS
    return [*lines, f"and {more} more environments, in the report"] if more > 0 else lines


class Runs(Sequence[Run]):
    """A sequence of runs, in the order of environment, agent and seed.

    directory: below which they are. problems: one line for each thing that could not be read.
    baseline: the agent, or the label of one group of runs, that the others are compared with;
    None: DQN where it was run, else the first. is_part: other runs below `directory` do not belong.
    """

    def __init__(
        self,
        directory: Path,
        runs: Sequence[Run],
        problems: Sequence[str] = (),
        baseline: str | None = None,
        *,
        is_part: bool = False,
    ) -> None:
        self._is_part = is_part
        self.directory, self.problems, self.baseline = directory, tuple(problems), baseline
        self._runs = tuple(runs)

    def frame(self) -> pandas.DataFrame:
        """One row for each run: agent, environment, seed, how it ended, when it was solved, what
        it cost. The columns of `runs.csv`; `frame.attrs["columns"]` says what each holds, with its
        unit."""
        return runs_table(self._analyses, Rates()).frame()

    def evaluations(self) -> pandas.DataFrame:
        """One row for each evaluation of each run: the clock and the mean return.

        `frame.attrs["columns"]` says what each column holds, with its unit.
        """
        return evaluations_table(self._analyses).frame()

    def ratios(self, baseline: str | None = None) -> pandas.DataFrame:
        """One row for each comparison, level and clock: how many times as long the baseline took
        as the challenger, with its 95 % interval. The columns of `speed_ratio.csv`.

        baseline: as of this object, where another one is asked for. The rows of the headline are
        those with `is_threshold` and `unit == "train_s"`. `frame.attrs["columns"]` says what each
        column holds. Raises ConfigError where no run is of that baseline.
        """
        check_baseline(group_runs(self._runs), baseline)
        analyses = self._analyses if baseline is None else self._analyzed(baseline)
        return ratios_table(analyses).frame()

    @property
    def answer(self) -> str:
        """Which agent was faster on each environment, by how much and how sure, in the words of
        `rlbench report`."""
        return "\n".join(line for found in self._analyses for line in environment_lines(found))

    def report(self, out: str | Path | None = None, *, films: Sequence[str | Path] = ()) -> Report:
        """Write figures, tables and a web page about these runs (see `rlbench.report`); how many
        others lie below `directory` is one of the report's `problems`."""
        place = None if out is None else Path(out)
        only = [run.directory for run in self] if self._is_part else None
        shown = [Path(film) for film in films]
        return build_report(self.directory, place, baseline=self.baseline, only=only, films=shown)

    @overload
    def __getitem__(self, index: int) -> Run: ...

    @overload
    def __getitem__(self, index: slice) -> Runs: ...

    def __getitem__(self, index: int | slice) -> Run | Runs:
        if isinstance(index, slice):
            part = self._runs[index]
            return Runs(self.directory, part, self.problems, self.baseline, is_part=True)
        return self._runs[index]

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        return f"<Runs: {len(self)} below {self.directory}>"

    @cached_property
    def _analyses(self) -> list[EnvironmentAnalysis]:
        return self._analyzed(self.baseline)

    def _analyzed(self, baseline: str | None) -> list[EnvironmentAnalysis]:
        return [analyze(environment, baseline) for environment in group_runs(self._runs)]
