"""`scripts/validation`: make the runs of the cases that are named, then write the table."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import CHECKOUT, MeasurementError
from benchmarks.peers import environment
from validations import dopamine
from validations.cases import Case, cases
from validations.document import document

RESULTS = CHECKOUT / "results" / "validation"
SEEDS = 20


def main() -> int:
    """0 done, 1 a run failed."""
    known = cases()
    names = [*(case.name for case in known), dopamine.NAME]
    parser = argparse.ArgumentParser(prog="scripts/validation", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CASE", help=f"of {', '.join(names)}")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"a side (default {SEEDS})")
    parser.add_argument("--table", action="store_true", help="only write the table again")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of runs and table")
    args = parser.parse_args()
    unknown = [name for name in args.names if name not in names]
    if unknown:
        parser.error(f"no case {unknown[0]}; there are: {', '.join(names)}")
    if args.seeds < 1:
        parser.error(f"--seeds: got {args.seeds}, takes a number of at least 1")
    failed = [] if args.table else _failed(args.names or names, args.seeds, args.out)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "table.md").write_text(document(args.out, known), encoding="utf-8")
    print(f"table: {args.out / 'table.md'}")
    if failed:
        print(f"failed runs: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _failed(names: Sequence[str], seeds: int, out: Path) -> list[str]:
    """Make the runs of these cases; those of which one failed."""
    failed = [case.name for case in cases() if case.name in names and not _make(case, seeds, out)]
    if dopamine.NAME in names and not dopamine.make(_folder(out, dopamine.NAME), seeds):
        failed.append(dopamine.NAME)
    return failed


def _folder(out: Path, name: str) -> str:
    """Of a case's runs: relative, as runs that are committed name no folder of the machine."""
    return os.path.relpath(out / name)


def _make(case: Case, seeds: int, out: Path) -> bool:
    """The runs of both sides, several side by side; False where one failed."""
    try:
        python = environment(case.peer)
    except MeasurementError as error:
        print(error, file=sys.stderr)
        return False
    common = [
        f"env={case.env}", f"seed={','.join(map(str, range(seeds)))}", "cores=1",
        f"budget.env_steps={case.env_steps}", "budget.train_seconds=null",
        "stop_at_threshold=false",
        f"results_dir={_folder(out, case.name)}",
    ]  # fmt: skip
    done = [
        subprocess.run([python, "-m", "rlbench", "-m", *side.words, *common], check=False)
        for side in (case.ours, case.theirs)
    ]
    return all(process.returncode == 0 for process in done)


if __name__ == "__main__":
    sys.exit(main())
