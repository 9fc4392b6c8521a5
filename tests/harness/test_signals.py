"""Runs in real processes that are told to stop, that are killed, and that hang."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rlbench.config.compose import compose
from rlbench.harness.experiment import run as run_here
from rlbench.harness.plan import name_run
from rlbench.runs import checkpoint

TESTS = Path(__file__).parents[1]
COUNTING, FAULTY = "probe_envs:Counting-v0", "probe_envs:Faulty-v0"
NO_ANSWER = (
    f"environment {FAULTY} has not answered for 1 s (env.step_timeout_s): "
    "a step, a reset or its constructor does not return"
)
WORKERS = (
    "executor=process", "cores=2", "agent.population=12", "agent.hidden=[8]", "env.threshold=99",
    "eval.episodes=5", "budget.train_seconds=600",
)  # fmt: skip
TWO_CORES = hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1
pytestmark = pytest.mark.skipif(not TWO_CORES, reason="workers of two cores")


def paths(*more: Path) -> str:
    return os.pathsep.join([*map(str, more), os.environ.get("PYTHONPATH", "")])


class Running:
    """A run in a session of its own, and everything that it starts."""

    def __init__(self, directory: Path, *words: str, **environment: str) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rlbench", f"results_dir={directory}", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths(TESTS), **environment},
            start_new_session=True,
        )

    def read_until(self, part: str, times: int = 1) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            times -= part in line
            if times == 0:
                return
        raise AssertionError(f"{part!r} never came: {self.process.stderr.read()}")  # type: ignore

    def signal(self, number: int, *, group: bool = False) -> None:
        (os.killpg if group else os.kill)(self.process.pid, number)

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def others(self) -> list[psutil.Process]:
        """What is there of its session beside the run itself."""
        found = []
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == self.process.pid != process.pid:
                    found.append(process)
            except ProcessLookupError:
                continue
        return [one for one in found if one.is_running() and one.status() != "zombie"]

    def summary(self) -> dict[str, Any]:
        (path,) = self.directory.rglob("summary.json")
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def checkpoint(self) -> Any:
        (path,) = self.directory.rglob("run.json")
        return checkpoint.load(path.parent / "checkpoint")


@pytest.fixture
def started() -> Iterator[list[Running]]:
    """Runs that are killed at the end, with all that is left of them."""
    runs: list[Running] = []
    yield runs
    for run in runs:
        for process in [*run.others(), run.process]:
            process.kill()
        run.process.communicate()


@pytest.mark.parametrize(
    ("name", "group"), [("SIGINT", True), ("SIGTERM", True), ("SIGHUP", False)]
)
def test_a_signal_to_a_run_with_workers_saves_it_and_leaves_no_process(
    tmp_path: Path, started: list[Running], name: str, group: bool
) -> None:
    run = Running(tmp_path, "agent=es", f"env={COUNTING}", *WORKERS)
    started.append(run)
    run.read_until(" steps | ", times=2)
    assert len(run.others()) == 3  # two workers, and multiprocessing's tracker
    run.signal(getattr(signal, name), group=group)
    if group:  # as `timeout` does
        run.signal(getattr(signal, name))
    status, out, err = run.end()
    assert (status, err) == (130, "") and "interrupted: " in out
    assert run.others() == []
    assert run.summary()["status"] == "interrupted"
    assert run.checkpoint()["agent"]["generation"] > 0


def test_an_evaluation_is_cut_short_and_played_again_when_the_run_goes_on(
    tmp_path: Path, started: list[Running]
) -> None:
    """An agent in one process, with others for its evaluations, each of which takes a second."""
    words = (
        "agent=random", "env=probe_envs:Slow-v0", "+env.kwargs.seconds=0.01", "cores=2",
        "env.threshold=99", "eval.episodes=20", "eval.first_steps=1", "eval.gap_per_step=0",
    )  # fmt: skip
    run = Running(tmp_path, *words, "budget.env_steps=100000")
    started.append(run)
    run.read_until(" steps | ")
    run.signal(signal.SIGTERM, group=True)
    status, _, err = run.end()
    assert (status, err, run.others()) == (130, "", [])
    steps = run.summary()["env_steps"]
    again = Running(tmp_path, *words, f"budget.env_steps={steps + 2}")
    started.append(again)
    status, out, err = again.end()
    assert status == 0 and "going on from" in out, err
    assert again.summary()["attempts"] == 2


def test_a_run_stopped_anywhere_evaluates_the_same_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In training, in an evaluation and in its confirmation, of which none is lost or doubled."""

    def play(directory: str) -> tuple[int, list[tuple[Any, ...]]]:
        asked = compose(
            [
                "agent=random", f"env={COUNTING}", f"results_dir={tmp_path / directory}", "cores=1",
                "env.threshold=5", "eval.episodes=5", "eval.confirmation_episodes=30",
                "stop_at_threshold=false", "eval.first_steps=40", "eval.growth=1.5",
                "budget.env_steps=300",
            ]
        )  # fmt: skip
        status = run_here(asked)
        log = (name_run(asked).directory / "log.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in log]
        columns = ("kind", "env_steps", "returns", "confirmed", "confirmation_mean")
        kept = [row for row in rows if row["kind"] in ("eval", "solved")]
        return status, [tuple(row.get(column) for column in columns) for row in kept]

    _, whole = play("whole")
    assert len([row for row in whole if row[0] == "solved"]) > 3
    stopped = 0
    for step in range(700, 1600, 90):
        monkeypatch.setenv("RLBENCH_TEST_INTERRUPT_AT", str(step))
        monkeypatch.setattr("probe_envs.Counting.steps_in_process", 0)
        with contextlib.suppress(KeyboardInterrupt):  # before there was anything to save
            status, _ = play(str(step))
            stopped += status == 130
        monkeypatch.delenv("RLBENCH_TEST_INTERRUPT_AT")
        assert play(str(step)) == (0, whole), step
    assert stopped > 5


def test_a_run_that_is_killed_takes_its_workers_with_it(
    tmp_path: Path, started: list[Running]
) -> None:
    run = Running(tmp_path, "agent=es", f"env={COUNTING}", *WORKERS)
    started.append(run)
    run.read_until(" steps | ", times=2)
    left = run.others()
    assert len(left) == 3
    run.signal(signal.SIGKILL)
    assert run.end()[0] == -signal.SIGKILL
    _, alive = psutil.wait_procs(left, timeout=10)
    assert alive == [] and run.others() == []


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Path]:
    """A pipe for what hangs to say so."""
    path = tmp_path / "told"
    os.mkfifo(path)
    yield path


