"""The report's tables as the page shows them: the same values, rounded, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rlbench.reports.page.model import Cell, PageTable, Row
from rlbench.table import Column, Table, Value, exact_text
from rlbench.table import Row as TableRow
from rlbench.wording import UNIT_NAMES, agent_name, count, significant

MAX_ROWS = 3000  # of one table; the rest is in its file, and the page says so

_CODES = {
    ">=": "at least",
    "<=": "at most",
    "iqm": "interquartile mean",
    "optimality_gap": "optimality gap",
    "probability_of_improvement": "probability of improvement",
    "probability_of_sooner": "probability of being sooner",
}
_LARGE = 1e4  # a count of steps from here on is written with k, M or G


def page_tables(tables: Iterable[Table], run_anchors: Mapping[str, str]) -> list[PageTable]:
    """The tables that are shown.

    run_anchors: the place of a run on the page, by its directory.
    """
    return [_page_table(table, run_anchors) for table in tables if table.title]


def _page_table(table: Table, run_anchors: Mapping[str, str]) -> PageTable:
    by_name = {column.name: index for index, column in enumerate(table.columns)}
    # A column without any value says nothing, in a table that is wide enough already.
    places = [
        place
        for place in (by_name[name] for name in table.shown)
        if not table.rows or any(exact_text(row.values[place]) for row in table.rows)
    ]
    shown = [table.columns[place] for place in places]
    return PageTable(
        anchor="table-" + table.file.removesuffix(".csv").replace("_", "-"),
        file=table.file,
        title=table.title,
        meaning=table.meaning,
        columns=tuple(shown),
        rows=tuple(
            _row(row, [(table.columns[place], row.values[place]) for place in places], run_anchors)
            for row in table.rows[:MAX_ROWS]
        ),
        hidden_columns=len(table.columns) - len(shown),
        left_out=max(len(table.rows) - MAX_ROWS, 0),
    )


def _row(
    row: TableRow, values: Iterable[tuple[Column, Value]], run_anchors: Mapping[str, str]
) -> Row:
    about = row.about
    anchor = run_anchors.get(about.run, "")
    return Row(
        cells=tuple(
            Cell(
                _shown(column, value, about.clock),
                exact_text(value),
                anchor if column.name == "seed" else "",
            )
            for column, value in values
        ),
        env=about.env,
        agents="\n".join(about.agents),
        cores="\n".join(map(str, about.cores)),
        unit=about.clock,
    )


def _shown(column: Column, value: Value, clock: str) -> str:
    """A value as a reader sees it."""
    text = exact_text(value)
    if column.kind == "clock":
        return next((n.sentence for unit, n in UNIT_NAMES.items() if unit == text), text)
    if column.kind == "group":
        return agent_name(text)
    if column.kind == "code":
        return _CODES.get(text, text)
    if not column.is_numeric or column.kind == "exact" or not text:
        return text
    number = float(text)
    if column.kind == "large" or (clock == "env_steps" and number >= _LARGE):
        return count(number)
    if number == int(number) and abs(number) < 1e6:
        return f"{number:g}"
    return significant(number)
