"""`kill -9` at random moments, from the start of the process on, and the same command again."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from hurting.cases import CASES, COMMON
from hurting.outcome import Outcome
from hurting.trial import Trial

LEAVE_S = 5.0  # in which all that a killed run has started is to be gone
LIMIT_S = 300.0


def trials(numbers: range, scratch: Path) -> Iterator[Trial]:
    """One trial for each number, which decides its case and its moment."""
    found: dict[str, tuple[Outcome, float]] = {}  # made each time, as the code may be another
    for number in numbers:
        case = list(CASES)[number % len(CASES)]
        if case not in found:
            found[case] = _undisturbed(case, scratch / "undisturbed")
        whole, took_s = found[case]
        moment_s = random.Random(number).uniform(0.0, took_s)
        yield _trial(number, case, moment_s, whole, scratch / f"killed-{number}")


def _undisturbed(case: str, place: Path) -> tuple[Outcome, float]:
    """What a case comes to by itself, and how long it takes."""
    shutil.rmtree(place, ignore_errors=True)
    began_s = time.perf_counter()
    run = _start(place, case)
    _, err = run.communicate(timeout=LIMIT_S)
    if run.returncode != 0:
        raise RuntimeError(f"{case}: ended with status {run.returncode}: {err}")
    return Outcome.of(place), time.perf_counter() - began_s


def _trial(number: int, case: str, moment_s: float, whole: Outcome, place: Path) -> Trial:
    shutil.rmtree(place, ignore_errors=True)
    run = _start(place, case)
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(moment_s)
    killed = run.poll() is None
    orphans = end_at_once(run)
    saved = any(place.rglob("checkpoint-*.json"))
    again = _start(place, case)
    _, err = again.communicate(timeout=LIMIT_S)
    problems = [f"{len(orphans)} processes left"] if orphans else []
    if "Traceback" in err:
        problems.append("a traceback")
    if again.returncode == 0:
        problems += Outcome.of(place).differences(whole)
        shutil.rmtree(place)
    else:
        problems.append(f"status {again.returncode}: {err.strip()[-200:]}")
    return Trial("kill", number, case, round(moment_s, 3), killed, saved, problems)


def _start(place: Path, case: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "rlbench", *CASES[case], *COMMON, f"results_dir={place}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def end_at_once(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """Kill a process; those of its children that outlive it, which are killed then as well."""
    run.send_signal(signal.SIGSTOP)  # so that none are born while they are counted
    try:
        children = psutil.Process(run.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        children = []
    run.kill()
    run.wait()
    _, orphans = psutil.wait_procs(children, timeout=LEAVE_S)
    for orphan in orphans:
        with contextlib.suppress(psutil.NoSuchProcess):
            orphan.kill()
    run.communicate()
    return orphans
