"""Everything that a report says, computed once: terminal, tables, figures and page are given it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rlbench.analysis.environment import EnvironmentAnalysis, analyze
from rlbench.analysis.groups import Group, check_baseline, group_runs
from rlbench.analysis.league import League, leagues
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.analysis.suite_statistics import SuiteStatistics, across_environments
from rlbench.claims.evidence import have_claimed_agents
from rlbench.claims.examine import Examination, examine
from rlbench.reports.notes import (
    budget_notes,
    contention_notes,
    drift_notes,
    failure_notes,
    incomparable_notes,
    observation_notes,
    suite_notes,
    uneven_notes,
)
from rlbench.reports.output import file_stems
from rlbench.runs.load import LoadedRuns


@dataclass(frozen=True)
class Findings:
    """What was found in some runs.

    stems: of the names of an environment's files. suites: environments put together, the largest
    first. leagues: places of three agents or more. missing: what is not known over environments,
    and why. problems: what to be careful with, one line each.
    """

    analyses: tuple[EnvironmentAnalysis, ...]
    stems: Mapping[str, str]
    suites: tuple[SuiteStatistics, ...]
    leagues: tuple[League, ...]
    missing: tuple[str, ...]
    examination: Examination
    problems: tuple[str, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """All groups of runs, environment by environment."""
        return tuple(group for analysis in self.analyses for group in analysis.groups.groups)

    @property
    def contenders(self) -> tuple[str, ...]:
        """The agents that learn, in the order of their groups."""
        return tuple(dict.fromkeys(g.agent for g in self.groups if not g.is_reference))

    @property
    def overall_ratios(self) -> tuple[MeanRatio, ...]:
        """All speed ratios over environments."""
        return tuple(ratio for suite in self.suites for ratio in suite.ratios)

    @property
    def has_claimed_pair(self) -> bool:
        """Whether ES was run, and what stands for reinforcement learning in the popular claims."""
        return have_claimed_agents(self.groups)

    @property
    def bears_on_claims(self) -> bool:
        """Whether an environment of some claim was run, so that the page speaks of the claims."""
        claims = self.examination.claims
        return self.has_claimed_pair and any(e.evidence.environments for e in claims)


def findings_of(loaded: LoadedRuns, baseline: str | None = None) -> Findings:
    """All statistics of some runs, and what to be careful with.

    baseline: the agent, or the label of one group, that the others are compared with; None: DQN
    where it was run, else the agent of the first group.

    Raises ConfigError where no run is of that baseline.
    """
    environments = group_runs(loaded.runs)
    check_baseline(environments, baseline)
    analyses = tuple(analyze(environment, baseline) for environment in environments)
    ratios = [ratio for analysis in analyses for ratio in analysis.ratios]
    suites = tuple(across_environments(environments, ratios, baseline))
    notes = [
        note
        for environment in environments
        for note in (*budget_notes(environment), *incomparable_notes(environment, baseline))
    ]
    return Findings(
        analyses=analyses,
        stems=file_stems(environment.env for environment in environments),
        suites=suites,
        leagues=leagues(environments, baseline),
        missing=tuple(suite_notes(environments, suites, baseline)),
        examination=examine(environments),
        problems=(
            *loaded.problems,
            *failure_notes(loaded.runs),
            *observation_notes(environments),
            *notes,
            *contention_notes(loaded.runs),
            *drift_notes(environments),
            *uneven_notes(environments),
        ),
    )
