"""The log survives a torn last line and never holds what JSON cannot say."""

import json

import numpy as np
import pytest

from rlbench.runs.columns import Clock
from rlbench.runs.writer import RunLog, read_rows


def test_rows_carry_the_clock_and_count_on_over_attempts(tmp_path):
    path = tmp_path / "log.jsonl"
    log = RunLog(path)
    assert (log.attempt, log.last_clock) == (1, None)
    log.write("start", Clock())
    log.write("train", Clock(env_steps=5, train_s=0.25), loss=np.float32(0.5), bad=float("nan"))
    log.close()
    again = RunLog(path)
    assert (again.attempt, again.seq, again.last_clock) == (2, 2, Clock(env_steps=5, train_s=0.25))
    again.write("end", Clock(env_steps=6), status="budget", returns=np.array([1.0, np.inf]))
    again.close()
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(r["kind"], r["seq"], r["attempt"]) for r in rows] == [
        ("start", 1, 1),
        ("train", 2, 1),
        ("end", 3, 2),
    ]
    assert rows[1]["loss"] == 0.5 and rows[1]["bad"] is None
    assert rows[2]["returns"] == [1.0, None]
    assert set(Clock().row()) < set(rows[0])


def test_a_torn_line_stays_alone(tmp_path):
    path = tmp_path / "log.jsonl"
    log = RunLog(path)
    log.write("start", Clock(env_steps=1))
    log.close()
    with path.open("a") as file:
        file.write('{"kind": "train", "seq": 2, "env_st')
    again = RunLog(path)
    assert again.seq == 1
    again.write("end", Clock(env_steps=2))
    again.close()
    assert [row["kind"] for row in read_rows(path)] == ["start", "end"]
    assert path.read_text().count("\n") == 3


def test_an_unknown_kind_is_refused(tmp_path):
    log = RunLog(tmp_path / "log.jsonl")
    with pytest.raises(ValueError, match="'guess'"):
        log.write("guess", Clock())
    log.close()
