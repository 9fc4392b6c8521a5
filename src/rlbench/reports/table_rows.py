"""How statistics become rows of the report's tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rlbench.analysis.curves import Curve
from rlbench.analysis.decision import decide
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.table import Column, Row, Value


def column_values(
    shown: Sequence[Column], found: object, more: Mapping[str, Value] | None = None
) -> tuple[Value, ...]:
    """What a dataclass has under the columns' names, and `more` beside it."""
    further = more or {}
    return tuple(
        further[column.name] if column.name in further else getattr(found, column.name)
        for column in shown
    )


def winner_of(ratio: SpeedRatio | MeanRatio) -> str:
    """The label of the group that was faster, or `open`, or `none`."""
    decision = decide(ratio)
    return decision.winner_label or decision.winner


def curve_rows(curves: Iterable[Curve]) -> Iterator[Row]:
    """One row for each point of each curve."""
    for c in curves:
        medians = [None] * len(c.x) if c.median is None else c.median.tolist()
        for median, *point in zip(medians, c.x, c.mean, c.low, c.high, c.n, strict=True):
            yield Row((c.env, c.agent, c.group, c.unit, *map(float, point), median))
