"""`scripts/hurt`: hurt runs until there are so many trials of a kind, and write the table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import rlbench
from hurting import kill
from hurting.page import page
from hurting.trial import Trial, append, read
from rlbench.harness.machine import describe

CHECKOUT = Path(__file__).parents[2]
TRIALS = CHECKOUT / "results" / "reliability" / "trials.jsonl"
SCRATCH = CHECKOUT / ".hurt"
PAGE = CHECKOUT / "docs" / "reliability.md"
KINDS: dict[str, Callable[[range, Path], Iterator[Trial]]] = {"kill": kill.trials}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/hurt", description=__doc__)
    parser.add_argument("kind", nargs="?", choices=list(KINDS), help="what is done to the runs")
    parser.add_argument("trials", nargs="?", type=int, default=6, help="in all (default 6)")
    args = parser.parse_args()
    before = [trial for trial in read(TRIALS) if trial.kind == args.kind]
    if args.kind is not None:
        # One after the last, so that a trial in which this was stopped is made again.
        numbers = range(len(before), args.trials)
        for trial in KINDS[args.kind](numbers, SCRATCH):
            append(TRIALS, trial)
            said = "; ".join(trial.problems) or "the same as undisturbed"
            print(f"{trial.kind} {trial.number}: {trial.case} at {trial.moment_s:g} s: {said}")
    trials = read(TRIALS)
    PAGE.write_text(page(trials, rlbench.__version__, describe().cpu_model))
    return 1 if any(trial.problems for trial in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
