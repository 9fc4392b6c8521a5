"""What `scripts/hurt` does to runs, compares and writes: one trial of each kind, on a run of a
second. Those that take many processes are slow tests."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hurting import clocks, containers, damage, disks, kill, overrides, together, workers
from hurting.cases import CASES, COMMON, SHORT, STUMBLING, STUMBLING_ACTORS, SWEEP
from hurting.kinds import KINDS
from hurting.outcome import Outcome, outcomes
from hurting.page import page
from hurting.runs import Running, Runs
from hurting.trial import MissingError, Trial, append, read
from rlbench.config.compose import compose
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run

TINY: tuple[str, ...] = (
    "agent=es", "env=CartPole-v1", "agent.population=8", "agent.hidden=[4]", "cores=1",
    "executor=serial", "budget.env_steps=8000", "stop_at_threshold=false", "eval.episodes=2",
    "checkpoint.every_seconds=0.05",
)  # fmt: skip
ONE = {"ES": TINY}
TINY_STUMBLING = (*STUMBLING, "budget.env_steps=700", "env.step_timeout_s=1")
LONGER = {"ES": (*TINY, "budget.env_steps=60000")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Shared, so that what is compared with is run once."""
    return Runs(tmp_path_factory.mktemp("hurt"))


@pytest.mark.parametrize(
    "words", [*CASES.values(), *SHORT.values(), STUMBLING, STUMBLING_ACTORS, SWEEP[1:-1]]
)
def test_each_case_is_a_run(tmp_path: Path, words: tuple[str, ...]) -> None:
    asked = compose([*words, f"results_dir={tmp_path}"])
    assert f"agent={asked.agent.name}" in words and set(COMMON) <= set(words)
    assert name_run(asked).directory.is_relative_to(tmp_path)  # its settings fit together


# --- what is compared -----------------------------------------------------------------------------


def came_to(place: Path, *more: str) -> Outcome:
    asked = compose([*TINY, *more, f"results_dir={place}"])
    assert run(asked) == 0
    return Outcome.of(name_run(asked).directory)


def test_equal_runs_are_equal_and_others_are_told_apart(tmp_path: Path) -> None:
    one, same = came_to(tmp_path / "one"), came_to(tmp_path / "same")
    assert len(one.rows) > 2 and list(same.differences(one)) == []
    assert next(iter(outcomes(tmp_path / "one").values())).rows == one.rows
    other = list(came_to(tmp_path / "other", "seed=1").differences(one))
    assert "row 0 differs" in other
    assert any(line.startswith("state: /") for line in other)
    short = replace(one, rows=one.rows[:-1], summary={**one.summary, "status": "failed"})
    assert list(short.differences(one)) == [
        f"{len(one.rows) - 1} rows instead of {len(one.rows)}",
        "status: failed instead of budget",
    ]


PARENT = """
import subprocess, sys
child = "import time; print('ready', flush=True); time.sleep(60)"
subprocess.Popen([sys.executable, "-c", child]).wait()
"""


def test_a_process_that_outlives_its_parent_is_found_and_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = subprocess.Popen

    def start(command: list[str], **options: object) -> object:
        return real([sys.executable, "-c", PARENT], **{**options, "stdout": subprocess.PIPE})

    monkeypatch.setattr(subprocess, "Popen", start)
    with Running([]) as running:
        assert running.process.stdout is not None
        assert running.process.stdout.readline() == "ready\n"
        running.kill()
        assert running.left(0.1) == ["1 processes left"]
        (orphan,) = running.others()
    assert not orphan.is_running() or orphan.status() == "zombie"


# --- one trial of each kind -----------------------------------------------------------------------


def only(trials: Iterator[Trial]) -> Trial:
    (trial,) = trials
    assert trial.problems == []
    return trial


def test_a_run_that_is_killed(runs: Runs) -> None:
    assert only(kill.trials(range(3, 4), runs, ONE)).kind == "kill"


def test_a_sweep_that_is_killed(runs: Runs) -> None:
    # The second number's moment is early: 13 % of the time that an undisturbed sweep takes.
    trial = only(kill.sweeps(range(1, 2), runs, ["-m", *TINY, "seed=0"]))
    assert trial.kind == "sweep" and trial.hurt


@pytest.mark.slow
def test_workers_that_are_killed(runs: Runs) -> None:
    """Others take their place."""
    died, _, _, _, generations, _ = only(
        workers.killed(range(1), runs, {"ES": TINY_STUMBLING})
    ).by.split()
    assert int(died) >= int(generations) - 1 > 1


@pytest.mark.slow
def test_a_worker_that_hangs(runs: Runs) -> None:
    assert only(workers.hanging(range(1), runs, TINY_STUMBLING)).hurt


