"""Runs that are begun or gone on with in a directory that a stranger has filled, or that was
edited: nothing outside is touched, nothing is waited for, nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import socket
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.agents.random import RandomAgent
from rlbench.config.compose import compose
from rlbench.errors import ConfigError, RunError
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run
from rlbench.runs import checkpoint
from rlbench.runs.directory import RunDir
from rlbench.settings import Settings

COUNTING = "probe_envs:Counting-v0"


def settings(results_dir: Path, *more: str, agent: str = "random", env: str = COUNTING) -> Settings:
    return compose(
        [
            f"agent={agent}", f"env={env}", f"results_dir={results_dir}", "eval.episodes=2",
            "executor=serial", "env.threshold=null", "budget.env_steps=100",
            *(["agent.population=4", "agent.hidden=[4]"] if agent == "es" else []), *more,
        ]
    )  # fmt: skip


def place_of(asked: Settings) -> Path:
    return name_run(asked).directory


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


def a_directory(path: Path) -> None:
    path.mkdir()
    (path / "mine").write_text("mine")


def a_link(path: Path) -> None:
    path.symlink_to(path.parents[len(path.parents) - 2] / "nowhere-at-all")


FILES = (
    ".clock", ".lock", "run.json", "config.yaml", "log.jsonl", "summary.json", "policy.npz",
    "policy-best.npz", "traceback.txt",
)  # fmt: skip
KINDS: dict[str, Callable[[Path], None]] = {
    "is a pipe": a_pipe,
    "is a socket": a_socket,
    "is a directory": a_directory,
    "is a link": a_link,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_something_else_in_the_place_of_a_file_is_named(
    tmp_path: Path, name: str, kind: str
) -> None:
    asked = settings(tmp_path)
    place = place_of(asked)
    place.mkdir(parents=True)
    KINDS[kind](place / name)
    with pytest.raises(RunError) as refused:
        run(asked)
    assert str(refused.value).startswith(f"{place / name}")
    assert kind in str(refused.value)
    assert {file.name for file in place.iterdir()} <= {name, ".lock"}
    if name != ".lock" and (kind == "is a link" or name == "log.jsonl"):  # each, not each with each
        assert run(settings(tmp_path, "overwrite=true")) == 0
        assert json.loads((place / "summary.json").read_text())["status"] == "budget"


@pytest.mark.parametrize(
    "name", [*FILES, "checkpoint", "tensorboard", "wandb", "seed0", "setup", "agent"]
)
def test_nothing_behind_a_link_is_touched(tmp_path: Path, name: str) -> None:
    asked = settings(tmp_path / "runs", "logger=tensorboard")
    place = place_of(asked)
    outside = tmp_path / "outside"
    link = {"seed0": place, "setup": place.parent, "agent": place.parents[2]}.get(name)
    link = link or place / name
    link.parent.mkdir(parents=True)
    if name in FILES:
        outside.write_text("mine")
    else:
        outside.mkdir()
        (outside / "checkpoint-1.json").write_text("mine")
    link.symlink_to(outside)
    before = sorted((file, file.stat().st_mtime_ns) for file in [outside, *outside.rglob("*")])
    with pytest.raises((RunError, ConfigError), match="is a link, which is not followed"):
        run(asked)
    after = sorted((file, file.stat().st_mtime_ns) for file in [outside, *outside.rglob("*")])
    assert after == before


def test_a_log_with_another_name_is_left_and_a_link_to_the_results_is_followed(
    tmp_path: Path,
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    asked = settings(tmp_path / "runs")
    run(asked)
    place = place_of(asked)
    copy = tmp_path / "copy.jsonl"
    copy.hardlink_to(place / "log.jsonl")
    before = copy.read_bytes()
    with pytest.raises(RunError, match=r"log\.jsonl: has another name \(a hard link\)"):
        run(settings(tmp_path / "runs", "budget.env_steps=300"))
    assert copy.read_bytes() == before


def index_of(place: Path) -> Path:
    (index,) = (place / "checkpoint").glob("checkpoint-*.json")
    return index


def damaged(place: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the checkpoint's index, whose checksum is right all the same."""
    content = json.loads(index_of(place).read_text())["content"]
    change(content)
    index_of(place).write_text(checkpoint.sealed(content))


