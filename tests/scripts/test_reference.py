"""The script that makes the committed runs: what it does where no run is to be made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def reference(results: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "scripts/reference", *words],
        cwd=ROOT, env={**os.environ, "RESULTS": str(results)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_a_dry_run_says_what_would_run_and_leaves_nothing(tmp_path: Path) -> None:
    found = reference(tmp_path / "runs", "noise", "dry_run=quick")
    assert found.returncode == 0, found.stderr
    assert "30 jobs: 30 waiting" in found.stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [(["noize"], "no set is called 'noize'"), (["ram", "sed=3"], "did you mean seed?")],
)
def test_a_word_that_is_not_taken_ends_it(tmp_path: Path, words: list[str], said: str) -> None:
    found = reference(tmp_path / "runs", *words)
    assert (found.returncode, said in found.stderr) == (2, True), found.stderr
    assert not (tmp_path / "runs").exists()
