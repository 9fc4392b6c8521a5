"""log.jsonl: one JSON object a line, only ever appended to. Its writer, its reader, and the rule
of which rows count."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from rlbench.errors import RunError
from rlbench.opening import UnreadableFileError, open_to_write
from rlbench.runs.columns import COLUMNS, Clock
from rlbench.runs.extent import Extent, extent_of
from rlbench.runs.files import to_json
from rlbench.runs.reading import (
    MAX_RETURN,
    number,
    parse_object,
    read_lines,
    whole,
)
from rlbench.runs.records import END_STATUSES, EndStatus, FloatArray
from rlbench.runs.schema import scalars_in

FILE = "log.jsonl"
MAX_ROWS = 200_000  # in memory; a run of 50 million steps has some thousand evaluations
MAX_SEQ = 2**53
_IN_HISTORY = ("return_mean", "threshold", "confirmed", "from_seq", "status")
_SHARED = frozenset(("kind", "seq", "attempt")) | COLUMNS
_TRAIN = (b'"kind": "train"', b'"kind":"train"')


@dataclass(frozen=True)
class Row:
    """One row. What only some kinds have is in `columns`, and read through the properties, which
    are None where it is missing or impossible."""

    kind: str
    seq: int
    attempt: int
    clock: Clock
    columns: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scalars(self) -> Mapping[str, Any]:
        """Of a `train` row: what the agent reported."""
        return scalars_in(self.columns)

    @property
    def received_bytes(self) -> int | None:
        """Of a `train` row: what the agent's workers sent within it."""
        return whole(self.columns.get("received_bytes"), 0, MAX_SEQ)

    @property
    def return_mean(self) -> float | None:
        """Of an `eval` row."""
        return self._return("return_mean")

    @property
    def returns(self) -> object:
        """Of an `eval` row: the return of each episode."""
        return self.columns.get("returns")

    @property
    def lengths(self) -> object:
        """Of an `eval` row: the steps of each episode."""
        return self.columns.get("lengths")

    @property
    def truncated(self) -> object:
        """Of an `eval` row: whether each episode was cut off."""
        return self.columns.get("truncated")

    @property
    def threshold(self) -> float | None:
        """Of a `solved` row: the level that was confirmed or not."""
        return self._return("threshold")

    @property
    def confirmed(self) -> bool:
        """Of a `solved` row."""
        return self.columns.get("confirmed") is True

    @property
    def confirmation_mean(self) -> float | None:
        """Of a `solved` row: the mean return over fresh episodes."""
        return self._return("confirmation_mean")

    @property
    def from_seq(self) -> int | None:
        """Of a `resume` row: the last row that the checkpoint knew."""
        return whole(self.columns.get("from_seq"), -1, MAX_SEQ)

    @property
    def status(self) -> EndStatus | None:
        """Of an `end` row."""
        status = self.columns.get("status")
        return cast(EndStatus, status) if status in END_STATUSES else None

    def _return(self, column: str) -> float | None:
        return number(self.columns.get(column), -MAX_RETURN, MAX_RETURN)


