"""`rlbench report --watch` as a process, beside a directory of runs that grows."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rlbench.cli.main import main
from rlbench.reports.build import build_report
from support.bad_input import refusal
from support.run_files import RunFiles

REFRESH = '<meta http-equiv="refresh"'


@contextmanager
def watching(directory: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The process; what it prints is what the test waits for."""
    command = [sys.executable, "-m", "rlbench", "report", str(directory), "--watch", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_it_waits_rebuilds_on_changes_and_ends_at_an_interrupt(tmp_path: Path) -> None:
    runs, page = tmp_path / "runs", tmp_path / "runs" / "report" / "index.html"
    with watching(runs, "--interval", "0.1") as process:
        assert line_of(process) == f"waiting for runs: {runs}: no such directory\n"
        runs.mkdir()

        place = RunFiles(status=None).write(tmp_path / "aside")  # moved, so that it comes whole
        place.rename(runs / "first")
        assert line_of(process) == f"1 run: wrote {page}\n"
        text = page.read_text()
        assert REFRESH in text
        assert "still going, or killed" in text
        assert "solved after" not in text

        finished = RunFiles().write(tmp_path / "finished")  # the same run
        (finished / "log.jsonl").replace(runs / "first" / "log.jsonl")
        assert line_of(process).startswith("1 run: wrote")
        assert "solved after 1 s of training" in page.read_text()

        RunFiles(agent="dqn").write(tmp_path / "aside").rename(runs / "second")
        assert line_of(process).startswith("2 runs: wrote")
        assert "DQN, seed 0" in page.read_text()

        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr is not None
        assert process.stderr.read() == ""
    left = page.read_bytes()
    assert REFRESH.encode() not in left
    assert not list((runs / "report").glob(".*"))  # nothing half-written
    assert left == build_report(runs).page.read_bytes()


def test_a_place_that_cannot_be_written_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    RunFiles().write(tmp_path / "runs")
    (tmp_path / "file").write_text("")
    words = ["report", str(tmp_path / "runs"), "--watch", "--out", str(tmp_path / "file")]
    assert main(words) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--interval", "5"], "--interval: goes with --watch"),
        (["--watch", "--interval", "soon"], "got soon, takes seconds from 0.05 to 86400"),
        (["--watch", "--interval", "0"], "got 0, takes seconds"),
    ],
)
def test_words_that_make_no_sense(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said in refusal(["report", *words], tmp_path, monkeypatch, capsys)


def test_another_signal_too_leaves_a_page_that_does_not_reload(tmp_path: Path) -> None:
    RunFiles().write(tmp_path)
    with watching(tmp_path, "--interval", "0.1") as process:
        assert line_of(process).startswith("1 run: wrote")
        page = tmp_path / "report" / "index.html"
        assert REFRESH in page.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
        assert process.stderr is not None and process.stderr.read() == ""
    assert REFRESH not in page.read_text()
