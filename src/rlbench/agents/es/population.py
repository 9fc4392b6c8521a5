"""A generation's work, cut into blocks of mirrored pairs that any worker can do.

Everything here is a pure function of the generation and the block's number: which worker does a
block, in which order, and together with which other blocks, changes nothing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from rlbench.agents.es.members import Members, make_members
from rlbench.agents.es.noise import FullNoise, Noise, cached_noise
from rlbench.agents.es.virtual_norm import VirtualNorm
from rlbench.interfaces import Array, Lanes, Worker
from rlbench.nets.conv import ConvNet
from rlbench.nets.heads import Head
from rlbench.nets.network import Network
from rlbench.nets.policy import normalise
from rlbench.seeding import Seeds

COMPACT_BELOW = 0.75  # of the stacked members still playing; copying their parameters then pays
CHEAP_BYTES = 2**18  # parameters of so few bytes are copied whenever a member has finished
SUMMED_TOGETHER = 64  # lock-steps
# A lock-step costs little more for many lanes than for few, and every task ends with few; but a
# time budget can stop only between tasks.
TASK_LANES = 64
TASK_TURNS = 4  # ... or as many times the lanes of a lock-step, where these are limited


@dataclass(frozen=True)
class Generation:
    """What the workers share of one generation.

    theta: [n]. obs_mean, obs_std: [obs] or None, frozen for the generation. block_pairs: mirrored
    pairs a block (the last may have fewer). action_noise: standard deviation added to the
    actions of a box. rank: of the noise, None for full. lock_step_lanes: see `EnvFacts`. reference:
    [frames, *obs] that virtual batch normalisation takes its statistics from, or None. episode_cap:
    steps after which an episode is broken off, with the return that it has until then.
    """

    number: int
    theta: Array
    sigma: float
    pairs: int
    block_pairs: int
    episodes_per_member: int
    pair_shares_episodes: bool
    action_noise: float
    obs_mean: Array | None
    obs_std: Array | None
    network: Network
    head: Head
    seeds: Seeds
    rank: int | None = None
    lock_step_lanes: int | None = None
    reference: Array | None = None
    episode_cap: int | None = None

    @property
    def blocks(self) -> int:
        return -(-self.pairs // self.block_pairs)

    @property
    def shares_lock_steps(self) -> bool:
        return shares_lock_steps(self.network, self.rank, self.action_noise)

    @property
    def block_lanes(self) -> int:
        """Lanes of a whole block."""
        return 2 * self.block_pairs * self.episodes_per_member

    def block(self, number: int) -> range:
        """The pairs of block `number`."""
        first = number * self.block_pairs
        return range(first, min(first + self.block_pairs, self.pairs))

    def slots(self, members: int) -> int:
        """How many of a task's members play at a time."""
        if self.lock_step_lanes is None or not self.shares_lock_steps:
            return members
        return min(members, max(self.lock_step_lanes // self.episodes_per_member, 1))

    def tasks(self, workers: int) -> list[range]:
        """The blocks, in order, as the tasks of so many workers: as few as there are workers where
        `task_lanes` allow it."""
        together = 1
        if self.shares_lock_steps:
            lanes = task_lanes(self.lock_step_lanes)
            together = min(max(lanes // self.block_lanes, 1), -(-self.blocks // workers))
        return [
            range(first, min(first + together, self.blocks))
            for first in range(0, self.blocks, together)
        ]


def task_lanes(lock_step_lanes: int | None) -> int:
    """How many lanes a task of several blocks may have (see `EnvFacts.lock_step_lanes`)."""
    return max(TASK_LANES, TASK_TURNS * (lock_step_lanes or 0))


def shares_lock_steps(network: Network, rank: int | None, action_noise: float) -> bool:
    """Whether blocks may be played together without changing what a member does.

    A block's action noise is drawn for its members together, and low-rank members share products.
    On frames an emulator and a network of its own cost the same in any company.
    """
    return not action_noise and rank is None and not isinstance(network, ConvNet)


@dataclass(frozen=True)
class TaskResult:
    """Returns [pairs, 2] (mean over a member's episodes), steps and episodes played, how many of
    these the cap broke off, and for each member the sum, the sum of squares [2 x pairs, obs] and
    the number [2 x pairs] of the observations it saw (None without normalisation)."""

    returns: Array
    env_steps: int
    episodes: int
    capped: int
    obs_sums: tuple[Array, Array, Array] | None


def build_lanes(worker: Worker, shared: tuple[Generation, list[range]], task: int) -> None:
    """Have a worker build the lanes that `evaluate_blocks` will ask for, the same for each task."""
    worker.lanes(_task_lanes(*shared))


def _task_lanes(generation: Generation, tasks: list[range]) -> int:
    """The first task is the largest: one set of lanes serves them all."""
    members = 2 * generation.block_pairs * len(tasks[0])
    return generation.slots(members) * generation.episodes_per_member


def evaluate_blocks(
    worker: Worker, shared: tuple[Generation, list[range]], task: int
) -> TaskResult:
    """Play the episodes of all members of the blocks of one task (see `Generation.tasks`)."""
    generation, tasks = shared
    blocks = tasks[task]
    pairs = range(generation.block(blocks[0]).start, generation.block(blocks[-1]).stop)
    parts = [block_noise(worker, generation, block) for block in blocks]
    noise = parts[0]
    if len(parts) > 1:
        full = [part.values for part in parts if isinstance(part, FullNoise)]
        noise = FullNoise(np.concatenate(full))
    norm = None
    if generation.reference is not None:
        assert isinstance(generation.network, ConvNet)
        norm = VirtualNorm(generation.network, generation.reference)
    members = make_members(
        generation.network, generation.theta, generation.sigma, noise, len(pairs), norm
    )
    lanes = worker.lanes(_task_lanes(generation, tasks))
    return _Rollout(lanes, generation, members, pairs).play()


def weigh_block(worker: Worker, shared: tuple[Generation, Array], block: int) -> Array:
    """The block's share of the gradient estimate: sum of weight_i epsilon_i, [n]."""
    generation, weights = shared
    pairs = generation.block(block)
    return block_noise(worker, generation, block).weigh(weights[pairs.start : pairs.stop])


def weigh_blocks(
    worker: Worker, shared: tuple[Generation, list[range], Array], task: int
) -> list[Array]:
    """`weigh_block` of each block of one task (see `Generation.tasks`)."""
    generation, tasks, weights = shared
    return [weigh_block(worker, (generation, weights), block) for block in tasks[task]]


def block_noise(worker: Worker, generation: Generation, block: int) -> Noise:
    """The noise of the pairs of one block."""
    stream = generation.seeds.child("noise")
    pairs = generation.block(block)
    return cached_noise(
        worker, generation.network, generation.rank, stream, generation.number, pairs
    )


class _Rollout:
    """Episodes of P members, E lanes a member, in lock-step. Members play in slots, as many at a
    time as `Generation.slots` says; one that has finished gives its slot to the next member, and
    when none is left the slot leaves the stack (see `members`)."""

    def __init__(
        self, lanes: Lanes, generation: Generation, members: Members, pairs: range
    ) -> None:
        self.lanes, self.generation, self.members, self.pairs = lanes, generation, members, pairs
        self.episodes = generation.episodes_per_member
        self.slots = generation.slots(2 * len(pairs))
        self.statistics: tuple[Array, Array] | None = None
        if generation.obs_mean is not None and generation.obs_std is not None:
            # Repeated for every lane: NumPy goes through arrays of one shape in one loop.
            shape = (self.slots, self.episodes, 1)
            self.statistics = (
                np.tile(generation.obs_mean, shape),
                np.tile(generation.obs_std, shape),
            )
        self.action_rng = generation.seeds.child("action noise").generator(
            generation.number, pairs.start
        )

    def play(self) -> TaskResult:
        generation, lanes, cap = self.generation, self.lanes, self.generation.episode_cap
        P, E = 2 * len(self.pairs), self.episodes
        seeds = self._reset_seeds()
        # Of each slot in the stack [p]: which of the lanes' it is, its member, and the lock-step
        # after which this began.
        slots = stack = np.arange(self.slots)
        begun = np.zeros(self.slots, np.int64)
        waiting = self.slots  # the first member that has not begun
        if waiting < P:
            self.members.select(stack)
        alive = np.ones((len(stack), E), np.bool_)  # [p, E] lanes still playing
        obs = lanes.reset(_lanes_of(slots, E).ravel(), seeds[stack].ravel())
        obs = obs.reshape(len(stack), E, *obs.shape[1:])
        returns = np.zeros(P * E)
        sums = _ObservationSums(P, E, obs.shape[-1]) if generation.obs_mean is not None else None
        env_steps, capped = 0, 0
        playing = earning = _lanes_of(slots, E).ravel()  # lanes, and their places in `returns`
        whole = True  # every lane of the stack plays
        for step in itertools.count(1):
            if sums is not None:
                sums.add(obs, stack, alive)
            actions = self._act(obs, alive)
            flat = actions.reshape(-1, *actions.shape[2:])
            new, rewards, terminated, truncated = lanes.step(
                playing, flat if whole else flat[alive.ravel()]
            )
            returns[earning] += rewards
            env_steps += len(playing)
            if whole:
                obs = new.reshape(obs.shape)
            else:
                obs = obs.copy() if sums is not None else obs  # the sums keep what they were given
                obs[alive] = new
            ended = terminated | truncated
            if cap is not None:
                over = np.repeat(step - begun >= cap, E)[alive.ravel()] & ~ended
                capped += int(np.count_nonzero(over))
                ended |= over
            if not np.count_nonzero(ended):  # quicker than any(), and this runs at every step
                continue
            if sums is not None:
                sums.flush()
            alive[alive] = ~ended
            busy: Array = np.logical_or.reduce(alive, axis=1)
            free = np.flatnonzero(~busy)[: P - waiting]
            if len(free):
                stack = stack.copy()
                stack[free] = np.arange(waiting, waiting + len(free))
                waiting += len(free)
                self.members.select(stack)
                first = lanes.reset(_lanes_of(slots[free], E).ravel(), seeds[stack[free]].ravel())
                obs[free] = first.reshape(len(free), E, *first.shape[1:])
                begun[free], alive[free], busy[free] = step, True, True
            left = np.count_nonzero(busy)
            if left == 0:
                break
            cheap = left * self.members.copied_bytes <= CHEAP_BYTES
            if left < len(stack) and (cheap or left <= COMPACT_BELOW * len(stack)):
                slots, stack, begun = slots[busy], stack[busy], begun[busy]
                alive, obs = alive[busy], obs[busy]
                self.members.select(stack)
            playing, earning = _lanes_of(slots, E)[alive], _lanes_of(stack, E)[alive]
            whole = len(playing) == alive.size
        member_returns = returns.reshape(P, E).mean(axis=1)
        return TaskResult(
            member_returns.reshape(-1, 2),
            env_steps,
            P * E,
            capped,
            None if sums is None else sums.result(),
        )

    def _act(self, obs: Array, alive: Array) -> Array:
        generation = self.generation
        if self.statistics is not None:
            mean, std = self.statistics
            obs = normalise(obs, mean[: len(obs)], std[: len(obs)])
        actions = generation.head(self.members.outputs(obs, alive))
        if generation.action_noise and actions.dtype.kind == "f":
            noise = self.action_rng.standard_normal(actions.shape, np.float32)
            actions = actions + np.float32(generation.action_noise) * noise
        return actions

    def _reset_seeds(self) -> Array:
        """[P, E]."""
        generation = self.generation
        stream = generation.seeds.child("episodes")
        shared = generation.pair_shares_episodes
        return np.array(
            [
                stream.episode_seed(generation.number, pair, 0 if shared else mirror, episode)
                for pair in self.pairs
                for mirror in (0, 1)
                for episode in range(self.episodes)
            ]
        ).reshape(-1, self.episodes)


def _lanes_of(slots: Array, episodes: int) -> Array:
    """The lanes [p, episodes] of `slots` [p]."""
    return slots[:, None] * episodes + np.arange(episodes)


class _ObservationSums:
    """Adds up each member's observations, many lock-steps at a time: adding them up one by one
    costs more than a network. What is given is kept until `flush`, which has to be called before
    `stack` or `alive` change.
    """

    def __init__(self, members: int, episodes: int, size: int) -> None:
        self._sums = np.zeros((2, members, episodes, size))  # of observations, of their squares
        self._count = np.zeros(members, np.int64)
        self._waiting: list[Array] = []

    def add(self, obs: Array, stack: Array, alive: Array) -> None:
        """obs: [p, E, obs] of the members `stack` [p]; only lanes that are `alive` [p, E] count."""
        self._stack, self._alive = stack, alive
        self._waiting.append(obs)
        if len(self._waiting) == SUMMED_TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Bring the sums up to the last observations given."""
        if not self._waiting:
            return
        stack, alive = self._stack, self._alive
        obs = np.array(self._waiting, np.float64) * alive[..., None]  # [k, p, E, obs]
        self._waiting = []
        self._count[stack] += len(obs) * np.count_nonzero(alive, axis=1)
        for sums, terms in zip(self._sums, (obs, np.square(obs)), strict=True):
            # One after another, as a sum cut elsewhere would round otherwise, and where it is cut
            # depends on when other members finish. NumPy adds rows so, but halves a single column.
            terms[0] += sums[stack]
            column = terms[0].size == 1
            sums[stack] = np.add.accumulate(terms)[-1] if column else np.add.reduce(terms)

    def result(self) -> tuple[Array, Array, Array]:
        """Sums and sums of squares [P, obs] and numbers [P] of the observations given."""
        total, squares = self._sums.sum(axis=2)
        return total, squares, self._count
