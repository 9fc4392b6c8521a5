"""The queries of docs/statistics.md, "Tracing a number", run on the committed reference runs.

Nothing of the report's code is used to recompute: only the JSON rows of the logs.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from rlbench.analysis.environment import analyze
from rlbench.analysis.groups import group_runs
from rlbench.analysis.speed_ratios import speed_ratios
from rlbench.analysis.suite_statistics import across_environments
from rlbench.reports.cost import Rates
from rlbench.reports.tables import report_tables
from rlbench.runs.load import load_runs

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "classic"
ENV = "LunarLander-v3"

Rows = list[dict[str, Any]]
Tables = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def report() -> Tables:
    """Every table of the reference report by its file name."""
    environments = group_runs(load_runs(REFERENCE).runs)
    ratios = [ratio for e in environments for ratio in speed_ratios(e)]
    suites = across_environments(environments, ratios)
    made = report_tables([analyze(e) for e in environments], suites, Rates())
    return {table.file: list(csv.DictReader(table.csv().decode().splitlines())) for table in made}


def logs(agent: str, env: str) -> list[tuple[dict[str, Any], Rows]]:
    """run.json and the rows of log.jsonl of every run of an agent on an environment."""
    return [
        (
            json.loads((place / "run.json").read_text()),
            [json.loads(line) for line in (place / "log.jsonl").read_text().splitlines()],
        )
        for place in sorted((REFERENCE / agent / env).glob("*/seed*"))
    ]


def solved_after(rows: Rows, column: str) -> float | None:
    """The clock of the first confirmed `solved` row."""
    return next((r[column] for r in rows if r["kind"] == "solved" and r["confirmed"]), None)


def cell(rows: list[dict[str, str]], **keys: str) -> dict[str, str]:
    (found,) = [row for row in rows if all(row[key] == value for key, value in keys.items())]
    return found


def restricted_mean(agent: str, env: str, horizon: float, column: str = "train_s") -> float:
    times = [solved_after(rows, column) for _, rows in logs(agent, env)]
    return sum(min(t, horizon) if t is not None else horizon for t in times) / len(times)


@pytest.mark.parametrize("env", [ENV, "Pendulum-v1"])
@pytest.mark.parametrize("agent", ["es", "dqn"])
def test_times_to_threshold_and_costs(report: Tables, env: str, agent: str) -> None:
    runs = logs(agent, env)
    table = report["time_to_threshold.csv"]
    row = cell(table, env=env, agent=agent, unit="train_s")
    times = [solved_after(rows, "train_s") for _, rows in runs]
    ends = [rows[-1]["train_s"] for _, rows in runs]
    spent = [end if t is None else t for t, end in zip(times, ends, strict=True)]
    solved = sum(t is not None for t in times)
    assert (int(row["n_reached"]), int(row["n_runs"])) == (solved, len(runs))
    mean = restricted_mean(agent, env, float(row["horizon"]))
    assert float(row["restricted_mean"]) == pytest.approx(mean, rel=1e-6)
    expected = sum(spent) / solved
    assert float(row["expected_running_time"]) == pytest.approx(expected, rel=1e-6)
    cores = runs[0][0]["cores"]
    in_core_seconds = cell(table, env=env, agent=agent, unit="core_s")["expected_running_time"]
    assert float(in_core_seconds) == pytest.approx(cores * expected, rel=1e-6)
    hours = cores * expected / 3600
    assert float(row["core_hours_per_solve"]) == pytest.approx(hours, rel=1e-6)
    euros = hours * float(row["euros_per_core_hour"])
    assert float(row["euros_per_solve"]) == pytest.approx(euros, rel=1e-6)
    kwh = hours * float(row["watts_per_core"]) / 1000
    assert float(row["kwh_per_solve"]) == pytest.approx(kwh, rel=1e-6)


def span(rows: Rows) -> tuple[float, float]:
    """Between which training times a run was solved: from the evaluation before the first confirmed
    `solved` row, or from the end where there is none."""
    at = solved_after(rows, "train_s")
    if at is None:
        return float(rows[-1]["train_s"]), math.inf
    before = [r["train_s"] for r in rows if r["kind"] == "eval" and r["train_s"] < at]
    return float(before[-1]), at


@pytest.mark.parametrize("env", [ENV, "CartPole-v1", "Pendulum-v1"])
def test_speed_ratios(report: Tables, env: str) -> None:
    row = cell(report["speed_ratio.csv"], env=env, unit="train_s")
    dqn, es = ([span(rows) for _, rows in logs(agent, env)] for agent in ("dqn", "es"))
    least = sorted(a[0] / b[1] for a in dqn for b in es)
    most = sorted(a[1] / b[0] for a in dqn for b in es)
    # Ten runs each: 23 of the 100 pairs are left out at either end.
    assert row["low"] == "" if least[23] == 0.0 else float(row["low"]) == pytest.approx(least[23])
    assert float(row["high"]) == pytest.approx(most[76])
    seen = sorted(a[1] / (b[1] if math.isfinite(b[1]) else b[0]) for a in dqn for b in es)
    assert float(row["ratio"]) == pytest.approx(math.sqrt(seen[49] * seen[50]))


def test_the_mean_over_environments(report: Tables) -> None:
    ratios = [
        float(row["ratio"]) for row in report["speed_ratio.csv"]
        if (row["is_threshold"], row["unit"]) == ("true", "train_s")
    ]  # fmt: skip
    overall = cell(report["speed_ratio_overall.csv"], unit="train_s")
    assert len(ratios) == 5
    assert float(overall["ratio"]) == pytest.approx(math.exp(sum(map(math.log, ratios)) / 5))


def test_survival_rows(report: Tables) -> None:
    rows = [
        row for row in report["survival.csv"]
        if (row["env"], row["agent"], row["unit"]) == (ENV, "dqn", "env_steps")
    ]  # fmt: skip
    runs = [log for _, log in logs("dqn", ENV)]
    times = sorted(t for log in runs if (t := solved_after(log, "env_steps")) is not None)
    assert [float(row["time"]) for row in rows if row["reached"] != "0"] == sorted(set(times))
    assert sum(int(row["reached"]) for row in rows) == len(times)
    # Until the first censoring the share not there is a plain count.
    for row in rows:
        if row["censored"] != "0":
            break
        share = 1 - sum(t <= float(row["time"]) for t in times) / len(runs)
        assert float(row["not_there"]) == pytest.approx(share)


def test_scores_and_their_mean(report: Tables) -> None:
    by_env: dict[str, list[float]] = {}
    for row in report["scores.csv"]:
        if row["agent"] != "es":
            continue
        finals = [
            [r["return_mean"] for r in rows if r["kind"] == "eval"][-1]
            for _, rows in logs("random", row["env"])
        ]
        zero = sum(finals) / len(finals)
        run, rows = next(p for p in logs("es", row["env"]) if p[0]["seed"] == int(row["seed"]))
        horizon = float(row["horizon_train_s"])
        evaluated = [r for r in rows if r["kind"] == "eval" and r["train_s"] <= horizon]
        value = evaluated[-1]["return_mean"]
        if rows[-1]["status"] == "solved":
            value = min(value, run["threshold"])
        score = (value - zero) / (run["threshold"] - zero)
        assert float(row["score"]) == pytest.approx(score, rel=1e-6)
        by_env.setdefault(row["env"], []).append(score)
    mean = sum(sum(part) / len(part) for part in by_env.values()) / len(by_env)
    found = cell(report["aggregate.csv"], agent="es", statistic="mean")
    assert float(found["value"]) == pytest.approx(mean, rel=1e-6)


def test_a_point_of_a_curve(report: Tables) -> None:
    rows = [
        row for row in report["curves.csv"]
        if (row["env"], row["agent"], row["axis"]) == (ENV, "es", "train_s")
    ]  # fmt: skip
    point = rows[len(rows) // 2]
    at = float(point["x"]) * (1 + 1e-9)  # the table has ten digits
    standing = [
        [r["return_mean"] for r in log if r["kind"] == "eval" and r["train_s"] <= at][-1]
        for _, log in logs("es", ENV)
    ]
    assert float(point["mean"]) == pytest.approx(sum(standing) / len(standing), rel=1e-6)
