"""The table of all cells in Markdown, and the file of cells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulations.model import Cell, Condition
from simulations.ratios import DIFFERENT, LOG_RANK, OF_SUCH, OF_THESE, OURS, RATIO, STUCK, WELCH
from simulations.scores import EXACT, FIRST, IMPROVEMENT, NAMES, PROFILE
from simulations.shapes import SEEDS
from simulations.shares import CURVE, MEAN, MEDIAN, SHARE
from simulations.verdicts import CLAIMED, TRUE_RATIOS, Verdicts

CELLS_FILE, TABLE_FILE = "cells.json", "table.md"
LEAST, MOST = 0.93, 0.97  # what a printed interval should cover

INTRODUCTION = f"""\
# Coverage: how often a 95 % interval holds the truth

Written by `bash scripts/coverage`; every number is in `{CELLS_FILE}`. Each cell stands for
experiments in which runs are drawn from a known distribution and the project's own functions make
the interval. It holds three numbers: **the share of the intervals that hold the truth**, the share
of them of which an end is open (an open end holds everything on its side, which is why such cells
lie above 95 %), and how wide the closed ones are in the median (upper over lower end of a ratio or
a time, else their difference). `none`: so few seeds have no interval. The standard error of a share
near 95 % is 0.5 points of 2,000 experiments and 0.7 of 1,000.

The goal is 93 to 97 %. Exact intervals (ratios, shares, curves, medians) hold the truth in *at
least* 95 % (medians 93 %): they may lie above. Where a printed one lies below, the page says so.
"""

SECTIONS: tuple[tuple[str, str, str], ...] = (
    (
        RATIO,
        OURS,
        "Printed. Two agents whose times have the same shape and differ by a factor of 3; "
        "unsolved: the share of the slower one's runs.",
    ),
    (
        RATIO,
        f"{OURS}, grid",
        "Printed. Each time is known only between two evaluations, the later 1.2 times as late.",
    ),
    (
        DIFFERENT,
        OURS,
        "Printed. The two agents' times differ by more than a factor: the truth is the ratio of a "
        "random run's time over another's in the median.",
    ),
    (
        RATIO,
        LOG_RANK,
        "To compare with; not printed. It covers as well where all runs would solve it, and closes "
        "the upper end more often.",
    ),
    (
        STUCK,
        OURS,
        "Printed. The truth is as above, a pair with such a run counting as infinite.",
    ),
    (
        STUCK,
        LOG_RANK,
        "To compare with; not printed. It takes the unsolved runs to go on as the solved ones did, "
        "and closes an upper end that a longer budget would refute.",
    ),
    (RATIO, WELCH, "To compare with; not printed. It takes every time to be known."),
    (
        OF_THESE,
        OURS,
        "Printed for the mean over the environments of a report. The tasks' ratios differ by "
        "factors; the interval is of the mean of just these.",
    ),
    (
        OF_SUCH,
        "Student's t",
        "Printed for the mean of a claim. The tasks are a sample: the logarithms of their ratios "
        "have a standard deviation of 0.9.",
    ),
    (SHARE, "Clopper-Pearson", "Printed. The shape is the true share."),
    (
        CURVE,
        "Clopper-Pearson",
        "Printed as a band. Some runs are lost before they reach the level.",
    ),
    (MEDIAN, "sign test", "Printed with five seeds and more."),
    (
        MEAN,
        "percentile bootstrap",
        "**Not printed.** No method holds the mean of few times with a tail, or of times most of "
        "which are cut at the horizon: restricted means, expected running times and mean curves "
        "stand without an interval.",
    ),
    (MEAN, "Student's t", "**Not printed.**"),
    (MEAN, "t of the logarithm", "**Not printed.**"),
    *(
        (kind, "bootstrap, n - 1 of n, widened as t", "Printed with five seeds and more.")
        for kind in (*NAMES.values(), IMPROVEMENT, FIRST)
    ),
    (
        PROFILE,
        EXACT,
        "Printed. The share of runs above 0.5.",
    ),
)


def load(folder: Path) -> dict[str, dict[str, Any]]:
    """Cells that are done, by name."""
    file = folder / CELLS_FILE
    return json.loads(file.read_text())["cells"] if file.is_file() else {}


def save(folder: Path, cells: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the file of cells."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = {name: cells[name] for name in sorted(cells)}
    # A line a cell, so that a change is a line.
    lines = [f"{json.dumps(name)}: {json.dumps(cell)}" for name, cell in ordered.items()]
    (folder / CELLS_FILE).write_text('{"cells": {\n' + ",\n".join(lines) + "\n}}\n")


def write_table(folder: Path, cells: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the table of what is known so far."""
    lines = [INTRODUCTION, *_overview(cells)]
    for kind, method, words in SECTIONS:
        found = [cell for cell in map(_cell, cells.values()) if cell is not None
                 and (cell.condition.kind, cell.condition.method) == (kind, method)]  # fmt: skip
        if found:
            lines += [
                "",
                f"## {kind[:1].upper()}{kind[1:]}: {method}",
                "",
                words,
                "",
                *_section(found),
            ]
    verdicts = [v for v in map(_verdicts, cells.values()) if v is not None]
    if verdicts:
        lines += ["", *_verdict_section(verdicts)]
    (folder / TABLE_FILE).write_text("\n".join(lines) + "\n")


