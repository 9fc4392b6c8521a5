"""The log survives a torn last line, holds only what JSON can say, and keeps an agent's scalars
apart from the harness's columns."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.errors import RunError
from rlbench.runs.columns import Clock
from rlbench.runs.extent import Extent
from rlbench.runs.log import Row, RunLog, kept_rows, read_rows


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rows_carry_the_clock_and_count_on_over_attempts(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = RunLog(path)
    assert (log.attempt, log.last_clock, list(log.rows)) == (1, None, [])
    log.started(Clock())
    log.trained(Clock(env_steps=5, train_s=0.25), {"loss": np.float32(0.5), "bad": float("nan")})
    log.close()
    again = RunLog(path)
    assert (again.attempt, again.seq, again.last_clock) == (2, 2, Clock(env_steps=5, train_s=0.25))
    again.ended(Clock(env_steps=6), "budget")
    again.close()
    rows = lines(path)
    assert [(r["kind"], r["seq"], r["attempt"]) for r in rows] == [
        ("start", 1, 1), ("train", 2, 1), ("end", 3, 2),
    ]  # fmt: skip
    assert rows[1]["scalars"] == {"loss": 0.5, "bad": None}
    assert rows[2]["status"] == "budget"
    for row in rows:
        assert set(Clock().row()) < set(row)


def test_an_agents_scalars_overwrite_nothing(tmp_path: Path) -> None:
    """Whatever the agent calls them."""
    path = tmp_path / "log.jsonl"
    clock = Clock(env_steps=7, episodes=3, train_s=1.5)
    scalars = {"kind": 1, "seq": 99, "attempt": 98, "episodes": 97, "train_s": 96.0, "scalars": 2}
    log = RunLog(path)
    log.trained(clock, scalars)
    log.close()
    (written,) = lines(path)
    assert (written["kind"], written["seq"], written["attempt"]) == ("train", 1, 1)
    assert (written["episodes"], written["train_s"]) == (3, 1.5)
    (row,) = read_rows(path).rows
    assert row.clock == clock
    assert row.scalars == scalars


def test_scalars_among_the_columns_as_schema_1_had_them(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(
        '{"kind": "train", "seq": 3, "attempt": 1, "env_steps": 8, "env_frames": 8, "episodes": 2,'
        ' "wall_s": 2.0, "train_s": 1.0, "eval_s": 0.1, "startup_s": 0.5, "checkpoint_s": 0.0,'
        ' "unattributed_s": 0.4, "cpu_s": 1.9, "train_cpu_s": 0.9, "generation": 4, "loss": null}\n'
    )
    (row,) = read_rows(path).rows
    assert row.scalars == {"generation": 4, "loss": None}
    assert (row.clock.episodes, row.clock.startup_s) == (2, 0.5)


def test_a_torn_line_stays_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = RunLog(path)
    log.started(Clock(env_steps=1))
    log.close()
    with path.open("a") as file:
        file.write('{"kind": "train", "seq": 2, "env_st')
    assert read_rows(path).torn
    again = RunLog(path)
    assert again.seq == 1
    again.ended(Clock(env_steps=2), "budget")
    again.close()
    found = read_rows(path)
    assert [row.kind for row in found.rows] == ["start", "end"]
    assert (found.unusable, found.torn) == (1, False)
    assert path.read_text().count("\n") == 3


FIRST, LAST = Clock(env_steps=1, wall_s=2.0, cpu_s=1.0), Clock(env_steps=9, train_s=5.0)


@pytest.mark.parametrize(
    ("change", "clock"),
    [
        ({}, LAST),
        ({"wall_s": None, "episodes": [3]}, LAST),
        ({"lost_env_steps": "many"}, LAST),
        ({"env_steps": 10**18}, FIRST),
        ({"env_steps": True}, FIRST),
        ({"train_s": {}}, FIRST),
        ({"seq": 10**30}, FIRST),
    ],
)
def test_the_clock_of_the_last_usable_row_is_known(
    tmp_path: Path, change: dict[str, Any], clock: Clock
) -> None:
    path = tmp_path / "log.jsonl"
    log = RunLog(path)
    log.started(FIRST)
    log.close()
    row = {"kind": "eval", "seq": 8, "attempt": 4, "env_steps": 9, "train_s": 5.0, "wall_s": 7.0}
    with path.open("a") as file:
        file.write(json.dumps(row | change) + "\n")
    again = RunLog(path)
    again.close()
    last = again.last_clock
    assert last is not None and last.lost_env_steps == 0
    assert (last.env_steps, last.train_s) == (clock.env_steps, clock.train_s)
    assert again.flaws.unusable == (clock is FIRST)
    assert (again.seq, again.attempt) == ((1, 2) if clock is FIRST else (8, 5))


def test_a_log_knows_whether_it_still_begins_as_it_did(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = RunLog(path)
    log.started(Clock())
    log.trained(Clock(env_steps=5), {"loss": 0.5})
    log.sync()
    then = log.extent
    assert then == Extent(path.stat().st_size, zlib.crc32(path.read_bytes()))
    log.ended(Clock(env_steps=6), "budget")
    log.close()
    whole = path.read_bytes()
    for content, begins in {
        whole: True,
        whole + b"more": True,
        whole[: then.length]: True,
        whole[: then.length - 1]: False,
        whole.replace(b'"env_steps": 5', b'"env_steps": 4'): False,
    }.items():
        path.write_bytes(content)
        again = RunLog(path)
        assert again.begins_with(then) == begins, content
        again.close()


def test_a_log_that_is_a_link_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine\n")
    (tmp_path / "log.jsonl").symlink_to(tmp_path / "other")
    with pytest.raises(RunError, match=r"log\.jsonl: is a link, .*overwrite=true"):
        RunLog(tmp_path / "log.jsonl")
    assert (tmp_path / "other").read_text() == "mine\n"


def test_followers_get_what_the_file_gets(tmp_path: Path) -> None:
    path, seen = tmp_path / "log.jsonl", list[Row]()
    log = RunLog(path)
    log.followers.append(seen.append)
    log.trained(Clock(env_steps=3, train_s=1 / 3), {"loss": 0.5})
    log.evaluated(
        Clock(env_steps=3, train_s=1 / 3),
        returns=np.array([1.0, 2.0]),
        lengths=np.array([4, 6]),
        truncated=np.array([True, False]),
        previous=None,
    )
    log.close()
    read = read_rows(path).rows
    assert [row.clock for row in seen] == [row.clock for row in read]  # as rounded as in the file
    assert seen[0].clock.train_s == 0.333333
    assert [row.return_mean for row in seen] == [row.return_mean for row in read] == [None, 1.5]
    assert (read[1].lengths, read[1].truncated) == ([4, 6], [True, False])


def test_training_rows_can_be_left_out_but_for_a_last_one(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = RunLog(path)
    log.started(Clock())
    for step in (1, 2):
        log.trained(Clock(env_steps=step), {})
    log.saved(Clock(env_steps=2), 10)
    log.trained(Clock(env_steps=3), {})
    log.close()
    rows = read_rows(path, training=False).rows
    assert [(row.kind, row.clock.env_steps) for row in rows] == [
        ("start", 0), ("checkpoint", 2), ("train", 3),
    ]  # fmt: skip
    assert [row.kind for row in read_rows(path).rows].count("train") == 3


def test_a_resumption_supersedes_what_came_after_its_checkpoint() -> None:
    def row(kind: str, seq: int, **columns: Any) -> Row:
        return Row(kind, seq, 1, Clock(env_steps=seq), columns)

    rows = [row("eval", seq) for seq in range(1, 5)]
    rows += [row("start", 5), row("resume", 6, from_seq=2), row("eval", 7)]
    assert [row.seq for row in kept_rows(rows)] == [1, 2, 6, 7]
    # A later resumption can only go back further, and from_seq 0 leaves nothing.
    assert [row.seq for row in kept_rows([*rows, row("resume", 8, from_seq=1)])] == [1, 8]
    assert [row.seq for row in kept_rows([*rows, row("resume", 8, from_seq=0)])] == [8]
