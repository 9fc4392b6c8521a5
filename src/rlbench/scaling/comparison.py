"""The model beside published figures of scaling, to none of which it was fitted.

The costs of a step and of a member on the Humanoid are those of a run of ES here; the population
and the network are the paper's, from the authors' configurations/humanoid.json. The lengths of its
episodes are not published: early in training they are those of our run, late all are at the limit,
so each prediction has two ends.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.published import table
from rlbench.published.papers import humanoid_record
from rlbench.scaling.generation import Protocol
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.prediction import predict, stops_paying
from rlbench.scaling.work import ESWork, Stretch

PAPER_EPISODES = 10_000  # of a generation
PAPER_INPUTS, PAPER_HIDDEN, PAPER_OUTPUTS = 376, 256, 17  # two hidden layers
PAIR = 2  # members that a worker of the authors' code plays before it answers
RAY_SIZES = (256, 512, 1024, 2048, 4096, 8192)
FIBER_SIZES = (32, 64, 128, 256, 512, 1024)
FIBER_POPULATION = 2048


@dataclass(frozen=True)
class Comparison:
    """A published figure, and the model's with both ends."""

    what: str
    published: float
    predicted: tuple[float, float]
    assumed: str
    source: str

    @property
    def errors(self) -> tuple[float, float]:
        """Predicted over published, less 1."""
        low, high = (value / self.published - 1.0 for value in self.predicted)
        return low, high


def comparisons(humanoid: ESWork, hardware: Hardware) -> tuple[Comparison, ...]:
    """Every published figure. humanoid: a run of ES on the Humanoid."""
    ends = paper_humanoid(humanoid)
    return (
        _salimans(ends, hardware),
        *_ray(ends, hardware),
        _fiber(humanoid, hardware),
        _a3c(),
    )


def paper_humanoid(measured: ESWork) -> tuple[ESWork, ESWork]:
    """The work of the paper's ES on the Humanoid, early and late in training."""
    layers = (PAPER_INPUTS, PAPER_HIDDEN, PAPER_HIDDEN, PAPER_OUTPUTS)
    parameters = sum(a * b + b for a, b in itertools.pairwise(layers))
    early = dataclasses.replace(
        measured,
        population=PAPER_EPISODES,
        episodes_per_member=1,
        block_members=PAIR,
        joined_members=0,
        parameters=parameters,
    )
    return early, at_limit(early)


def at_limit(work: ESWork) -> ESWork:
    """The same work where every episode is as long as it may be."""
    episodes = float(work.population * work.episodes_per_member)
    steps = episodes * work.episode_limit
    cpu_s = work.member_s * work.population + work.step_s * steps
    stretch = Stretch(1.0, steps, episodes, cpu_s, np.array([work.episode_limit]))
    return dataclasses.replace(work, stretches=(stretch,))


def speed_up(work: ESWork, few: int, many: int, protocol: Protocol, hardware: Hardware) -> float:
    """Time on few workers over time on many."""
    slow, fast = predict(work, hardware, protocol, "strong", (few, many), resamples=0)
    return slow.goal_s.value / fast.goal_s.value


def _salimans(ends: Sequence[ESWork], hardware: Hardware) -> Comparison:
    record = humanoid_record()
    few, many = record.few.cores, record.many.cores
    return Comparison(
        f"ES, Humanoid: {many:,} cores over {few}",
        record.time_factor,
        _ordered(speed_up(work, few, many, "relay", hardware) for work in ends),
        "the master rebuilds the gradient from returns, as in the authors' code",
        "Salimans et al. 2017 (arXiv 1703.03864), section 4.3",
    )


def _ray(ends: Sequence[ESWork], hardware: Hardware) -> list[Comparison]:
    doubling, minutes = _row("ray_doubling"), _row("ray_minutes")
    record = humanoid_record()
    few, many = RAY_SIZES[0], RAY_SIZES[-1]
    doublings = math.log2(many / few)
    factors = [speed_up(work, few, many, "tree", hardware) ** (1 / doublings) for work in ends]
    times = [
        60 * record.few.hours / speed_up(work, record.few.cores, many, "tree", hardware)
        for work in ends
    ]
    return [
        Comparison(
            f"Ray's ES, Humanoid: factor of a doubling, {few} to {many:,} cores",
            float(doubling["value"]), _ordered(factors),
            "vectors added up in a tree", doubling["source"],
        ),
        Comparison(
            f"Ray's ES, Humanoid: minutes on {many:,} cores",
            float(minutes["value"]), _ordered(times),
            f"as much work as Salimans et al. report for {record.few.cores} cores",
            minutes["source"],
        ),
    ]  # fmt: skip


def _fiber(measured: ESWork, hardware: Hardware) -> Comparison:
    row = _row("fiber_knee")
    work = dataclasses.replace(
        measured,
        population=FIBER_POPULATION,
        episodes_per_member=1,
        block_members=1,
        joined_members=0,
    )
    knees = [
        float(stops_paying(predict(each, hardware, "central", "strong", FIBER_SIZES, resamples=0)))
        for each in (work, at_limit(work))
    ]
    return Comparison(
        "Fiber's ES: workers beyond which more bring little",
        float(row["value"]),
        _ordered(knees),
        f"population {FIBER_POPULATION:,}, one master, the Humanoid's costs here",
        row["source"],
    )


def _a3c() -> Comparison:
    """Threads that act, learn and write without waiting for each other: the model knows nothing
    that would hold them up."""
    row = _row("a3c_threads")
    threads = float(row["workers"])
    return Comparison(
        f"A3C: {threads:.0f} threads over one",
        float(row["value"]),
        (threads, threads),
        "no lock, no messages: nothing is lost; steps stand for times to a score",
        row["source"],
    )


def _row(key: str) -> dict[str, str]:
    (row,) = [row for row in table("scaling") if row["key"] == key]
    return row


def _ordered(values: Iterable[float]) -> tuple[float, float]:
    found = sorted(values)
    return found[0], found[-1]
