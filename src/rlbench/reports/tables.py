"""The report's tables: long form, one fact a row; the page and the CSV files are made from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rlbench.analysis.curves import Curve
from rlbench.analysis.decision import decide
from rlbench.analysis.drift import relative_speeds, speeds_of_thirds
from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group
from rlbench.analysis.level_times import LevelTime
from rlbench.analysis.reached import ReachedCurve
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports import columns
from rlbench.reports.cost import Rates, train_core_hours
from rlbench.runs.records import UNITS, Clock, Machine, Run
from rlbench.table import About, Column, Row, Table, Value


def report_tables(
    analyses: Sequence[EnvironmentAnalysis], suites: Sequence[SuiteStatistics], rates: Rates
) -> list[Table]:
    """Every table that has something to say, those that a reader looks for first in front."""
    over_environments = [
        (any(suite.ratios for suite in suites), overall_ratios_table),
        (any(suite.estimates for suite in suites), estimates_table),
        (any(suite.scores for suite in suites), scores_table),
        (any(suite.profiles for suite in suites), profiles_table),
        (any(suite.profiles for suite in suites), score_curves_table),
    ]
    return [
        ratios_table(analyses),
        times_table(analyses, rates),
        *(table(suites) for is_known, table in over_environments if is_known),
        runs_table(analyses, rates),
        survival_table(curve for analysis in analyses for curve in analysis.reached),
        curves_table(curve for analysis in analyses for curve in analysis.curves),
    ]


def ratios_table(analyses: Sequence[EnvironmentAnalysis]) -> Table:
    """One row for each comparison, level and clock."""
    groups = _groups(analyses)
    rows = []
    for analysis in analyses:
        for ratio in analysis.ratios:
            both = [groups[ratio.env, label] for label in (ratio.baseline, ratio.challenger)]
            values = _values(columns.RATIOS, ratio, {"winner": winner_of(ratio)})
            rows.append(Row(values, _about(both, ratio.unit)))
    return Table(
        "speed_ratio.csv",
        "speed ratios, by environment, comparison, level and clock",
        columns.RATIOS,
        tuple(rows),
        "Speed ratios",
        "The baseline's restricted mean cost to a level over the challenger's, for each level and "
        "each clock. Above 1 the challenger was faster or cheaper, below 1 the baseline was.",
        ("env", "baseline", "challenger", "level", "unit", "bound", "ratio", "low", "high",
         "log_rank_p", "n_baseline_reached", "n_baseline", "n_challenger_reached",
         "n_challenger"),
    )  # fmt: skip


def times_table(analyses: Sequence[EnvironmentAnalysis], rates: Rates) -> Table:
    """One row for each group, level and clock, and what a solve costs."""
    groups = _groups(analyses)
    rows = []
    for analysis in analyses:
        for time in analysis.times:
            about = _about([groups[time.env, time.group]], time.unit)
            rows.append(Row(_values(columns.TIMES, time, _cost_of(time, rates)), about))
    return Table(
        "time_to_threshold.csv",
        "time to each level, by group of runs and clock",
        columns.TIMES,
        tuple(rows),
        "Time to each level",
        "How long each agent's runs took to a level. A run that never reached it counts the whole "
        "horizon in the mean. Lower is better.",
        ("env", "group", "level", "unit", "n_reached", "n_runs", "restricted_mean", "low", "high",
         "median", "expected_running_time", "core_hours_per_solve", "euros_per_solve",
         "kwh_per_solve", "horizon"),
    )  # fmt: skip


def overall_ratios_table(suites: Sequence[SuiteStatistics]) -> Table:
    """One row for each comparison over environments and clock."""
    rows = [
        Row(
            _values(columns.OVERALL_RATIOS, ratio, {"winner": winner_of(ratio)}),
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
        ("env", "baseline", "challenger", "unit", "bound", "ratio", "low", "high",
         "n_baseline_reached", "n_baseline", "n_challenger_reached", "n_challenger", "reason"),
    )  # fmt: skip


def estimates_table(suites: Sequence[SuiteStatistics]) -> Table:
    """One row for each statistic over environments."""
    rows = []
    for suite in suites:
        agents = _agents_of(suite)
        for estimate in suite.estimates:
            about = About(agents=(agents[estimate.agent],))
            rows.append(Row(_values(columns.ESTIMATES, estimate), about))
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
    rows = tuple(_curve_rows(curves))
    return Table("curves.csv", "the mean curves with their intervals", columns.CURVES, rows)


def score_curves_table(suites: Sequence[SuiteStatistics]) -> Table:
    """One row for each point of each curve over environments."""
    return Table(
        "aggregate_curves.csv",
        "the interquartile mean of scores while learning",
        columns.CURVES,
        tuple(_curve_rows(curve for suite in suites for curve in suite.curves)),
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


def winner_of(ratio: SpeedRatio | MeanRatio) -> str:
    """The label of the group that was faster, or `open`, or `none`."""
    decision = decide(ratio)
    return decision.winner_label or decision.winner


def _groups(analyses: Sequence[EnvironmentAnalysis]) -> dict[tuple[str, str], Group]:
    return {(g.env, g.label): g for analysis in analyses for g in analysis.groups.groups}


def _about(groups: Sequence[Group], clock: str = "") -> About:
    """What a row about some groups of one environment speaks of."""
    cores = {run.cores for group in groups for run in group.runs if run.cores is not None}
    agents = tuple(sorted({group.agent for group in groups}))
    return About(groups[0].env, agents, tuple(sorted(cores)), clock)


def _agents_of(suite: SuiteStatistics) -> dict[str, str]:
    """The agents that a suite compares, by what the suite calls them."""
    groups = suite.suite.contests[0].sides
    return {name: group.agent for name, group in zip(suite.suite.sides, groups, strict=True)}


def _values(
    shown: Sequence[Column], found: object, more: Mapping[str, Value] | None = None
) -> tuple[Value, ...]:
    """What a dataclass has under the columns' names, and `more` beside it."""
    further = more or {}
    return tuple(
        further[column.name] if column.name in further else getattr(found, column.name)
        for column in shown
    )


def _cost_of(time: LevelTime, rates: Rates) -> dict[str, Value]:
    hours = time.core_hours_per_solve
    return {
        "euros_per_solve": rates.euros(hours),
        "kwh_per_solve": rates.kwh(hours),
        "euros_per_core_hour": rates.euros_per_core_hour,
        "watts_per_core": rates.watts_per_core,
    }


def _curve_rows(curves: Iterable[Curve]) -> Iterator[Row]:
    for c in curves:
        for point in zip(c.x, c.mean, c.low, c.high, c.n, strict=True):
            yield Row((c.env, c.agent, c.group, c.unit, *map(float, point)))


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
