"""The work of a run, as the model is given it: ES in generations, DQN in steps and updates."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlbench.scaling.hardware import Hardware

FloatArray = NDArray[np.float64]
LENGTHS_VARY_FROM = 0.02  # relative spread of mean lengths, below which they explain no cost


@dataclass(frozen=True)
class Stretch:
    """A part of training: what it counted and what it cost in CPU-seconds.

    rounds: generations of ES, updates of DQN. lengths: steps of episodes that were played around
    then, which give the shape of the distribution; its mean is that of training.
    """

    rounds: float
    env_steps: float
    episodes: float
    cpu_s: float
    lengths: FloatArray

    def episode_steps(self, rng: np.random.Generator, count: int, limit: float) -> FloatArray:
        """So many lengths [count], from 1 to `limit`, whose mean is that of training."""
        drawn = rng.choice(self.lengths, count)
        if self.episodes > 0:
            drawn = drawn * (self.env_steps / self.episodes) / self.lengths.mean()
        clipped: FloatArray = np.clip(drawn, 1.0, limit)
        return clipped


@dataclass(frozen=True)
class ESWork:
    """A run of ES. rounds: generations to the goal. episode_limit: steps an episode may have.

    block_members: of the smallest piece of work. joined_members: how many members a task of several
    blocks may have; 0 where each block is a task.

    update_s: what moving the parameters takes on one core. member_s, step_s: of a worker, for each
    member and for each of its steps; together they are all that the run's CPU did.
    """

    population: int
    episodes_per_member: int
    block_members: int
    parameters: int
    rounds: float
    episode_limit: float
    stretches: tuple[Stretch, ...]
    member_s: float
    step_s: float
    joined_members: int = 0

    @property
    def pairs(self) -> int:
        return self.population // 2

    def sampled_stretches(self, rng: np.random.Generator, count: int) -> list[Stretch]:
        """Where in training `count` generations lie that stand for all of them: evenly spread over
        the stretches in order of their episodes' mean length."""
        ordered = sorted(self.stretches, key=lambda s: s.env_steps / max(s.episodes, 1.0))
        ends = np.cumsum([s.rounds for s in ordered])
        at = (np.arange(count) + rng.random()) / count * ends[-1]
        return [ordered[min(i, len(ordered) - 1)] for i in np.searchsorted(ends, at, "right")]

    def task_members(self, population: int, workers: int) -> int:
        """Members of a task: blocks are joined so that there are as few tasks as workers."""
        blocks = self.blocks(population)
        joined = min(self.joined_members // self.block_members, -(-blocks // workers))
        return self.block_members * max(joined, 1)

    def blocks(self, population: int) -> int:
        """How many blocks so many members are."""
        return -(-population // self.block_members)

    def task_s(
        self, rng: np.random.Generator, population: int, stretch: Stretch, workers: int
    ) -> FloatArray:
        """Worker-seconds of each task of one generation in this stretch."""
        count = population * self.episodes_per_member
        steps = stretch.episode_steps(rng, count, self.episode_limit)
        members = self.member_s + self.step_s * steps.reshape(population, -1).sum(axis=1)
        starts = np.arange(0, population, self.task_members(population, workers))
        found: FloatArray = np.add.reduceat(members, starts)
        return found

    @property
    def round_s(self) -> float:
        """CPU-seconds of a generation: what it takes on one core."""
        return sum(s.cpu_s for s in self.stretches) / sum(s.rounds for s in self.stretches)

    def resampled(self, rng: np.random.Generator, hardware: Hardware) -> ESWork:
        """The same run with its stretches and their episodes drawn again (a bootstrap)."""
        drawn = resampled_stretches(self.stretches, rng)
        return fitted_es(self, drawn, hardware)


@dataclass(frozen=True)
class DQNWork:
    """A run of DQN. env_steps: to the goal.

    actors: on the executor's workers; None: the run is one process, which acts and learns. lanes:
    of each actor. round_steps: of all lanes, from one learning to the next. beside: whether acting
    goes on while updates run; None: with more than one actor. threads: of the updates.

    act_s, update_s: of a step and of an update, on one core. step_bytes: of a step's experience
    when it is sent.
    """

    env_steps: float
    updates_per_step: float
    parameters: int
    step_bytes: float
    stretches: tuple[Stretch, ...]
    act_s: float
    update_s: float
    actors: int | None = None
    lanes: int = 1
    round_steps: int = 1
    beside: bool | None = None
    threads: int = 1

    def overlaps(self, actors: int) -> bool:
        """Whether so many of them act on while updates run."""
        return actors > 1 if self.beside is None else self.beside

    def resampled(self, rng: np.random.Generator, _: Hardware) -> DQNWork:
        """The same run with its stretches drawn again (a bootstrap)."""
        return fitted_dqn(self, resampled_stretches(self.stretches, rng))


Work = ESWork | DQNWork


def resampled_stretches(
    stretches: Sequence[Stretch], rng: np.random.Generator
) -> tuple[Stretch, ...]:
    """As many stretches, drawn with replacement, and of each the episodes likewise."""
    drawn = [stretches[i] for i in rng.integers(len(stretches), size=len(stretches))]
    return tuple(
        dataclasses.replace(s, lengths=rng.choice(s.lengths, len(s.lengths))) for s in drawn
    )


def update_s(parameters: int, pairs: int, hardware: Hardware) -> float:
    """What the gradient of a population and the optimizer's step take on one core."""
    return parameters * (pairs * hardware.weighed_s + hardware.added_s)


def fitted_es(work: ESWork, stretches: tuple[Stretch, ...], hardware: Hardware) -> ESWork:
    """`work` with the costs that explain these stretches: so much a member, so much a step.

    On one core the fitted costs add up to what was measured. Where all episodes are equally long,
    nothing tells a member's cost from that of its steps, and it goes to the steps.
    """
    rounds, steps, cpu = _columns(stretches)
    rest = np.maximum(cpu - rounds * update_s(work.parameters, work.pairs, hardware), 0.0)
    member, step = two_costs(rounds * work.population, steps, rest)
    return dataclasses.replace(work, stretches=stretches, member_s=member, step_s=step)


def fitted_dqn(work: DQNWork, stretches: tuple[Stretch, ...]) -> DQNWork:
    """`work` with the costs of a step and of an update that explain these stretches."""
    updates, steps, cpu = _columns(stretches)
    update, act = two_costs(updates, steps, cpu)
    return dataclasses.replace(work, stretches=stretches, act_s=act, update_s=update)


def two_costs(first: FloatArray, second: FloatArray, cost: FloatArray) -> tuple[float, float]:
    """The two costs a piece, none negative, whose sum over `first` and `second` pieces comes
    closest to `cost` (relative least squares), scaled so that the totals agree.

    Where the two counts are in proportion all goes to the second.
    """
    if not second.sum():
        return (cost.sum() / first.sum() if first.sum() else 0.0), 0.0
    ratio = first / np.maximum(second, 1.0)
    if not first.sum() or ratio.std() < LENGTHS_VARY_FROM * ratio.mean():
        return 0.0, float(cost.sum() / second.sum())
    weights = 1.0 / np.maximum(cost, 1e-9)
    rows = np.stack([first * weights, second * weights], axis=1)
    found, *_ = np.linalg.lstsq(rows, np.ones(len(rows)), rcond=None)
    if found.min() < 0:
        alone = [_alone(column) for column in rows.T]
        errors = [np.square(rows.T[i] * alone[i] - 1.0).sum() for i in (0, 1)]
        found = np.array([alone[0], 0.0] if errors[0] < errors[1] else [0.0, alone[1]])
    total = found @ np.array([first.sum(), second.sum()])
    found = found * (cost.sum() / total) if total > 0 else found
    return float(found[0]), float(found[1])


def _alone(column: FloatArray) -> float:
    return float(column.sum() / np.square(column).sum())


def _columns(stretches: Sequence[Stretch]) -> tuple[FloatArray, FloatArray, FloatArray]:
    found = np.array([(s.rounds, s.env_steps, s.cpu_s) for s in stretches], np.float64)
    return found[:, 0], found[:, 1], found[:, 2]
