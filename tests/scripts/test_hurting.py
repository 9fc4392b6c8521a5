"""What `scripts/hurt` compares and writes, and how it ends a run."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from hurting import kill
from hurting.cases import CASES, COMMON
from hurting.outcome import Outcome
from hurting.page import page
from hurting.trial import Trial, append, read
from rlbench.config.compose import compose
from rlbench.harness.experiment import run

SAME = Trial("kill", 0, "ES, Atari", 1.5, hurt=True, saved=True, problems=[])
OTHER = Trial("kill", 1, "DQN, Atari", 2.0, hurt=False, saved=True, problems=["row 3 differs"])
PARENT = """
import subprocess, sys
child = "print('ready', flush=True); import time; time.sleep(60)"
subprocess.Popen([sys.executable, "-c", child]).wait()
"""


@pytest.mark.parametrize("case", CASES)
def test_each_case_is_a_run(tmp_path: Path, case: str) -> None:
    asked = compose([*CASES[case], *COMMON, f"results_dir={tmp_path}"])
    assert asked.agent.name == case.split(",")[0].lower()


def came_to(place: Path, *more: str) -> Outcome:
    words = ("agent=es", "env=CartPole-v1", "agent.population=8", "agent.hidden=[4]", "cores=1",
             "executor=serial", "budget.env_steps=1500", "stop_at_threshold=false",
             "eval.episodes=2", f"results_dir={place}")  # fmt: skip
    assert run(compose([*words, *more])) == 0
    return Outcome.of(place)


def test_equal_runs_are_equal_and_others_are_told_apart(tmp_path: Path) -> None:
    one, same = came_to(tmp_path / "one"), came_to(tmp_path / "same")
    assert len(one.rows) > 2 and list(same.differences(one)) == []
    other = list(came_to(tmp_path / "other", "seed=1").differences(one))
    assert "row 0 differs" in other
    assert any(line.startswith("state: /") for line in other)
    short = replace(one, rows=one.rows[:-1], summary={**one.summary, "status": "failed"})
    assert list(short.differences(one)) == [
        f"{len(one.rows) - 1} rows instead of {len(one.rows)}",
        "status: failed instead of budget",
    ]


def test_a_process_that_outlives_its_parent_is_found_and_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kill, "LEAVE_S", 0.1)
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None and parent.stdout.readline() == "ready\n"
    (orphan,) = kill.end_at_once(parent)
    assert parent.returncode == -9
    assert psutil.wait_procs([orphan], timeout=10)[1] == []


def test_trials_are_kept_and_the_page_counts_them(tmp_path: Path) -> None:
    file = tmp_path / "results" / "trials.jsonl"
    assert read(file) == []
    append(file, SAME)
    append(file, OTHER)
    assert read(file) == [SAME, OTHER]
    text = page(read(file), "1.2.3", "a CPU")
    assert "rlbench 1.2.3, a CPU." in text
    assert text.endswith(
        "| ES, Atari | 1 | 1 | 1 | 1 |\n"
        "| DQN, Atari | 1 | 0 | 0 | 0 |\n"
        "| all | 2 | 1 | 1 | 1 |\n"
        "\n- kill 1, DQN, Atari, after 2 s: row 3 differs\n"
    )
