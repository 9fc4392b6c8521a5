"""What TensorBoard's HParams plugin is told: settings, outcome and status of each run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlbench.runs.columns import Clock
from rlbench.runs.log import Row
from rlbench.tensorboard.convert import convert
from rlbench.tensorboard.outcome import METRICS
from rlbench.tensorboard.runs import EventLog
from rlbench.tensorboard.session import Session, read_session
from support.read_events import read_events
from support.read_protobuf import (
    END,
    EXPERIMENT,
    START,
    columns,
    field,
    fields,
    hparams_messages,
    session_settings,
    status,
)
from support.run_files import STARTUP_S, RunFiles

STARTED_S = 1767323045.0  # 2026-01-02T03:04:05Z


def converted(tmp_path: Path, *runs: RunFiles) -> list[Path]:
    """The event files of some runs, in the order of their names."""
    for run in runs:
        run.write(tmp_path / "runs")
    assert convert(tmp_path / "runs", tmp_path / "out") == len(runs)
    return sorted((tmp_path / "out").rglob("events.*"))


def variant(sigma: float, **more: Any) -> RunFiles:
    return RunFiles(header={"setup": str(sigma)}, configuration={"agent.sigma": sigma}, **more)


def test_settings_and_columns(tmp_path: Path) -> None:
    one, other = converted(tmp_path, variant(0.02), variant(0.1, seed=3))
    for path, sigma, seed in ((one, 0.02, 0), (other, 0.1, 3)):
        settings = session_settings(path)
        told = {"agent": "es", "env": "CartPole-v1", "seed": seed, "cores": 2}
        assert settings | told | {"agent.sigma": sigma} == settings
        assert settings["eval.episodes"] == 20 and settings["threshold"] == 475
        assert columns(path) == {
            "agent": ["es"], "env": ["CartPole-v1"], "seed": [0, 3], "agent.sigma": [0.02, 0.1],
            "cores": [2, 2],
        }  # fmt: skip
        messages = hparams_messages(path)
        assert list(messages) == [EXPERIMENT, START, END]
        assert field(messages[START], 3, 5) == STARTED_S


def test_metrics(tmp_path: Path) -> None:
    history = ((0.0, 10.0), (1.0, 490.0), (2.0, 480.0))
    solved = variant(0.02, history=history, end_train_s=2.5)
    unsolved = variant(0.1, history=((0.0, 10.0), (1.0, 9.0)), status="budget", seed=1)
    one, other = converted(tmp_path, solved, unsolved)
    last = {point.tag: point.value for point in read_events(one)}
    assert {tag: last[tag] for tag, _ in METRICS} == {
        "outcome/solved_train_s": 2.0, "outcome/best_return": 490.0, "outcome/final_return": 480.0,
        "outcome/env_steps": 2500.0, "outcome/train_s": 2.5,
    }  # fmt: skip
    last = {point.tag: point.value for point in read_events(other)}
    assert "outcome/solved_train_s" not in last
    assert (last["outcome/best_return"], last["outcome/final_return"]) == (10.0, 9.0)
    infos = [info for number, info in fields(field(hparams_messages(one)[EXPERIMENT], 2))
             if number == 5]  # fmt: skip
    assert [field(info, 1, 2).decode() for info in infos] == [tag for tag, _ in METRICS]
    assert [field(info, 3).decode() for info in infos] == [heading for _, heading in METRICS]


@pytest.mark.parametrize(
    ("end", "expected"),
    [("solved", 1), ("budget", 1), ("failed", 2), (None, 3), ("interrupted", None)],
)
def test_status(tmp_path: Path, end: Any, expected: int | None) -> None:
    (path,) = converted(tmp_path, RunFiles(status=end))
    assert status(path) == expected
    if expected in (1, 2):
        assert field(hparams_messages(path)[END], 4, 2) == STARTED_S + 1.0 + STARTUP_S


def test_a_run_says_how_it_ended_once_it_has(tmp_path: Path) -> None:
    def row(kind: str, seq: int, attempt: int, **more: Any) -> Row:
        return Row(kind, seq, attempt, Clock(env_steps=seq, train_s=seq, wall_s=seq), more)

    first = [row("start", 1, 1), row("eval", 2, 1, return_mean=1.0),
             row("end", 3, 1, status="failed")]  # fmt: skip
    log = EventLog(tmp_path, Session())
    for each in first:
        log.row(each)
    path = log.close()
    assert status(path) == 2
    log = EventLog(tmp_path, Session(), first)
    log.row(row("start", 4, 2))
    log.row(row("resume", 5, 2, from_seq=3))
    (path,) = (file for file in tmp_path.iterdir() if file.stat().st_size)
    assert list(hparams_messages(path)) == [START]  # that it failed before is not said again
    log.row(row("end", 6, 2, status="budget"))
    assert log.close() == path and status(path) == 1


def test_a_confirmation_counts_at_the_threshold_and_where_it_held(tmp_path: Path) -> None:
    def row(kind: str, seq: int, **more: Any) -> Row:
        return Row(kind, seq, 1, Clock(env_steps=seq, train_s=seq, wall_s=seq), more)

    log = EventLog(tmp_path, Session(threshold=5.0))
    log.row(row("start", 0))
    log.row(row("solved", 1, threshold=5.0, confirmed=False))
    log.row(row("solved", 2, threshold=4.0, confirmed=True))
    log.row(row("solved", 3, threshold=5.0, confirmed=True))
    log.row(row("solved", 4, threshold=5.0, confirmed=True))
    points = read_events(log.close())
    assert [p.value for p in points if p.tag == "outcome/solved_train_s"] == [3.0]


def test_settings_of_a_stranger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = RunFiles().write(tmp_path)
    deep = "x: " + "{a: " * 90 + "1" + "}" * 90
    (place / "config.yaml").write_text(
        "agent:\n  a: .nan\n  b: [1, 2]\n  c: " + "9" * 400 + "\n  d: 2020-01-01\n  e: null\n"
        '  f: "\\x1b[2J"\n  1: yes\n  "g\\n": {}\n' + f"  h: {'long' * 100}\n  {deep}\n"
        + "".join(f"  key{n}: {n}\n" for n in range(500))
    )  # fmt: skip
    settings = read_session(place).settings
    assert len(settings) < 250 and all(len(name) <= 100 for name in settings)
    found = {name: settings[f"agent.{name}"] for name in "abdef1"}
    assert found == {"a": "nan", "b": "[1, 2]", "d": "2020-01-01", "e": "null", "f": "�[2J",
                     "1": True}  # fmt: skip
    assert settings["agent.c"] == "9" * 100 and settings["agent.h"] == "long" * 25
    assert convert(tmp_path) == 1
    (place / "config.yaml").write_text("[]")
    assert convert(tmp_path) == 1
    name = place.relative_to(tmp_path)
    told = f"note: {name}: config.yaml is not a mapping: its settings are not shown\n"
    assert capsys.readouterr().err == told
    header = json.loads((place / "run.json").read_text())
    (place / "run.json").write_text(json.dumps(header | {"env": "../..", "agent": "/etc"}))
    assert convert(tmp_path, tmp_path / "out") == 1
    (path,) = (tmp_path / "out").rglob("events.*")
    assert path.parent == tmp_path / "out" / "__" / "__etc" / "seed0"


# In a process of its own, as the folder of these tests has the package's name.
READ_WITH_TENSORBOARD = """
import json, sys
try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata
except ImportError:
    sys.exit(3)
