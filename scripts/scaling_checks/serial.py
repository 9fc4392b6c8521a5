"""The master's part of a generation, for real: up to 1,440 processes that sleep and answer.

Parameters go to each worker through its pipe, or once into memory that all of them read, as the
process executor has it. Workers read them piece by piece and keep none, so that all have room on
one machine.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from rlbench.executors.messages import Board, Posted

WORKERS = (2, 18, 180, 720, 1440)
PARAMETERS = (0, 6_878, 166_673, 1_700_000)  # none, Hopper's, Humanoid's, Nature's
SLEEP_S = 0.05
PIECE_BYTES = 1 << 16
RESULT_BYTES = 200
PAIRS = 64
POSTED = struct.Struct("!q")

Send = Callable[[Sequence[Connection], Any], None]


def main() -> int:
    """Write the measurements as JSON to standard output."""
    board = Board()
    parents = [_start(board) for _ in range(max(WORKERS))]
    rows = list(_rows(parents, board))
    for parent in parents:
        parent.close()
    print(json.dumps({"rows": rows, **_arithmetic(), "free_mb": _free_mb()}, indent=1))
    return 0


def _start(board: Board) -> Connection:
    ours, theirs = Pipe()
    if os.fork() == 0:
        ours.close()
        try:
            _work(theirs, board)
        finally:
            os._exit(0)
    theirs.close()
    return ours


def _work(connection: Connection, board: Board) -> None:
    """Read a message as multiprocessing writes it, sleep, answer; until the pipe is closed. One of
    8 bytes says how many are on the board."""
    answer = bytes(RESULT_BYTES)
    while True:
        (left,) = struct.unpack("!i", _read(connection.fileno(), 4))
        if left == POSTED.size:
            (size,) = POSTED.unpack(_read(connection.fileno(), left))
            left = 0
            for start in range(0, size, PIECE_BYTES):
                board.piece(start, min(PIECE_BYTES, size - start))
        while left:
            piece = os.read(connection.fileno(), min(left, PIECE_BYTES))
            if not piece:
                return
            left -= len(piece)
        time.sleep(SLEEP_S)
        connection.send_bytes(answer)


def _read(file: int, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = os.read(file, size - len(found))
        if not piece:
            os._exit(0)
        found += piece
    return found


def _rows(parents: Sequence[Connection], board: Board) -> Iterator[dict[str, float]]:
    import numpy as np

    for workers in WORKERS:
        for parameters in PARAMETERS:
            theta = np.zeros(parameters, np.float32)
            repeats = max(1, min(20, 2000 // workers))
            if workers * parameters > 3e8:
                repeats = 1
            row: dict[str, float] = {"workers": workers, "parameters": parameters}
            for prefix, send in (("", _send_to_each), ("once_", lambda *a: _post(board, *a))):
                wall, cpu = time.perf_counter(), time.process_time()
                for _ in range(repeats):
                    _generation(parents[:workers], theta, send)
                row[f"{prefix}wall_s"] = (time.perf_counter() - wall) / repeats
                row[f"{prefix}master_s"] = (time.process_time() - cpu) / repeats
            yield row


def _send_to_each(parents: Sequence[Connection], theta: Any) -> None:
    for parent in parents:
        parent.send(theta)


def _post(board: Board, parents: Sequence[Connection], theta: Any) -> None:
    posted = board.post(theta)
    message = POSTED.pack(posted.size) if isinstance(posted, Posted) else posted
    for parent in parents:
        parent.send_bytes(message)


def _generation(parents: Sequence[Connection], theta: Any, send: Send) -> None:
    """Everyone gets the parameters, then results are heard as they come."""
    send(parents, theta)
    waiting = set(parents)
    while waiting:
        for ready in wait(list(waiting)):
            assert isinstance(ready, Connection)
            ready.recv_bytes()
            waiting.discard(ready)


def _arithmetic() -> dict[str, float]:
    """Seconds of a parameter in a pair's share of the gradient, and when vectors are added."""
    import numpy as np

    parameters = 166_673
    noise = np.random.default_rng(0).standard_normal((PAIRS, parameters), np.float32)
    weights = np.ones(PAIRS, np.float32)
    total = np.zeros(parameters, np.float32)

    def best(work: Any) -> float:
        times = []
        for _ in range(20):
            begin = time.process_time()
            work()
            times.append(time.process_time() - begin)
        return min(times)

    weighed, added = best(lambda: weights @ noise), best(lambda: total.__iadd__(noise[0]))
    return {"weighed_s": weighed / (PAIRS * parameters), "added_s": added / parameters}


def _free_mb() -> float:
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    words = dict(line.split(":") for line in lines)
    return int(words["MemAvailable"].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
