"""Event files of real runs: while they go on, after they were killed, and made afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rlbench.cli.tensorboard import main
from rlbench.config.compose import compose
from rlbench.errors import ConfigError, ReportError
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run
from rlbench.runs.columns import Clock
from rlbench.runs.log import Row, kept_rows, read_rows
from rlbench.settings import Settings
from rlbench.tensorboard.convert import convert
from rlbench.tensorboard.runs import EventLog
from rlbench.tensorboard.session import Session, seconds_since_1970
from support.read_events import Point, read_events
from support.read_protobuf import records
from support.run_files import RunFiles

TESTS = Path(__file__).parents[1]
COUNTING = "probe_envs:Counting-v0"


def words(tmp_path: Path, *more: str) -> list[str]:
    return [
        "agent=es", f"env={COUNTING}", f"results_dir={tmp_path}", "eval.episodes=5",
        "eval.confirmation_episodes=6", "executor=serial", "budget.train_seconds=30",
        "agent.population=12", "agent.hidden=[8]", *more,
    ]  # fmt: skip


def asked(tmp_path: Path, *more: str) -> Settings:
    return compose(words(tmp_path, *more))


def log_rows(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]


def made(out: Path) -> Path:
    """The one event file below a directory."""
    (path,) = out.rglob("events.*")
    return path


def of(points: list[Point], tag: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in points if point.tag == tag]


def test_a_run_writes_every_evaluation_and_training_row(tmp_path: Path) -> None:
    settings = asked(tmp_path, "budget.env_steps=3000", "env.threshold=6", "logger=tensorboard",
                     "stop_at_threshold=false")  # fmt: skip
    assert run(settings) == 0
    directory = name_run(settings).directory
    rows, points = log_rows(directory), read_events(directory / "tensorboard")
    evals = [row for row in rows if row["kind"] == "eval"]
    assert len(evals) >= 3
    assert of(points, "eval/return_mean") == [
        (row["env_steps"], pytest.approx(row["return_mean"])) for row in evals
    ]
    assert of(points, "eval/length_mean") == [
        (row["env_steps"], pytest.approx(sum(row["lengths"]) / len(row["lengths"])))
        for row in evals
    ]
    trains = [row for row in rows if row["kind"] == "train"]
    assert of(points, "train/generation") == [
        (row["env_steps"], row["scalars"]["generation"]) for row in trains
    ]
    assert len(of(points, "train/env_steps_per_s")) == len(trains)
    started = seconds_since_1970(json.loads((directory / "run.json").read_text())["started_at"])
    last = [point for point in points if point.tag == "eval/return_mean"][-1]
    assert last.wall_s == pytest.approx(started + evals[-1]["wall_s"])


def test_logging_changes_neither_learning_nor_names(tmp_path: Path) -> None:
    plain = asked(tmp_path / "plain", "budget.env_steps=2000")
    logged = asked(tmp_path / "logged", "budget.env_steps=2000", "logger=tensorboard")
    one, other = name_run(plain), name_run(logged)
    assert (one.setup, one.learning, one.fingerprint) == (
        other.setup, other.learning, other.fingerprint
    )  # fmt: skip
    assert run(plain) == run(logged) == 0

    def learnt(directory: Path) -> list[Any]:
        rows = [row for row in log_rows(directory) if row["kind"] in ("train", "eval")]
        return [(row["env_steps"], row.get("returns"), row.get("scalars")) for row in rows]

    assert learnt(one.directory) == learnt(other.directory)
    assert not (one.directory / "tensorboard").exists()


def test_a_killed_run_goes_on_without_doubled_or_superseded_points(tmp_path: Path) -> None:
    more = ["env.threshold=99", "checkpoint.every_seconds=0.01", "logger=tensorboard",
            "agent.population=20"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "rlbench", *words(tmp_path, *more)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )  # fmt: skip
    assert process.stdout is not None
    seen = 0
    for line in process.stdout:
        seen += " steps | " in line
        if seen == 3:
            break
    process.kill()
    process.communicate(timeout=60)
    directory = name_run(asked(tmp_path, *more)).directory
    steps = [row["env_steps"] for row in log_rows(directory)][-1]
    assert run(asked(tmp_path, *more, f"budget.env_steps={steps + 500}")) == 0
    rows = log_rows(directory)
    assert any(row["kind"] == "resume" for row in rows)
    kept = [r for r in kept_rows(read_rows(directory / "log.jsonl").rows) if r.kind == "eval"]
    points = read_events(directory / "tensorboard")  # of the one file there is
    found = of(points, "eval/return_mean")
    assert found == [(row.clock.env_steps, pytest.approx(row.return_mean)) for row in kept]
    assert len({step for step, _ in found}) == len(found)


def test_a_run_that_was_begun_without_it_has_its_whole_history(tmp_path: Path) -> None:
    run(asked(tmp_path, "budget.env_steps=1500", "env.threshold=99"))
    settings = asked(tmp_path, "budget.env_steps=3000", "env.threshold=99", "logger=tensorboard")
    run(settings)
    directory = name_run(settings).directory
    evals = [row["env_steps"] for row in log_rows(directory) if row["kind"] == "eval"]
    found = of(read_events(directory / "tensorboard"), "eval/return_mean")
    assert [step for step, _ in found] == evals


def test_overwriting_starts_again(tmp_path: Path) -> None:
    settings = asked(tmp_path, "budget.env_steps=500", "logger=tensorboard")
    run(settings)
    events = name_run(settings).directory / "tensorboard"
    run(asked(tmp_path, "budget.env_steps=500", "overwrite=true"))
    assert not events.exists()


def test_superseded_points_are_in_no_file(tmp_path: Path) -> None:
    def row(kind: str, seq: int, **more: Any) -> Row:
        return Row(kind, seq, 1, Clock(env_steps=100 * seq, train_s=seq, wall_s=seq), more)

    log = EventLog(tmp_path, Session())
    earlier = [row("start", 0)] + [row("eval", seq, return_mean=float(seq)) for seq in range(1, 5)]
    for each in earlier:
        log.row(each)
    found = of(read_events(tmp_path), "eval/return_mean")  # though it was never closed
    assert [step for step, _ in found] == [100, 200, 300, 400]
    log = EventLog(tmp_path, Session(), earlier)
    log.row(row("start", 5))
    (before,) = tmp_path.iterdir()
    log.row(row("resume", 6, from_seq=2))
    assert before.stat().st_size == 0
    (after,) = (file for file in tmp_path.iterdir() if file.stat().st_size)
    assert before.name < after.name  # a reader goes on to the next file by name
    log.row(row("eval", 7, return_mean=7.0))
    log.close()
    assert of(read_events(tmp_path), "eval/return_mean") == [(100, 1.0), (200, 2.0), (700, 7.0)]


def test_files_made_afterwards_are_those_of_the_run_itself(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    settings = asked(runs, "budget.env_steps=1500", "env.threshold=99", "logger=tensorboard")
    run(settings)
    run(asked(runs, "budget.env_steps=2500", "env.threshold=99", "logger=tensorboard"))
    directory = name_run(settings).directory
    (live,) = (file for file in (directory / "tensorboard").iterdir() if file.stat().st_size)
    assert convert(runs, tmp_path / "out") == 1
    own, others = records(live), records(made(tmp_path / "out"))
    assert others[:2] + others[3:] == own  # beside the columns of the table, which a run knows not


def test_the_command_on_a_strangers_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "runs" / "odd"
    place.mkdir(parents=True)
    header = {"schema": 1, "agent": "a", "env": "b", "setup": "c", "fingerprint": "d", "seed": 0,
              "started_at": 5}  # fmt: skip
    (place / "run.json").write_text(json.dumps(header))
    good = {"kind": "eval", "seq": 1, "attempt": 1, "env_steps": 7, "wall_s": 1.0, "train_s": 0.5,
            "return_mean": 2.5, "lengths": "many"}  # fmt: skip
    odd = [
        good, good | {"env_steps": "7"}, good | {"wall_s": 1e300}, good | {"kind": ["eval"]},
        good | {"kind": "resume", "from_seq": None}, [1],
    ]  # fmt: skip
    text = "".join(json.dumps(row) + "\n" for row in odd) + '{"kind": "ev'
    (place / "log.jsonl").write_text(text)
    torn = tmp_path / "runs" / "torn"
    torn.mkdir()
    (torn / "run.json").write_text("hello")
    assert main([str(tmp_path / "runs")]) == 0
    printed = capsys.readouterr()
    assert "note: torn: run.json is not a JSON object: passed over" in printed.err
    assert f"1 run in {tmp_path / 'runs' / 'tensorboard'}" in printed.out
    points = read_events(made(tmp_path / "runs" / "tensorboard" / "b" / "a" / "seed0"))
    assert [point for point in points if point.tag.startswith("eval/")] == [
        ("eval/return_mean", 7, 2.5, 1.0), ("eval/train_s", 7, 0.5, 1.0)
    ]  # fmt: skip
    assert main([str(tmp_path / "runs")]) == 0  # its own output is no run
    with pytest.raises(ReportError, match="absent: no such directory"):
        main([str(tmp_path / "absent")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReportError, match="empty: no run found"):
        main([str(tmp_path / "empty")])
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ReportError, match="cannot be written"):
        main([str(tmp_path / "runs"), "--out", str(tmp_path / "file")])
    assert (tmp_path / "file").read_text() == "mine"


def test_links_and_files_of_others_are_left(tmp_path: Path) -> None:
    mine, folder = tmp_path / "mine", tmp_path / "events"
    mine.write_text("mine")
    folder.mkdir()
    other = folder / "events.out.tfevents.1767323045.host.123.0"
    other.write_text("another program's")
    name = f"events.out.tfevents.1767323045.{Session().key}.attempt"
    (folder / f"{name}0007").symlink_to(mine)
    older = folder / "events.out.tfevents.1767323045.attempt0001"  # of rlbench 0.2
    older.write_text("the same run's")
    EventLog(folder, Session(start_s=1767323045.0)).close()
    assert older.read_text() == ""
    assert (mine.read_text(), other.read_text()) == ("mine", "another program's")
    (folder / f"{name}0001").unlink()
    (folder / f"{name}0001").symlink_to(mine)
    with pytest.raises(OSError, match="is a link"):
        EventLog(folder, Session(start_s=1767323045.0)).close()
    assert mine.read_text() == "mine"


def test_another_logger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        asked(tmp_path, "logger=tensorbord")
    known = "tensorboard, wandb or mlflow; did you mean tensorboard?"
    assert str(caught.value) == f"logger: got 'tensorbord'; takes {known}"


@pytest.mark.parametrize(
    "value", ["1e400", "-1e400", "1" + "0" * 400, '"9"', "true", "[1]", "1e39"]
)
def test_numbers_that_no_event_can_hold_are_left_out(tmp_path: Path, value: str) -> None:
    place = RunFiles().write(tmp_path)
    log = place / "log.jsonl"
    text = log.read_text().splitlines()
    row = json.loads(text[-1]) | {"kind": "eval", "seq": 90, "return_mean": 3.0}
    ours = '"lengths": [1, X], "truncated": [X]}'.replace("X", value)
    scalars = {"kind": "train", "seq": 91, "scalars": {"fine": 2.5, "odd": "X"}}
    with log.open("a") as file:
        file.write(json.dumps(row)[:-1] + ", " + ours + "\n")
        file.write(json.dumps(row | scalars).replace('"X"', value) + "\n")
    assert convert(tmp_path) == 1
    points = read_events(made(tmp_path / "tensorboard"))
    tags = [tag for tag, *_ in points]
    assert tags.count("train/fine") == 1 and "train/odd" not in tags
    assert of(points, "eval/return_mean")[-1] == (row["env_steps"], 3.0)
    known = value in ("true",)
    assert tags.count("eval/truncated_fraction") == 2 + int(known)


def test_superseded_rows_are_left_out_without_reading_the_log_into_memory(tmp_path: Path) -> None:
    place = RunFiles().write(tmp_path)
    log = place / "log.jsonl"
    first = json.loads(log.read_text().splitlines()[0])
    with log.open("w") as file:
        for seq in range(30_000):
            row = {"kind": "train", "seq": seq, "attempt": 1, "env_steps": seq, "train_s": seq / 9}
            file.write(json.dumps(first | row) + "\n")
        file.write(json.dumps(first | {"kind": "resume", "seq": 30_000, "from_seq": 9}) + "\n")
    code = (
        "import resource, sys; from rlbench.tensorboard.convert import convert\n"
        f"from pathlib import Path; before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"convert(Path({str(tmp_path)!r}))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 10_000  # KiB; the rows would take several times as much
    points = read_events(made(tmp_path / "tensorboard"))
    points = [point for point in points if not point.tag.startswith("outcome")]
    assert [step for _, step, *_ in points] == list(range(1, 10))


@pytest.mark.parametrize("name", ["tensorboard", "CartPole-v1"])
def test_links_below_the_place_of_the_files_are_not_followed(tmp_path: Path, name: str) -> None:
    runs, outside = tmp_path / "runs", tmp_path / "outside"
    RunFiles().write(runs)
    outside.mkdir()
    link = runs / "tensorboard"
    if name != "tensorboard":
        link.mkdir()
        link /= name
    link.symlink_to(outside)
    with pytest.raises(ReportError, match="is a link, which is not followed"):
        convert(runs)
    assert list(outside.iterdir()) == []
