"""The cores and variables of a run's process, and who else had the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlbench.config.compose import compose
from rlbench.harness.experiment import run
from rlbench.harness.machine import (
    MachineTime,
    available_cores,
    confined,
    contention,
    visible_cores,
)
from rlbench.harness.siblings import SWEEP, sweep_cpu_s
from rlbench.harness.threads import THREAD_VARIABLES
from rlbench.runs.summary import Contention

VARIABLES = (*THREAD_VARIABLES, "CUDA_VISIBLE_DEVICES", "TF_CPP_MIN_LOG_LEVEL")


def test_a_process_is_confined_and_gets_everything_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    before = {name: os.environ.get(name) for name in VARIABLES}
    cores = available_cores()
    with confined(1, "cpu") as chosen:
        assert chosen == available_cores() == cores[:1]
        assert [os.environ[name] for name in VARIABLES] == ["1", "1", "1", "-1", "3"]
    assert available_cores() == cores
    assert {name: os.environ.get(name) for name in VARIABLES} == before


def test_an_error_gives_everything_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    cores = available_cores()
    with pytest.raises(ValueError, match="gears"), confined(1, "gpu"):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "2"  # asked for
        raise ValueError("gears")
    assert available_cores() == cores


def test_a_run_leaves_its_process_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    cores = available_cores()
    words = [
        "agent=random",
        "env=CartPole-v1",
        "cores=1",
        "budget.env_steps=100",
        "eval.episodes=2",
    ]
    assert run(compose([*words, f"results_dir={tmp_path}"])) == 0
    assert available_cores() == cores
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_contention_is_what_is_left_of_the_machine() -> None:
    before = MachineTime(total_s=100.0, busy_s=50.0, stolen_s=1.0)
    after = MachineTime(total_s=120.0, busy_s=65.0, stolen_s=3.0)
    assert contention(before, after, own_cpu_s=10.0) == Contention(0.25, 0.1)
    assert contention(before, after, own_cpu_s=15.1).others_share == 0.0  # clocks' last digits
    assert contention(before, before, own_cpu_s=0.0) is None


def test_what_jobs_of_the_same_sweep_used_is_a_part_of_it() -> None:
    before = MachineTime(total_s=100.0, busy_s=50.0, stolen_s=1.0, sweep_s=7.0)
    after = MachineTime(total_s=120.0, busy_s=65.0, stolen_s=3.0, sweep_s=20.0)
    assert contention(before, after, own_cpu_s=10.0) == Contention(0.25, 0.1, siblings_share=0.15)
    alone = contention(before, after, own_cpu_s=13.1)  # clocks' last digits
    assert alone == Contention(0.095, 0.1, siblings_share=0.0)
    unknown = MachineTime(total_s=120.0, busy_s=65.0, stolen_s=3.0)
    assert contention(before, unknown, own_cpu_s=10.0) == Contention(0.25, 0.1, None)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not count what has ended")
def test_the_time_of_a_sweep_is_that_of_its_jobs_ended_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = "import sys, time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\n"
    monkeypatch.delenv(SWEEP, raising=False)
    assert sweep_cpu_s() is None
    monkeypatch.setenv(SWEEP, "no number")
    assert sweep_cpu_s() is None
    monkeypatch.setenv(SWEEP, str(os.getpid()))
    began = sweep_cpu_s()
    subprocess.run([sys.executable, "-c", work], check=True, stdout=subprocess.DEVNULL)
    first = sweep_cpu_s()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", f"{work}sys.stdin.read()"], **pipes) as job:
        assert job.stdout is not None
        job.stdout.readline()
        second = sweep_cpu_s()
    assert began is not None and first is not None and second is not None
    assert first - began >= 0.18 and second - first >= 0.18  # in hundredths of a second


def test_a_job_of_slurm_has_the_cores_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where SLURM lets it see all cores of the node; each job then begins at another one."""
    cores = available_cores()
    if len(cores) < 2:
        pytest.skip("one core is all there is")
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    chosen = set()
    for job in range(20):
        monkeypatch.setenv("SLURM_JOB_ID", str(job))
        (core,) = available_cores()
        assert [core] == available_cores()
        chosen.add(core)
    assert len(chosen) > 1 and chosen <= set(cores)
    assert visible_cores() == cores
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", str(len(cores) + 7))
    assert available_cores() == cores
    monkeypatch.delenv("SLURM_CPUS_PER_TASK")
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "1")
    assert len(available_cores()) == 1
    for unreadable in ("", "2(x3)", "-1"):
        monkeypatch.setenv("SLURM_CPUS_ON_NODE", unreadable)
        assert available_cores() == cores