def hanging(directory: Path, told: Path, *more: str) -> Running:
    faults = ("+env.kwargs.fault=hang", "+env.kwargs.after=2000", "checkpoint.every_seconds=0.01")
    words = ("agent=es", f"env={FAULTY}", *WORKERS, *faults, *more)
    return Running(directory, *words, RLBENCH_TEST_TELL_FILE=str(told))


def test_the_second_ctrl_c_ends_a_run_whose_worker_hangs(
    tmp_path: Path, told: Path, started: list[Running]
) -> None:
    run = hanging(tmp_path / "runs", told)
    started.append(run)
    stuck = psutil.Process(int(told.read_text().split()[0]))  # waits for one
    before = run.checkpoint()["seq"]
    while run.process.poll() is None:  # an impatient user
        run.signal(signal.SIGINT, group=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.process.wait(timeout=0.3)
    status, _, err = run.end()
    assert (status, err) == (130, "")
    assert not stuck.is_running() and run.others() == []
    assert run.checkpoint()["seq"] >= before


def test_a_worker_that_hangs_goes_with_the_killed_run(
    tmp_path: Path, told: Path, started: list[Running]
) -> None:
    run = hanging(tmp_path / "runs", told)
    started.append(run)
    told.read_text()
    left = run.others()
    run.signal(signal.SIGKILL)
    run.end()
    assert psutil.wait_procs(left, timeout=10)[1] == []


@pytest.mark.parametrize("executor", ["process", "serial"])
def test_an_environment_that_does_not_answer_fails_the_run_by_name(
    tmp_path: Path, started: list[Running], executor: str
) -> None:
    words = ("agent=es", f"env={FAULTY}", *WORKERS, f"executor={executor}")
    faults = ("+env.kwargs.fault=hang", "+env.kwargs.after=2000", "env.step_timeout_s=1")
    run = Running(tmp_path, *words, *faults)
    started.append(run)
    status, _, err = run.end()
    assert (status, err, run.others()) == (1, f"rlbench: {NO_ANSWER}\n", [])
    assert (run.summary()["status"], run.summary()["error"]) == ("failed", NO_ANSWER)


@pytest.mark.parametrize("executor", ["process", "serial"])
def test_an_environment_that_asks_to_exit_fails_the_run_by_name(
    tmp_path: Path, started: list[Running], executor: str
) -> None:
    words = ("agent=es", f"env={FAULTY}", *WORKERS, f"executor={executor}")
    run = Running(tmp_path, *words, "+env.kwargs.fault=exit", "+env.kwargs.after=2000")
    started.append(run)
    status, _, err = run.end()
    expected = f"rlbench: environment {FAULTY} raised SystemExit in step: 0\n"
    assert (status, err, run.others()) == (1, expected, [])
    assert run.summary()["status"] == "failed"


def test_a_signal_before_there_is_anything_to_save_ends_the_process_at_once(
    tmp_path: Path, started: list[Running]
) -> None:
    """The environment's package is being imported, and says so."""
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "slow_import.py").write_text("import probe_envs\nprobe_envs.hang()\n")
    told = tmp_path / "told"
    os.mkfifo(told)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        run = Running(
            tmp_path / "runs", "agent=es", "env=slow_import:Any-v0",
            PYTHONPATH=paths(packages, TESTS),
            RLBENCH_TEST_TELL_FILE=str(told),
        )  # fmt: skip
        started.append(run)
        told.read_text()
        run.signal(number, group=True)
        assert run.end() == (130, "", "")
        assert run.others() == [] and not (tmp_path / "runs").exists()


