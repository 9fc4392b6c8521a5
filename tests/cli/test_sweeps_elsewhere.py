"""Sweeps through Hydra's launchers for submitit (SLURM), with its local executor, and for Ray."""

from __future__ import annotations

import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

Rlbench = Callable[..., subprocess.CompletedProcess[str]]

SMALL = ("agent=random", "budget.env_steps=300", "eval.episodes=1", "stop_at_threshold=false")
BROKEN_AND_ENDLESS = """
import os
from pathlib import Path
import gymnasium

class Endless(gymnasium.Env):
    "Says, once and where it was asked to, which process has begun to train."
    observation_space = gymnasium.spaces.Box(-1, 1, (1,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        if "TELL_FIFO" in os.environ and rows_of_training() > BEFORE:
            with open(os.environ.pop("TELL_FIFO"), "w") as fifo:
                fifo.write(f"{os.getpid()}\\n")
        return self.observation_space.low, {}

    def step(self, action):
        return self.observation_space.low, 0.0, False, False, {}

def rows_of_training():
    return sum(log.read_text().count('"train"') for log in Path().rglob("log.jsonl"))

BEFORE = rows_of_training()

class Broken(Endless):
    def step(self, action):
        raise RuntimeError("the ground gave way")

gymnasium.register("Endless-v0", Endless, max_episode_steps=10)
gymnasium.register("Broken-v0", Broken, max_episode_steps=10)
"""


def installed(launcher: str) -> bool:
    return importlib.util.find_spec(f"hydra_plugins.{launcher}") is not None


needs_submitit = pytest.mark.skipif(
    not installed("hydra_submitit_launcher"), reason="needs rlbench[slurm]"
)
needs_ray = pytest.mark.skipif(
    not installed("hydra_ray_launcher"), reason="needs rlbench[ray-sweeps]"
)


@pytest.fixture
def own_envs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    packages = tmp_path_factory.mktemp("packages")
    (packages / "own_envs.py").write_text(BROKEN_AND_ENDLESS)
    return {"PYTHONPATH": os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")])}


def runs(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(directory.rglob("run.json"))]


def check_two_jobs(run: Rlbench, tmp_path: Path, *launcher: str) -> None:
    """Two jobs, each in a process and on a core of its own; again, nothing is left to do."""
    words = ("-m", *SMALL, "seed=0,1", "cores=1", *launcher)
    first = run(*words)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "2 jobs: 2 done\n" in first.stdout
    assert "\nCartPole-v1 (solved at 475)\n  random: 2 seeds, none solved it" in first.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    one, other = runs(tmp_path)
    assert (one["cores"], other["cores"]) == (1, 1)
    if len(os.sched_getaffinity(0)) > 1:
        assert set(one["cpu_affinity"]).isdisjoint(other["cpu_affinity"])
    logs = {path: path.read_bytes() for path in tmp_path.rglob("log.jsonl")}
    again = run(*words)
    assert again.returncode == 0
    assert "2 jobs: 2 done before\n" in again.stdout
    assert {path: path.read_bytes() for path in tmp_path.rglob("log.jsonl")} == logs


@needs_submitit
def test_submitit_runs_a_sweep(rlbench: Rlbench, tmp_path: Path) -> None:
    check_two_jobs(rlbench, tmp_path, "hydra/launcher=submitit_local")


@needs_ray
def test_ray_runs_a_sweep(rlbench: Rlbench, tmp_path: Path) -> None:
    check_two_jobs(rlbench, tmp_path, "hydra/launcher=ray")


@needs_submitit
def test_what_failed_is_named_and_the_others_are_done(
    rlbench: Rlbench, tmp_path: Path, own_envs: dict[str, str]
) -> None:
    """One job cannot be composed, one fails while it runs; the third is done."""
    envs = "env=own_envs:Broken-v0,CartPol-v1,CartPole-v1"
    words = ("-m", *SMALL, envs, "cores=1", "hydra/launcher=submitit_local")
    result = rlbench(*words, **own_envs)
    assert (result.returncode, result.stderr) == (1, "rlbench: 2 of 3 jobs failed\n")
    failures = [line for line in result.stdout.splitlines() if line.startswith("  failed: ")]
    assert ["Broken-v0" in failures[0], "the ground gave way" in failures[0]] == [True, True]
    assert "did you mean CartPole-v1?" in failures[1]
    assert "3 jobs: 1 done, 2 failed\n" in result.stdout


@needs_submitit
def test_more_cores_than_the_launcher_reserves_are_refused(here: Rlbench, tmp_path: Path) -> None:
    reserved = ("hydra/launcher=submitit_local", "hydra.launcher.cpus_per_task=1")
    result = here("-m", *SMALL, "seed=0,1", "cores=2", *reserved)
    assert result.returncode == 2
    assert result.stderr == (
        "rlbench: hydra.launcher.cpus_per_task: got 1; takes at least 2, the `cores` of a job; "
        "where it is not given, it is that\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def training(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, own_envs: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[str], Callable[[], int]]]:
    """A sweep of one job through submitit, and what waits until it trains and gives its pid."""
    fifo = tmp_path_factory.mktemp("fifo") / "tell"
    os.mkfifo(fifo)
    words = ("-m", "agent=random", "env=own_envs:Endless-v0", "seed=0", "eval.episodes=1")
    launcher = ("hydra/launcher=submitit_local", "cores=1", "budget.train_seconds=3600")
    with ExitStack() as stack:
        reader = os.open(fifo, os.O_RDWR)  # a writer, too, so that it has no end
        stack.callback(os.close, reader)
        process = subprocess.Popen(
            [sys.executable, "-m", "rlbench", *words, *launcher],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **own_envs, "TELL_FIFO": str(fifo)},
        )
        stack.callback(end_with_children, process)

        def wait() -> int:
            readable, _, _ = select.select([reader], [], [], 60)
            assert readable, process.poll()
            return int(os.read(reader, 100))

        yield process, wait


def end_with_children(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
    process.wait(timeout=30)


@needs_submitit
def test_a_job_that_is_preempted_saves_and_goes_on_when_it_is_begun_again(
    training: tuple[subprocess.Popen[str], Callable[[], int]], tmp_path: Path
) -> None:
    """SIGUSR2 is what submitit has SLURM send before a job's time is over; it requeues the job. All
    processes of the job get it. Then SIGTERM, as of scancel, stops it."""
    sweep, wait_until_it_trains = training
    for number, last in ((signal.SIGUSR2, False), (signal.SIGTERM, True)):
        job = psutil.Process(wait_until_it_trains())
        task = job.parent()
        assert task is not None
        for process in (job, *job.children(recursive=True), task):
            process.send_signal(number)
        assert psutil.wait_procs([task], timeout=30)[1] == []
        (summary,) = tmp_path.rglob("summary.json")
        assert json.loads(summary.read_text())["status"] == "interrupted"
        assert list((summary.parent / "checkpoint").iterdir())
        assert json.loads(summary.read_text())["attempts"] == (2 if last else 1)
    out, err = sweep.communicate(timeout=60)
    assert (sweep.returncode, err.splitlines()[-1:]) == (
        1, ["rlbench: 1 of 1 jobs were interrupted; start this sweep again"],
    )  # fmt: skip
    assert "1 jobs: 1 interrupted\n" in out
