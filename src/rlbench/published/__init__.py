"""Numbers that papers published, one CSV each; README.md beside them says what each one holds."""

from __future__ import annotations

import csv
import functools
from importlib.resources import files


@functools.cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """The rows of `<name>.csv`, column to text; a blank says that the source gives no number.

    Raises FileNotFoundError for a table that the package does not carry.
    """
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def number(text: str) -> float | None:
    """The number in a cell of a table, None where it is blank."""
    return float(text) if text.strip() else None