def seal(place: Path) -> None:
    """Have the index say the length and the checksum that the file of arrays has now."""
    (file,) = (place / "checkpoint").glob("*.npz")
    whole = file.read_bytes()
    facts = {"bytes": len(whole), "crc32": zlib.crc32(whole)}
    damaged(place, lambda content: content["arrays"].update(facts))


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def bomb(place: Path) -> None:
    """An .npz that is small and asks for 4 GB."""
    (file,) = (place / "checkpoint").glob("*.npz")
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            with archive.open(name, "w", force_zip64=True) as stream:
                header = {"descr": "|u1", "fortran_order": False, "shape": (2**32,)}
                np.lib.format.write_array_header_2_0(stream, header)
                stream.write(bytes(2**20))
    seal(place)


def promise(place: Path) -> None:
    """An .npz whose header promises more than it holds."""
    (file,) = (place / "checkpoint").glob("*.npz")
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            with archive.open(name, "w") as stream:
                header = {"descr": "<f8", "fortran_order": False, "shape": (2**43,)}
                np.lib.format.write_array_header_2_0(stream, header)
    seal(place)


def not_a_number(place: Path) -> None:
    folder = place / "checkpoint"
    state = checkpoint.load(folder)
    assert state is not None
    for name, value in state["agent"].items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            state["agent"][name] = np.full_like(value, np.nan)
    index_of(place).unlink()
    checkpoint.save(folder, state["seq"] + 1, state)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no index": lambda p: index_of(p).write_text(""),
    "deep": lambda p: index_of(p).write_text(nested(100_000)),
    "a list": lambda p: damaged(p, lambda c: c.update(state=[1])),
    "no seq": lambda p: damaged(p, lambda c: c["state"].pop("seq")),
    "seq": lambda p: damaged(p, lambda c: c["state"].update(seq="7")),
    "no agent": lambda p: damaged(p, lambda c: c["state"].pop("agent")),
    "agent": lambda p: damaged(p, lambda c: c["state"].update(agent=[1])),
    "due": lambda p: damaged(p, lambda c: c["state"]["judge"].update(due=1e300)),
    "no end": lambda p: damaged(p, lambda c: c["state"]["judge"].update(due=float("inf"))),
    "return": lambda p: damaged(p, lambda c: c["state"]["judge"].update(best_return="9")),
    "evaluated": lambda p: damaged(p, lambda c: c["state"]["judge"].update(evaluated=3)),
    "clock": lambda p: damaged(p, lambda c: c["state"]["clock"].update(train_s="9")),
    "elsewhere": lambda p: damaged(p, lambda c: c["arrays"].update(file="../../policy.npz")),
    "null": lambda p: damaged(p, lambda c: c["arrays"].update(file="a\0b")),
    "no arrays": lambda p: damaged(p, lambda c: c.update(arrays=[])),
    "a checksum": lambda p: damaged(p, lambda c: c["arrays"].update(crc32=1)),
    "cut": lambda p: index_of(p).write_text(index_of(p).read_text()[:-9]),
    "compressed": bomb,
    "promise": promise,
    "not a number": not_a_number,
}


@pytest.fixture(scope="module")
def results_of_es(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("es")
    run(settings(made, agent="es"))
    return made


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_named_and_kept(
    tmp_path: Path, results_of_es: Path, damage: str
) -> None:
    shutil.copytree(results_of_es, tmp_path, dirs_exist_ok=True)
    place = place_of(settings(tmp_path, agent="es"))
    DAMAGE[damage](place)
    before = {file: file.read_bytes() for file in (place / "checkpoint").iterdir()}
    with pytest.raises(RunError, match="overwrite=true starts again") as refused:
        run(settings(tmp_path, "budget.env_steps=300", agent="es"))
    assert str(refused.value).startswith(str(place / "checkpoint"))
    assert {file: file.read_bytes() for file in (place / "checkpoint").iterdir()} == before


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    **{f"no {key}": lambda s, key=key: s.pop(key) for key in ("solved_at", "reached", "train_s")},
    **{
        f"{key}={value!r}": lambda s, key=key, value=value: s.update({key: value})
        for key in ("solved_at", "reached", "train_s", "env_steps", "status", "wall_s", "eval_s")
        for value in ("many", [1], True, None, {}, 10**400, 1e308)
    },
}  # fmt: skip


