"""Loading: what is torn, foreign, newer or hostile is named and passed over, never followed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.runs import reading
from rlbench.runs.load import load_runs
from rlbench.runs.records import Run
from support.run_files import RunFiles


def only(root: Path) -> tuple[Run, tuple[str, ...]]:
    loaded = load_runs(root)
    (run,) = loaded.runs
    return run, loaded.problems


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def append(place: Path, *rows: dict[str, Any] | str) -> None:
    with (place / "log.jsonl").open("a") as log:
        for row in rows:
            log.write(row if isinstance(row, str) else json.dumps(row) + "\n")


def test_a_whole_run(tmp_path: Path) -> None:
    RunFiles(history=((0.0, 10.0), (1.0, 20.0), (2.0, 480.0)), train_rows=3).write(tmp_path)
    run, problems = only(tmp_path)
    assert problems == ()
    assert (run.agent, run.env, run.seed, run.status) == ("es", "CartPole-v1", 0, "solved")
    assert run.evaluations.train_s.tolist() == [0.0, 1.0, 2.0]
    assert run.evaluations.along("command_s").tolist() == [0.5, 1.5, 2.5]
    assert run.evaluations.along("core_s").tolist() == [0.0, 2.0, 4.0]
    assert run.evaluations.return_mean.tolist() == [10.0, 20.0, 480.0]
    assert run.solved_at is not None
    assert run.solved_at.at.train_s == 2.0
    assert run.solved_at.previous is not None
    assert run.solved_at.previous.train_s == 1.0
    assert (run.peak_rss_mb, run.end.cpu_s, run.machine.memory_mb) == (100.0, 4.0, 24000)


@pytest.mark.parametrize(
    ("preprocessing", "sticky"),
    [({"sticky_actions": 0.25}, 0.25), ({"sticky_actions": "no"}, None), (None, None), ([], None)],
)
def test_whether_actions_were_sticky(tmp_path: Path, preprocessing: Any, sticky: Any) -> None:
    RunFiles(header={"preprocessing": preprocessing}).write(tmp_path)
    assert only(tmp_path)[0].sticky_actions == sticky


def test_solved_at_the_first_evaluation_has_no_evaluation_before(tmp_path: Path) -> None:
    RunFiles(history=((0.0, 480.0),)).write(tmp_path)
    run, _ = only(tmp_path)
    assert run.solved_at is not None
    assert (run.solved_at.at.train_s, run.solved_at.previous) == (0.0, None)


def test_a_torn_last_line(tmp_path: Path) -> None:
    place = RunFiles(status=None).write(tmp_path)
    append(place, '{"kind": "eval", "seq": 9, "train_s": 3.')
    run, problems = only(tmp_path)
    assert run.status == "unfinished"
    assert len(run.evaluations) == 2
    assert [p for p in problems if "torn" in p]
    assert problems[0].startswith("es/CartPole-v1/essetup/seed0: ")


def test_a_run_still_going_keeps_the_clock_of_its_last_row(tmp_path: Path) -> None:
    files = RunFiles(status=None)
    place = files.write(tmp_path)
    append(place, files.row("train", 7.0, 9))
    run, problems = only(tmp_path)
    assert (run.status, run.end.train_s, problems) == ("unfinished", 7.0, ())


def test_an_end_row_without_summary_is_a_run_that_was_killed(tmp_path: Path) -> None:
    place = RunFiles().write(tmp_path)
    (place / "summary.json").unlink()
    run, problems = only(tmp_path)
    assert run.status == "unfinished"
    assert "summary.json is missing" in problems[0]


def test_rows_after_the_checkpoint_of_a_resume_are_superseded(tmp_path: Path) -> None:
    files = RunFiles(history=((0.0, 1.0), (1.0, 2.0), (2.0, 999.0)), train_rows=0, status=None)
    place = files.write(tmp_path)  # seq: 1 start, 2 to 4 evaluations
    append(
        place,
        files.row("solved", 2.0, 5) | {"threshold": 475.0, "confirmed": True},
        files.row("end", 2.0, 6) | {"status": "solved"},
        files.row("resume", 2.0, 7) | {"attempt": 2, "from_seq": 3},
        files.row("eval", 5.0, 8) | {"attempt": 2, "return_mean": 3.0},
    )
    run, problems = only(tmp_path)
    assert run.evaluations.return_mean.tolist() == [1.0, 2.0, 3.0]
    assert run.evaluations.train_s.tolist() == [0.0, 1.0, 5.0]  # the lost work keeps its cost
    assert (run.solved_at, run.attempts, run.status, problems) == (None, 2, "unfinished", ())


def test_a_failed_confirmation_does_not_solve(tmp_path: Path) -> None:
    files = RunFiles(history=((0.0, 1.0), (1.0, 480.0)), status=None)
    place = files.write(tmp_path)
    append(place, files.row("solved", 1.0, 9) | {"threshold": 475.0, "confirmed": False})
    run, _ = only(tmp_path)
    assert (run.solved_at, run.failed_confirmations) == (None, 1)


def test_a_summary_that_contradicts_the_log_is_named(tmp_path: Path) -> None:
    place = RunFiles().write(tmp_path)
    edit(place / "summary.json", lambda s: s["solved_at"].update(train_s=0.25))
    run, problems = only(tmp_path)
    assert run.solved_at is not None
    assert run.solved_at.at.train_s == 1.0
    assert "summary.json says solved at 0.25 s, log.jsonl 1 s" in problems[0]


def test_the_same_seed_twice_counts_once(tmp_path: Path) -> None:
    RunFiles(header={"started_at": "2026-01-02T00:00:00Z"}).write(tmp_path / "a")
    RunFiles(header={"started_at": "2026-01-03T00:00:00Z"}).write(tmp_path / "b")
    run, problems = only(tmp_path)
    assert run.path.parts[0] == "b"
    assert problems[0].startswith("a/es/CartPole-v1/essetup/seed0: same setup and seed as b/es")


REFUSED: list[tuple[str, object, str]] = [
    ("schema", 3, "schema 3, written by a newer rlbench"),
    ("schema", "1", "no schema number"),
    ("schema", True, "no schema number"),
    ("agent", 5, "no usable agent"),
    ("env", "", "no usable env"),
    ("env", ["x"], "no usable env"),
    ("seed", -1, "no usable seed"),
    ("seed", 10**400, "no usable seed"),
    ("seed", 1.5, "no usable seed"),
    ("fingerprint", None, "no usable fingerprint"),
]


@pytest.mark.parametrize(("key", "value", "said"), REFUSED)
def test_unusable_headers(tmp_path: Path, key: str, value: object, said: str) -> None:
    RunFiles(seed=1).write(tmp_path)
    place = RunFiles().write(tmp_path)
    edit(place / "run.json", lambda header: header.update({key: value}))
    run, problems = only(tmp_path)
    assert run.seed == 1
    assert said in problems[0]
    assert "\n" not in problems[0]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff\xfe\x00", b'{"a": ' * 5000, b"NaN", b'{"schema": 1', b"1" * 5000],
    ids=["empty", "list", "binary", "deep", "nan", "torn", "huge-number"],
)
@pytest.mark.parametrize("name", ["run.json", "summary.json", "log.jsonl"])
def test_foreign_content(tmp_path: Path, name: str, content: bytes) -> None:
    RunFiles(seed=1).write(tmp_path)
    place = RunFiles().write(tmp_path)
    (place / name).write_bytes(content)
    loaded = load_runs(tmp_path)
    assert 1 in [run.seed for run in loaded.runs]
    assert len(loaded.runs) == (2 if name == "summary.json" else 1)
    assert any(p.startswith("es/CartPole-v1/essetup/seed0: ") for p in loaded.problems)


def test_lines_that_are_no_rows_are_counted_and_the_rest_is_kept(tmp_path: Path) -> None:
    files = RunFiles(status=None)
    place = files.write(tmp_path)
    hostile: list[dict[str, Any] | str] = [
        "not json\n",
        "[1, 2]\n",
        '{"kind": "eval", "seq": 5, "train_s": 1e999, "env_steps": 1}\n',
        '{"kind": "eval", "seq": 5, "train_s": NaN, "env_steps": 1}\n',
        '{"kind": "eval", "seq": 5, "train_s": ' + "9" * 5000 + ', "env_steps": 1}\n',
        files.row("eval", 2.0, 5) | {"env_steps": -4},
        files.row("eval", 2.0, 5) | {"env_steps": 10**300},
        files.row("eval", 2.0, 5) | {"train_s": "2"},
        files.row("eval", 2.0, 5) | {"train_s": True},
        files.row("eval", 2.0, 5) | {"seq": None},
        files.row("eval", 2.0, 5) | {"kind": {"a": 1}},
        files.row("resume", 2.0, 5) | {"from_seq": "0"},
    ]
    append(place, *hostile, "\n", files.row("eval", 9.0, 6) | {"return_mean": 30.0})
    run, problems = only(tmp_path)
    assert run.evaluations.train_s.tolist() == [0.0, 1.0, 9.0]
    assert f"{len(hostile)} line(s) of log.jsonl are not rows" in problems[0]


@pytest.mark.parametrize("value", [1e300, "480", [480], True, 10**400])
def test_a_return_beyond_belief_is_null(tmp_path: Path, value: object) -> None:
    files = RunFiles(status=None)
    place = files.write(tmp_path)
    append(place, files.row("eval", 2.0, 9) | {"return_mean": value})
    run, problems = only(tmp_path)
    assert np.isnan(run.evaluations.return_mean[-1])
    assert "null" in problems[0]


def test_rows_that_go_back_in_time(tmp_path: Path) -> None:
    files = RunFiles(status=None)
    place = files.write(tmp_path)
    append(place, files.row("eval", 0.5, 9) | {"return_mean": 500.0})
    run, problems = only(tmp_path)
    assert run.evaluations.train_s.tolist() == [0.0, 1.0]
    assert "1 row(s) of log.jsonl go back in time" in problems[0]


def test_nonsense_in_optional_fields_does_no_harm(tmp_path: Path) -> None:
    place = RunFiles().write(tmp_path)
    edit(
        place / "run.json",
        lambda h: h.update(
            budget="much", levels={"a": 1}, argv=7, cores="two", cpu_model=[1],
            memory_mb="x", threshold=475.0, packages=None, eval_episodes=-3,
        ),
    )  # fmt: skip
    run, problems = only(tmp_path)
    assert (run.budget_train_s, run.cores, run.argv, run.levels) == (None, None, (), (475.0,))
    assert problems == ()


def test_names_are_made_printable(tmp_path: Path) -> None:
    RunFiles(header={"env": "a\x1b[2J\nb" + "x" * 9000}).write(tmp_path)
    run, _ = only(tmp_path)
    assert "\x1b" not in run.env
    assert "\n" not in run.env
    assert len(run.env) == reading.MAX_TEXT_LENGTH


def test_links_and_pipes_are_not_read(tmp_path: Path) -> None:
    outside = RunFiles(seed=3).write(tmp_path / "outside")
    root = tmp_path / "root"
    place = RunFiles(seed=0).write(root)
    (root / "link").symlink_to(outside)
    (place / "log.jsonl").unlink()
    (place / "log.jsonl").symlink_to(outside / "log.jsonl")
    other = RunFiles(seed=1).write(root)
    (other / "run.json").unlink()
    os.mkfifo(other / "run.json")
    loaded = load_runs(root)
    assert loaded.runs == ()
    assert "log.jsonl is a link" in loaded.problems[0]
    assert "run.json is a pipe" in loaded.problems[1]


def test_files_that_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RunFiles().write(tmp_path)
    monkeypatch.setattr("rlbench.runs.reading.MAX_LINE_BYTES", 100)
    assert "log.jsonl has a line beyond" in load_runs(tmp_path).problems[0]


def test_a_run_without_any_evaluation_yet(tmp_path: Path) -> None:
    place = RunFiles(status=None).write(tmp_path)
    log = place / "log.jsonl"
    log.write_text(log.read_text().splitlines(keepends=True)[0])
    loaded = load_runs(tmp_path)
    assert loaded.runs == ()
    assert "no evaluation yet" in loaded.problems[0]


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    RunFiles().write(tmp_path)
    (tmp_path / "other" / "run.json").mkdir(parents=True)
    deep = tmp_path / "too"
    deep.mkdir()
    place = os.open(deep, os.O_RDONLY)
    for _ in range(20):  # a path of more than 4,096 characters, which no system call takes
        os.mkdir("d" * 250, dir_fd=place)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)
    loaded = load_runs(tmp_path)
    assert [run.seed for run in loaded.runs] == [0]
    first, second = sorted(loaded.problems)
    assert first == "other: run.json is a directory: passed over"
    assert second.startswith("too/ddd") and "cannot be read (File name too long)" in second


def test_a_run_directory_itself_can_be_asked_for(tmp_path: Path) -> None:
    place = RunFiles().write(tmp_path)
    assert [run.seed for run in load_runs(place).runs] == [0]


def test_folders_in_one_another_without_end_are_named(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(150):
        deep /= "a"
    deep.mkdir(parents=True)
    (problem,) = load_runs(tmp_path).problems
    assert problem.startswith("a/a/a/")
    assert problem.endswith("cannot be read (too many folders in one another): passed over")
