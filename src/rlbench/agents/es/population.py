"""A generation's work, cut into blocks of mirrored pairs that any worker can do.

Everything here is a pure function of the generation and the block's number: which worker does a
block, and in which order, changes nothing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from rlbench.agents.es.members import Members, make_members
from rlbench.agents.es.noise import Noise, cached_noise
from rlbench.agents.es.virtual_norm import VirtualNorm
from rlbench.interfaces import Array, Worker
from rlbench.nets.conv import ConvNet
from rlbench.nets.heads import Head
from rlbench.nets.network import Network
from rlbench.nets.policy import normalise
from rlbench.seeding import Seeds

COMPACT_BELOW = 0.75  # of the stacked members still playing; copying their parameters then pays


@dataclass(frozen=True)
class Generation:
    """What the workers share of one generation.

    theta: [n]. obs_mean, obs_std: [obs] or None, frozen for the generation. block_pairs: mirrored
    pairs a block (the last may have fewer). action_noise: standard deviation added to the
    actions of a box. rank: of the noise, None for full. reference: [frames, *obs] that virtual
    batch normalisation takes its statistics from, or None. episode_cap: steps after which an
    episode is broken off, with the return that it has until then.
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
    reference: Array | None = None
    episode_cap: int | None = None

    @property
    def blocks(self) -> int:
        return -(-self.pairs // self.block_pairs)

    @property
    def lanes(self) -> int:
        """Lanes of a whole block."""
        return 2 * self.block_pairs * self.episodes_per_member

    def block(self, number: int) -> range:
        """The pairs of block `number`."""
        first = number * self.block_pairs
        return range(first, min(first + self.block_pairs, self.pairs))


@dataclass(frozen=True)
class BlockResult:
    """Returns [pairs, 2] (mean over a member's episodes), steps and episodes played, those of the
    episodes that the cap broke off, and the sum, the sum of squares [obs] and the number of the
    observations seen (None without normalisation).
    """

    returns: Array
    env_steps: int
    episodes: int
    capped: int
    obs_sums: tuple[Array, Array, int] | None


def evaluate_block(worker: Worker, generation: Generation, block: int) -> BlockResult:
    """Play the episodes of all members of one block."""
    pairs = generation.block(block)
    noise = block_noise(worker, generation, block)
    norm = None
    if generation.reference is not None:
        assert isinstance(generation.network, ConvNet)
        norm = VirtualNorm(generation.network, generation.reference)
    members = make_members(
        generation.network, generation.theta, generation.sigma, noise, len(pairs), norm
    )
    return _Rollout(worker, generation, members, pairs).play()


def weigh_block(worker: Worker, shared: tuple[Generation, Array], block: int) -> Array:
    """The block's share of the gradient estimate: sum of weight_i epsilon_i, [n]."""
    generation, weights = shared
    pairs = generation.block(block)
    return block_noise(worker, generation, block).weigh(weights[pairs.start : pairs.stop])


def block_noise(worker: Worker, generation: Generation, block: int) -> Noise:
    """The noise of the pairs of one block."""
    stream = generation.seeds.child("noise")
    pairs = generation.block(block)
    return cached_noise(
        worker, generation.network, generation.rank, stream, generation.number, pairs
    )


class _Rollout:
    """Episodes of P members in lock-step, E lanes a member; a member that has finished leaves the
    stack (see `members`)."""

    def __init__(
        self, worker: Worker, generation: Generation, members: Members, pairs: range
    ) -> None:
        self.generation, self.members, self.pairs = generation, members, pairs
        self.episodes = generation.episodes_per_member
        self.lanes = worker.lanes(generation.lanes)
        self.action_rng = generation.seeds.child("action noise").generator(
            generation.number, pairs.start
        )

    def play(self) -> BlockResult:
        generation, lanes = self.generation, self.lanes
        P, E = 2 * len(self.pairs), self.episodes
        every_lane = np.arange(P * E)
        seeds = self._reset_seeds()
        obs = lanes.reset(every_lane, seeds)
        shape = obs.shape[1:]
        obs = obs.reshape(P, E, *shape)
        returns = np.zeros(P * E)
        stack = np.arange(P)  # [p] members in the stack
        alive = np.ones((P, E), np.bool_)  # [p, E] lanes still playing
        sums = _ObservationSums(obs.shape[-1]) if generation.obs_mean is not None else None
        env_steps, capped = 0, 0
        playing, whole = every_lane, True  # whole: every lane of the stack plays
        for step in itertools.count(1):
            if sums is not None:
                sums.add(obs.reshape(-1, obs.shape[-1]) if whole else obs[alive])
            actions = self._act(obs, alive)
            flat = actions.reshape(-1, *actions.shape[2:])
            new, rewards, terminated, truncated = lanes.step(
                playing, flat if whole else flat[alive.ravel()]
            )
            returns[playing] += rewards
            env_steps += len(playing)
            if whole:
                obs = new.reshape(len(stack), E, *shape)
            else:
                obs[alive] = new
            ended = terminated | truncated
            if step == generation.episode_cap:
                capped = int(np.count_nonzero(~ended))
                break
            if not ended.any():
                continue
            alive[alive] = ~ended
            keep: Array = np.logical_or.reduce(alive, axis=1)
            left = np.count_nonzero(keep)
            if left == 0:
                break
            if left <= COMPACT_BELOW * len(stack):
                stack, alive, obs = stack[keep], alive[keep], obs[keep]
                self.members.keep(keep)
            playing = (stack[:, None] * E + np.arange(E))[alive]
            whole = len(playing) == alive.size
        member_returns = returns.reshape(P, E).mean(axis=1)
        return BlockResult(
            member_returns.reshape(-1, 2),
            env_steps,
            P * E,
            capped,
            None if sums is None else (sums.total, sums.squares, sums.count),
        )

    def _act(self, obs: Array, alive: Array) -> Array:
        generation = self.generation
        if generation.obs_mean is not None and generation.obs_std is not None:
            obs = normalise(obs, generation.obs_mean, generation.obs_std)
        actions = generation.head(self.members.outputs(obs, alive))
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
    def __init__(self, size: int) -> None:
        self.total, self.squares = np.zeros(size), np.zeros(size)
        self.count = 0

    def add(self, obs: Array) -> None:
        """obs: [m, obs]."""
        self.total += np.add.reduce(obs, axis=0)
        self.squares += np.einsum("mo,mo->o", obs, obs)
        self.count += len(obs)
