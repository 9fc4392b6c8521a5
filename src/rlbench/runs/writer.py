"""The run log: one JSON object a line, only ever appended to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rlbench.runs.columns import Clock
from rlbench.runs.files import to_json

KINDS = ("start", "train", "eval", "checkpoint", "resume", "solved", "end")


class RunLog:
    """Appends rows to a log file; all but `train` rows are handed to the system at once."""

    def __init__(self, path: Path) -> None:
        torn = _ends_torn(path)
        earlier = list(read_rows(path))
        self.seq = max((row["seq"] for row in earlier), default=0)
        self.attempt = max((row["attempt"] for row in earlier), default=0) + 1
        self.last_clock = Clock.from_row(earlier[-1]) if earlier else None
        self.rows = earlier
        self.followers: list[Callable[[dict[str, Any]], None]] = []  # each gets every row written
        self._file = path.open("a")
        if torn:
            self._file.write("\n")  # a torn line stays a line of its own

    def write(self, kind: str, clock: Clock, /, **columns: Any) -> None:
        """Append a row of `kind` at `clock`; numbers that are not finite become null."""
        if kind not in KINDS:
            raise ValueError(f"row kind {kind!r}: takes {', '.join(KINDS)}")
        self.seq += 1
        row = {"kind": kind, "seq": self.seq, "attempt": self.attempt, **clock.row(), **columns}
        self._file.write(to_json(row) + "\n")
        if kind != "train":  # its evaluation follows at once, and a flush costs as much as a row
            self._file.flush()
        for follow in self.followers:
            follow(row)

    def close(self) -> None:
        self._file.close()


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The complete rows of a log; torn and foreign lines are passed over."""
    if not path.is_file():
        return
    for line in path.read_bytes().splitlines():
        try:
            row = json.loads(line)
            Clock.from_row(row)
            if row["kind"] in KINDS and isinstance(row["seq"], int):
                yield row
        except (ValueError, KeyError, TypeError):
            continue


def _ends_torn(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) != b"\n"