def kept_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows that count: a `resume` row supersedes those after the checkpoint it went on from.

    rows: gone through twice, so that they need not be in memory.
    """
    places, limits = array("q"), array("q")  # of the resumptions
    for place, row in enumerate(rows):
        if row.kind == "resume" and row.from_seq is not None:
            places.append(place)
            limits.append(row.from_seq)
    for index in range(len(limits) - 2, -1, -1):  # each is as strict as all that follow
        limits[index] = min(limits[index], limits[index + 1])
    ahead = 0
    for place, row in enumerate(rows):
        while ahead < len(places) and places[ahead] <= place:
            ahead += 1
        if ahead == len(places) or row.seq <= limits[ahead]:
            yield row


@dataclass
class Flaws:
    """What was passed over in a log. unusable: lines that are no rows. torn: whether the last line
    is only a part of one."""

    unusable: int = 0
    torn: bool = False


@dataclass(frozen=True)
class LogFile:
    """The rows of a log, which may be a stranger's; each pass reads the file again.

    end: up to which byte; None: all of it. While they are gone through UnreadableFileError is
    raised where the file as a whole cannot be used.
    """

    path: Path
    end: int | None = None

    def __iter__(self) -> Iterator[Row]:
        return _each_row(self.path, Flaws(), end=self.end)


@dataclass(frozen=True)
class Rows:
    """What is in a log; unusable and torn as in `Flaws`."""

    rows: tuple[Row, ...]
    unusable: int
    torn: bool


def read_rows(path: Path, *, training: bool = True) -> Rows:
    """Read a log into memory.

    training: False leaves `train` rows out, except a last one, and of the others what a history
    has no use for. Most rows are these, and parsing them is most of the time.
    Raises UnreadableFileError where the file as a whole cannot be used.
    """
    flaws = Flaws()
    rows: list[Row] = []
    for row in _each_row(path, flaws, training=training):
        if len(rows) == MAX_ROWS:
            raise UnreadableFileError(f"has more than {MAX_ROWS:,} rows beside those of training")
        rows.append(row if training else replace(row, columns=_for_history(row.columns)))
    return Rows(tuple(rows), flaws.unusable, flaws.torn)


def _each_row(
    path: Path, flaws: Flaws, *, training: bool = True, end: int | None = None
) -> Iterator[Row]:
    waiting: bytes | None = None
    for line in read_lines(path, end):
        if not line.strip():
            continue
        if not training and line.endswith(b"\n") and any(word in line[:64] for word in _TRAIN):
            waiting = line
            continue
        waiting = None
        value = parse_object(line)
        if value is None and not line.endswith(b"\n"):
            flaws.torn = True
            return
        row = _row(value)
        if row is None:
            flaws.unusable += 1
        else:
            yield row
    if waiting is not None:
        row = _row(parse_object(waiting))
        if row is None:
            flaws.unusable += 1
        else:
            yield row


def _for_history(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: columns[name] for name in _IN_HISTORY if name in columns}


def _row(value: Mapping[str, Any] | None) -> Row | None:
    """A row whose kind, place and clock can be used, and what its kind cannot do without."""
    if value is None:
        return None
    kind, seq = value.get("kind"), whole(value.get("seq"), 0, MAX_SEQ)
    clock = Clock.from_row(value)
    if not isinstance(kind, str) or seq is None or clock is None:
        return None
    own = {name: item for name, item in value.items() if name not in _SHARED}
    row = Row(kind, seq, whole(value.get("attempt"), 1, 10**6) or 1, clock, own)
    lacks = (kind == "resume" and row.from_seq is None) or (
        kind == "solved" and row.threshold is None
    )
    return None if lacks else row


class RunLog:
    """Appends rows to a run's log; all but `train` rows are handed to the system at once.

    rows: those of earlier attempts. last_clock: of their last row, None where there are none.
    flaws: what cannot be used of them. extent: how far the log goes. followers: each is given every
    row that is written.
    Raises RunError where the log that is there cannot be gone on with.
    """

    def __init__(self, path: Path) -> None:
        try:
            descriptor = open_to_write(path, os.O_APPEND)
        except OSError as error:
            raise RunError(f"{path}: {error.strerror}; overwrite=true starts again") from error
        self._file = os.fdopen(descriptor, "ab")
        self.rows = LogFile(path, os.fstat(descriptor).st_size)
        self.seq, self.attempt, self.flaws = 0, 1, Flaws()
        self.last_clock: Clock | None = None
        try:
            self._go_through()
            self.extent = extent_of(path, self.rows.end or 0)
        except UnreadableFileError as error:
            self._file.close()
            raise RunError(f"{path}: {error}; overwrite=true starts again") from error
        self.followers: list[Callable[[Row], None]] = []
        if self.rows.end and _byte_before(descriptor, self.rows.end) != b"\n":
            self._append(b"\n")  # the torn line stays alone

    def _go_through(self) -> None:
        """Where the earlier attempts end."""
        for row in _each_row(self.rows.path, self.flaws, end=self.rows.end):
            self.seq, self.attempt = max(self.seq, row.seq), max(self.attempt, row.attempt + 1)
            self.last_clock = row.clock

    def begins_with(self, extent: Extent) -> bool:
        """Whether the log still begins as it did when `extent` was all of it."""
        if extent.length > self.extent.length:
            return False
        try:
            return extent_of(self.rows.path, extent.length) == extent
        except UnreadableFileError:
            return False

    def sync(self) -> None:
        """Have all rows outlast a loss of power."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def started(self, clock: Clock) -> None:
        """An attempt has begun."""
        self._write("start", clock)

    def resumed(self, clock: Clock, from_seq: int) -> None:
        """It goes on from a checkpoint that knew the rows up to `from_seq` (0: from nothing)."""
        self._write("resume", clock, from_seq=from_seq)

    def trained(self, clock: Clock, scalars: Mapping[str, Any], **messages: int) -> None:
        """The agent has trained, and reports `scalars`; messages: `sent_bytes` and
        `received_bytes`, what its workers were sent meanwhile and sent back, where it has some."""
        self._write("train", clock, scalars=dict(scalars), **messages)

    def evaluated(
        self,
        clock: Clock,
        *,
        returns: FloatArray,
        lengths: FloatArray,
        truncated: FloatArray,
        previous: Clock | None,
    ) -> None:
        """Whole episodes [E] were played; previous: the clock of the evaluation before."""
        before = None if previous is None else previous.row()
        self._write(
            "eval",
            clock,
            returns=returns,
            return_mean=float(returns.mean()),
            lengths=lengths,
            truncated=truncated,
            previous_train_s=None if before is None else before["train_s"],
            previous_env_steps=None if before is None else before["env_steps"],
        )

    def confirmed(
        self, clock: Clock, *, threshold: float, confirmed: bool, mean: float, episodes: int
    ) -> None:
        """The threshold was confirmed by `episodes` fresh episodes of this mean return, or not;
        clock: of the evaluation that asked for it."""
        self._write(
            "solved",
            clock,
            threshold=threshold,
            confirmed=confirmed,
            confirmation_mean=mean,
            confirmation_episodes=episodes,
        )

    def saved(self, clock: Clock, size_bytes: int) -> None:
        """A checkpoint was written."""
        self._write("checkpoint", clock, bytes=size_bytes)

    def ended(self, clock: Clock, status: EndStatus) -> None:
        """The attempt is over."""
        self._write("end", clock, status=status)

    def close(self) -> None:
        self._file.close()

    def _write(self, kind: str, clock: Clock, **columns: Any) -> None:
        """Numbers that are not finite become null."""
        self.seq += 1
        values = clock.row()
        row = {"kind": kind, "seq": self.seq, "attempt": self.attempt, **values, **columns}
        self._append(to_json(row).encode("utf-8", "backslashreplace") + b"\n")
        if kind != "train":  # its evaluation follows at once, and a flush costs as much as a row
            self._file.flush()
        if self.followers:
            written = Clock(**values)  # type: ignore[arg-type]  # as rounded as in the file
            for follow in self.followers:
                follow(Row(kind, self.seq, self.attempt, written, columns))

    def _append(self, line: bytes) -> None:
        self._file.write(line)
        self.extent = self.extent.plus(line)


def _byte_before(descriptor: int, end: int) -> bytes:
    os.lseek(descriptor, end - 1, os.SEEK_SET)  # what is appended goes to the end all the same
    return os.read(descriptor, 1)
