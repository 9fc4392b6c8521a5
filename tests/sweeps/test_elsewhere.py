"""A sweep whose jobs another launcher runs: what it is given, and what is made of what is left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rlbench.config.compose import compose
from rlbench.errors import RunError
from rlbench.harness.experiment import run
from rlbench.runs.directory import RunDir
from rlbench.settings import Settings
from rlbench.sweeps.closing import Answer
from rlbench.sweeps.elsewhere import Start, launch_elsewhere
from rlbench.sweeps.jobs import Job

Words = Sequence[Sequence[str]]


class Launcher:
    """Runs jobs in this process, one after another, but for those that are not to end."""

    def __init__(self, results_dir: Path, never: Sequence[str] = ()) -> None:
        self.given: list[list[str]] = []
        self.most_cores = 0
        self._results_dir, self._never = results_dir, never
        self.there: list[list[str]] = []  # the runs that there were when it was started

    def compose(self, words: Sequence[str]) -> Settings:
        common = ["agent=random", "budget.env_steps=100", "eval.episodes=1"]
        return compose([*common, f"results_dir={self._results_dir}", *words])

    def start(self, words_of_jobs: Words, cores: int) -> list[BaseException | None]:
        self.given, self.most_cores = [list(words) for words in words_of_jobs], cores
        self.there.append(sorted(p.parent.name for p in self._results_dir.rglob("run.json")))
        for words in words_of_jobs:
            if not set(words) & set(self._never):
                run(self.compose(words))
        return [None] * len(words_of_jobs)


def swept(
    launcher: Launcher, words: Words, start: Start | None = None, answer: Answer = lambda *_: ()
) -> list[Job]:
    return launch_elsewhere(words, launcher.compose, start or launcher.start, 1, answer=answer)


def test_only_what_is_left_is_launched_with_the_cores_that_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    launcher = Launcher(tmp_path)
    swept(launcher, [["seed=0"]])
    asked: list[list[Path]] = []

    def answer(directories: Sequence[Path], _: Path) -> list[str]:
        asked.append(list(directories))
        return ["the answer"]

    jobs = swept(launcher, [["seed=0"], ["cores=auto", "seed=1"]], answer=answer)
    assert launcher.given == [["seed=1", "cores=1", "overwrite=false"]]
    assert launcher.most_cores == 1
    assert [job.state.value for job in jobs] == ["done before", "done"]
    assert asked == [[job.directory for job in jobs]]
    out = capsys.readouterr().out
    assert "2 jobs: 1 done, 1 done before\n" in out and out.endswith("the answer\n")


def test_a_run_starts_over_when_the_sweep_does_and_not_when_its_job_is_begun(
    tmp_path: Path,
) -> None:
    """A scheduler may begin a job twice; the second time it is to go on."""
    launcher = Launcher(tmp_path)
    swept(launcher, [["seed=0"], ["seed=1"]])
    swept(launcher, [["seed=0", "overwrite=true"]])
    assert launcher.given == [["seed=0", "cores=1", "overwrite=false"]]
    assert launcher.there == [[], ["seed1"]]


def test_a_job_that_did_not_end_is_named(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, never=["seed=1"])
    with pytest.raises(RunError, match="1 of 2 jobs failed"):
        swept(launcher, [["seed=0"], ["seed=1"]])


def test_a_job_whose_run_another_process_has_is_running_elsewhere(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, never=["seed=1"])
    (job,) = swept(launcher, [["seed=0"]])
    assert job.directory is not None
    held = RunDir(job.directory.parent / "seed1", tmp_path)
    held.open(overwrite=False)
    try:
        with pytest.raises(RunError, match="1 of 1 jobs run in another process; wait"):
            swept(launcher, [["seed=1"]])
    finally:
        held.close()


def test_a_launcher_that_begins_nothing_is_named_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(words_of_jobs: Words, cores: int) -> list[BaseException | None]:
        raise RunError("SlurmLauncher: there is no sbatch")

    with pytest.raises(RunError, match=r"^SlurmLauncher: there is no sbatch$"):
        swept(Launcher(tmp_path), [["seed=0"], ["seed=1"]], start)
    assert capsys.readouterr().out == ""


def test_what_a_job_raised_is_why_it_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    launcher = Launcher(tmp_path, never=["seed=1"])

    def start(words_of_jobs: Words, cores: int) -> list[BaseException | None]:
        launcher.start(words_of_jobs, cores)
        return [None, RunError("its machine\nis on fire")]

    with pytest.raises(RunError, match="1 of 2 jobs failed"):
        swept(launcher, [["seed=0"], ["seed=1"]], start)
    assert "  failed: seed=1: its machine is on fire\n" in capsys.readouterr().out


def test_jobs_that_were_interrupted_are_to_be_started_again(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, never=["seed=0"])
    (job,) = swept(Launcher(tmp_path), [["seed=0"]])
    assert job.directory is not None
    file = job.directory / "summary.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"status": "interrupted"}))
    with pytest.raises(RunError, match="1 of 1 jobs were interrupted; start this sweep again"):
        swept(launcher, [["seed=0"]])
