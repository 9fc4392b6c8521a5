"""The report's tables: long form, one fact a row; the page and the CSV files are made from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rlbench.analysis.curves import Curve
from rlbench.analysis.drift import relative_speeds, speeds_of_thirds
from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group
from rlbench.analysis.league import League
from rlbench.analysis.level_times import LevelTime
from rlbench.analysis.reached import ReachedCurve
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports import columns
from rlbench.reports.cost import Rates, train_core_hours
from rlbench.reports.league import league_table
from rlbench.reports.suite_tables import suite_tables
from rlbench.reports.table_rows import column_values, curve_rows, winner_of
from rlbench.runs.records import UNITS, Clock, Machine, Run
from rlbench.table import About, Row, Table, Value


def report_tables(
    analyses: Sequence[EnvironmentAnalysis],
    suites: Sequence[SuiteStatistics],
    rates: Rates,
    leagues: Sequence[League] = (),
) -> list[Table]:
    """Every table that has something to say, those that a reader looks for first in front."""
    return [
        *([league_table(leagues)] if leagues else []),
        ratios_table(analyses),
        times_table(analyses, rates),
        *suite_tables(suites),
        runs_table(analyses, rates),
        survival_table(curve for analysis in analyses for curve in analysis.reached),
        curves_table(curve for analysis in analyses for curve in analysis.curves),
        evaluations_table(analyses),
    ]


def ratios_table(analyses: Sequence[EnvironmentAnalysis]) -> Table:
    """One row for each comparison, level and clock."""
    groups = _groups(analyses)
    rows = []
    for analysis in analyses:
        for ratio in analysis.ratios:
            both = [groups[ratio.env, label] for label in (ratio.baseline, ratio.challenger)]
            values = column_values(columns.RATIOS, ratio, {"winner": winner_of(ratio)})
            rows.append(Row(values, _about(both, ratio.unit)))
    return Table(
        "speed_ratio.csv",
        "speed ratios, by environment, comparison, level and clock",
        columns.RATIOS,
        tuple(rows),
        "Speed ratios",
        "The baseline's time to a level over the challenger's (median over pairs of runs), for "
        "each level and each clock. Above 1 the challenger was faster or cheaper, below 1 the "
        "baseline was.",
        ("env", "baseline", "challenger", "level", "unit", "winner", "bound", "ratio", "low",
         "high", "grid", "p", "n_baseline_reached", "n_baseline", "n_challenger_reached",
         "n_challenger"),
    )  # fmt: skip


def times_table(analyses: Sequence[EnvironmentAnalysis], rates: Rates) -> Table:
    """One row for each group, level and clock, and what a solve costs."""
    groups = _groups(analyses)
    rows = []
    for analysis in analyses:
        for time in analysis.times:
            about = _about([groups[time.env, time.group]], time.unit)
            rows.append(Row(column_values(columns.TIMES, time, _cost_of(time, rates)), about))
    return Table(
        "time_to_threshold.csv",
        "time to each level, by group of runs and clock",
        columns.TIMES,
        tuple(rows),
        "Time to each level",
        "How long each agent's runs took to a level. A run that never reached it counts the whole "
        "horizon in the mean. Lower is better.",
        ("env", "group", "level", "unit", "n_reached", "n_runs", "restricted_mean", "median",
         "median_low", "median_high", "expected_running_time", "core_hours_per_solve",
         "euros_per_solve", "kwh_per_solve", "horizon"),
    )  # fmt: skip


def runs_table(analyses: Sequence[EnvironmentAnalysis], rates: Rates) -> Table:
    """One row for each run, with its group, its clocks and costs and the facts of its machine."""
    rows = []
    for group in _groups(analyses).values():
        speeds = relative_speeds(group)
        for run in group.runs:
            found = _run_values(group, run, rates) | {"relative_speed": speeds.get(run.path)}
            values = tuple(found.get(column.name) for column in columns.RUNS)
            rows.append(Row(values, _about([group])._replace(run=run.path.as_posix())))
    return Table(
        "runs.csv",
        "one row for each run, with its clocks and the facts of its machine",
        columns.RUNS,
        tuple(rows),
        "Runs",
        "One row for each run. The seed leads to its configuration and to where its time went.",
        ("env", "group", "seed", "status", "threshold", "solved_train_s", "solved_env_steps",
         "end_train_s", "end_env_steps", "env_steps_per_s", "final_return_mean", "cores",
         "train_core_hours", "train_euros", "train_kwh", "relative_speed", "others_share",
         "stolen_share"),
    )  # fmt: skip


def evaluations_table(analyses: Sequence[EnvironmentAnalysis]) -> Table:
    """One row for each evaluation of each run."""
    rows = tuple(
        Row(
            (
                group.env, group.agent, group.label, run.seed, index,
                *(float(run.evaluations.along(unit)[index]) for unit in UNITS),
                float(run.evaluations.return_mean[index]), run.path.as_posix(),
            )
        )
        for group in _groups(analyses).values()
        for run in group.runs
        for index in range(len(run.evaluations))
    )  # fmt: skip
    return Table("evaluations.csv", "one row for each evaluation", columns.EVALUATIONS, rows)


def survival_table(curves: Iterable[ReachedCurve]) -> Table:
    """One row for each time at which a run of a group reached a level or was last seen;
    `not_there` is the Kaplan-Meier curve just after it, with its pointwise interval."""
    rows = [
        Row(
            (
                c.env, c.agent, c.group, c.level, c.is_threshold, c.unit, float(row[0]),
                *map(int, row[1:4]), *map(float, row[4:]),
            )
        )
        for c in curves
        for row in zip(
            c.curve.time, c.curve.at_risk, c.curve.reached, c.curve.censored,
            c.curve.share, c.curve.low, c.curve.high, strict=True,
        )
    ]  # fmt: skip
    return Table("survival.csv", "the Kaplan–Meier curves", columns.SURVIVAL, tuple(rows))


def curves_table(curves: Iterable[Curve]) -> Table:
    """One row for each point of each mean curve."""
    rows = tuple(curve_rows(curves))
    return Table("curves.csv", "the mean curves with the range of the seeds", columns.CURVES, rows)


def _groups(analyses: Sequence[EnvironmentAnalysis]) -> dict[tuple[str, str], Group]:
    return {(g.env, g.label): g for analysis in analyses for g in analysis.groups.groups}


def _about(groups: Sequence[Group], clock: str = "") -> About:
    """What a row about some groups of one environment speaks of."""
    cores = {run.cores for group in groups for run in group.runs if run.cores is not None}
    agents = tuple(sorted({group.agent for group in groups}))
    return About(groups[0].env, agents, tuple(sorted(cores)), clock)


def _cost_of(time: LevelTime, rates: Rates) -> dict[str, Value]:
    hours = time.core_hours_per_solve
    return {
        "euros_per_solve": rates.euros(hours),
        "kwh_per_solve": rates.kwh(hours),
        "euros_per_core_hour": rates.euros_per_core_hour,
        "watts_per_core": rates.watts_per_core,
    }


def _run_values(group: Group, run: Run, rates: Rates) -> dict[str, Value]:
    """A run's values by the names of their columns: its fields, its machine's, those of its clock
    at the end, and what follows from them."""
    solved = run.solved_at
    hours = train_core_hours(run)
    first, last = speeds_of_thirds(run) or (None, None)
    return {
        **_values_of(run.end),
        **_values_of(run.machine),
        **_values_of(run),
        **_clock_values("solved", None if solved is None else solved.at, run),
        **_clock_values("previous", None if solved is None else solved.previous, run),
        **_clock_values("end", run.end, run),
        "env_steps_per_s": run.end.env_steps_per_s,
        "group": group.label,
        "train_core_hours": hours,
        "train_euros": rates.euros(hours),
        "train_kwh": rates.kwh(hours),
        "steps_per_s_first_third": first,
        "steps_per_s_last_third": last,
        "evaluations": len(run.evaluations),
        "directory": run.path.as_posix(),
    }


def _values_of(part: Run | Machine | Clock) -> dict[str, Value]:
    return {name: value for name, value in vars(part).items() if isinstance(value, Value)}


def _clock_values(moment: str, clock: Clock | None, run: Run) -> dict[str, Value]:
    return {
        f"{moment}_{unit}": None if clock is None else clock.along(unit, run.cores)
        for unit in UNITS
    }
