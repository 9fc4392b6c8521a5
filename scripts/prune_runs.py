"""Take from ended runs what need not be committed: checkpoints, the log's rows about them and about
training, blanks in the others, the best policy, lock files, and the last policy where it is large.

    python scripts/prune_runs.py DIR [--failed] [--keep-training]

A run that has not ended (interrupted, still going) is left alone: it goes on from its checkpoint.
So is one that failed, unless `--failed` says that it is to stay failed: it then loses its traceback
(its error stays in `summary.json`), and starts from nothing if it is run again. `--keep-training`
leaves the rows about training, which hold the returns in training.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Collection
from pathlib import Path

from rlbench.runs.files import replace_bytes
from rlbench.runs.reading import UnreadableFileError, parse_object, read_lines, read_object

LARGEST_POLICY_BYTES = 20_000  # those of two layers of 64 have more, and a set has up to 120
ENDED = ("solved", "budget")
NOT_REPORTED = ("checkpoint", "train")  # kinds of rows: nearly half of the bytes of a log


def prune(
    run_dir: Path, statuses: Collection[str] = ENDED, kinds: Collection[str] = NOT_REPORTED
) -> bool:
    """Prune the run in `run_dir`; False where its status is another. kinds: of rows that go.

    Raises UnreadableFileError, and changes nothing, where its summary or log cannot be read.
    """
    if read_object(run_dir / "summary.json").get("status") not in statuses:
        return False
    log = run_dir / "log.jsonl"
    replace_bytes(log, b"".join(_pruned(line, kinds) for line in read_lines(log)))
    shutil.rmtree(run_dir / "checkpoint", ignore_errors=True)
    for name in ("policy-best.npz", ".lock", "traceback.txt"):
        (run_dir / name).unlink(missing_ok=True)
    policy = run_dir / "policy.npz"
    if policy.exists() and policy.stat().st_size > LARGEST_POLICY_BYTES:
        policy.unlink()
    return True


def _pruned(line: bytes, kinds: Collection[str]) -> bytes:
    """A line of a log, empty where no report reads it. One that is no row stays as it is."""
    row = parse_object(line)
    if row is None or "kind" not in row or not line.endswith(b"\n"):
        return line
    if row["kind"] in kinds:
        return b""
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        usage="python scripts/prune_runs.py DIR [--failed] [--keep-training]"
    )
    parser.add_argument("directory", type=Path, help="a directory of runs")
    parser.add_argument("--failed", action="store_true", help="runs that failed, too")
    parser.add_argument("--keep-training", action="store_true", help="rows about training stay")
    given = parser.parse_args()
    if not given.directory.is_dir():
        parser.error(f"{given.directory} is not a directory")
    statuses = (*ENDED, "failed") if given.failed else ENDED
    kinds = [kind for kind in NOT_REPORTED if kind != "train" or not given.keep_training]
    summaries = sorted(given.directory.glob("*/*/*/seed*/summary.json"))
    pruned = unreadable = 0
    for summary in summaries:
        try:
            pruned += prune(summary.parent, statuses, kinds)
        except UnreadableFileError as error:
            unreadable += 1
            print(f"{summary.parent}: left as it is: summary.json or log.jsonl {error}",
                  file=sys.stderr)  # fmt: skip
    print(f"pruned {pruned} runs of {len(summaries)}")
    return 1 if unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
