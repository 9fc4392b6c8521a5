"""A generation's work, cut into blocks of mirrored pairs that any worker can do.

Everything here is a pure function of the generation and the block's number: which worker does a
block, and in which order, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlbench.interfaces import Array, Worker
from rlbench.nets.heads import Head
from rlbench.nets.network import Layers, Network
from rlbench.nets.policy import normalise
from rlbench.seeding import Seeds

NOISE_CACHE_BYTES = 64 * 2**20
COMPACT_BELOW = 0.75  # of the stacked members still playing; copying their parameters then pays


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


@dataclass(frozen=True)
class BlockResult:
    """Returns [pairs, 2] (mean over a member's episodes), steps and episodes played, and the sum,
    the sum of squares [obs] and the number of the observations seen (None without normalisation).
    """

    returns: Array
    env_steps: int
    episodes: int
    obs_sums: tuple[Array, Array, int] | None


def evaluate_block(worker: Worker, generation: Generation, block: int) -> BlockResult:
    """Play the episodes of all members of one block."""
    pairs = generation.block(block)
    noise = np.float32(generation.sigma) * block_noise(worker, generation, block)
    # Members of a pair stand side by side: [+, -, +, -, ...].
    parameters = np.empty((len(pairs), 2, noise.shape[1]), np.float32)
    np.add(generation.theta, noise, out=parameters[:, 0])
    np.subtract(generation.theta, noise, out=parameters[:, 1])
    rollout = _Rollout(worker, generation, parameters.reshape(2 * len(pairs), -1), pairs)
    return rollout.play()


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
        self, worker: Worker, generation: Generation, parameters: Array, pairs: range
    ) -> None:
        self.generation, self.parameters, self.pairs = generation, parameters, pairs
        self.members, self.episodes = len(parameters), generation.episodes_per_member
        self.lanes = worker.lanes(2 * generation.block_pairs * self.episodes)
        self.action_rng = generation.seeds.child("action noise").generator(
            generation.number, pairs.start
        )

    def play(self) -> BlockResult:
        generation, lanes = self.generation, self.lanes
        P, E = self.members, self.episodes
        every_lane = np.arange(P * E)
        seeds = self._reset_seeds()
        obs = lanes.reset(every_lane, seeds).reshape(P, E, -1)
        returns = np.zeros(P * E)
        stack = np.arange(P)  # [p] members in the stack
        alive = np.ones((P, E), np.bool_)  # [p, E] lanes still playing
        layers = generation.network.layers(self.parameters)
        sums = _ObservationSums(obs.shape[-1]) if generation.obs_mean is not None else None
        env_steps, playing, whole = 0, every_lane, True  # whole: every lane of the stack plays
        while True:
            if sums is not None:
                sums.add(obs.reshape(-1, obs.shape[-1]) if whole else obs[alive])
            actions = self._act(layers, obs)
            flat = actions.reshape(-1, *actions.shape[2:])
            new, rewards, terminated, truncated = lanes.step(
                playing, flat if whole else flat[alive.ravel()]
            )
            returns[playing] += rewards
            env_steps += len(playing)
            if whole:
                obs = new.reshape(len(stack), E, -1)
            else:
                obs[alive] = new
            ended = terminated | truncated
            if not ended.any():
                continue
            alive[alive] = ~ended
            keep = alive.any(axis=1)
            left = np.count_nonzero(keep)
            if left == 0:
                break
            if left <= COMPACT_BELOW * len(stack):
                stack, alive, obs = stack[keep], alive[keep], obs[keep]
                layers = generation.network.layers(self.parameters[stack])
            playing = (stack[:, None] * E + np.arange(E))[alive]
            whole = len(playing) == alive.size
        member_returns = returns.reshape(P, E).mean(axis=1)
        return BlockResult(
            member_returns.reshape(-1, 2),
            env_steps,
            P * E,
            None if sums is None else (sums.total, sums.squares, sums.count),
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
    def __init__(self, size: int) -> None:
        self.total, self.squares = np.zeros(size), np.zeros(size)
        self.count = 0

    def add(self, obs: Array) -> None:
        """obs: [m, obs]."""
        self.total += np.add.reduce(obs, axis=0)
        self.squares += np.einsum("mo,mo->o", obs, obs)
        self.count += len(obs)
