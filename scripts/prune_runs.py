"""Take from ended runs what need not be committed: checkpoints and the log's rows about them, the
best policy, lock files, and the last policy where it is large.

    python scripts/prune_runs.py DIR

A run that has not ended (interrupted, failed, still going) is left alone: it goes on from its
checkpoint.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

LARGEST_POLICY_BYTES = 128 * 1024  # DQN's from Atari's memory has 140 kB, and a set has fifty
ENDED = ("solved", "budget")
CHECKPOINT_ROW = b'"kind": "checkpoint"'  # a tenth of the bytes of a set, and no report reads them


def prune(run_dir: Path) -> bool:
    """Prune the run in `run_dir`; False where it has not ended."""
    summary = json.loads((run_dir / "summary.json").read_text())
    if summary["status"] not in ENDED:
        return False
    shutil.rmtree(run_dir / "checkpoint", ignore_errors=True)
    for name in ("policy-best.npz", ".lock"):
        (run_dir / name).unlink(missing_ok=True)
    log = run_dir / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(line for line in lines if CHECKPOINT_ROW not in line[:64]))
    policy = run_dir / "policy.npz"
    if policy.exists() and policy.stat().st_size > LARGEST_POLICY_BYTES:
        policy.unlink()
    return True


def main() -> int:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print(f"usage: python {sys.argv[0]} DIR, a directory of runs", file=sys.stderr)
        return 2
    summaries = sorted(Path(sys.argv[1]).glob("*/*/*/seed*/summary.json"))
    pruned = sum(prune(summary.parent) for summary in summaries)
    print(f"pruned {pruned} ended runs of {len(summaries)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