def test_a_run_that_leaves_nothing(runs: Runs) -> None:
    cases = {"ES, a worker hangs": workers.LEFT["ES, a worker hangs"], **ONE}
    first, second = workers.orphans(range(2), runs, cases)
    assert (first.problems, second.problems) == ([], [])
    assert first.case == "ES, a worker hangs: SIGKILL" and first.hurt


@pytest.mark.parametrize("disk", [disks.Tmpfs, disks.Quota])
def test_a_full_disk(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, disk: type[disks.Tmpfs]
) -> None:
    try:
        disk(tmp_path / "disk").close()
    except (MissingError, FileNotFoundError):
        pytest.skip("nothing can be mounted here")
    monkeypatch.setattr(disks, "disk_at", disk)
    trial = only(disks.trials(range(2, 3), runs, ONE))
    assert trial.hurt and trial.by == disk.by


def test_damages_of_a_file(tmp_path: Path) -> None:
    file, whole = tmp_path / "file", bytes(range(100))
    for number in range(20):
        file.write_bytes(whole)
        damage.cut(file, random.Random(number))
        left = file.read_bytes()
        assert len(left) < 100 and whole.startswith(left)
        file.write_bytes(whole)
        damage.flip(file, random.Random(number))
        assert sum(a != b for a, b in zip(file.read_bytes(), whole, strict=True)) == 1


@pytest.mark.slow
def test_a_damaged_file(runs: Runs) -> None:
    """What becomes of each file that is damaged, tests/harness/test_resume.py says."""
    what, how = "arrays", "flipped bits"
    number = 2 * (damage.WHAT.index(what) + len(damage.WHAT) * damage.HOW.index(how))
    trial = only(damage.trials(range(number, number + 1), runs, LONGER))
    assert trial.hurt and trial.case == f"ES: {what}, {how}"
    assert trial.by == "the one before was used"


def test_a_clock_that_jumps(runs: Runs) -> None:
    try:
        clocks.library()
    except MissingError as error:
        pytest.skip(str(error))
    assert "jumps" in only(clocks.trials(range(1), runs, ONE)).by


def test_wild_durations_are_found(tmp_path: Path) -> None:
    rows = [
        {"seq": 1, "kind": "start", "wall_s": 1.0, "startup_s": 1.0, "cpu_s": 99.0},
        {"seq": 2, "kind": "eval", "wall_s": 86401.0, "startup_s": 1.0, "eval_s": -3.0},
        {"seq": 3, "kind": "end", "wall_s": 2.0, "startup_s": None},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert list(clocks.wild_durations(tmp_path, 5.0)) == [
        "row 2: wall_s is 86401.0", "row 2: eval_s is -3.0", "row 3: wall_s goes back",
    ]  # fmt: skip


def test_two_processes_on_one_run(runs: Runs) -> None:
    only(together.trials(range(1), runs, ONE))


@pytest.mark.parametrize("number", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_limits_of_a_container(runs: Runs, number: int) -> None:
    try:
        only(containers.trials(range(number, number + 1), runs))
    except MissingError as error:
        pytest.skip(str(error))


def test_random_command_lines(runs: Runs) -> None:
    assert only(overrides.trials(range(1), runs, 5)).by == "5 command lines"


# --- what is kept and written ---------------------------------------------------------------------

SAME = Trial("kill", 0, "ES, Atari", 1.5, saved=True)
OTHER = Trial("kill", 1, "DQN, Atari", 2.0, hurt=False, saved=True, problems=["row 3 differs"])


def test_trials_are_kept_and_the_page_counts_them(tmp_path: Path) -> None:
    file = tmp_path / "results" / "trials.jsonl"
    assert read(file) == []
    disk = [Trial("disk", number, "ES", by="a tmpfs") for number in range(2)]
    for trial in (SAME, OTHER, *disk):
        append(file, trial)
    assert read(file) == [SAME, OTHER, *disk]
    text = page(read(file), "1.2.3")
    assert " rlbench 1.2.3.\n" in text
    kills, disks_ = text.split("## ")[1:]
    assert kills.startswith(KINDS["kill"].title) and disks_.startswith(KINDS["disk"].title)
    assert kills.endswith(
        "| ES, Atari | 1 | 1 | 1 | 1 |\n"
        "| DQN, Atari | 1 | 0 | 0 | 0 |\n"
        "| all | 2 | 1 | 1 | 1 |\n"
        "\n- kill 1, DQN, Atari after 2 s: row 3 differs\n\n"
    )
    assert disks_.endswith(
        "| run | tried | as it should be | how |\n|---|---|---|---|\n| ES | 2 | 2 | a tmpfs |\n"
    )
