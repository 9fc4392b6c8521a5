"""The curves of the figure of returns as data for a chart that can be explored.

The page's script draws them; nothing is computed here that the figure does not show as well.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from rlbench.analysis.curves import CURVE_UNITS, Curve, random_return
from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group
from rlbench.reports.cost import Rates
from rlbench.reports.figures.learning_panel import needs_log, return_limits
from rlbench.reports.figures.looks import Look
from rlbench.reports.figures.style import INK, MUTED
from rlbench.runs.records import FloatArray, Unit
from rlbench.wording import UNIT_NAMES, agent_name, significant

MOST_GROUPS = 24  # of a chart; more are a tangle, and slow to draw
DIGITS = 6  # of a number in the page; curves.csv has every one
COST = "euros"


@dataclass(frozen=True)
class ChartCurve:
    """A group's curve against one clock: `Curve`, its median where it has one, else its mean."""

    x: tuple[float | None, ...]  # [G]
    middle: tuple[float | None, ...]  # [G]
    low: tuple[float | None, ...]  # [G]
    high: tuple[float | None, ...]  # [G]
    seeds: tuple[float | None, ...]  # [G], behind each point
    live_until: float


@dataclass(frozen=True)
class ChartGroup:
    """One group of runs. per_s: euros a training second; None where its cores are not known."""

    name: str
    colour: str
    seeds: int
    curves: Mapping[Unit, ChartCurve]
    per_s: float | None


@dataclass(frozen=True)
class ChartLine:
    """A return to compare with: a threshold, or acting at random."""

    name: str
    value: float
    colour: str
    dashes: tuple[int, int]


@dataclass(frozen=True)
class ChartClock:
    """What the curves can be drawn against. key: a unit of curves, or COST."""

    key: str
    name: str


@dataclass(frozen=True)
class Chart:
    """All curves of one environment, with the limits that the returns have in the figure."""

    env: str
    clocks: tuple[ChartClock, ...]
    groups: tuple[ChartGroup, ...]
    lines: tuple[ChartLine, ...]
    low: float
    high: float
    is_log: bool


def chart_of(
    analysis: EnvironmentAnalysis, looks: Mapping[str, Look], rates: Rates
) -> Chart | None:
    """The chart of one environment; None where nothing was measured, or too much to be drawn.

    looks: by the labels of its groups.
    """
    environment = analysis.groups
    limits = return_limits(environment, analysis.curves)
    shown = environment.contenders or environment.groups
    if limits is None or not all(map(math.isfinite, limits)) or len(shown) > MOST_GROUPS:
        return None
    groups = tuple(
        _group(group, analysis.curves, looks[group.label].colour, rates) for group in shown
    )
    units = [unit for unit in CURVE_UNITS if any(unit in group.curves for group in groups)]
    if not units:
        return None
    return Chart(
        env=environment.env,
        clocks=tuple(_clocks(units, groups, rates)),
        groups=groups,
        lines=tuple(_lines(analysis)),
        low=limits[0],
        high=limits[1],
        is_log=any(needs_log(environment, unit) for unit in units),
    )


def charts_json(charts: Mapping[str, Chart]) -> str:
    """Charts by name, as JSON that may stand in a script element: no character of it is markup."""
    found = {name: asdict(chart) for name, chart in charts.items()}
    text = json.dumps(found, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _group(group: Group, curves: Sequence[Curve], colour: str, rates: Rates) -> ChartGroup:
    cores = {run.cores for run in group.runs}
    known = cores.pop() if len(cores) == 1 else None
    return ChartGroup(
        name=agent_name(group.label),
        colour=colour,
        seeds=len(group.runs),
        curves={curve.unit: _curve(curve) for curve in curves if curve.group == group.label},
        per_s=None if known is None else rates.euros(known / 3600.0),
    )


def _curve(curve: Curve) -> ChartCurve:
    middle = curve.mean if curve.median is None else curve.median
    return ChartCurve(
        _numbers(curve.x), _numbers(middle), _numbers(curve.low), _numbers(curve.high),
        _numbers(curve.n), float(curve.live_until),
    )  # fmt: skip


def _numbers(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(_short(float(value)) for value in values)


def _short(value: float) -> float | None:
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short == int(short) and abs(short) < 1e15 else short


def _clocks(
    units: Sequence[Unit], groups: Sequence[ChartGroup], rates: Rates
) -> Iterator[ChartClock]:
    for unit in units:
        yield ChartClock(unit, UNIT_NAMES[unit].axis)
    if "train_s" in units and all(group.per_s for group in groups):
        yield ChartClock(COST, f"cost (euros, at {rates.euros_per_core_hour:g} a core-hour)")


def _lines(analysis: EnvironmentAnalysis) -> Iterator[ChartLine]:
    for threshold in analysis.groups.thresholds:
        yield ChartLine(f"threshold {significant(threshold)}", threshold, INK, (8, 3))
    acting_at_random = random_return(analysis.groups)
    if acting_at_random is not None:
        name = f"acting at random: {significant(acting_at_random)}"
        yield ChartLine(name, acting_at_random, MUTED, (2, 3))
