"""A generation's work, cut into blocks of mirrored pairs that any worker can do.

Everything here is a pure function of the generation and the block's number: which worker does a
block, in which order, and together with which other blocks, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlbench.interfaces import Array, Lanes, Worker
from rlbench.nets.heads import Head
from rlbench.nets.network import Layers, Network
from rlbench.nets.policy import normalise
from rlbench.seeding import Seeds

NOISE_CACHE_BYTES = 64 * 2**20
COMPACT_BELOW = 0.75  # of the stacked members still playing; copying their parameters then pays
CHEAP_BYTES = 2**18  # parameters of so few bytes are copied whenever a member has finished
SUMMED_TOGETHER = 64  # lock-steps
TASK_LANES = 64  # more lanes save little, and a time budget can stop only between tasks


@dataclass(frozen=True)
class Generation:
    """What the workers share of one generation.

    theta: [n]. obs_mean, obs_std: [obs] or None, frozen for the generation. block_pairs: mirrored
    pairs a block (the last may have fewer). action_noise: standard deviation added to the
    actions of a box.
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

    @property
    def blocks(self) -> int:
        return -(-self.pairs // self.block_pairs)

    def block(self, number: int) -> range:
        """The pairs of block `number`."""
        first = number * self.block_pairs
        return range(first, min(first + self.block_pairs, self.pairs))

    def tasks(self, workers: int) -> list[range]:
        """The blocks, in order, as the tasks of so many workers: as few as there are workers where
        `TASK_LANES` allow it, since a lock-step costs little more for many lanes than for few."""
        # A block's action noise is drawn for its members together.
        together = 1
        if not self.action_noise:
            lanes = 2 * self.block_pairs * self.episodes_per_member
            together = min(max(TASK_LANES // lanes, 1), -(-self.blocks // workers))
        return [
            range(first, min(first + together, self.blocks))
            for first in range(0, self.blocks, together)
        ]


@dataclass(frozen=True)
class TaskResult:
    """Returns [pairs, 2] (mean over a member's episodes), steps and episodes played, and for each
    member the sum, the sum of squares [2 x pairs, obs] and the number [2 x pairs] of the
    observations it saw (None without normalisation)."""

    returns: Array
    env_steps: int
    episodes: int
    obs_sums: tuple[Array, Array, Array] | None


def evaluate_blocks(
    worker: Worker, shared: tuple[Generation, list[range]], task: int
) -> TaskResult:
    """Play the episodes of all members of the blocks of one task (see `Generation.tasks`)."""
    generation, tasks = shared
    blocks = tasks[task]
    pairs = range(generation.block(blocks[0]).start, generation.block(blocks[-1]).stop)
    # Members of a pair stand side by side: [+, -, +, -, ...].
    parameters = np.empty((len(pairs), 2, generation.theta.size), np.float32)
    for block in blocks:
        here = generation.block(block)
        rows = slice(here.start - pairs.start, here.stop - pairs.start)
        noise = np.float32(generation.sigma) * block_noise(worker, generation, block)
        np.add(generation.theta, noise, out=parameters[rows, 0])
        np.subtract(generation.theta, noise, out=parameters[rows, 1])
    # The first task is the largest: one set of lanes serves them all.
    lanes = 2 * generation.block_pairs * len(tasks[0]) * generation.episodes_per_member
    members = parameters.reshape(2 * len(pairs), -1)
    return _Rollout(worker.lanes(lanes), generation, members, pairs).play()


def weigh_block(worker: Worker, shared: tuple[Generation, Array], block: int) -> Array:
    """The block's share of the gradient estimate: sum of weight_i epsilon_i, [n]."""
    generation, weights = shared
    pairs = generation.block(block)
    return weights[pairs.start : pairs.stop] @ block_noise(worker, generation, block)


def block_noise(worker: Worker, generation: Generation, block: int) -> Array:
    """The standard normal noise [pairs, n] of one block."""
    key = f"noise {generation.seeds} {generation.number} {block}"
    if key in worker.cache:
        return worker.cache[key]  # type: ignore[no-any-return]
    pairs = generation.block(block)
    noise = np.empty((len(pairs), generation.theta.size), np.float32)
    stream = generation.seeds.child("noise")
    for row, pair in enumerate(pairs):
        rng = stream.generator(generation.number, pair)
        rng.standard_normal(dtype=np.float32, out=noise[row])
    held = worker.cache.get("noise generation")
    if held != (generation.seeds, generation.number):
        worker.cache.clear()
        worker.cache["noise generation"] = (generation.seeds, generation.number)
    if sum(v.nbytes for v in worker.cache.values() if isinstance(v, np.ndarray)) + noise.nbytes < (
        NOISE_CACHE_BYTES
    ):
        worker.cache[key] = noise
    return noise


class _Rollout:
    """Episodes of P members in lock-step, E lanes a member.

    The products are stacked over members, [P, E, in] @ [P, in, out]: a member that has finished
    may leave the stack without changing the others by a bit, a lane within a product may not.
    """

    def __init__(
        self, lanes: Lanes, generation: Generation, parameters: Array, pairs: range
    ) -> None:
        self.lanes, self.generation, self.parameters, self.pairs = (
            lanes,
            generation,
            parameters,
            pairs,
        )
        self.members, self.episodes = len(parameters), generation.episodes_per_member
        self.action_rng = generation.seeds.child("action noise").generator(
            generation.number, pairs.start
        )

    def play(self) -> TaskResult:
        generation, lanes = self.generation, self.lanes
        P, E = self.members, self.episodes
        every_lane = np.arange(P * E)
        obs = lanes.reset(every_lane, self._reset_seeds())
        obs = obs.reshape(P, E, *obs.shape[1:])
        returns = np.zeros(P * E)
        stack = np.arange(P)  # [p] members in the stack
        alive = np.ones((P, E), np.bool_)  # [p, E] lanes still playing
        layers = generation.network.layers(self.parameters)
        sums = _ObservationSums(P, E, obs.shape[-1]) if generation.obs_mean is not None else None
        env_steps, playing, whole = 0, every_lane, True  # whole: every lane of the stack plays
        while True:
            if sums is not None:
                sums.add(obs, stack, alive)
            actions = self._act(layers, obs)
            flat = actions.reshape(-1, *actions.shape[2:])
            new, rewards, terminated, truncated = lanes.step(
                playing, flat if whole else flat[alive.ravel()]
            )
            returns[playing] += rewards
            env_steps += len(playing)
            if whole:
                obs = new.reshape(obs.shape)
            else:
                obs = obs.copy() if sums is not None else obs  # the sums keep what they were given
                obs[alive] = new
            ended = terminated | truncated
            if not np.count_nonzero(ended):  # quicker than any(), and this runs at every step
                continue
            if sums is not None:
                sums.flush()
            alive[alive] = ~ended
            keep = alive.any(axis=1)
            left = np.count_nonzero(keep)
            if left == 0:
                break
            cheap = left * self.parameters[0].nbytes <= CHEAP_BYTES
            if left < len(stack) and (cheap or left <= COMPACT_BELOW * len(stack)):
                stack, alive, obs = stack[keep], alive[keep], obs[keep]
                layers = generation.network.layers(self.parameters[stack])
            playing = (stack[:, None] * E + np.arange(E))[alive]
            whole = len(playing) == alive.size
        member_returns = returns.reshape(P, E).mean(axis=1)
        return TaskResult(
            member_returns.reshape(-1, 2),
            env_steps,
            P * E,
            None if sums is None else sums.result(),
        )

    def _act(self, layers: Layers, obs: Array) -> Array:
        generation = self.generation
        if generation.obs_mean is not None and generation.obs_std is not None:
            obs = normalise(obs, generation.obs_mean, generation.obs_std)
        actions = generation.head(generation.network.forward(layers, obs))
        if generation.action_noise and actions.dtype.kind == "f":
            noise = self.action_rng.standard_normal(actions.shape, np.float32)
            actions = actions + np.float32(generation.action_noise) * noise
        return actions

    def _reset_seeds(self) -> Array:
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
        )


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
            # depends on when other members finish.
            terms[0] += sums[stack]
            sums[stack] = np.add.accumulate(terms, axis=0, out=terms)[-1]

    def result(self) -> tuple[Array, Array, Array]:
        """Sums and sums of squares [P, obs] and numbers [P] of the observations given."""
        total, squares = self._sums.sum(axis=2)
        return total, squares, self._count
