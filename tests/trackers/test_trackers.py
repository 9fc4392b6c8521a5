"""Trackers beside a run: they get its rows, and none of them can end it."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlbench.config.compose import compose
from rlbench.errors import ConfigError
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run
from rlbench.settings import Settings
from support.packages import install

SMALL = ["agent=es", "env=CartPole-v1", "cores=1", "eval.episodes=2", "env.threshold=999"]
MINE = """
class Mine:
    def __init__(self, run):
        self.file = run.directory / "mine.txt"
        if "begin" in run.session.settings.get("agent.activation", ""):
            raise OSError("no place")
    def row(self, row):
        if row.clock.env_steps >= 1000:
            raise RuntimeError("the server\\nis gone \\x1b[31m")
        with self.file.open("a") as file:
            file.write(f"{row.kind} {row.clock.env_steps}\\n")
    def close(self):
        raise AssertionError("it has failed before")
class Bad:
    def __init__(self, run):
        raise OSError("no place")
    def row(self, row): ...
    def close(self): ...
"""


def asked(place: Path, *more: str) -> Settings:
    return compose([*SMALL, f"results_dir={place}", *more])


def log_rows(settings: Settings) -> list[dict[str, Any]]:
    text = (name_run(settings).directory / "log.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_one_of_a_package_is_told_every_row_and_its_failure_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    points = {"rlbench.loggers": ["mine = my_trackers:Mine", "bad = my_trackers:Bad"]}
    install(tmp_path / "site", monkeypatch, "my_trackers", points, {"my_trackers.py": MINE})
    settings = asked(tmp_path / "runs", "logger=[mine,bad]", "budget.env_steps=3000")
    assert run(settings) == 0
    rows = [(row["kind"], row["env_steps"]) for row in log_rows(settings)]
    told = (name_run(settings).directory / "mine.txt").read_text().splitlines()
    assert told == [f"{kind} {steps}" for kind, steps in rows if steps < 1000] != []
    out = capsys.readouterr()
    said = (out.out + out.err).splitlines()
    begin = "note: logger bad failed: OSError: no place; the run goes on without it"
    later = "note: logger mine failed: RuntimeError: the server is gone \\x1b[31m; the run goes on"
    assert sum(begin in line for line in said) == sum(later in line for line in said) == 1


def test_several_are_a_list_or_words_with_commas() -> None:
    assert compose([*SMALL, "logger=tensorboard"]).logger == ("tensorboard",)
    assert compose([*SMALL]).logger is None
    from rlbench.config.command_line import values_under

    values, _ = values_under([*SMALL, "logger=tensorboard,mlflow"])
    assert values["logger"] == ["tensorboard", "mlflow"]


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_one_that_is_not_installed_is_named_with_how_to(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda found: None)
    with pytest.raises(ConfigError, match=f"logger: got '{name}'; .* not installed .*pip install"):
        asked(tmp_path, f"logger={name}")


def test_wandb_has_the_run_offline_and_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb", reason="rlbench[wandb] is not installed")
    from rlbench.trackers.wandb import PLACES

    for name in ("WANDB_MODE", *PLACES):
        monkeypatch.delenv(name, raising=False)
    given = [_wandb(asked(tmp_path, "logger=wandb", f"budget.env_steps={n}")) for n in (1500, 9000)]
    settings = asked(tmp_path, "budget.env_steps=9000")
    evals = {(r["env_steps"], r["return_mean"]) for r in log_rows(settings) if r["kind"] == "eval"}
    found = [
        (row["env_steps"], row["eval/return_mean"])
        for row in given[1].rows
        if "eval/return_mean" in row
    ]
    assert set(found) == evals and len(found) == len(evals)
    assert len(given[1].ids) == 1 and given[1].offline == 2
    assert not any(name in os.environ for name in PLACES)
    assert given[1].groups == {f"es CartPole-v1 {name_run(settings).setup}"}


class _Found:
    """What the offline files of a run hold."""

    def __init__(self, directory: Path) -> None:
        from wandb.proto import wandb_internal_pb2

        self.rows: list[dict[str, Any]] = []
        self.ids, self.groups = set[str](), set[str]()
        files = sorted(directory.glob("wandb/offline-run-*/*.wandb"))
        self.offline = len(files)
        for file in files:
            for data in _records(file.read_bytes()):
                record = wandb_internal_pb2.Record()
                record.ParseFromString(data)
                if record.HasField("run"):
                    self.ids.add(record.run.run_id)
                    self.groups.add(record.run.run_group)
                items = record.history.item
                names = {item.key or ".".join(item.nested_key): item.value_json for item in items}
                if names:
                    self.rows.append({name: json.loads(value) for name, value in names.items()})


def _records(content: bytes) -> Iterator[bytes]:
    """What is in a file of Weights & Biases: 7 bytes, then LevelDB's log format, blocks of 32 KiB
    with records of CRC (4), length (2), whole/first/middle/last (1), data."""
    place, part = 7, b""
    while place + 7 <= len(content):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        length, kind = struct.unpack_from("<HB", content, place + 4)
        part += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):
            yield part
            part = b""


def _wandb(settings: Settings) -> _Found:
    import wandb

    assert run(settings) == 0
    wandb.teardown()  # its process may write the last rows after a run has ended
    return _Found(name_run(settings).directory)


def test_each_run_of_a_process_keeps_what_wandb_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rlbench.trackers.wandb import PLACES, _keep_to_itself

    for name in (*PLACES, "WANDB_ERROR_REPORTING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_CACHE_DIR", "mine")
    set_here = _keep_to_itself(tmp_path)
    assert set_here == [name for name in PLACES if name != "WANDB_CACHE_DIR"]
    assert os.environ["WANDB_DATA_DIR"] == str(tmp_path)
    assert (os.environ["WANDB_CACHE_DIR"], os.environ["WANDB_ERROR_REPORTING"]) == ("mine", "false")


def test_mlflow_has_the_run_in_a_store_of_files_and_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="rlbench[mlflow] is not installed")
    from mlflow.tracking import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for steps in (1500, 9000):
        settings = asked(tmp_path, "logger=mlflow", f"budget.env_steps={steps}")
        assert run(settings) == 0
    client = MlflowClient((tmp_path / "mlflow").as_uri())
    experiment = client.get_experiment_by_name("rlbench")
    (found,) = client.search_runs([experiment.experiment_id])
    assert (found.info.run_name, found.info.status) == ("es CartPole-v1 seed 0", "FINISHED")
    assert found.data.tags["rlbench.group"] == f"es CartPole-v1 {name_run(settings).setup}"
    assert found.data.params["agent.sigma"] == "0.1"
    points = client.get_metric_history(found.info.run_id, "eval/return_mean")
    evals = [row for row in log_rows(settings) if row["kind"] == "eval"]
    assert [(point.step, point.value) for point in points] == [
        (row["env_steps"], row["return_mean"]) for row in evals
    ]
