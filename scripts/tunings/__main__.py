"""`scripts/tune NAME`: settings of both agents, searched with the same limits, one for all games or
one for each task of a set."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rlbench.errors import RlbenchError
from tunings import search, tasks
from tunings.search import CONF
from tunings.suites import SUITES
from tunings.tasks import TASKS


def main() -> int:
    """0 done, 1 a run failed, 2 bad input, 130 stopped after checkpoints."""
    parser = argparse.ArgumentParser(
        prog="scripts/tune", description=__doc__, allow_abbrev=False,
        epilog="example: bash scripts/tune ram --trials 2 --seconds 5 --conf /tmp/conf",
    )  # fmt: skip
    names = [*SUITES, *TASKS]
    parser.add_argument("name", choices=names, metavar="NAME", help="|".join(names))
    parser.add_argument("words", nargs="*", metavar="KEY=VALUE",
                        help="for every run, such as overwrite=shared")  # fmt: skip
    parser.add_argument("--trials", type=int, default=12,
                        help="settings of each agent for a suite (12)")  # fmt: skip
    parser.add_argument("--seconds", type=float,
                        help="of training in round one of a suite (60 or 80)")  # fmt: skip
    parser.add_argument("--only", metavar="ENV,...", help="these tasks of classic or mujoco")
    parser.add_argument("--first-round", type=Path, metavar="FILE",
                        help="classic or mujoco: only round two, of the candidates in such a "
                             "file (results/searches)")  # fmt: skip
    parser.add_argument("--results", type=Path, metavar="DIR",
                        help="place of the runs (results/tune/NAME)")  # fmt: skip
    parser.add_argument("--conf", type=Path, default=CONF, metavar="DIR",
                        help="the folder of settings that are written (conf)")  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and end")
    given = parser.parse_args()
    if given.trials < 2:
        parser.error(f"--trials: got {given.trials}, takes a number of at least 2")
    if given.seconds is not None and not 1 <= given.seconds <= 86_400:
        parser.error(f"--seconds: got {given.seconds:g}, takes a number from 1 to 86,400")
    for option in ("only", "first_round"):
        if getattr(given, option) is not None and given.name not in TASKS:
            word = f"--{option.replace('_', '-')}"
            parser.error(f"{word}: {given.name} is searched as a whole; takes {' or '.join(TASKS)}")
    if given.first_round is not None and not given.first_round.is_file():
        parser.error(f"--first-round: got {given.first_round}, takes a file of candidates")
    results = (given.results or CONF.parent / "results" / "tune" / given.name).absolute()
    words = tuple(given.words)
    try:
        if given.name in TASKS:
            chosen = tasks.tasks_of(given.name, given.only)
            print(tasks.plan(chosen, is_first=given.first_round is None))
            if not given.dry_run:
                tasks.search(given.name, chosen, results, given.conf, words, given.first_round)
        else:
            suite = SUITES[given.name]
            seconds = given.seconds or suite.seconds
            print(search.plan(suite, given.trials, seconds))
            if not given.dry_run:
                search.search(suite, given.trials, seconds, results, given.conf, words)
    except RlbenchError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
