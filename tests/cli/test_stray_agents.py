"""Agents that misbehave: one line that names them, and an end of the process all the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tests.cli.conftest import Rlbench

from rlbench.cli.main import main

TESTS = Path(__file__).parents[1]
SMALL = ["env=CartPole-v1", "budget.env_steps=200", "cores=1", "eval.episodes=2"]
Words = Callable[[str], list[str]]


@pytest.fixture
def words(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Words:
    """The words of a small run with an agent of `probe_agents`, which has a configuration."""
    folder = tmp_path_factory.mktemp("configurations")
    path = f"{TESTS}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    monkeypatch.setenv("PYTHONPATH", path)

    def of(name: str) -> list[str]:
        (folder / "agent").mkdir(exist_ok=True)
        text = f"{{name: stray, _target_: probe_agents.{name}, num_lanes: 8}}"
        (folder / "agent" / "stray.yaml").write_text(text)
        return [f"--config-dir={folder}", "agent=stray", *SMALL]

    return of


def summary(tmp_path: Path) -> dict[str, object]:
    (path,) = tmp_path.rglob("summary.json")
    found: dict[str, object] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Unmeasured", "Unmeasured.memory_mb: got 'ValueError: no idea'; takes a number or None"),
        ("Huge", "Huge.memory_mb: got 'much'; takes a number from 0 on, or None"),
    ],
)
def test_is_refused_before_anything_is_written(
    name: str, said: str, words: Words, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(words(name)) == 2
    assert capsys.readouterr().err == f"rlbench: {said}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Idle", "agent stray: advance(200) made no step"),
        ("Wordy", "agent stray: advance(200) returned str, and a dict is taken"),
        ("Interrupting", "KeyboardInterrupt: (see PLACE/traceback.txt)"),
    ],
)
def test_fails_with_a_line(
    name: str, said: str, words: Words, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(words(name)) == 1
    (path,) = tmp_path.rglob("summary.json")
    said = said.replace("PLACE", str(path.parent))
    assert capsys.readouterr().err == f"rlbench: {said}\n"
    assert summary(tmp_path)["status"] == "failed"


def test_what_does_not_close_is_noted_and_the_run_is_done(
    words: Words, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(words("Unclosable")) == 0
    note = "note: agent stray did not close: ValueError: the door is stuck\n"
    assert capsys.readouterr().err == note
    assert summary(tmp_path)["status"] == "budget"


NO_ANSWER = (
    "agent stray has neither made a step nor asked whether to stop for 1 s (agent_timeout_s): "
    "its code does not return"
)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("StuckBuilt", []),
        ("StuckTraining", []),
        ("StuckForGood", []),
        ("StuckActing", []),
        ("StuckActing", ["cores=2", "eval.episodes=30"]),  # played by processes
        ("StuckTask", ["executor=process", "cores=2"]),
    ],
)
def test_an_agent_that_does_not_return_fails_the_run_by_name(
    name: str, more: list[str], rlbench: Rlbench, words: Words, tmp_path: Path
) -> None:
    given = {word.partition("=")[0]: word for word in [*words(name), *more]}
    done = rlbench(*given.values(), "agent_timeout_s=1")
    assert (done.returncode, done.stderr) == (1, f"rlbench: {NO_ANSWER}\n")
    found = summary(tmp_path)
    assert (found["status"], found["error"]) == ("failed", NO_ANSWER)
    assert [one.pid for one in psutil.process_iter() if str(tmp_path) in _command_line(one)] == []


def test_a_dry_run_of_an_agent_that_does_not_return(rlbench: Rlbench, words: Words) -> None:
    done = rlbench(*words("StuckTraining"), "agent_timeout_s=1", "dry_run=true")
    assert (done.returncode, done.stderr) == (1, f"rlbench: {NO_ANSWER}\n")


def test_an_agent_that_does_not_close_in_time_is_noted(
    rlbench: Rlbench, words: Words, tmp_path: Path
) -> None:
    done = rlbench(*words("StuckClosing"), "agent_timeout_s=1")
    note = f"note: agent stray did not close: StuckError: {NO_ANSWER}\n"
    assert (done.returncode, done.stderr) == (0, note)
    assert summary(tmp_path)["status"] == "budget"


def test_a_long_call_that_makes_steps_is_in_order(rlbench: Rlbench, words: Words) -> None:
    done = rlbench(*words("Patient"), "agent_timeout_s=1")
    assert (done.returncode, done.stderr) == (0, "")


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()) + process.cwd()
    except psutil.Error:
        return ""


def test_a_thread_that_is_left_does_not_keep_the_process(rlbench: Rlbench, words: Words) -> None:
    done = rlbench(*words("Threaded"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("budget: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_result_changes_no_status(
    words: Words, tmp_path: Path, number: int
) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "rlbench", *words("Endless")],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stderr is not None
    assert run.stderr.readline() == "waiting for ever\n"
    run.send_signal(number)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0
    assert err.endswith("note: agent stray did not close: KeyboardInterrupt\n")
    assert out.splitlines()[-1].startswith("budget: ")


def test_a_process_that_ends_before_its_run_is_no_job_done(here: Rlbench, words: Words) -> None:
    done = here("--multirun", *words("Quitting"), "seed=0")
    assert done.returncode == 1
    why = "its process ended with status 0 before the run was over"
    assert f"failed: agent=stray env=CartPole-v1 seed=0: {why}" in done.stdout


SHOWN = r"ValueError: \x1b]0;title\x07\x1b[2J\u202e red \x9b31m"


@pytest.mark.parametrize("sweep", [[], ["-m"]])
def test_control_characters_of_strangers_are_shown_and_not_obeyed(
    sweep: list[str], here: Rlbench, words: Words, tmp_path: Path
) -> None:
    done = here(*sweep, *words("Colourful"))
    assert done.returncode == 1
    assert SHOWN in (done.stdout if sweep else done.stderr)
    assert (done.stdout + done.stderr).replace("\n", "").isprintable()
    error = str(summary(tmp_path)["error"])
    assert error.isprintable() and r"\x1b]0;title\x07" in error


def test_a_job_that_another_process_runs_is_none_that_failed(
    here: Rlbench, words: Words, tmp_path: Path
) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "rlbench", *words("Endless"), "seed=1"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stderr is not None and run.stderr.readline() == "waiting for ever\n"
    (path,) = tmp_path.rglob("summary.json")
    path.unlink()  # so that it looks as while it trains
    done = here("-m", *words("Endless"), "seed=1", "agent.num_lanes=8", "hydra.launcher.jobs=1")
    run.kill()
    run.communicate()
    assert done.returncode == 1
    assert "1 jobs: 1 running elsewhere" in done.stdout and "failed" not in done.stdout
    assert done.stderr == (
        "rlbench: 1 of 1 jobs run in another process; wait until it has ended, then start "
        "this sweep again\n"
    )


def test_a_count_of_jobs_that_is_none(
    here: Rlbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RLBENCH_CONCURRENT_JOBS", "abc")
    done = here("agent=random", *SMALL)
    said = "RLBENCH_CONCURRENT_JOBS: got 'abc'; takes a whole number from 1 on; a sweep sets it"
    assert (done.returncode, done.stderr) == (2, f"rlbench: {said}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_a_launcher_that_is_gone(rlbench: Rlbench, tmp_path: Path) -> None:
    done = rlbench("agent=random", *SMALL, RLBENCH_PARENT="1234567890")
    said = "process 1234567890 (RLBENCH_PARENT), which started this one, has ended"
    assert (done.returncode, done.stderr) == (130, f"rlbench: {said}\n")
    assert list(tmp_path.iterdir()) == []
