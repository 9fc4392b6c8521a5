"""`scripts/hurt`: hurt runs until there are so many trials of a kind, and write the table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import rlbench
from hurting.kinds import KINDS
from hurting.page import page
from hurting.runs import Runs
from hurting.trial import MissingError, append, read

CHECKOUT = Path(__file__).parents[2]
TRIALS = CHECKOUT / "results" / "reliability" / "trials.jsonl"
SCRATCH = CHECKOUT / ".hurt"
PAGE = CHECKOUT / "docs" / "reliability.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/hurt", description=__doc__)
    parser.add_argument(
        "kind", nargs="?", choices=[*KINDS, "all"], help="what is done to the runs; all of it"
    )
    parser.add_argument("trials", nargs="?", type=int, help="in all (default: what is usual)")
    args = parser.parse_args()
    runs = Runs(SCRATCH)
    for kind in KINDS if args.kind == "all" else filter(None, [args.kind]):
        _make(kind, args.trials or KINDS[kind].usual, runs)
    trials = read(TRIALS)
    PAGE.write_text(page(trials, rlbench.__version__))
    return 1 if any(trial.problems for trial in trials) else 0


def _make(kind: str, most: int, runs: Runs) -> None:
    """Trials of a kind until there are so many."""
    before = sum(trial.kind == kind for trial in read(TRIALS))
    try:
        # One after the last, so that a trial in which this was stopped is made again.
        for trial in KINDS[kind].trials(range(before, most), runs):
            append(TRIALS, trial)
            moment = "" if trial.moment_s is None else f" at {trial.moment_s:g} s"
            said = "; ".join(trial.problems) or "as it should be"
            print(f"{kind} {trial.number}: {trial.case}{moment}: {said}", flush=True)
    except MissingError as error:
        print(f"{kind}: not tried: {error}")


if __name__ == "__main__":
    sys.exit(main())
