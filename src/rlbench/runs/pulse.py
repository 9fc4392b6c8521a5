"""What a run had cost a moment ago, in a file beside its log. Of a run that is killed it says what
was lost after the last row; nothing else depends on it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from rlbench.opening import UnreadableFileError, open_to_write
from rlbench.runs.columns import Clock
from rlbench.runs.files import to_json
from rlbench.runs.reading import read_object

FILE = ".clock"
BYTES = 2048  # always as many, so that a new text covers the one before


class Pulse:
    """The file of one attempt: written in place and not synced, so that it costs next to nothing.

    A loss of power may leave an older text there. Raises OSError where the file cannot be made.
    """

    def __init__(self, path: Path, attempt: int) -> None:
        self._path, self._attempt = path, attempt
        self._before = _clock_of(path, attempt - 1)
        self._file = open_to_write(path, os.O_TRUNC)

    def later_than(self, row: Clock | None) -> Clock | None:
        """The clock that the attempt before had come to, as far as it is known. row: of the last
        row that it wrote, None where there is none."""
        if row is None or self._before is None:
            return row
        return self._before if self._before.wall_s > row.wall_s else row

    def write(self, clock: Clock) -> None:
        """This is what the run has cost by now. A full disk is for others to find."""
        text = to_json({"attempt": self._attempt, **clock.row()})
        with contextlib.suppress(OSError):
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, text.ljust(BYTES).encode())

    def remove(self) -> None:
        """The log says all that there is to say."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def close(self) -> None:
        os.close(self._file)


def read_pulse(path: Path) -> Clock | None:
    """What a run that goes on had cost a second ago; None where none does, or it is not known."""
    return _clock_of(path, None)


def _clock_of(path: Path, attempt: int | None) -> Clock | None:
    """What the file says of an attempt (None: of any); None where it is of another, or cannot be
    used."""
    try:
        content = read_object(path, BYTES)
    except UnreadableFileError:
        return None
    return Clock.from_row(content) if attempt in (None, content.get("attempt")) else None
