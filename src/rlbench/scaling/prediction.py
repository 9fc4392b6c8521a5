"""Predictions over numbers of workers, with intervals: a bootstrap over the run's episodes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlbench.scaling.generation import Generation, Plan, Protocol, generation
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.rounds import Round, one_round
from rlbench.scaling.work import DQNWork, ESWork, FloatArray, Work, update_s

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 2048, 4096, 10_000)
RESAMPLES = 15
GENERATIONS = 6  # simulated for each prediction; of very many tasks fewer, at least two
MAX_TASKS = 10_000  # in these together
RESAMPLED_TASKS = 1500  # of one generation; beyond, the spread is that of the size before
RESAMPLED_WORKERS = 1500  # of DQN, likewise
GROWN_BLOCKS = 2  # of each worker, where the population grows
STOPS_PAYING = 0.1  # of the time that twice the workers must save
NORMAL_95 = 1.96
SMALL_LOSS = 0.1  # of the time; below, nothing is a bottleneck

Scaling = Literal["strong", "growing"]
Bottleneck = Literal["none", "crowding", "stragglers", "population", "update", "network"]


@dataclass(frozen=True)
class Range:
    """An estimate with its 95 % interval over resamples of the run."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, resampled: Sequence[float], most: float = math.inf) -> Range:
        """Normal over logarithms, which a few resamples are enough for; all are above 0."""
        spread = float(np.log(resampled).std(ddof=1)) if len(resampled) > 1 else 0.0
        width = math.exp(NORMAL_95 * spread)
        return cls(value, value / width, min(value * width, most))


@dataclass(frozen=True)
class Point:
    """The prediction for one number of workers.

    population: members of a generation; 0 of DQN. round_s: of a generation, of DQN of 1,000 steps.
    goal_s: to the run's goal. efficiency: what a worker does, over what one alone does. shares: of
    the time, what each kind of loss takes.
    """

    workers: int
    population: int
    round_s: Range
    goal_s: Range
    efficiency: Range
    shares: dict[Bottleneck, float]

    @property
    def bottleneck(self) -> Bottleneck:
        """What most is lost to."""
        largest = max(self.shares, key=lambda name: self.shares[name])
        return largest if self.shares[largest] >= SMALL_LOSS else "none"


def predict(
    work: Work,
    hardware: Hardware,
    protocol: Protocol,
    scaling: Scaling = "strong",
    sizes: Sequence[int] = SIZES,
    resamples: int = RESAMPLES,
) -> tuple[Point, ...]:
    """One point for each number of workers; the same arguments give the same points."""
    rng = np.random.default_rng(0)
    if isinstance(work, DQNWork):
        resampled = [work.resampled(rng, hardware) for _ in range(resamples)]
        return tuple(_dqn_points(work, resampled, sizes, hardware))
    others = [work.resampled(rng, hardware) for _ in range(resamples)]
    points: list[Point] = []
    drawn: list[_Drawn] = []
    for workers in sizes:
        population = grown_population(work, workers) if scaling == "growing" else work.population
        plan = Plan(
            workers, work.parameters, population // 2, work.blocks(population), protocol, hardware
        )
        estimate = _draw(work, plan, population)
        if drawn and population > RESAMPLED_TASKS * work.block_members:
            moved = estimate.efficiency / points[-1].efficiency.value
            drawn = [_Drawn(each.work, moved * each.efficiency) for each in drawn]
        else:
            drawn = [_draw(each, plan, population) for each in others]
        points.append(_es_point(estimate, drawn, workers, population))
    return tuple(points)


def grown_population(work: ESWork, workers: int) -> int:
    """Members of a generation that keeps so many workers busy, the run's at least."""
    return max(work.population, workers * GROWN_BLOCKS * work.block_members)


def stops_paying(points: Sequence[Point]) -> int:
    """The number of workers beyond which twice as many save less than a tenth of the time."""
    for here, there in itertools.pairwise(points):
        doublings = np.log2(there.workers / here.workers)
        if there.goal_s.value > here.goal_s.value * (1 - STOPS_PAYING) ** doublings:
            return here.workers
    return points[-1].workers


@dataclass(frozen=True)
class _Drawn:
    """How well one work, the run's or a resample of it, uses the workers, and what it loses."""

    work: ESWork
    efficiency: float
    generations: tuple[Generation, ...] = ()

    def round_s(self, workers: int, population: int) -> float:
        """A generation of so many members: on one core, over the workers' use."""
        alone = self.work.round_s * population / self.work.population
        return alone / (workers * self.efficiency)


def _draw(work: ESWork, plan: Plan, population: int) -> _Drawn:
    """Work over time and workers, in generations that stand for the whole training."""
    rng = np.random.default_rng(1)
    count = max(min(GENERATIONS, MAX_TASKS * work.block_members // population), 2)
    tasks: list[FloatArray] = [
        work.task_s(rng, population, stretch, plan.workers)
        for stretch in work.sampled_stretches(rng, count)
    ]
    found = tuple(generation(task_s, plan) for task_s in tasks)
    update = update_s(plan.parameters, plan.pairs, plan.hardware)
    alone = sum(float(task_s.sum()) + update for task_s in tasks)
    return _Drawn(work, alone / (plan.workers * sum(g.total_s for g in found)), found)


def _es_point(estimate: _Drawn, drawn: Sequence[_Drawn], workers: int, population: int) -> Point:
    round_s = estimate.round_s(workers, population)
    rounds = [each.round_s(workers, population) for each in drawn]
    count = estimate.work.rounds
    total = sum(g.total_s for g in estimate.generations)
    shares: dict[Bottleneck, float] = {
        "crowding": sum(g.crowded_s for g in estimate.generations) / total,
        "stragglers": sum(g.straggler_s for g in estimate.generations) / total,
        "population": sum(g.idle_s for g in estimate.generations) / total,
        "update": sum(g.update_s for g in estimate.generations) / total,
        "network": sum(g.network_s for g in estimate.generations) / total,
    }
    return Point(
        workers,
        population,
        Range.of(round_s, rounds),
        Range.of(round_s * count, [each * count for each in rounds]),
        Range.of(estimate.efficiency, [each.efficiency for each in drawn], 1.0),
        shares,
    )


def _dqn_points(
    work: DQNWork, others: Sequence[DQNWork], sizes: Sequence[int], hardware: Hardware
) -> Iterator[Point]:
    alone_s = [one_round(each, 1, hardware).step_s for each in (work, *others)]
    step_s = alone_s
    for workers in sizes:
        found = one_round(work, workers, hardware)
        if workers <= RESAMPLED_WORKERS:
            resampled = [one_round(other, workers, hardware).step_s for other in others]
        else:
            resampled = [each * found.step_s / step_s[0] for each in step_s[1:]]
        step_s = [found.step_s, *resampled]
        efficiency = [a / (workers * b) for a, b in zip(alone_s, step_s, strict=True)]
        yield Point(
            workers,
            0,
            Range.of(1000 * found.step_s, [1000 * each for each in resampled]),
            Range.of(work.env_steps * found.step_s, [work.env_steps * each for each in resampled]),
            Range.of(efficiency[0], efficiency[1:]),
            _dqn_shares(found) if workers > 1 else {"none": 0.0},
        )


def _dqn_shares(found: Round) -> dict[Bottleneck, float]:
    lost_s: dict[Bottleneck, float] = {
        "crowding": found.crowded_s,
        "stragglers": found.longest_s - found.even_s - found.crowded_s,
        "network": found.arrived_s - found.longest_s,
        "update": found.total_s - found.arrived_s,
    }
    return {name: seconds / found.total_s for name, seconds in lost_s.items()}
