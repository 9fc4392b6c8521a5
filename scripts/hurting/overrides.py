"""Bad command lines, by hypothesis: the test of them with more examples."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from hurting.runs import Runs
from hurting.trial import Trial

TEST = "tests/cli/test_fuzz.py"
EXAMPLES = 500


def trials(numbers: range, runs: Runs, examples: int = EXAMPLES) -> Iterator[Trial]:
    """Each trial draws others."""
    for number in numbers:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", TEST],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            env={**os.environ, "RLBENCH_FUZZ": str(examples)},
        )
        problems = [] if done.returncode == 0 else [" ".join(done.stdout.split())[-300:]]
        by = f"{examples} command lines"
        yield Trial("overrides", number, "random words", problems=problems, by=by)
