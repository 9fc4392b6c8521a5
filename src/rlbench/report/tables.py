"""The report's CSV tables: plain, long form, one fact a row, the same bytes for the same input."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

from rlbench.report.curves import Curve
from rlbench.report.groups import EnvironmentGroups
from rlbench.report.records import UNITS, Clock, Run
from rlbench.report.timing import LevelTime, SpeedRatio

Cell = str | int | float | bool | None
_FORMULA_STARTS = ("=", "+", "-", "@", "\t")


def runs_table(environments: Sequence[EnvironmentGroups]) -> str:
    """runs.csv: one row a run, with its group, its clocks and the facts of its machine."""
    rows = [
        _run_row(group.label, run)
        for environment in environments
        for group in environment.groups
        for run in group.runs
    ]
    return _csv(list(rows[0]) if rows else [], (row.values() for row in rows))


def level_times_table(times: Iterable[LevelTime]) -> str:
    """time_to_threshold.csv: one row for each group, level and unit."""
    columns = [field.name for field in fields(LevelTime)]
    position = columns.index("n_reached") + 1
    header = [*columns[:position], "success_fraction", *columns[position:]]
    rows = []
    for time in times:
        values = [getattr(time, name) for name in columns]
        rows.append([*values[:position], time.success_fraction, *values[position:]])
    return _csv(header, rows)


def speed_ratio_table(ratios: Iterable[SpeedRatio]) -> str:
    """speed_ratio.csv: one row for each comparable pair, level and unit."""
    columns = [field.name for field in fields(SpeedRatio)]
    return _csv(columns, ([getattr(ratio, name) for name in columns] for ratio in ratios))


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


def _run_row(label: str, run: Run) -> dict[str, Cell]:
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
    row |= {
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
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
