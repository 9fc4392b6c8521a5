"""The command line as a user meets it: a process, its exit status and what it printed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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