SIGNALLED_WHILE_IMPORTING = """
import os, runpy, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), int(sys.argv[2]))
sys.meta_path.insert(0, Finder())
runpy.run_module("rlbench", run_name="__main__")
"""


@pytest.mark.parametrize("module", ["rlbench.cli.main", "rlbench.signals", "rlbench.clock"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_rlbench_is_imported_ends_the_process_without_a_word(
    module: str, number: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED_WHILE_IMPORTING, module, str(int(number))],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


STOPPING = "import os, signal, time; os.kill(os.getpid(), signal.{}); time.sleep(60)"


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("SIGINT", None), ("SIGINT", "pass"), ("SIGINT", "raise AttributeError"),
        ("SIGTERM", "pass"), ("SIGHUP", "raise AttributeError"),
    ],
)  # fmt: skip
def test_a_stop_while_somebodys_code_is_imported(
    tmp_path: Path, name: str, then: str | None
) -> None:
    """Code that `exec` runs, as of a dataclass: Python notes the KeyboardInterrupt for its end."""
    stopping = f"exec({STOPPING.format(name)!r})"
    if then is not None:
        stopping = f"try:\n    {stopping}\nexcept BaseException:\n    {then}"
    register = "gymnasium.register('Foo-v0', 'gymnasium.envs.classic_control:CartPoleEnv')"
    (tmp_path / "mine.py").write_text(f"import gymnasium\n{register}\n{stopping}\n")
    words = ["agent=random", "env=mine:Foo-v0", "budget.env_steps=10", "eval.episodes=1"]
    done = subprocess.run(
        [sys.executable, "-m", "rlbench", *words], cwd=tmp_path, capture_output=True, text=True,
        timeout=50, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert not (tmp_path / "results").exists()
