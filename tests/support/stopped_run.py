"""A run that is ended at a chosen moment: `python -m support.stopped_run SIGNAL MOMENT WORD ...`.

The process signals itself, so nothing depends on how fast it is. MOMENT: "eval=3" after the third
row of that kind in the log, "checkpoint=2+150" after the second such row and 150 further
lock-steps of lanes in this process, evaluations included.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from rlbench.cli.main import main
from rlbench.envs.lanes import CountedLanes
from rlbench.harness import attempt
from rlbench.runs.log import RunLog


def end_at(number: int, moment: str) -> None:
    """Have this process signal itself at `moment`."""
    kind, _, count = moment.partition("=")
    rows, _, steps = count.partition("+")
    left = {"rows": int(rows), "steps": int(steps or 0)}
    write, counted = RunLog._write, CountedLanes._count
    attempt.PULSE_EVERY_S = 0.0  # whenever it is asked whether to stop

    def write_and_look(log: RunLog, written: str, *rest: Any, **columns: Any) -> None:
        write(log, written, *rest, **columns)
        left["rows"] -= written == kind
        if left["rows"] == 0 and not left["steps"]:
            left["rows"] = -1
            os.kill(os.getpid(), number)

    def count_and_look(lanes: CountedLanes, *counts: int) -> None:
        counted(lanes, *counts)
        if left["rows"] <= 0 and left["steps"]:
            left["steps"] -= 1
            if not left["steps"]:
                os.kill(os.getpid(), number)

    RunLog._write = write_and_look  # type: ignore[method-assign]
    CountedLanes._count = count_and_look  # type: ignore[method-assign]


if __name__ == "__main__":
    end_at(signal.Signals[sys.argv[1]], sys.argv[2])
    sys.exit(main(sys.argv[3:]))
