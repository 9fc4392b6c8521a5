"""Commands whose output is closed, full or unread, whose terminal lacks a character, or whose
places cannot be used: one line at most, and the work is done all the same."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rlbench.cli.main import main
from rlbench.cli.streams import KEPT_BYTES, Steady
from support.run_files import RunFiles

Rlbench = Callable[..., subprocess.CompletedProcess[str]]

PYTHON = f"{sys.executable} -m rlbench"
A_RUN = (
    "agent=random env=CartPole-v1 budget.env_steps=3000 eval.episodes=2 eval.first_steps=100 "
    "eval.every_steps=100 results_dir=runs cores=1"
)
# Printed by us, by argparse before it exits, by Hydra, and line by line.
READ = ["--version", "report --help", "--cfg job", "envs cart"]


def shell(line: str, place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], cwd=place, capture_output=True, text=True,
        env={**os.environ, **environment}, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    RunFiles(agent="es").write(tmp_path / "runs")
    RunFiles(agent="dqn").write(tmp_path / "runs")
    return tmp_path


@pytest.mark.parametrize("words", READ)
def test_an_output_that_nobody_reads(runs: Path, words: str) -> None:
    closed = shell(f"{PYTHON} {words} >&-", runs)
    assert (closed.returncode, closed.stderr) == (0, "")
    full = shell(f"{PYTHON} {words} > /dev/full", runs)
    assert full.returncode == 1
    assert full.stderr == "rlbench: standard output: cannot be written: No space left on device\n"


@pytest.mark.parametrize("words", ["--version", "envs"])
def test_an_output_whose_reader_is_gone_or_beside_closed_errors(runs: Path, words: str) -> None:
    unread = shell(f"({PYTHON} {words}; echo $? >&2) | true", runs)
    assert unread.stderr == "0\n"
    both = shell(f"{PYTHON} {words} >&- 2>&-", runs)
    assert both.returncode == 0


@pytest.mark.parametrize("ending", ["> /dev/full", "| head -1", ">&- 2>&- <&-"])
def test_a_run_goes_on_without_its_output(tmp_path: Path, ending: str) -> None:
    done = shell(f"{PYTHON} {A_RUN} {ending}", tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("\n") == (1 if "full" in ending else 0)
    (place,) = (tmp_path / "runs").glob("*/*/*/seed0")
    assert json.loads((place / "summary.json").read_text())["status"] == "budget"
    rows = [json.loads(line) for line in (place / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["kind"] == "end" and rows[-1]["env_steps"] >= 3000
    assert list((place / "checkpoint").glob("checkpoint-*.json"))


def _fill(descriptor: int) -> None:
    os.set_blocking(descriptor, False)
    for size in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(descriptor, b"x" * size)
    os.set_blocking(descriptor, True)


@contextlib.contextmanager
def unread_output(kind: str) -> Iterator[int]:
    """The end to write to of a pipe, terminal or socket that is full and that nobody reads."""
    if kind == "socket":
        reader, writer = (one.detach() for one in socket.socketpair())
    else:
        reader, writer = os.pipe() if kind == "pipe" else pty.openpty()
    _fill(writer)
    try:
        yield writer
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pipe", A_RUN),
        ("terminal", A_RUN),
        ("socket", A_RUN),
        ("terminal", f"--multirun {A_RUN} seed=0"),
    ],
)
def test_a_run_goes_on_though_nobody_reads_what_it_prints(
    tmp_path: Path, kind: str, words: str
) -> None:
    with unread_output(kind) as output:
        done = subprocess.run(
            [sys.executable, "-m", "rlbench", *words.split()], cwd=tmp_path, stdout=output,
            stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert os.get_blocking(output)
    (summary,) = (tmp_path / "runs").rglob("summary.json")
    assert json.loads(summary.read_text())["status"] == "budget"


def wait_for(process: subprocess.Popen[bytes], done: Callable[[], bool]) -> None:
    """Until `done`, which the process has to bring about before it ends. It is looked at now and
    then, so that the process has the core."""
    while not done():
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"ended with status {process.wait(timeout=0.02)}")


def test_a_signal_ends_a_run_though_nobody_reads_what_it_prints(tmp_path: Path) -> None:
    words = A_RUN.replace("env_steps=3000", "env_steps=1000000000").split()
    with unread_output("pipe") as output:
        run = subprocess.Popen(
            [sys.executable, "-m", "rlbench", *words], cwd=tmp_path, stdout=output,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        wait_for(run, lambda: any("train" in f.read_text() for f in tmp_path.rglob("log.jsonl")))
        run.send_signal(signal.SIGTERM)
        assert run.communicate(timeout=60)[1] == b""
        assert run.returncode == 130


def test_a_signal_ends_a_command_that_waits_for_its_reader(runs: Path) -> None:
    with unread_output("pipe") as output:
        read = subprocess.Popen(
            ["bash", "-c", f"exec {PYTHON} tensorboard runs --out out"], cwd=runs, stdout=output,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        wait_for(read, lambda: (runs / "out").exists())
        read.send_signal(signal.SIGTERM)
        assert read.communicate(timeout=60)[1] == b""
        assert read.returncode == 130


def test_what_waits_is_written_when_there_is_room() -> None:
    reader, writer = os.pipe()
    _fill(writer)
    steady = Steady(writer, waits=False)
    lines = [b"%d\n" % number for number in range(2 * KEPT_BYTES // 7)]
    for line in lines:
        assert steady.write(line) == len(line)
    while select.select([reader], [], [], 0)[0]:
        os.read(reader, 1 << 20)
    steady.write(b"the end\n")
    steady.finish()
    os.close(writer)
    with open(reader, "rb") as rest:  # noqa: PTH123
        assert rest.read().endswith(lines[-1] + b"the end\n")


def test_a_terminal_that_lacks_a_character(runs: Path) -> None:
    usual = shell(f"{PYTHON} claims runs", runs, PYTHONIOENCODING="utf-8")
    assert not usual.stdout.isascii()
    done = shell(f"{PYTHON} claims runs", runs, LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, usual.stderr)
    replaced = "".join(c if c.isascii() else "?" for c in usual.stdout)
    assert done.stdout == replaced


def test_drawing_writes_nothing_into_the_home_directory(runs: Path) -> None:
    home, temporary = runs / "home", runs / "temporary"
    home.mkdir()
    temporary.mkdir()
    places = {"HOME": str(home), "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": "", "MPLCONFIGDIR": ""}
    for command in ("report runs", "claims runs --out claims"):
        done = shell(
            f"{PYTHON} {command}", runs, MPLBACKEND="nope", TMPDIR=str(temporary), **places
        )
        assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert list(home.iterdir()) == list(temporary.iterdir()) == []
    assert (runs / "claims" / "claims.json").is_file()


def test_a_list_of_fonts_that_is_there_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rlbench.cli.drawing import own_matplotlib

    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "agg")
    (tmp_path / "fontlist-v1.json").write_text("mine")
    with own_matplotlib():
        folder = Path(os.environ["MPLCONFIGDIR"])
        assert folder != tmp_path
        assert [file.read_text() for file in folder.iterdir()] == ["mine"]
    assert not folder.exists()
    assert os.environ["MPLCONFIGDIR"] == str(tmp_path)


LONG = "x" * 5000


@pytest.mark.usefixtures("blank_figures")
@pytest.mark.parametrize(
    ("command", "out", "said"),
    [
        *((command, "file", "--out file: cannot be written (")
          for command in ("report", "claims", "tensorboard")),
        ("claims", "file/below", "--out file/below: cannot be written (file: is not a directory)"),
        ("tensorboard", "/proc/nothing", "--out /proc/nothing: cannot be written ("),
        ("claims", LONG, "File name too long)"),
        ("report", "new/" + LONG, "File name too long)"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_written(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    command: str, out: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(runs)
    (runs / "file").write_text("mine")
    assert main([command, "runs", "--out", out]) == 2
    error = capsys.readouterr().err
    assert error.startswith("rlbench: --out ") and error.count("\n") == 1
    assert said in error
    assert sorted(file.name for file in runs.iterdir()) == ["file", "runs"]
    assert (runs / "file").read_text() == "mine"


@pytest.mark.usefixtures("blank_figures")
@pytest.mark.parametrize("command", ["report", "claims", "tensorboard"])
def test_an_output_among_the_runs_hides_none(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(runs)
    # Each finds what those before it have left among the runs.
    for out in ("runs/es/CartPole-v1/essetup/seed0", "runs"):
        assert main([command, "runs", "--out", out]) == 0
        said = {"report": "ES", "claims": "CartPole-v1", "tensorboard": "2 runs in"}[command]
        assert said in capsys.readouterr().out


@pytest.mark.parametrize("command", ["report", "claims", "tensorboard"])
@pytest.mark.parametrize("name", [LONG, "/dev/null", "file"])
def test_runs_that_have_no_such_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    command: str, name: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert main([command, name]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"rlbench: {name[:200]}") and len(error) < 400
    missing = "no such directory" if name == LONG else "is not a directory"
    assert error.endswith(f": {missing}\n") and error.count("\n") == 1


@pytest.mark.usefixtures("blank_figures")
def test_links_in_place_of_the_default_output_are_not_followed(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(runs)
    (runs / "outside").mkdir()
    (runs / "runs" / "report").symlink_to(runs / "outside")
    assert main(["report", "runs"]) == 2
    assert "runs/report: cannot be written (is a link, which is not followed)" in (
        capsys.readouterr().err
    )
    assert list((runs / "outside").iterdir()) == []
    assert main(["report", "runs", "--out", "runs/report"]) == 0  # asked for by name
    assert (runs / "outside" / "index.html").is_file()


@pytest.mark.parametrize(
    ("words", "status", "named"),
    [("init mine", 2, "mine/"), (A_RUN, 1, "/seed0/config.yaml: cannot be written")],
)
def test_where_no_file_may_hold_anything_the_first_one_is_named(
    tmp_path: Path, words: str, status: int, named: str
) -> None:
    done = shell(f"ulimit -f 0; {PYTHON} {words}", tmp_path)
    assert done.returncode == status
    assert done.stderr.count("\n") == 1 and named in done.stderr
    assert "File too large" in done.stderr
    assert [file for file in tmp_path.rglob("mine/*") if file.is_file()] == []


@pytest.mark.parametrize("words", ["--help", "envs", "report", A_RUN])
def test_a_working_directory_that_is_gone(tmp_path: Path, words: str) -> None:
    (tmp_path / "gone").mkdir()
    done = shell(f"cd gone; rmdir ../gone; {PYTHON} {words}", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "the working directory: got " in done.stderr


def test_workers_let_go_of_the_emulator_before_they_end(rlbench: Rlbench) -> None:
    """Who watches a worker had kept the frames of its last step, and nanobind complained."""
    ended = rlbench("agent=random", "env=ALE/Pong-v5", "budget.env_steps=3000", "cores=2")
    assert ended.returncode == 0, ended.stderr
    assert "leaked" not in ended.stdout + ended.stderr
