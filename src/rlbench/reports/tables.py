"""The report's CSV tables: plain, long form, one fact a row, the same bytes for the same input."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

from rlbench.analysis.curves import Curve
from rlbench.analysis.drift import relative_speeds, thirds
from rlbench.analysis.groups import EnvironmentGroups
from rlbench.analysis.level_times import LevelTime
from rlbench.analysis.reached import ReachedCurve
from rlbench.analysis.score_statistics import Estimate
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.reports.cost import Rates, train_core_hours
from rlbench.runs.records import UNITS, Clock, Run

Cell = str | int | float | bool | None
FORMULA_STARTS = ("=", "+", "-", "@", "\t")


def runs_table(environments: Sequence[EnvironmentGroups], rates: Rates) -> str:
    """runs.csv: one row a run, with its group, its clocks and costs and its machine's facts."""
    groups = [group for environment in environments for group in environment.groups]
    speeds = {path: speed for g in groups for path, speed in relative_speeds(g).items()}
    rows = [
        _run_row(group.label, run, rates, speeds.get(run.path))
        for group in groups
        for run in group.runs
    ]
    return _csv(list(rows[0]) if rows else [], (row.values() for row in rows))


def level_times_table(times: Iterable[LevelTime], rates: Rates) -> str:
    """time_to_threshold.csv: one row for each group, level and unit, and what a solve costs."""
    columns = [field.name for field in fields(LevelTime)]
    position = columns.index("n_reached") + 1
    costs = ["euros_per_solve", "kwh_per_solve", "euros_per_core_hour", "watts_per_core"]
    header = [*columns[:position], "success_fraction", *columns[position:], *costs]
    rows = []
    for time in times:
        values = [getattr(time, name) for name in columns]
        hours = time.core_hours_per_solve
        cost = [rates.euros(hours), rates.kwh(hours), *vars(rates).values()]
        rows.append([*values[:position], time.success_fraction, *values[position:], *cost])
    return _csv(header, rows)


def speed_ratio_table(ratios: Iterable[SpeedRatio]) -> str:
    """speed_ratio.csv: one row for each comparable pair, level and unit."""
    columns = [field.name for field in fields(SpeedRatio)]
    return _csv(columns, ([getattr(ratio, name) for name in columns] for ratio in ratios))


def survival_table(curves: Iterable[ReachedCurve]) -> str:
    """survival.csv: one row for each time at which a run of a group got to a level or was last
    seen; `not_there` is the Kaplan-Meier curve just after it, with its pointwise interval."""
    header = [
        "env", "agent", "group", "level", "is_threshold", "unit", "time",
        "at_risk", "reached", "censored", "not_there", "low", "high",
    ]  # fmt: skip
    return _csv(
        header,
        (
            [
                c.env, c.agent, c.group, c.level, c.is_threshold, c.unit, float(row[0]),
                *map(int, row[1:4]), *map(float, row[4:]),
            ]
            for c in curves
            for row in zip(
                c.curve.time, c.curve.at_risk, c.curve.reached, c.curve.censored,
                c.curve.share, c.curve.low, c.curve.high, strict=True,
            )
        ),
    )  # fmt: skip


def scores_table(suites: Iterable[SuiteStatistics]) -> str:
    """scores.csv: one row for each run with its return at the common horizon, normalised."""
    header = [
        "suite", "env", "agent", "group", "seed", "horizon_train_s",
        "random_return", "reference_return", "score",
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for found in suites:
        for part in found.scores:
            contest, scale = part.contest, part.scale
            for group, scores in (
                (contest.challenger, part.challenger),
                (contest.baseline, part.baseline),
            ):
                rows.extend(
                    [
                        found.suite.label, part.env, group.agent, group.label, run.seed,
                        part.horizon, scale.random, scale.reference, float(score),
                    ]
                    for run, score in zip(group.runs, scores, strict=True)
                )  # fmt: skip
    return _csv(header, rows)


def aggregate_table(suites: Iterable[SuiteStatistics]) -> str:
    """aggregate.csv: one row for each statistic over environments."""
    columns = [field.name for field in fields(Estimate)]
    return _csv(
        columns, ([getattr(e, name) for name in columns] for s in suites for e in s.estimates)
    )


def profiles_table(suites: Iterable[SuiteStatistics]) -> str:
    """profiles.csv: one row for each point of each performance profile."""
    return _csv(
        ["suite", "agent", "tau", "share", "low", "high"],
        (
            [p.suite, p.agent, *map(float, point)]
            for s in suites
            for p in s.profiles
            for point in zip(p.tau, p.share, p.low, p.high, strict=True)
        ),
    )


def curves_table(curves: Iterable[Curve]) -> str:
    """curves.csv: one row for each point of each mean curve."""
    header = ["env", "agent", "group", "axis", "x", "mean", "low", "high", "n"]
    return _csv(
        header,
        (
            [c.env, c.agent, c.group, c.unit, *map(float, point)]
            for c in curves
            for point in zip(c.x, c.mean, c.low, c.high, c.n, strict=True)
        ),
    )


def table_of(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> str:
    """A table of rows that name their columns; a column that a row lacks is an empty cell."""
    return _csv(columns, ([row.get(name) for name in columns] for row in rows))


def _run_row(label: str, run: Run, rates: Rates, relative_speed: float | None) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "env": run.env,
        "agent": run.agent,
        "group": label,
        "seed": run.seed,
        "status": run.status,
        "threshold": run.threshold,
    }
    solved = run.solved_at
    row |= _clock_cells("solved", None if solved is None else solved.at)
    row |= _clock_cells("previous", None if solved is None else solved.previous)
    row |= _clock_cells("end", run.end)
    hours = train_core_hours(run)
    row |= {
        "train_core_hours": hours,
        "train_euros": rates.euros(hours),
        "train_kwh": rates.kwh(hours),
    }
    first, last = thirds(run) or (None, None)
    row |= {
        "steps_per_s_first_third": first,
        "steps_per_s_last_third": last,
        "relative_speed": relative_speed,
        "evaluations": len(run.evaluations),
        "failed_confirmations": run.failed_confirmations,
        "attempts": run.attempts,
        "budget_train_s": run.budget_train_s,
        "budget_env_steps": run.budget_env_steps,
        "random_return": run.random_return,
        "cores": run.cores,
        "executor": run.executor,
        "device": run.device,
        "precision": run.precision,
        "cpu_model": run.cpu_model,
        "rlbench": run.rlbench,
        "setup": run.setup,
        "learning": run.learning,
        "fingerprint": run.fingerprint,
        "started_at": run.started_at,
    }
    return row | dict(run.facts) | {"directory": run.path.as_posix()}


def _clock_cells(prefix: str, clock: Clock | None) -> dict[str, Cell]:
    return {f"{prefix}_{unit}": None if clock is None else clock.along(unit) for unit in UNITS}


def _csv(header: Sequence[str], rows: Iterable[Iterable[Cell]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}" if math.isfinite(value) else ""
    if isinstance(value, int):
        return str(value)
    # A spreadsheet would run a text that begins like a formula.
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value
