"""A generation's work, cut into pieces that any worker can do.

- member: the parameters with one perturbation. Two mirrored members are a pair.
- block: pairs that follow each other, whose noise is drawn and weighed together; what is
  learned is summed up block by block.
- task: blocks that follow each other, which a worker plays together; a worker does one at a time.
- lane: one environment (see `interfaces.Lanes`).
- slot: lanes in which one member at a time plays, one for each of its episodes.

Everything here is a pure function of the generation and the blocks' numbers: which worker does a
block, in which order, and together with which other blocks, changes nothing.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from rlbench.agents.es.members import make_members
from rlbench.agents.es.noise import FullNoise, Noise, cached_noise
from rlbench.agents.es.rollout import (
    Act,
    Acting,
    ObservationSums,
    Slots,
    TaskResult,
    play_episodes,
)
from rlbench.agents.es.virtual_norm import VirtualNorm
from rlbench.interfaces import Array, Worker
from rlbench.nets.heads import Head
from rlbench.nets.network import Network
from rlbench.seeding import Seeds

# A lock-step costs little more for many lanes than for few, and every task ends with few.
TASK_LANES = 64
TASK_TURNS = 4  # ... or as many times the lanes of a lock-step, where these are limited


@dataclass(frozen=True)
class Generation:
    """What the workers share of one generation.

    theta: [n]. obs_mean, obs_std: [obs] or None, frozen for the generation. block_pairs: pairs in a
    block, task_blocks: blocks in a task (the last of each may have fewer). action_noise: standard
    deviation added to the actions of a box. rank: of the noise, None for full. lock_step_lanes: see
    `EnvFacts`. reference: [frames, *obs] that virtual batch normalisation takes its statistics
    from, or None. episode_cap: steps after which an episode is broken off, with the return that it
    has until then.
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
    task_blocks: int = 1

    @property
    def num_blocks(self) -> int:
        return -(-self.pairs // self.block_pairs)

    @property
    def shares_lock_steps(self) -> bool:
        return shares_lock_steps(self.network, self.rank, self.action_noise)

    @property
    def block_lanes(self) -> int:
        """Lanes of a whole block."""
        return 2 * self.block_pairs * self.episodes_per_member

    @property
    def tasks(self) -> list[range]:
        """The blocks of each task, in order."""
        starts = range(0, self.num_blocks, self.task_blocks)
        return [range(n, min(n + self.task_blocks, self.num_blocks)) for n in starts]

    @property
    def task_lanes(self) -> int:
        """Lanes of a whole task: one set of them serves all tasks."""
        members = 2 * self.block_pairs * self.task_blocks
        return self.slots(members) * self.episodes_per_member

    def shared_by(self, workers: int) -> Generation:
        """The same work in as few tasks as there are workers, where `task_lanes` allow it."""
        blocks = 1
        if self.shares_lock_steps:
            lanes = task_lanes(self.lock_step_lanes)
            blocks = min(max(lanes // self.block_lanes, 1), -(-self.num_blocks // workers))
        return dataclasses.replace(self, task_blocks=blocks)

    def for_weighing(self) -> Generation:
        """What `weigh_block` needs of it, which is little to send."""
        return dataclasses.replace(self, theta=self.theta[:0], reference=None)

    def block(self, number: int) -> range:
        """The pairs of block `number`."""
        first = number * self.block_pairs
        return range(first, min(first + self.block_pairs, self.pairs))

    def slots(self, members: int) -> int:
        """How many of a task's members play at a time."""
        if self.lock_step_lanes is None or not self.shares_lock_steps:
            return members
        return min(members, max(self.lock_step_lanes // self.episodes_per_member, 1))


def task_lanes(lock_step_lanes: int | None) -> int:
    """How many lanes a task of several blocks may have (see `EnvFacts.lock_step_lanes`)."""
    return max(TASK_LANES, TASK_TURNS * (lock_step_lanes or 0))


def shares_lock_steps(network: Network, rank: int | None, action_noise: float) -> bool:
    """Whether blocks may be played together without changing what a member does.

    A block's action noise is drawn for its members together, and low-rank members share products.
    On frames it would save nothing: each member has an emulator and large kernels to itself.
    """
    return not action_noise and rank is None and network.observations == "vector"


def build_lanes(worker: Worker, generation: Generation, task: int) -> None:
    """Have a worker build the lanes that `evaluate_blocks` will ask for; the task is unused."""
    worker.lanes(generation.task_lanes)


def evaluate_blocks(worker: Worker, generation: Generation, blocks: range) -> TaskResult:
    """Play the episodes of all members of the `blocks` of one task."""
    pairs = range(generation.block(blocks[0]).start, generation.block(blocks[-1]).stop)
    parts = [block_noise(worker, generation, block) for block in blocks]
    noise = parts[0]
    if len(parts) > 1:
        full = [part.values for part in parts if isinstance(part, FullNoise)]
        noise = FullNoise(np.concatenate(full))
    network, norm = generation.network, None
    if generation.reference is not None:
        norm = VirtualNorm(network, generation.reference)
    members = make_members(network, generation.theta, generation.sigma, noise, len(pairs), norm)
    seeds = reset_seeds(generation, pairs)
    sums = None
    if generation.obs_mean is not None:
        sums = ObservationSums(seeds.shape, network.observation_shape[0])
    slots = Slots(
        worker.lanes(generation.task_lanes),
        members,
        seeds,
        generation.slots(len(seeds)),
        keeps_obs=sums is not None,
    )
    act: Act = Acting(
        members, generation.head, generation.obs_mean, generation.obs_std, slots.alive.shape
    )
    if generation.action_noise:
        act = _with_noise(act, generation, pairs)
    return play_episodes(slots, act, sums, generation.episode_cap, worker.should_stop)


def weigh_block(worker: Worker, generation: Generation, weights: Array, block: int) -> Array:
    """The block's share of the gradient estimate: sum of weight_i epsilon_i, [n]."""
    pairs = generation.block(block)
    return block_noise(worker, generation, block).weigh(weights[pairs.start : pairs.stop])


def weigh_blocks(worker: Worker, shared: tuple[Generation, Array], blocks: range) -> list[Array]:
    """`weigh_block` of each of the `blocks` of one task; shared: the generation, and the weights
    [pairs] of all its pairs."""
    return [weigh_block(worker, *shared, block) for block in blocks]


def block_noise(worker: Worker, generation: Generation, block: int) -> Noise:
    """The noise of the pairs of one block."""
    stream = generation.seeds.child("noise")
    pairs = generation.block(block)
    return cached_noise(
        worker, generation.network, generation.rank, stream, generation.number, pairs
    )


def reset_seeds(generation: Generation, pairs: range) -> Array:
    """The reset seeds [2 x pairs, E] of the members' episodes."""
    stream = generation.seeds.child("episodes")
    shared = generation.pair_shares_episodes
    return np.array(
        [
            stream.episode_seed(generation.number, pair, 0 if shared else mirror, episode)
            for pair in pairs
            for mirror in (0, 1)
            for episode in range(generation.episodes_per_member)
        ]
    ).reshape(-1, generation.episodes_per_member)


def _with_noise(act: Act, generation: Generation, pairs: range) -> Act:
    """`act` with noise added to continuous actions."""
    deviation = np.float32(generation.action_noise)
    rng = generation.seeds.child("action noise").generator(generation.number, pairs.start)

    def noisy(obs: Array, alive: Array) -> Array:
        actions = act(obs, alive)
        if actions.dtype.kind != "f":
            return actions
        noise = rng.standard_normal(actions.shape, np.float32)
        added: Array = actions + deviation * noise
        return added

    return noisy
