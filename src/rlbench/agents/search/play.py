"""The episodes of members whose parameters are given: what a worker plays of a population.

Unlike the members of ES, which a worker makes from their numbers, these are sent as they are. They
are played by the same code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlbench.agents.es.members import separate_members
from rlbench.agents.es.population import task_lanes
from rlbench.agents.es.rollout import Acting, ObservationSums, Slots, TaskResult, play_episodes
from rlbench.interfaces import Array, EnvFacts, Worker
from rlbench.nets.heads import Head
from rlbench.nets.network import Network
from rlbench.seeding import Seeds

IMAGE_LANES = 8  # of a task on images, where members share next to nothing


@dataclass(frozen=True)
class Play:
    """What the tasks of one generation share.

    members: of a task (the last may have fewer). slots: how many of them play at a time.
    shared_episodes: whether all members play the same episodes. obs_mean, obs_std: [obs] or None.
    episode_cap: steps after which an episode is broken off, with the return that it has until then.
    """

    generation: int
    network: Network
    head: Head
    seeds: Seeds
    members: int
    slots: int
    episodes_per_member: int
    shared_episodes: bool
    obs_mean: Array | None
    obs_std: Array | None
    episode_cap: int | None

    @property
    def lanes(self) -> int:
        """Lanes of a whole task: one set of them serves all tasks."""
        return self.slots * self.episodes_per_member

    def tasks(self, population: Array) -> Iterator[Task]:
        """The tasks that a population [P, n] comes to."""
        for first in range(0, len(population), self.members):
            yield Task(first, population[first : first + self.members])

    def reset_seeds(self, members: range) -> Array:
        """The reset seeds [members, E] of the members' episodes."""
        return np.array(
            [
                self.seeds.episode_seed(
                    self.generation, 0 if self.shared_episodes else member, episode
                )
                for member in members
                for episode in range(self.episodes_per_member)
            ]
        ).reshape(len(members), -1)


@dataclass(frozen=True)
class Task:
    """The members from number `first` on, by their parameters [members, n]."""

    first: int
    parameters: Array


def shares(env: EnvFacts, population: int, episodes: int, workers: int) -> tuple[int, int]:
    """How many members a task has, and how many of them play at a time.

    Neither changes a return: members share no products. As with ES, many play together on vectors,
    and where one process steps a whole population in arrays it plays all of it.
    """
    if env.native_vector:
        members = population
    elif env.pixels:
        members = max(IMAGE_LANES // episodes, 1)
    else:
        members = max(task_lanes(env.lock_step_lanes) // episodes, 1)
        members = min(members, -(-population // workers))
    members = min(members, population)
    if env.pixels or env.lock_step_lanes is None:
        return members, members
    return members, min(members, max(env.lock_step_lanes // episodes, 1))


def build_lanes(worker: Worker, play: Play, task: int) -> None:
    """Have a worker build the lanes that `play_members` will ask for; the task is unused."""
    worker.lanes(play.lanes)


def play_members(worker: Worker, play: Play, task: Task) -> TaskResult:
    """Play all episodes of a task's members."""
    count = len(task.parameters)
    seeds = play.reset_seeds(range(task.first, task.first + count))
    members = separate_members(play.network, task.parameters)
    sums = None
    if play.obs_mean is not None:
        sums = ObservationSums(seeds.shape, play.network.observation_shape[0])
    slots = Slots(
        worker.lanes(play.lanes), members, seeds, min(play.slots, count), keeps_obs=sums is not None
    )
    act = Acting(members, play.head, play.obs_mean, play.obs_std, slots.alive.shape)
    return play_episodes(slots, act, sums, play.episode_cap, worker.should_stop)