def _overview(cells: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| interval | method | least | most | cells below 93 % |"
    yield "|---|---|--:|--:|--:|"
    for kind, method, _ in SECTIONS:
        found = [cell for cell in map(_cell, cells.values()) if cell is not None
                 and (cell.condition.kind, cell.condition.method) == (kind, method)
                 and cell.without < cell.repetitions]  # fmt: skip
        if found:
            shares = [cell.coverage for cell in found]
            # Below by more than chance explains.
            low = sum(cell.coverage + 2 * cell.error < LEAST for cell in found)
            yield (
                f"| {kind} | {method} | {min(shares):.1%} | {max(shares):.1%} | "
                f"{low} of {len(found)} |"
            )


def _section(found: Sequence[Cell]) -> Iterator[str]:
    rows: dict[tuple[str, float, int], dict[int, Cell]] = {}
    for cell in found:
        c = cell.condition
        rows.setdefault((c.shape, c.censored, c.tasks), {})[c.seeds] = cell
    seeds = [n for n in SEEDS if any(n in row for row in rows.values())]
    several = len({tasks for _, _, tasks in rows}) > 1
    yield (
        "| shape | unsolved or lost |"
        + (" tasks |" if several else "")
        + "".join(f" {n} seeds |" for n in seeds)
    )
    yield "|---|--:|" + ("--:|" if several else "") + "---|" * len(seeds)
    for (shape, censored, tasks), row in sorted(rows.items(), key=_order):
        shown = "".join(f" {_shown(row[n]) if n in row else ''} |" for n in seeds)
        yield f"| {shape} | {censored:.0%} |" + (f" {tasks} |" if several else "") + shown


def _order(item: tuple[tuple[str, float, int], dict[int, Cell]]) -> tuple[str, int, float]:
    (shape, censored, tasks), _ = item
    return shape, tasks, censored


def _shown(cell: Cell) -> str:
    if cell.without == cell.repetitions:
        return "none"
    text = f"{100 * cell.coverage:.1f}"
    if cell.coverage + 2 * cell.error < LEAST:
        text = f"**{text}**"
    open_ends = (cell.open_ends + cell.without) / cell.repetitions
    width = "" if cell.median_width is None else f"{cell.median_width:.3g}"
    return f"{text} / {open_ends:.0%} / {width or 'open'}"


def _verdict_section(found: Sequence[Verdicts]) -> Iterator[str]:
    yield f"## The claims' rule at a claimed factor of {CLAIMED:g}"
    yield ""
    yield (
        "Five seeds of both agents on every environment; `spread` is the standard deviation of the "
        "logarithms of the environments' true ratios, the budget is in units of the time that ES "
        "typically takes. Each cell: supported / not supported, in per cent of the experiments; "
        "what is left is undecided. Goal: where the true ratio is below the claim, fewer than 5 % "
        "supported; where it is the claim or above, fewer than 5 % not supported. One environment "
        "stands for a claim's task alone."
    )
    wrong = max(found, key=lambda verdict: verdict.wrong)
    yield ""
    yield (
        f"The largest share of wrong verdicts is {wrong.wrong:.1%} ({wrong.shape}, "
        f"{wrong.environments} environments, spread {wrong.spread:g}, true ratio "
        f"{wrong.true_ratio:g}, budget {wrong.budget:g}; {wrong.repetitions} experiments)."
    )
    yield ""
    yield (
        "| shape | environments | spread | budget |"
        + "".join(f" {ratio:g} |" for ratio in TRUE_RATIOS)
    )
    yield "|---|--:|--:|--:|" + "--:|" * len(TRUE_RATIOS)
    rows: dict[tuple[str, int, float, float], dict[float, Verdicts]] = {}
    for verdict in found:
        key = verdict.shape, verdict.environments, verdict.spread, verdict.budget
        rows.setdefault(key, {})[verdict.true_ratio] = verdict
    for (shape, environments, spread, budget), row in sorted(rows.items()):
        shown = "".join(
            f" {100 * row[r].supported:.1f} / {100 * row[r].not_supported:.1f} |" if r in row
            else " |"
            for r in TRUE_RATIOS
        )  # fmt: skip
        yield f"| {shape} | {environments} | {spread:g} | {budget:g} |{shown}"


def _cell(row: Mapping[str, Any]) -> Cell | None:
    if "condition" not in row:
        return None
    counts = {key: value for key, value in row.items() if key not in ("coverage", "error")}
    return Cell(**counts | {"condition": Condition(**row["condition"])})


def _verdicts(row: Mapping[str, Any]) -> Verdicts | None:
    return None if "condition" in row else Verdicts(**row)
