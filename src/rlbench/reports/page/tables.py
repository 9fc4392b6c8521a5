"""Tables of the page, made from the very CSV files that lie beside it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlbench.reports.page.model import Cell, Column, Row, Table
from rlbench.reports.tables import FORMULA_STARTS
from rlbench.wording import agent_name, count, significant

MAX_ROWS = 3000  # of one table; the rest is in its file, and the page says so

_WORDS = {
    ">=": "at least",
    "<=": "at most",
    "iqm": "interquartile mean",
    "optimality_gap": "optimality gap",
    "probability_of_improvement": "probability of improvement",
    "probability_of_sooner": "probability of being sooner",
}
UNIT_WORDS = {
    "train_s": "training seconds",
    "core_s": "core-seconds",
    "train_cpu_s": "CPU-seconds in training",
    "env_steps": "environment steps",
    "command_s": "seconds from command",
}


@dataclass(frozen=True)
class TableSpec:
    """Which columns of a CSV file are shown. A file that is not there is passed over.

    columns: (name in the file, heading, meaning).
    agents: the columns that hold agents or groups of them.
    """

    file: str
    title: str
    meaning: str
    columns: tuple[tuple[str, str, str], ...]
    agents: tuple[str, ...] = ("group",)


TABLES = (
    TableSpec(
        "speed_ratio.csv",
        "Speed ratios",
        "DQN's restricted mean cost to a level over that of ES, for each level and each clock. "
        "Above 1 ES was faster or cheaper, below 1 DQN was.",
        (
            ("env", "Environment", "the Gymnasium id"),
            ("baseline", "DQN runs", "which group of DQN's runs"),
            ("challenger", "ES runs", "which group of ES's runs"),
            ("level", "Return", "the mean return to be reached"),
            ("unit", "Clock", "in what the cost is counted"),
            ("bound", "Bound", ">= where DQN never got there, <= where ES never did"),
            ("ratio", "Ratio", "DQN's restricted mean over that of ES"),
            ("low", "From", "lower end of the 95 % bootstrap interval"),
            ("high", "To", "upper end; empty: open"),
            ("log_rank_p", "Log-rank p", "of the hypothesis that both get there at the same rate"),
            ("n_baseline_reached", "DQN there", "runs of DQN that reached the level"),
            ("n_baseline", "DQN seeds", "runs of DQN"),
            ("n_challenger_reached", "ES there", "runs of ES that reached the level"),
            ("n_challenger", "ES seeds", "runs of ES"),
        ),
        agents=("baseline", "challenger"),
    ),
    TableSpec(
        "time_to_threshold.csv",
        "Time to each level",
        "How long each agent's runs took to a level. A run that never got there counts the whole "
        "horizon in the mean. Lower is better.",
        (
            ("env", "Environment", "the Gymnasium id"),
            ("group", "Agent", "the agent, and what sets this group of runs apart"),
            ("level", "Return", "the mean return to be reached"),
            ("unit", "Clock", "in what the time is counted"),
            ("n_reached", "Got there", "runs that reached the level"),
            ("n_runs", "Seeds", "runs"),
            ("restricted_mean", "Mean", "restricted mean up to the horizon"),
            ("low", "From", "lower end of its 95 % bootstrap interval"),
            ("high", "To", "upper end"),
            ("median", "Median", "by when half the runs got there; empty: half never did"),
            ("expected_running_time", "Per success", "all runs' time over the number of successes"),
            ("core_hours_per_solve", "Core-hours per success", "the same times the cores"),
            ("euros_per_solve", "Euros per success", "at the rates given"),
            ("kwh_per_solve", "kWh per success", "at the rates given"),
            ("horizon", "Horizon", "no time beyond it is counted"),
        ),
    ),
    TableSpec(
        "speed_ratio_overall.csv",
        "Speed ratios over all environments",
        "The geometric mean of the environments' speed ratios. Above 1 ES was faster or cheaper.",
        (
            ("env", "Environments", "which ones together"),
            ("unit", "Clock", "in what the cost is counted"),
            ("bound", "Bound", ">= where DQN never got there somewhere, <= where ES never did"),
            ("ratio", "Ratio", "geometric mean of DQN's restricted mean over that of ES"),
            ("low", "From", "lower end of the 95 % bootstrap interval"),
            ("high", "To", "upper end; empty: open"),
            ("n_baseline_reached", "DQN there", "runs of DQN that were solved"),
            ("n_baseline", "DQN runs", "in all"),
            ("n_challenger_reached", "ES there", "runs of ES that were solved"),
            ("n_challenger", "ES runs", "in all"),
            ("reason", "Remark", "why there is no ratio or interval, or what was left out"),
        ),
        agents=("baseline", "challenger"),
    ),
    TableSpec(
        "aggregate.csv",
        "Normalised scores over all environments",
        "In a normalised score 0 is acting at random and 1 the threshold (on Atari: a human). "
        "An optimality gap is better when lower, all else when higher.",
        (
            ("suite", "Suite", "which environments, where they differ in their conditions"),
            ("agent", "Agent", "of a probability: the one that is better than the other"),
            ("statistic", "Statistic", "as docs/statistics.md defines it"),
            ("value", "Value", "the estimate"),
            ("low", "From", "lower end of the 95 % bootstrap interval"),
            ("high", "To", "upper end"),
            ("n_environments", "Environments", "that have a score"),
            ("n_runs", "Runs", "that it rests on"),
            ("reason", "Remark", "why there is no interval"),
        ),
        agents=("agent",),
    ),
    TableSpec(
        "runs.csv",
        "Runs",
        "One row a run. The seed leads to its configuration and to where its time went.",
        (
            ("env", "Environment", "the Gymnasium id"),
            ("group", "Agent", "the agent, and what sets this group of runs apart"),
            ("seed", "Seed", "of the run's random streams"),
            ("status", "Ended", "solved, budget used up, interrupted, failed, or unfinished"),
            ("threshold", "Threshold", "the mean return that means solved"),
            ("solved_train_s", "Solved at (s)", "training seconds; empty: never"),
            ("solved_env_steps", "Solved at (steps)", "environment steps; empty: never"),
            ("end_train_s", "Training (s)", "training seconds in all"),
            ("end_env_steps", "Steps", "environment steps in all"),
            ("env_steps_per_s", "Steps/s", "environment steps a training second"),
            ("final_return_mean", "Last return", "mean return of the last evaluation"),
            ("cores", "Cores", "that the run was held to"),
            ("train_core_hours", "Core-hours", "training time times the cores"),
            ("train_euros", "Euros", "of training, at the rate in time_to_threshold.csv"),
            ("train_kwh", "kWh", "of training, at the rate in time_to_threshold.csv"),
            ("relative_speed", "Relative speed", "steps a second, of the group's median run"),
            ("others_share", "Others", "share of the cores' time that other processes had"),
            ("stolen_share", "Stolen", "share of the cores' time the hypervisor gave to others"),
        ),
    ),
)

_OVERALL = frozenset({"aggregate.csv", "speed_ratio_overall.csv"})
_COUNTED = frozenset({"end_env_steps", "solved_env_steps", "env_steps_per_s"})
_EXACT = frozenset({"seed", "cores"})


def page_tables(files: Mapping[str, bytes], run_anchors: Mapping[str, str]) -> list[Table]:
    """The tables of all files that are there.

    Args:
        files: file name to content.
        run_anchors: a run's directory, as runs.csv has it, to its anchor on the page.
    """
    cores = _cores_of_groups(files.get("runs.csv", b""))
    return [
        _table(spec, files[spec.file], cores, run_anchors) for spec in TABLES if spec.file in files
    ]


def _table(
    spec: TableSpec,
    content: bytes,
    cores: Mapping[tuple[str, str], set[str]],
    run_anchors: Mapping[str, str],
) -> Table:
    header, records = _read(content)
    shown = spec.columns or tuple((name, name.replace("_", " "), "") for name in header)
    named = [(name, heading, meaning) for name, heading, meaning in shown if name in header]
    positions = {name: index for index, name in enumerate(header)}
    columns = []
    for name, heading, meaning in named:
        values = [record[positions[name]] for record in records]
        # A column without any value says nothing, in a table that is wide enough already.
        if any(values) or not records:
            numeric = all(_number(value) is not None for value in values if value)
            columns.append(Column(name, heading, meaning, numeric))
    rows = []
    for record in records[:MAX_ROWS]:
        fact = dict(zip(header, record, strict=True))
        # What speaks of several environments is shown whichever of them is chosen.
        env = plain(fact.get("env", "")) if spec.file not in _OVERALL else ""
        groups = [plain(fact[name]) for name in spec.agents if name in fact]
        cells = tuple(_cell(column, fact, run_anchors) for column in columns)
        agents = {group.partition(" ")[0] for group in groups}
        own = {fact["cores"]} if "cores" in fact else set[str]()
        found = own or {core for group in groups for core in cores.get((env, group), ())}
        rows.append(
            Row(
                cells,
                env=env,
                agents="\n".join(sorted(agents)),
                cores="\n".join(sorted(found)),
                unit=fact.get("unit", ""),
            )
        )
    return Table(
        anchor="table-" + spec.file.removesuffix(".csv").replace("_", "-"),
        file=spec.file,
        title=spec.title,
        meaning=spec.meaning,
        columns=tuple(columns),
        rows=tuple(rows),
        hidden_columns=len(header) - len(columns),
        left_out=max(len(records) - MAX_ROWS, 0),
    )


def _cell(column: Column, fact: Mapping[str, str], run_anchors: Mapping[str, str]) -> Cell:
    raw = fact[column.name]
    if not column.numeric:
        text = plain(raw)
        if column.name == "unit":
            return Cell(UNIT_WORDS.get(text, text), text)
        if column.name in ("group", "agent", "challenger", "baseline"):
            return Cell(agent_name(text), text)
        return Cell(_WORDS.get(text, text), text)
    value = _number(raw)
    if value is None:
        return Cell("", "")
    if column.name in _EXACT:
        return Cell(raw, raw, run_anchors.get(plain(fact.get("directory", "")), ""))
    if column.name in _COUNTED or (fact.get("unit") == "env_steps" and value >= 1e4):
        return Cell(count(value), raw)
    return Cell(_rounded(value), raw)


def _rounded(value: float) -> str:
    if value == int(value) and abs(value) < 1e6:
        return f"{value:g}"
    return significant(value)


def _read(content: bytes) -> tuple[list[str], list[list[str]]]:
    rows: Sequence[list[str]] = list(csv.reader(io.StringIO(content.decode("utf-8", "replace"))))
    return (rows[0], list(rows[1:])) if rows else ([], [])


def plain(text: str) -> str:
    """A text without the mark that keeps a spreadsheet from running it."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _cores_of_groups(content: bytes) -> dict[tuple[str, str], set[str]]:
    header, records = _read(content)
    found: dict[tuple[str, str], set[str]] = {}
    for record in records:
        fact = dict(zip(header, record, strict=True))
        key = (plain(fact.get("env", "")), plain(fact.get("group", "")))
        found.setdefault(key, set()).add(fact.get("cores", ""))
    return found
