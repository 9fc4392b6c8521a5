"""All that is predicted of one run, and the table that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlbench.scaling.generation import Protocol
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.measured import Measured
from rlbench.scaling.prediction import SIZES, Point, Scaling, predict
from rlbench.scaling.work import ESWork
from rlbench.table import Column, Row, Table

FILE = "scaling.csv"


@dataclass(frozen=True)
class Forecast:
    """A run with its predictions: the population as it is, and for ES one that grows with the
    workers (empty for DQN). others: further runs, whose times were measured."""

    measured: Measured
    hardware: Hardware
    protocol: Protocol
    strong: tuple[Point, ...]
    growing: tuple[Point, ...]
    others: tuple[Measured, ...] = ()

    @property
    def series(self) -> dict[Scaling, tuple[Point, ...]]:
        """The predictions that there are."""
        found: dict[Scaling, tuple[Point, ...]] = {"strong": self.strong}
        return found | ({"growing": self.growing} if self.growing else {})


def forecast(
    measured: Measured,
    hardware: Hardware,
    protocol: Protocol,
    sizes: Sequence[int] = SIZES,
    others: Sequence[Measured] = (),
) -> Forecast:
    """Predict a run over numbers of workers."""
    work = measured.work
    strong = predict(work, hardware, protocol, "strong", sizes)
    growing = (
        predict(work, hardware, protocol, "growing", sizes) if isinstance(work, ESWork) else ()
    )
    return Forecast(measured, hardware, protocol, strong, growing, tuple(others))


_COLUMNS = (
    Column("scaling", "text", "Population", "strong: the run's own; growing: with the workers"),
    Column("workers", "exact", "Workers", "one a core; of DQN beside the learner's"),
    Column("population", "exact", "Members", "of a generation; 0 of DQN"),
    Column("round_s", "number", "Round (s)", "of a generation, of DQN of 1,000 steps"),
    Column("round_s_low", "number", "", "lower end of its 95 % interval"),
    Column("round_s_high", "number", "", "upper end"),
    Column("goal_s", "number", "To the goal (s)", "in as many rounds as the run needed"),
    Column("goal_s_low", "number", "From", "lower end of its 95 % interval"),
    Column("goal_s_high", "number", "To", "upper end"),
    Column("efficiency", "number", "Efficiency", "what a worker does, over one alone"),
    Column("efficiency_low", "number", "", "lower end of its 95 % interval"),
    Column("efficiency_high", "number", "", "upper end"),
    Column("bottleneck", "text", "Lost most to", "stragglers, population, update or network"),
)


def forecast_table(found: Forecast) -> Table:
    """Every point with every digit."""
    rows = []
    for scaling, points in found.series.items():
        for p in points:
            ranges = (p.round_s, p.goal_s, p.efficiency)
            values = [end for r in ranges for end in (r.value, r.low, r.high)]
            rows.append(Row((scaling, p.workers, p.population, *values, p.bottleneck)))
    return Table(FILE, "the predictions", _COLUMNS, tuple(rows))