run = EventAccumulator(sys.argv[1]).Reload()
content = run.PluginTagToContent("hparams")
start = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG])
end = metadata.parse_session_end_info_plugin_data(content[metadata.SESSION_END_INFO_TAG])
columns = metadata.parse_experiment_plugin_data(content[metadata.EXPERIMENT_TAG])
print(json.dumps({
    "settings": {name: getattr(value, value.WhichOneof("kind"))
                 for name, value in start.hparams.items()},
    "times": [start.start_time_secs, end.end_time_secs],
    "status": end.status,
    "columns": [(info.name, info.type, info.differs) for info in columns.hparam_infos],
    "interval": [(info.domain_interval.min_value, info.domain_interval.max_value)
                 for info in columns.hparam_infos if info.name == "agent.sigma"],
    "values": [list(info.domain_discrete)
               for info in columns.hparam_infos if info.type == 1],
    "metrics": [(info.name.tag, info.display_name) for info in columns.metric_infos],
}))
"""


def test_tensorboard_reads_the_same(tmp_path: Path) -> None:
    noisy = replace(variant(0.1), configuration={"agent.sigma": 0.1, "agent.noise": True})
    path, _ = converted(tmp_path, variant(0.02), noisy)
    command = [sys.executable, "-c", READ_WITH_TENSORBOARD, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip("TensorBoard is not installed")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["settings"] == session_settings(path)
    assert found["times"] == [STARTED_S, STARTED_S + 1.0 + STARTUP_S] and found["status"] == 1
    assert sorted(found["columns"]) == [
        ["agent", 1, False], ["agent.noise", 2, False], ["agent.sigma", 3, True],
        ["cores", 3, False], ["env", 1, False], ["seed", 3, False],
    ]  # fmt: skip
    assert found["interval"] == [[0.02, 0.1]] and found["values"] == [["es"], ["CartPole-v1"]]
    assert found["metrics"] == [list(metric) for metric in METRICS]
