"""The same command twice, at a random distance: one process has the run, the other says so."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence

from hurting.cases import SHORT
from hurting.runs import Running, Runs
from hurting.trial import Trial
from rlbench.runs.directory import HELD


def trials(
    numbers: range, runs: Runs, cases: Mapping[str, Sequence[str]] = SHORT
) -> Iterator[Trial]:
    """Half of them at the same moment."""
    for number in numbers:
        case = list(cases)[number % len(cases)]
        words = cases[case]
        _, took_s = runs.undisturbed(words)
        moment_s = 0.0
        if number // len(cases) % 2:
            moment_s = random.Random(number).uniform(0.0, took_s)
        place = runs.place(f"two-{number}")
        asked = [*words, f"results_dir={place}"]
        with Running(asked) as one:
            went_on = one.goes_on_for(moment_s)
            with Running(asked) as two:
                ends = [two.end(), one.end()]
                problems = [*two.left(), *one.left()]
        refused = [err for status, err in ends if status == 1]
        if sorted(status for status, _ in ends) not in ([0, 0], [0, 1]):
            problems.append(f"statuses {[status for status, _ in ends]}")
        if any(HELD not in err or err.count("\n") != 1 for err in refused):
            problems.append(f"said {refused}")
        problems += runs.differences(words, place)
        if not problems:
            shutil.rmtree(place)
        yield Trial(
            "two", number, case, round(moment_s, 3), went_on, problems=problems,
            by="the other was refused" if refused else "the other came after its end",
        )  # fmt: skip
