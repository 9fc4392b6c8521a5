"""Sweeps through the real command line: real processes, real affinities, real signals."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

Rlbench = Callable[..., subprocess.CompletedProcess[str]]

SMALL = ("agent=random", "budget.env_steps=300", "eval.episodes=1", "stop_at_threshold=false")
has_affinity = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="two jobs side by side need two cores, and a system with affinity",
)
OWN_ENVS = """
import os
from pathlib import Path
import gymnasium

class Endless(gymnasium.Env):
    "Says, once and where it was asked to, which process has begun to train."
    observation_space = gymnasium.spaces.Box(-1, 1, (1,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        if "TELL_FIFO" in os.environ and has_trained():
            with open(os.environ.pop("TELL_FIFO"), "w") as fifo:
                fifo.write(f"{os.getpid()}\\n")
        return self.observation_space.low, {}

    def step(self, action):
        return self.observation_space.low, 0.0, False, False, {}

def has_trained():
    return any('"train"' in log.read_text() for log in Path().rglob("log.jsonl"))

class Broken(Endless):
    def step(self, action):
        raise RuntimeError("the ground gave way")

gymnasium.register("Endless-v0", Endless, max_episode_steps=10)
gymnasium.register("Broken-v0", Broken, max_episode_steps=10)
"""


@pytest.fixture
def own_envs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A package `own_envs` outside the working directory, and how to find it."""
    packages = tmp_path_factory.mktemp("packages")
    (packages / "own_envs.py").write_text(OWN_ENVS)
    return {"PYTHONPATH": os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")])}


def runs(directory: Path) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Every run.json below `directory`, by agent, environment and seed."""
    found = [json.loads(path.read_text()) for path in directory.rglob("run.json")]
    return {(run["agent"], run["env"], run["seed"]): run for run in found}


Swept = tuple[subprocess.CompletedProcess[str], Path]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """A sweep of two jobs on a core each, in a folder that nothing is to be written to."""
    folder = tmp_path_factory.mktemp("swept")
    words = [sys.executable, "-m", "rlbench", "-m", *SMALL, "seed=0,1", "cores=1"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False), folder


def test_a_sweep_runs_every_job_and_again_runs_only_what_is_missing(
    swept: Swept, here: Rlbench, tmp_path: Path
) -> None:
    first, folder = swept
    assert (first.returncode, first.stderr) == (0, "")
    assert "2 jobs: 2 done\n" in first.stdout
    assert "\nCartPole-v1 (solved at 475)\n  random: 2 seeds, none solved it" in first.stdout
    assert "figures and tables: rlbench report results/runs\n" in first.stdout
    assert [path.name for path in folder.iterdir()] == ["results"]
    assert [path.name for path in (folder / "results" / "runs").iterdir()] == ["random"]
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    logs = {path: path.read_bytes() for path in tmp_path.rglob("log.jsonl")}
    assert len(logs) == 2

    again = here("-m", *SMALL, "seed=0,1,2", "cores=1")
    assert again.returncode == 0
    assert "3 jobs: 1 done, 2 done before\n" in again.stdout
    assert {path: path.read_bytes() for path in logs} == logs
    assert len(runs(tmp_path)) == 3


@has_affinity
def test_jobs_side_by_side_have_different_cores(
    swept: Swept,
) -> None:
    one, other = runs(swept[1]).values()
    assert len(one["cpu_affinity"]) == len(other["cpu_affinity"]) == 1
    assert set(one["cpu_affinity"]).isdisjoint(other["cpu_affinity"])
    assert one["concurrent_jobs"] == other["concurrent_jobs"] == 2


def test_without_cores_a_job_has_them_all_to_itself(here: Rlbench, tmp_path: Path) -> None:
    result = here("-m", *SMALL, "seed=0,1")
    assert result.returncode == 0
    events = [line.split(": ")[1].split()[0] for line in result.stdout.splitlines() if "[" in line]
    assert events == ["running", "done", "running", "done"]
    for run in runs(tmp_path).values():
        assert run["cores"] == len(os.sched_getaffinity(0))
        assert run["concurrent_jobs"] == 1


def test_failing_jobs_do_not_touch_the_others(
    rlbench: Rlbench, tmp_path: Path, own_envs: dict[str, str]
) -> None:
    """One job cannot be composed, one fails while it runs; the third is done."""
    envs = "env=own_envs:Broken-v0,CartPol-v1,own_envs:Endless-v0"
    result = rlbench("-m", *SMALL, envs, "cores=1", **own_envs)
    assert result.returncode == 1
    assert result.stderr == "rlbench: 2 of 3 jobs failed\n"
    assert "3 jobs: 1 done, 2 failed\n" in result.stdout
    failures = [line for line in result.stdout.splitlines() if line.startswith("  failed: ")]
    assert len(failures) == 2
    assert "own_envs:Broken-v0" in failures[0]
    assert "the ground gave way" in failures[0]
    assert "did you mean CartPole-v1?" in failures[1]
    (done,) = (
        path for path in tmp_path.rglob("summary.json")
        if json.loads(path.read_text())["status"] == "budget"
    )  # fmt: skip
    assert "own_envs:Endless-v0" in str(done)


def test_jobs_that_cannot_run_are_shown_first_with_the_key_that_is_wrong(here: Rlbench) -> None:
    """A key that one of two agents has, and the name of an agent that is not there."""
    words = ["agent=random,es,rando", "agent.num_lanes=2", "seed=0", "cores=1"]
    result = here("-m", *SMALL[1:], *words)
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        "2 of 3 jobs cannot run, the others do:",
        "[2/3] agent=es seed=0: failed: agent.num_lanes: there is no such key for es; "
        "`rlbench agent=es --help` lists its keys",
        "[3/3] agent=rando seed=0: failed: agent: got 'rando'; takes dqn, es, evosax, evotorch, "
        "random, sb3 or sbx; did you mean random?",
    ]
    assert (result.returncode, result.stderr) == (1, "rlbench: 2 of 3 jobs failed\n")
    assert "3 jobs: 1 done, 2 failed" in lines


def test_bad_agent_settings_are_found_before_anything_starts(here: Rlbench) -> None:
    result = here("-m", *SMALL[1:], "agent=random,es", "agent.sigma=-1", "cores=1")
    assert result.returncode == 2
    assert "[" not in result.stdout.replace("agent=", "")
    assert result.stderr.startswith("rlbench: ")


@dataclass
class Training:
    """A sweep of two jobs, one after the other, of which the first is training."""

    sweep: subprocess.Popen[str]
    job: int  # its process id

    def read_until(self, text: str) -> None:
        assert self.sweep.stdout is not None
        assert any(text in line for line in self.sweep.stdout)


@pytest.fixture
def training(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, own_envs: dict[str, str]
) -> Iterator[Training]:
    fifo = tmp_path_factory.mktemp("fifo") / "tell"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    words = ("-m", "agent=random", "env=own_envs:Endless-v0", "seed=0,1", "eval.episodes=1")
    process = subprocess.Popen(
        [sys.executable, "-m", "rlbench", *words, "budget.train_seconds=3600"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **own_envs, "TELL_FIFO": str(fifo)},
        process_group=0,
    )
    readable, _, _ = select.select([reader], [], [], 60)
    assert readable, process.poll()
    yield Training(process, int(os.read(reader, 100)))
    os.close(reader)
    if process.poll() is None:
        process.kill()
    process.wait(timeout=30)


def test_ctrl_c_lets_jobs_write_their_checkpoints(training: Training, tmp_path: Path) -> None:
    training.sweep.send_signal(signal.SIGINT)
    out, err = training.sweep.communicate(timeout=60)
    assert (training.sweep.returncode, err) == (130, "")
    assert "2 jobs: 1 waiting, 1 interrupted\n" in out
    assert "interrupted: the same command goes on with what is missing\n" in out
    (summary,) = tmp_path.rglob("summary.json")
    assert json.loads(summary.read_text())["status"] == "interrupted"
    assert list((summary.parent / "checkpoint").iterdir())


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_to_all_its_processes_stops_a_sweep_once(
    training: Training, tmp_path: Path, name: str
) -> None:
    """A batch system signals the jobs as well, which are told a second time by the sweep."""
    os.kill(training.job, getattr(signal, name))
    os.killpg(training.sweep.pid, getattr(signal, name))
    out, err = training.sweep.communicate(timeout=60)
    assert (training.sweep.returncode, err) == (130, "")
    assert "2 jobs: 1 waiting, 1 interrupted\n" in out
    (summary,) = tmp_path.rglob("summary.json")
    assert json.loads(summary.read_text())["status"] == "interrupted"


def test_a_job_that_is_killed_is_said_to_have_been(training: Training) -> None:
    os.kill(training.job, signal.SIGKILL)
    training.read_until(": failed after ")
    training.sweep.send_signal(signal.SIGINT)
    out, _ = training.sweep.communicate(timeout=60)
    assert "seed=0: was killed by SIGKILL; a machine that is short of memory ends" in out


def test_a_job_whose_sweep_was_killed_saves_and_ends(training: Training, tmp_path: Path) -> None:
    job = psutil.Process(training.job)
    training.sweep.kill()
    assert psutil.wait_procs([job], timeout=30)[1] == []
    (summary,) = tmp_path.rglob("summary.json")
    assert json.loads(summary.read_text())["status"] == "interrupted"
    assert list((summary.parent / "checkpoint").iterdir())
    assert not (summary.parent / "traceback.txt").exists()


def test_a_second_ctrl_c_kills(training: Training) -> None:
    os.kill(training.job, signal.SIGSTOP)  # now it hears nothing
    training.sweep.send_signal(signal.SIGINT)
    training.read_until("stopping: ")
    while training.sweep.poll() is None:  # signals within a second are one
        training.sweep.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            training.sweep.wait(timeout=0.3)
    training.read_until("2 jobs: 1 waiting, 1 interrupted")
    assert training.sweep.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(training.job, 0)


def test_hydras_own_launcher_stays_usable(here: Rlbench, tmp_path: Path) -> None:
    result = here("-m", *SMALL, "seed=0,1", "hydra/launcher=basic")
    assert (result.returncode, result.stderr) == (0, "")
    assert len(runs(tmp_path)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_jobs_find_configurations_where_the_sweep_found_them(here: Rlbench, tmp_path: Path) -> None:
    (tmp_path / "mine" / "env").mkdir(parents=True)
    (tmp_path / "mine" / "env" / "short.yaml").write_text("{id: CartPole-v1, max_episode_steps: 9}")
    result = here("-m", "--config-dir", "mine", *SMALL, "env=short", "seed=0")
    assert result.returncode == 0, result.stdout
    (run,) = runs(tmp_path).values()
    assert (run["env"], run["max_episode_steps"]) == ("CartPole-v1", 9)


def test_more_jobs_at_once_than_cores_is_refused(here: Rlbench, tmp_path: Path) -> None:
    result = here("-m", *SMALL, "seed=0,1", "hydra.launcher.jobs=9999")
    assert result.returncode == 2
    assert result.stderr.startswith("rlbench: hydra.launcher.jobs: got 9999; takes auto or 1 to ")
    assert list(tmp_path.iterdir()) == []


def test_runs_that_shared_their_cores_are_named_and_made_again_by_one_command(
    swept: Swept, here: Rlbench, tmp_path: Path
) -> None:
    shutil.copytree(swept[1], tmp_path, dirs_exist_ok=True)
    words = ("-m", *SMALL, "seed=0,1,2", "cores=1")
    here(*words)
    places = sorted(path.parent for path in tmp_path.rglob("summary.json"))
    for place, others_share in zip(places, (0.9, 0.0, 0.97), strict=True):
        header = json.loads((place / "run.json").read_text())
        two = {"cpu_count": 2, "concurrent_jobs": 2}
        (place / "run.json").write_text(json.dumps(header | two))
        summary = json.loads((place / "summary.json").read_text())
        shared = {"others_share": others_share, "stolen_share": 0.0}
        (place / "summary.json").write_text(json.dumps(summary | {"contention": shared}))
    logs = [(place / "log.jsonl").read_bytes() for place in places]

    looked = here(*words)
    lines = looked.stdout.splitlines()
    said = lines.index("3 jobs: 3 done before")
    assert looked.returncode == 0
    assert lines[said + 1 : said + 5] == [
        "2 runs had to share the cores with something else, which makes their times too long:",
        "  shared: agent=random seed=2: other processes had 47% of the time",
        "  shared: agent=random seed=0: other processes had 40% of the time",
        "the same command with overwrite=shared makes them again, and no others",
    ]

    again = here(*words, "overwrite=shared")
    assert "3 jobs: 2 done, 1 done before\n" in again.stdout
    now = [(place / "log.jsonl").read_bytes() for place in places]
    assert [old == new for old, new in zip(logs, now, strict=True)] == [False, True, False]
    for place in places[::2]:
        assert json.loads((place / "summary.json").read_text())["attempts"] == 1


def test_a_sweep_killed_and_started_again_makes_each_run_once_and_says_what_is_left(
    here: Rlbench, tmp_path: Path
) -> None:
    """Four short jobs; SIGKILL once the second is done."""
    words = ("-m", *SMALL, "seed=range(4)", "cores=1", "hydra.launcher.jobs=1")
    sweep = subprocess.Popen(
        [sys.executable, "-m", "rlbench", *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert sweep.stdout is not None
    assert any("  2 of 4 jobs, about " in line for line in sweep.stdout)
    sweep.kill()
    sweep.communicate(timeout=60)
    done = {path: path.read_bytes() for path in tmp_path.rglob("summary.json")}
    took_s = [json.loads(text)["wall_s"] for text in done.values()]
    again = here(*words)
    assert again.returncode == 0
    counted = re.search(r"4 jobs: (\d+) done, (\d+) done before", again.stdout)
    assert counted is not None
    assert int(counted[2]) >= 2 and int(counted[1]) + int(counted[2]) == 4
    assert all(path.read_bytes() == text for path, text in done.items())
    left = re.findall(r"  (\d+) of 4 jobs, about (\d+):(\d\d) left", again.stdout)
    assert [int(ended) for ended, _, _ in left] == list(range(int(counted[2]) + 1, 4))
    first_s = int(left[0][1]) * 60 + int(left[0][2])
    each_s = first_s / (4 - int(left[0][0]))
    assert min(took_s) - 1 <= each_s <= 2 * max(took_s) + 1
