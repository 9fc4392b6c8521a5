"""The committed reference runs, of either schema, are read as their files say, without a note."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlbench.runs.load import load_runs
from rlbench.runs.records import Run

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
SETS = sorted(path.name for path in REFERENCE.iterdir() if path.is_dir())


def raw_rows(place: Path) -> list[dict[str, Any]]:
    """The rows of a log that count, read without the package."""
    kept: list[dict[str, Any]] = []
    for line in (place / "log.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["kind"] == "resume":
            kept = [earlier for earlier in kept if earlier["seq"] <= row["from_seq"]]
        kept.append(row)
    return kept


def assert_as_written(run: Run, place: Path) -> None:
    header = json.loads((place / "run.json").read_text())
    summary = json.loads((place / "summary.json").read_text())
    rows = raw_rows(place)
    evals = [row for row in rows if row["kind"] == "eval"]
    cores, levels = header["cores"], header.get("levels", header.get("thresholds"))
    assert (run.agent, run.env, run.seed) == (header["agent"], header["env"], header["seed"])
    assert (run.setup, run.fingerprint) == (header["setup"], header["fingerprint"])
    assert run.threshold == header["threshold"]
    assert list(run.levels) == sorted({*levels, header["threshold"]} - {None})
    assert run.evaluations.return_mean.tolist() == [row["return_mean"] for row in evals]
    for unit, value in {
        "env_steps": lambda row: row["env_steps"],
        "train_s": lambda row: row["train_s"],
        "core_s": lambda row: cores * row["train_s"],
        "train_cpu_s": lambda row: row["train_cpu_s"],
        "command_s": lambda row: row["startup_s"] + row["train_s"],
    }.items():
        assert run.evaluations.along(unit).tolist() == [value(row) for row in evals]  # type: ignore[arg-type]
    solved = [row for row in rows if row["kind"] == "solved" and row["confirmed"]]
    assert (run.solved_at is None) == (not solved) == (summary["solved_at"] is None)
    if run.solved_at is not None:
        assert run.solved_at.at.train_s == solved[0]["train_s"] == summary["solved_at"]["train_s"]
        before = summary["solved_at"]["previous_train_s"]
        previous = run.solved_at.previous
        assert (None if previous is None else previous.train_s) == before
    for level, mark in run.reached.items():
        said = summary["reached"][repr(level)]
        assert (mark is None) == (said is None)
        assert mark is None or mark.at.env_steps == said["env_steps"]
    assert run.status == summary["status"] == rows[-1]["status"]
    assert run.end.row() == {name: summary.get(name, 0) for name in run.end.row()}
    speed = summary["env_steps_per_s"]  # none of a run that was solved before any training
    assert run.end.env_steps_per_s == (speed and pytest.approx(speed, rel=1e-4))
    assert run.attempts == summary["attempts"]


@pytest.mark.parametrize("name", SETS)
def test_a_reference_set_is_read_as_it_was_written(name: str) -> None:
    loaded = load_runs(REFERENCE / name)
    assert loaded.problems == ()
    assert len(loaded.runs) == loaded.found > 0
    for run in loaded.runs:
        assert_as_written(run, REFERENCE / name / run.path)
