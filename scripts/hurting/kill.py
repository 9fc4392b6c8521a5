"""`kill -9` at random moments, from the start of the process on, and the same command again."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence

from hurting.cases import CASES, SWEEP
from hurting.runs import SAVE_S, Running, Runs, saved
from hurting.trial import Trial


def trials(
    numbers: range, runs: Runs, cases: Mapping[str, Sequence[str]] = CASES
) -> Iterator[Trial]:
    """One trial for each number, which decides its case and its moment."""
    for number in numbers:
        case = list(cases)[number % len(cases)]
        yield _trial("kill", number, case, cases[case], runs)


def sweeps(numbers: range, runs: Runs, words: Sequence[str] = SWEEP) -> Iterator[Trial]:
    """The process that starts the jobs is killed: they write checkpoints and end."""
    for number in numbers:
        yield _trial("sweep", number, "ES, three seeds", words, runs)


def _trial(kind: str, number: int, case: str, words: Sequence[str], runs: Runs) -> Trial:
    _, took_s = runs.undisturbed(words)
    moment_s = random.Random(number).uniform(0.0, took_s)
    place = runs.place(f"{kind}-{number}")
    with Running([*words, f"results_dir={place}"]) as run:
        killed = run.goes_on_for(moment_s)
        run.kill()
        problems = run.left(SAVE_S) if kind == "sweep" else run.left()
        was_saved = saved(place)
    problems += runs.going_on(words, place)
    if not problems:
        shutil.rmtree(place)
    return Trial(kind, number, case, round(moment_s, 3), killed, was_saved, problems)
