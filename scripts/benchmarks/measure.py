"""Running programs: whole processes timed, runs of the project read back, sides taken in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
BENCH_DIR = CHECKOUT / ".bench"


class MeasurementError(Exception):
    """A program of a benchmark failed; the message says which and how."""


@dataclass(frozen=True)
class Finished:
    """A process that has ended well. seconds: from its start to its end; pid: its id then."""

    seconds: float
    stdout: str
    pid: int

    def last_json(self) -> dict[str, Any]:
        """The JSON object on the last line of the output."""
        parsed: dict[str, Any] = json.loads(self.stdout.strip().splitlines()[-1])
        return parsed


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Finished:
    """Run `command` in the checkout with `env` added to the environment, and time all of it.

    Raises MeasurementError with the end of what it printed where it fails.
    """
    words = [str(word) for word in command]
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
    }
    start = time.perf_counter()
    process = subprocess.Popen(
        words,
        cwd=CHECKOUT,
        env={**surroundings, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        stdout, stderr = process.communicate()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    seconds = time.perf_counter() - start
    if process.returncode:
        said = "\n".join((stdout + stderr).strip().splitlines()[-8:])
        raise MeasurementError(f"{' '.join(words)}: exit status {process.returncode}\n{said}")
    return Finished(seconds, stdout, process.pid)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for runs, gone afterwards."""
    BENCH_DIR.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=BENCH_DIR, prefix="work-") as folder:
        yield Path(folder)


def rlbench(
    words: Sequence[str],
    env: Mapping[str, str] | None = None,
    python: str | Path = sys.executable,
) -> Finished:
    """`python -m rlbench WORDS`, in the project's own environment unless told otherwise."""
    return run([python, "-m", "rlbench", *words], env)


@dataclass(frozen=True)
class RunFiles:
    """What a run left, with the process that made it."""

    directory: Path
    summary: dict[str, Any]
    process: Finished


def single_run(
    overrides: Sequence[str],
    results_dir: Path,
    env: Mapping[str, str] | None = None,
    python: str | Path = sys.executable,
) -> RunFiles:
    """One run into the empty folder `results_dir`; its files and its process."""
    process = rlbench([*overrides, f"results_dir={results_dir}"], env, python)
    found = sorted(results_dir.glob("*/*/*/seed*/summary.json"))
    if len(found) != 1:
        raise MeasurementError(f"rlbench {' '.join(overrides)}: left {len(found)} summaries, not 1")
    return RunFiles(found[0].parent, json.loads(found[0].read_text()), process)


def alternate(sides: Mapping[str, Callable[[int], float]], repeats: int) -> dict[str, list[float]]:
    """Measure every side in turn, `repeats` times, so that a drifting machine hits all alike.

    Every second round goes through the sides backwards. A side is called with the round's number.
    """
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(repeats):
        order = list(sides)[:: 1 if number % 2 == 0 else -1]
        for name in order:
            value = sides[name](number)
            samples[name].append(value)
            print(f"  round {number + 1}/{repeats}  {name}: {value:,.3f}", flush=True)
    return samples
