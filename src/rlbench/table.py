"""Tables whose columns say what they hold, and the one way in which they become CSV files."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import pandas

Value = str | int | float | bool | None
Kind = Literal["text", "group", "clock", "code", "number", "exact", "large"]
"""What a column holds: text as it stands; the label of a group of runs; the clock that a time was
taken on; a short code that a reader sees in words; a number, which a reader sees rounded; one with
all its digits (a seed, a count of runs); one that may be large (environment steps)."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t")


@dataclass(frozen=True)
class Column:
    """One column.

    heading: above the column where it is shown to a reader; empty where it is only in the file.
    meaning: what it holds, with its unit.
    """

    name: str
    kind: Kind
    heading: str
    meaning: str

    @property
    def is_numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.kind in ("number", "exact", "large")


class About(NamedTuple):
    """What a row speaks of, so that a reader can filter: nothing stands for everything."""

    env: str = ""
    agents: tuple[str, ...] = ()
    cores: tuple[int, ...] = ()
    clock: str = ""
    run: str = ""  # the directory of the run that the row is about


class Row(NamedTuple):
    """One row: a value for each column."""

    values: tuple[Value, ...]
    about: About = About()


@dataclass(frozen=True)
class Table:
    """A table and the file that holds it.

    holds: the file in a few words, for a list of files. title, meaning: of the table where it is
    shown to a reader; shown: the names of the columns that are, in their order; none where the
    table is only a file.
    """

    file: str
    holds: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str = ""
    meaning: str = ""
    shown: tuple[str, ...] = ()

    def csv(self) -> bytes:
        """The file: the same bytes for the same table."""
        return csv_bytes(
            [column.name for column in self.columns], (row.values for row in self.rows)
        )

    def frame(self) -> pandas.DataFrame:
        """The table as a DataFrame; `frame.attrs["columns"]` says what each column holds.

        An unknown number is NaN.
        """
        import pandas

        names = [column.name for column in self.columns]
        frame = pandas.DataFrame([row.values for row in self.rows], columns=names)
        for column in self.columns:
            if column.is_numeric:
                frame[column.name] = pandas.to_numeric(frame[column.name])
        frame.attrs["columns"] = {column.name: column.meaning for column in self.columns}
        return frame


def csv_bytes(names: Sequence[str], rows: Iterable[Iterable[Value]]) -> bytes:
    """A CSV file: a line of names, then a line for each row, in UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def exact_text(value: Value) -> str:
    """A value with every digit that a file has: ten significant ones; empty where unknown."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}" if math.isfinite(value) else ""
    return str(value)


def _cell(value: Value) -> str:
    text = exact_text(value)
    # A spreadsheet would run a text that begins like a formula.
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA_STARTS) else text