def test_a_summary_that_was_edited_is_used_or_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = settings(tmp_path)
    run(asked)
    file = place_of(asked) / "summary.json"
    whole = json.loads(file.read_text())
    for edit in EDITS.values():
        content = dict(whole)
        edit(content)
        file.write_text(json.dumps(content))
        assert run(asked) == 0
        assert "\nbudget" in "\n" + capsys.readouterr().out
    for content in ("", nested(100_000), "[1]", '{"status": '):
        file.write_text(content)
        assert run(asked) == 0
        assert json.loads(file.read_text())["status"] == "budget"


@pytest.mark.parametrize("env_steps", [10**18, "Infinity", 10**15, 10**12])
def test_a_huge_count_in_the_log_is_not_counted_up_to(tmp_path: Path, env_steps: object) -> None:
    asked = settings(tmp_path, "budget.env_steps=null", "budget.train_seconds=0.01")
    run(asked)
    place = place_of(asked)
    log = place / "log.jsonl"
    last = json.loads(log.read_text().splitlines()[-1])
    row = json.dumps(last | {"seq": last["seq"] + 1, "env_steps": "X"})
    with log.open("a") as file:
        file.write(row.replace('"X"', str(env_steps)) + "\n")
    assert run(settings(tmp_path, "budget.env_steps=null", "budget.train_seconds=0.1")) == 0
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["kind"] for row in rows if row["attempt"] == 2][-1] == "end"


def test_a_log_that_was_lost_goes_on_with_the_clock_of_the_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = settings(tmp_path)
    run(asked)
    place = place_of(asked)
    spent = json.loads((place / "summary.json").read_text())
    (place / "log.jsonl").write_text("")
    capsys.readouterr()
    assert run(settings(tmp_path, "budget.env_steps=300")) == 0
    note = f"note: {place / 'log.jsonl'} was changed, or lacks rows: "
    assert capsys.readouterr().err == note + "the clock goes on from the checkpoint\n"
    _, resume, *_ = [json.loads(line) for line in (place / "log.jsonl").open()]
    assert resume["kind"] == "resume" and resume["seq"] > resume["from_seq"]
    assert resume["env_steps"] == spent["env_steps"]
    assert resume["train_s"] == spent["train_s"] and resume["lost_train_s"] == 0
    end = json.loads((place / "summary.json").read_text())
    assert 300 <= end["env_steps"] < 400


def test_lines_that_are_no_rows_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = settings(tmp_path)
    run(asked)
    log = place_of(asked) / "log.jsonl"
    with log.open("a") as file:
        file.write(nested(100_000) + "\n" + "hello\n")
    assert run(settings(tmp_path, "budget.env_steps=300")) == 0
    assert f"note: 2 line(s) of {log} are not rows" in capsys.readouterr().out


def test_a_traceback_goes_once_the_run_succeeds(tmp_path: Path) -> None:
    asked = settings(tmp_path)
    place = place_of(asked)
    place.mkdir(parents=True)
    (place / "traceback.txt").write_text("an earlier failure")
    run(asked)
    assert not (place / "traceback.txt").exists()


