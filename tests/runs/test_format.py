"""The form of a run's files, key by key: other tools rely on it (docs/design.md, section 3)."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.runs.columns import Clock
from rlbench.runs.directory import write_policy
from rlbench.runs.files import replace_text, replacing
from rlbench.runs.header import Header, Machine, read_header, write_header
from rlbench.runs.log import RunLog
from rlbench.runs.reading import UnreadableFileError
from rlbench.runs.records import Mark
from rlbench.runs.summary import Contention, Summary, read_summary, write_summary

HEADER = Header(
    rlbench="9.8.7",
    agent="es",
    version=3,
    env="ALE/Pong-v5",
    seed=5,
    setup="aaaa",
    learning="bbbb",
    fingerprint="cccc",
    threshold=-3.0,
    levels=(-17.0, -3.0, 15.0),
    budget_train_s=600.0,
    budget_env_steps=1000,
    stop_at_threshold=True,
    stop_at_levels=False,
    cores=2,
    cpu_affinity=(0, 1),
    executor="process",
    workers=2,
    device="cpu",
    precision="float32",
    concurrent_jobs=1,
    machine=Machine(
        packages={"numpy": "2.4.6"},
        python="3.11.7",
        git_commit="0123",
        git_dirty=False,
        cpu_model="Example CPU",
        cpu_count=2,
        memory_mb=24000,
        platform="Linux",
        load_average=(0.5, 0.25, 0.125),
    ),
    started_at="2026-01-02T03:04:05Z",
    argv=("agent=es", "env=ALE/Pong-v5"),
    frame_skip=4,
    max_episode_steps=27_000,
    eval_max_episode_steps=27_000,
    eval_episodes=20,
    fresh_env_each_episode=False,
    registration={"module": "ale_py.env", "kwargs": {"game": "pong"}, "wrappers": []},
    preprocessing={"sticky_actions": 0.25},
)
CLOCK = Clock(100, 400, 3, 12.0, 8.0, 2.0, 1.0, 0.5, 0.5, 20.0, 16.0, 7, 3.0, 5.0)
CLOCK_COLUMNS = [
    "env_steps", "env_frames", "episodes", "wall_s", "train_s", "eval_s", "startup_s",
    "checkpoint_s", "unattributed_s", "cpu_s", "train_cpu_s", "lost_env_steps", "lost_train_s",
    "lost_cpu_s",
]  # fmt: skip


def content(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text())
    return value


def test_run_json(tmp_path: Path) -> None:
    write_header(tmp_path, HEADER)
    assert content(tmp_path / "run.json") == {
        "schema": 2, "rlbench": "9.8.7", "agent": "es", "version": 3, "env": "ALE/Pong-v5",
        "seed": 5, "setup": "aaaa", "learning": "bbbb", "fingerprint": "cccc",
        "threshold": -3.0, "levels": [-17.0, -3.0, 15.0],
        "budget": {"train_seconds": 600.0, "env_steps": 1000},
        "stop_at_threshold": True, "stop_at_levels": False, "cores": 2, "cpu_affinity": [0, 1],
        "executor": "process", "workers": 2, "device": "cpu", "precision": "float32",
        "concurrent_jobs": 1, "packages": {"numpy": "2.4.6"}, "python": "3.11.7",
        "git_commit": "0123", "git_dirty": False, "cpu_model": "Example CPU", "cpu_count": 2,
        "memory_mb": 24000, "platform": "Linux", "load_average": [0.5, 0.25, 0.125],
        "started_at": "2026-01-02T03:04:05Z", "argv": ["agent=es", "env=ALE/Pong-v5"],
        "frame_skip": 4, "max_episode_steps": 27_000, "eval_max_episode_steps": 27_000,
        "eval_episodes": 20, "fresh_env_each_episode": False,
        "registration": {"module": "ale_py.env", "kwargs": {"game": "pong"}, "wrappers": []},
        "preprocessing": {"sticky_actions": 0.25},
    }  # fmt: skip
    assert read_header(tmp_path) == HEADER
    assert HEADER.sticky_actions == 0.25


def test_run_json_of_schema_1(tmp_path: Path) -> None:
    write_header(tmp_path, HEADER)
    old = content(tmp_path / "run.json") | {"schema": 1, "random_return": None}
    old["thresholds"] = old.pop("levels")
    del old["version"]
    (tmp_path / "run.json").write_text(json.dumps(old))
    read = read_header(tmp_path)
    assert (read.schema, read.levels, read.version) == (1, HEADER.levels, None)
    assert (read.agent, read.threshold, read.machine) == ("es", -3.0, HEADER.machine)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 3}, "has schema 3, written by a newer rlbench; this one reads 2"),
        ({"schema": None}, "has no schema number"),
        ({"schema": True}, "has no schema number"),
        ({"env": " "}, "has no usable env"),
        ({"setup": 5}, "has no usable setup"),
        ({"seed": -1}, "has no usable seed"),
    ],
)
def test_run_json_that_names_no_run(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    write_header(tmp_path, HEADER)
    (tmp_path / "run.json").write_text(json.dumps(content(tmp_path / "run.json") | change))
    with pytest.raises(UnreadableFileError, match=message):
        read_header(tmp_path)


def test_summary_json(tmp_path: Path) -> None:
    before = Clock(env_steps=50, train_s=4.0)
    summary = Summary(
        status="solved",
        clock=CLOCK,
        threshold=475.0,
        solved_at=Mark(CLOCK, before),
        reached={475.0: Mark(CLOCK, before), 1e-5: Mark(CLOCK, None), 500.0: None},
        final_return_mean=480.0,
        best_return_mean=math.nan,
        peak_rss_mb=61.5,
        workers=2,
        cores=2,
        attempts=3,
        contention=Contention(0.25, 0.125, 0.0625),
        error=None,
    )
    write_summary(tmp_path, summary)
    at = {
        "env_steps": 100, "train_s": 8.0, "cpu_s": 20.0, "train_cpu_s": 16.0, "wall_s": 12.0,
        "startup_s": 1.0,
    }  # fmt: skip
    mark = at | {"previous_train_s": 4.0, "previous_env_steps": 50}
    first = at | {"previous_train_s": None, "previous_env_steps": None}
    assert content(tmp_path / "summary.json") == {
        "schema": 2, "status": "solved", "threshold": 475.0, "solved_at": mark,
        "reached": {"475.0": mark, "1e-05": first, "500.0": None},
        "final_return_mean": 480.0, "best_return_mean": None,
        **dict(zip(CLOCK_COLUMNS, vars(CLOCK).values(), strict=True)),
        "env_steps_per_s": 12.5, "eval_share": 2.0 / 12.0, "peak_rss_mb": 61.5, "workers": 2,
        "cores": 2, "attempts": 3,
        "contention": {"others_share": 0.25, "stolen_share": 0.125, "siblings_share": 0.0625},
        "error": None,
    }  # fmt: skip
    read = read_summary(tmp_path)
    assert (read.clock, read.contention, read.attempts) == (CLOCK, summary.contention, 3)
    assert read.solved_at is not None and read.solved_at.previous is not None
    assert (read.solved_at.at.train_s, read.solved_at.previous.train_s) == (8.0, 4.0)
    assert math.isnan(read.solved_at.at.eval_s)  # not stated
    assert set(read.reached) == {475.0, 1e-5, 500.0}
    assert read.reached[500.0] is None and read.best_return_mean is None
    assert read.reached[1e-5] is not None and read.reached[1e-5].previous is None


@pytest.mark.parametrize(
    ("change", "message"),
    [({"status": "going"}, "no usable status"), ({"train_s": -1}, "no usable clock")],
)
def test_a_summary_without_an_outcome_is_none(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    write_summary(tmp_path, Summary("budget", CLOCK))
    (tmp_path / "summary.json").write_text(json.dumps(content(tmp_path / "summary.json") | change))
    with pytest.raises(UnreadableFileError, match=message):
        read_summary(tmp_path)


def test_log_jsonl(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    log.started(CLOCK)
    log.resumed(CLOCK, from_seq=0)
    log.trained(CLOCK, {"loss": 0.5})
    log.evaluated(
        CLOCK,
        returns=np.array([1.0, 2.0]),
        lengths=np.array([4, 6]),
        truncated=np.array([True, False]),
        previous=Clock(env_steps=50, train_s=4.0000001),
    )
    log.confirmed(CLOCK, threshold=1.0, confirmed=False, mean=0.5, episodes=100)
    log.saved(CLOCK, 1234)
    log.ended(CLOCK, "interrupted")
    log.close()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for seq, row in enumerate(rows, 1):
        assert list(row)[:17] == ["kind", "seq", "attempt", *CLOCK_COLUMNS]
        assert (row["seq"], row["attempt"], row["unattributed_s"]) == (seq, 1, 0.5)
    own = [(row["kind"], dict(list(row.items())[17:])) for row in rows]
    assert own == [
        ("start", {}),
        ("resume", {"from_seq": 0}),
        ("train", {"scalars": {"loss": 0.5}}),
        ("eval", {"returns": [1.0, 2.0], "return_mean": 1.5, "lengths": [4, 6],
                  "truncated": [True, False], "previous_train_s": 4.0, "previous_env_steps": 50}),
        ("solved", {"threshold": 1.0, "confirmed": False, "confirmation_mean": 0.5,
                    "confirmation_episodes": 100}),
        ("checkpoint", {"bytes": 1234}),
        ("end", {"status": "interrupted"}),
    ]  # fmt: skip


def test_a_clock_along_each_unit() -> None:
    along = {
        unit: CLOCK.along(unit, 2)
        for unit in ("train_s", "core_s", "train_cpu_s", "env_steps", "command_s")
    }
    assert along == {
        "train_s": 8.0, "core_s": 16.0, "train_cpu_s": 16.0, "env_steps": 100.0, "command_s": 9.0,
    }  # fmt: skip
    assert math.isnan(CLOCK.along("core_s", None))
    known = Clock.from_row({"env_steps": 3, "train_s": 2.0})
    assert known is not None
    assert (known.lost_env_steps, known.lost_train_s, known.lost_cpu_s) == (0, 0.0, 0.0)
    assert math.isnan(known.along("command_s", 2)) and known.along("core_s", 2) == 4.0


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    replace_text(path, "first")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half of the seco")
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        fail()
    assert path.read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]
    replace_text(path, "second")
    assert path.read_text() == "second"


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="is a pipe"):
        replace_text(pipe, "text")
    assert pipe.is_fifo() and [p.name for p in tmp_path.iterdir()] == ["pipe"]


def test_a_policy_is_an_npz_without_pickles(tmp_path: Path) -> None:
    write_policy(tmp_path / "policy.npz", {"theta": np.arange(3.0)})
    with np.load(tmp_path / "policy.npz", allow_pickle=False) as arrays:
        assert arrays["theta"].tolist() == [0.0, 1.0, 2.0]
    np.savez(tmp_path / "as_numpy.npz", theta=np.arange(3.0))
    assert (tmp_path / "policy.npz").read_bytes() == (tmp_path / "as_numpy.npz").read_bytes()
    with pytest.raises(ValueError, match="Object arrays"):
        write_policy(tmp_path / "policy.npz", {"theta": np.array([object()])})
    with np.load(tmp_path / "policy.npz") as arrays:
        assert arrays["theta"].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("name", ["file", "allow_pickle", "a/b", "../up", "", "x.npy", "µ", "self"])
def test_an_array_of_a_policy_may_have_any_name(tmp_path: Path, name: str) -> None:
    arrays = {name: np.arange(3), "other": np.float32(1)}
    write_policy(tmp_path / "policy.npz", arrays)
    with np.load(tmp_path / "policy.npz", allow_pickle=False) as read:
        assert read.files == [name, "other"]
        assert read[name].tolist() == [0, 1, 2] and read["other"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["policy.npz"]
    with pytest.raises(ValueError, match=r"'a\\x00b' cannot be the name"):
        write_policy(tmp_path / "policy.npz", {"a\0b": np.arange(3)})
