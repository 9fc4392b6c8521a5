"""The report's tables over several environments."""

from __future__ import annotations

from collections.abc import Sequence

from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports import columns
from rlbench.reports.table_rows import column_values, curve_rows, winner_of
from rlbench.table import About, Row, Table


def suite_tables(suites: Sequence[SuiteStatistics]) -> list[Table]:
    """Those that have a row, those that a reader looks for first in front."""
    tables = (
        overall_ratios_table(suites),
        estimates_table(suites),
        scores_table(suites),
        profiles_table(suites),
        score_curves_table(suites),
    )
    return [table for table in tables if table.rows]


def overall_ratios_table(suites: Sequence[SuiteStatistics]) -> Table:
    """One row for each comparison over environments and clock."""
    rows = [
        Row(
            column_values(columns.OVERALL_RATIOS, ratio, {"winner": winner_of(ratio)}),
            About(agents=tuple(sorted(set(_agents_of(suite).values()))), clock=ratio.unit),
        )
        for suite in suites
        for ratio in suite.ratios
    ]
    return Table(
        "speed_ratio_overall.csv",
        "the geometric mean of speed ratios",
        columns.OVERALL_RATIOS,
        tuple(rows),
        "Speed ratios over all environments",
        "The geometric mean of the environments' speed ratios. Above 1 the challenger was faster "
        "or cheaper.",
        ("env", "baseline", "challenger", "unit", "winner", "bound", "ratio", "low", "high",
         "n_baseline_reached", "n_baseline", "n_challenger_reached", "n_challenger", "reason"),
    )  # fmt: skip


def estimates_table(suites: Sequence[SuiteStatistics]) -> Table:
    """One row for each statistic over environments."""
    rows = []
    for suite in suites:
        agents = _agents_of(suite)
        for estimate in suite.estimates:
            about = About(agents=(agents[estimate.agent],))
            rows.append(Row(column_values(columns.ESTIMATES, estimate), about))
    return Table(
        "aggregate.csv",
        "normalised scores over all environments together",
        columns.ESTIMATES,
        tuple(rows),
        "Normalised scores over all environments",
        "In a normalised score 0 is acting at random and 1 the threshold (on Atari: a human). "
        "An optimality gap is better when lower, all else when higher.",
        tuple(column.name for column in columns.ESTIMATES),
    )


def scores_table(suites: Sequence[SuiteStatistics]) -> Table:
    """One row for each run with its return at the common horizon, normalised."""
    rows = []
    for found in suites:
        for part in found.scores:
            contest, scale = part.contest, part.scale
            for group, scores in (
                (contest.challenger, part.challenger),
                (contest.baseline, part.baseline),
            ):
                rows += [
                    Row(
                        (
                            found.suite.label, part.env, group.agent, group.label, run.seed,
                            part.horizon, scale.random, scale.reference, float(score),
                        )
                    )
                    for run, score in zip(group.runs, scores, strict=True)
                ]  # fmt: skip
    return Table("scores.csv", "each run's normalised score", columns.SCORES, tuple(rows))


def profiles_table(suites: Sequence[SuiteStatistics]) -> Table:
    """One row for each point of each performance profile."""
    rows = [
        Row((p.suite, p.agent, *map(float, point)))
        for suite in suites
        for p in suite.profiles
        for point in zip(p.tau, p.share, p.low, p.high, strict=True)
    ]
    return Table("profiles.csv", "the performance profiles", columns.PROFILES, tuple(rows))


def score_curves_table(suites: Sequence[SuiteStatistics]) -> Table:
    """One row for each point of each curve over environments."""
    return Table(
        "aggregate_curves.csv",
        "the interquartile mean of scores while learning",
        columns.CURVES,
        tuple(curve_rows(curve for suite in suites for curve in suite.curves)),
    )


def _agents_of(suite: SuiteStatistics) -> dict[str, str]:
    """The agents that a suite compares, by what the suite calls them."""
    groups = suite.suite.contests[0].sides
    return {name: group.agent for name, group in zip(suite.suite.sides, groups, strict=True)}