@pytest.mark.parametrize("executor", ["serial", "process"])
def test_an_environment_that_changes_the_working_directory_moves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    executor: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    asked = settings(
        Path("runs"), f"executor={executor}", "logger=tensorboard", "cores=1",
        agent="es", env="probe_envs:Moving-v0",
    )  # fmt: skip
    assert run(asked) == 0
    assert Path.cwd() == tmp_path
    place = place_of(asked)
    assert not place.is_absolute()
    assert {file.name for file in (tmp_path / place).iterdir()} == {
        ".lock", "checkpoint", "config.yaml", "log.jsonl", "policy.npz", "policy-best.npz",
        "run.json", "summary.json", "tensorboard",
    }  # fmt: skip
    assert f"files in {place}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/dev/null", "/dev/null: is not a directory"),
        ("/proc/nothing", "/proc/nothing: "),
        ("new/" + "x" * 300 + "/new", "File name too long"),
        ("x" * 5000, "File name too long"),
        ("file", "file: is not a directory"),
        ("file/below", "file: is not a directory"),
    ],
)
def test_results_that_have_no_place_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match="results_dir: got ") as refused:
        run(settings(tmp_path).model_copy(update={"results_dir": Path(name)}))
    assert reason in str(refused.value)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "a\x1b[2J"])
def test_names_with_control_characters_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"results_dir: got .* takes a path without control"):
        compose(["agent=random", f'results_dir="{name}"'])


@pytest.mark.parametrize("name", ["..", ".", "a/b", "-x", "", "x" * 101, "a\n"])
def test_a_name_of_an_agent_is_the_name_of_a_folder(name: str) -> None:
    with pytest.raises(ConfigError, match=r"agent\.name: got .* takes a name of at most 100"):
        compose(["agent=random", f'agent.name="{name}"'])


class Swapping(RandomAgent):
    """Puts a link in the place of the run's directory while it trains."""

    place: Path
    elsewhere: Path

    def advance(self, env_steps: int) -> Any:
        if env_steps and not self.place.is_symlink():
            self.place.rename(self.place.with_name("moved"))
            self.place.symlink_to(self.elsewhere)
        return super().advance(env_steps)


@pytest.mark.parametrize("above", [False, True])
def test_a_directory_that_is_swapped_for_a_link_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, above: bool
) -> None:
    """above: it is the folder of the run's setup that is swapped."""
    monkeypatch.setattr("rlbench.agents.random.RandomAgent", Swapping)
    asked = settings(tmp_path / "runs")
    place = place_of(asked)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / place.name).mkdir(parents=True)
    mine = elsewhere / place.name / "mine" if above else elsewhere / "mine"
    mine.write_text("mine")
    Swapping.place, Swapping.elsewhere = (place.parent if above else place), elsewhere
    with pytest.raises(RunError) as error:
        run(asked)
    said = f"{place.absolute()}: cannot be written: is another folder than when the run began"
    assert str(error.value) == said
    assert [path for path in elsewhere.rglob("*") if path.is_file()] == [mine]


def test_a_directory_that_is_removed_while_its_run_goes_on_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Removing(RandomAgent):
        def advance(self, env_steps: int) -> Any:
            if env_steps:
                shutil.rmtree(place)
            return super().advance(env_steps)

    monkeypatch.setattr("rlbench.agents.random.RandomAgent", Removing)
    asked = settings(tmp_path / "runs")
    place = place_of(asked)
    with pytest.raises(RunError) as error:
        run(asked)
    said = f"{place.absolute()}: cannot be written: No such file or directory"
    assert str(error.value) == said


def test_no_policy_is_written_into_another_folder(tmp_path: Path) -> None:
    """Both are written when a checkpoint has been, and have to look once more."""
    directory = RunDir(tmp_path / "runs" / "seed0", tmp_path / "runs")
    directory.open(overwrite=False)
    directory.path.rename(tmp_path / "moved")
    directory.path.symlink_to(tmp_path / "moved")
    (tmp_path / "moved").rename(tmp_path / "away")
    (tmp_path / "moved").mkdir()
    for best in (False, True):
        with pytest.raises(OSError, match="is another folder than when the run began"):
            directory.write_policy({"theta": np.zeros(1)}, best=best)
    directory.close()
    assert list((tmp_path / "moved").iterdir()) == []
