"""The command line as a user meets it: a process, its exit status and what it printed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rlbench.cli.main import main

Result = subprocess.CompletedProcess[str]
Rlbench = Callable[..., Result]


@pytest.fixture
def rlbench(tmp_path: Path) -> Rlbench:
    """Runs `python -m rlbench WORDS` in an empty directory."""

    def run(*words: str, **environment: str) -> Result:
        return subprocess.run(
            [sys.executable, "-m", "rlbench", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Rlbench:
    """As `rlbench`, in the process of the tests: spares the start of one and its imports."""

    def run(*words: str) -> Result:
        monkeypatch.chdir(tmp_path)
        capsys.readouterr()
        status = main(words)
        return Result(words, status, *capsys.readouterr())

    return run
