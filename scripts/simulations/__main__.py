"""`scripts/coverage`: simulate what is missing, one cell after the other, and write the table."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from simulations import ratios, scores, shares, table, verdicts
from simulations.model import Trial

CHECKOUT = Path(__file__).resolve().parents[2]
OUT = CHECKOUT / "results" / "coverage"
QUICK_OUT = CHECKOUT / ".coverage_quick"
REPETITIONS = 2000
QUICK_REPETITIONS = 8
SAVED_EVERY_S = 20.0


@cache
def all_trials(repetitions: int) -> dict[str, Trial]:
    """Every condition of every interval, by name."""
    found = [
        *ratios.trials(repetitions),
        *shares.trials(repetitions),
        *scores.trials(repetitions // 4),
    ]
    return {trial.condition.name: trial for trial in found}


def run_cell(name: str, repetitions: int) -> tuple[str, dict[str, Any]]:
    """Make one cell, an interval's or the rule's; the name is all that another process needs."""
    trial = all_trials(repetitions).get(name)
    if trial is not None:
        return name, trial.run().row()
    condition = next(c for c in verdicts.conditions() if verdicts.verdict_name(*c) == name)
    return name, verdicts.simulate(*condition, repetitions // 2).row()


def missing(done: Mapping[str, Mapping[str, Any]], repetitions: int) -> Iterator[str]:
    """Names of cells that are not there, or were made of fewer experiments than asked for."""
    for name, trial in all_trials(repetitions).items():
        if done.get(name, {}).get("repetitions", 0) < trial.repetitions:
            yield name
    for condition in verdicts.conditions():
        name = verdicts.verdict_name(*condition)
        if done.get(name, {}).get("repetitions", 0) < repetitions // 2:
            yield name


def main(words: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="scripts/coverage", description=__doc__)
    parser.add_argument("--cores", type=int, default=1, help="how many to use (default: 1)")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS,
                        help=f"experiments in a cell (default: {REPETITIONS})")  # fmt: skip
    parser.add_argument("--only", default="", help="cells whose name has these letters")
    parser.add_argument("--quick", action="store_true",
                        help="a smoke run of a few cells, which mean nothing")  # fmt: skip
    parser.add_argument("--out", type=Path, help="folder to write to")
    asked = parser.parse_args(words)
    repetitions = QUICK_REPETITIONS if asked.quick else asked.repetitions
    out = asked.out or (QUICK_OUT if asked.quick else OUT)
    known = {*all_trials(repetitions), *(verdicts.verdict_name(*c) for c in verdicts.conditions())}
    done = {name: cell for name, cell in table.load(out).items() if name in known}
    names = [name for name in missing(done, repetitions) if asked.only in name]
    if asked.quick:
        names = names[::7]
    _make(names, repetitions, asked.cores, out, done)
    table.write_table(out, done)
    print(f"{len(done)} cells: {out / table.TABLE_FILE}")
    return 0


def _make(
    names: list[str], repetitions: int, cores: int, out: Path, done: dict[str, dict[str, Any]]
) -> None:
    saved = time.monotonic()
    with ProcessPoolExecutor(cores) as pool:
        results = (
            pool.map(run_cell, names, [repetitions] * len(names))
            if cores > 1
            else (run_cell(name, repetitions) for name in names)
        )
        for index, (name, row) in enumerate(results, 1):
            done[name] = row
            if time.monotonic() - saved > SAVED_EVERY_S:
                table.save(out, done)
                saved = time.monotonic()
                print(f"{index} of {len(names)} cells", flush=True)
    table.save(out, done)


if __name__ == "__main__":
    sys.exit(main())
