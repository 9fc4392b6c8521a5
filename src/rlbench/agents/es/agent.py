"""The evolution-strategies agent: generations of mirrored pairs around one parameter vector.

Salimans et al. 2017 (arXiv 1703.03864), Algorithm 2, with mirrored sampling and rank shaping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rlbench.agents.es.episode_cap import EpisodeCap
from rlbench.agents.es.gradient import OPTIMIZERS, pair_weights
from rlbench.agents.es.noise import NOISE_CACHE_BYTES
from rlbench.agents.es.population import (
    Generation,
    TaskResult,
    build_lanes,
    evaluate_blocks,
    shares_lock_steps,
    task_lanes,
    weigh_blocks,
)
from rlbench.agents.es.settings import ESSettings
from rlbench.agents.es.virtual_norm import ReferencePlay, VirtualNorm, play_reference
from rlbench.errors import ConfigError
from rlbench.interfaces import Agent, Array, Context, EnvFacts, Scalars, State
from rlbench.nets.build import make_network
from rlbench.nets.conv import ConvNet
from rlbench.nets.heads import Head, argmax_head, native_head
from rlbench.nets.network import Network
from rlbench.nets.policy import NetworkPolicy
from rlbench.settings import AUTO

# Small, so that a small population has blocks for many cores; several of them share a lock-step.
BLOCK_MEMBERS = 8
# Members that are tied to each other keep their block alone in a lock-step (`Generation.tasks`).
TIED_BLOCK_MEMBERS = 32
FLOAT_BYTES = 4
# On frames an episode takes a core a second or more, and a budget ends between blocks. Low-rank
# members share products, the more the better.
FRAMES_BLOCK_LANES = {"full": 8, "lowrank": 16}


@dataclass
class ObservationStatistics:
    """Running mean and standard deviation of all observations seen in training, per dimension."""

    total: Array
    squares: Array
    count: float

    @classmethod
    def empty(cls, size: int) -> ObservationStatistics:
        # A trace of a standard normal keeps the first deviations from being zero.
        return cls(np.zeros(size), np.full(size, 1e-2), 1e-2)

    def add(self, total: Array, squares: Array, count: int) -> None:
        self.total = self.total + total
        self.squares = self.squares + squares
        self.count += count

    def mean_std(self) -> tuple[Array, Array]:
        """Mean and deviation [obs], float32; a deviation is at least 0.01."""
        mean = self.total / self.count
        variance = np.maximum(self.squares / self.count - np.square(mean), 1e-4)
        return mean.astype(np.float32), np.sqrt(variance).astype(np.float32)


class ES(Agent):
    """See the module's docstring. Blocks of a generation go to the executor; a generation that
    `should_stop` cuts short is thrown away, its steps counted."""

    Settings = ESSettings
    version: ClassVar[int] = 1
    uses_executor: ClassVar[bool] = True

    def __init__(self, context: Context, settings: ESSettings) -> None:
        self._settings, self._context = settings, context
        self._head = es_head(context.env, settings)
        env = context.env
        self._network = _network(env, settings, self._head.size)
        rng = context.seeds.child("parameters").generator()
        self._theta = self._network.initial(rng, settings.output_scale)
        self._optimizer = OPTIMIZERS[settings.optimizer].zero(
            self._theta.size, settings.learning_rate
        )
        self._statistics = (
            ObservationStatistics.empty(env.observation_size)
            if settings.normalize_observations
            else None
        )
        self._cap = EpisodeCap(settings.episode_cap, env)
        self._normalises = _normalises(self._network, context, settings)
        self._reference: Array | None = None  # played before the first generation
        self._generation = 0
        self._executor = context.make_executor()
        # Each worker gets one task: games take a tenth of a second each to build, and that is
        # startup, not training.
        workers = self._executor.workers
        tasks = (generation := self._shared()).tasks(workers)
        for _ in self._executor.map(build_lanes, range(workers), (generation, tasks)):
            pass

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: ESSettings, *, workers: int) -> float:
        """The parameters with the optimiser's moments, and each worker's members and noise, MB."""
        net = _network(env, settings, es_head(env, settings).size)
        pairs = settings.population // 2
        block_pairs = min(_block_members(net, env, settings), settings.population) // 2
        # Low-rank noise is factors, and a member adds its own convolutions to what all share.
        noise, member = net.size, net.size
        if settings.noise == "lowrank":
            noise = sum(settings.rank * (rows + units) + units for rows, units in net.shapes)
            convs = len(net.convs) if isinstance(net, ConvNet) else 0
            member = noise + sum(rows * units for rows, units in net.shapes[:convs])
        task_pairs = block_pairs
        if shares_lock_steps(net, _rank(settings), settings.action_noise):
            lanes = task_lanes(env.lock_step_lanes)
            task_pairs = max(lanes // 2 // settings.episodes_per_member, block_pairs)
        task_pairs = min(task_pairs, pairs)
        cached = min(NOISE_CACHE_BYTES, FLOAT_BYTES * noise * pairs / workers)
        # Those in the stack are copies where each has all parameters of its own.
        stacked = 0 if isinstance(net, ConvNet) or settings.noise == "lowrank" else member
        # Parameters, two moments, gradient, a block's share of it; a worker's members and noise.
        shared, own = 5 * net.size, task_pairs * (noise + 2 * (member + stacked))
        return float(FLOAT_BYTES * (shared + workers * own) + workers * cached) / 2**20

    def advance(self, env_steps: int) -> Scalars:
        done = 0
        scalars: Scalars = {"generation": self._generation}
        while done < env_steps and not self._context.should_stop():
            if self._normalises and self._reference is None:
                done += self._play_reference()
            results = self._play()
            if results is None:
                break
            done += sum(result.env_steps for result in results)
            scalars = self._learn(results)
        return scalars

    def policy(self) -> NetworkPolicy:
        """Virtual batch normalisation is folded into kernels and biases. Before the first
        generation there is no reference batch, and the network is taken as it is."""
        mean, std = self._mean_std()
        theta = self._theta
        if self._reference is not None:
            assert isinstance(self._network, ConvNet)
            theta = theta.copy()
            VirtualNorm(self._network, self._reference).fold(self._network.layers(theta))
        return NetworkPolicy(self._network, self._head, theta, mean, std)

    def get_state(self) -> State:
        statistics = self._statistics
        return {
            "theta": self._theta,
            "optimizer": self._optimizer.get_state(),
            "generation": self._generation,
            "episode_cap": self._cap.steps,
            "reference": self._reference,
            "statistics": None
            if statistics is None
            else {
                "total": statistics.total,
                "squares": statistics.squares,
                "count": statistics.count,
            },
        }

    def set_state(self, state: State) -> None:
        self._theta = state["theta"]
        self._optimizer.set_state(state["optimizer"])
        self._generation = state["generation"]
        self._cap.steps, self._reference = state["episode_cap"], state["reference"]
        if state["statistics"] is not None:
            self._statistics = ObservationStatistics(**state["statistics"])

    def close(self) -> None:
        pass  # the executor belongs to the harness

    def _play_reference(self) -> int:
        """Choose the reference batch; the steps that it took."""
        play = ReferencePlay(
            self._settings.reference_frames,
            self._shared().block_lanes,  # a task has one block on frames
            self._context.env.action,
            self._context.seeds.child("reference"),
        )
        (self._reference,) = self._executor.map(play_reference, [None], play)
        return play.env_steps

    def _play(self) -> list[TaskResult] | None:
        """The results of a whole generation in order, or None where time ran out."""
        generation = self._shared()
        tasks = generation.tasks(self._executor.workers)
        results: list[TaskResult] = []
        played = self._executor.map(evaluate_blocks, range(len(tasks)), (generation, tasks))
        for result in played:
            results.append(result)
            if len(results) < len(tasks) and self._context.should_stop():
                played.close()
                return None
        return results

    def _learn(self, results: list[TaskResult]) -> Scalars:
        returns = np.concatenate([result.returns for result in results])
        generation, weights = self._shared(), pair_weights(returns)
        tasks = generation.tasks(self._executor.workers)
        gradient = np.zeros_like(self._theta)
        for parts in self._executor.map(
            weigh_blocks, range(len(tasks)), (generation, tasks, weights)
        ):
            # Block by block: how they were shared out must not change the rounding.
            for part in parts:
                gradient += part
        decay = np.float32(self._settings.weight_decay)
        self._theta = self._theta + self._optimizer.step(gradient - decay * self._theta)
        if self._statistics is not None:
            sums = [result.obs_sums for result in results if result.obs_sums is not None]
            # All members in one array: how they were shared out must not change the rounding.
            total, squares, count = (np.concatenate(part) for part in zip(*sums, strict=True))
            self._statistics.add(total.sum(axis=0), squares.sum(axis=0), int(count.sum()))
        self._generation += 1
        env_steps, episodes = sum(r.env_steps for r in results), sum(r.episodes for r in results)
        scalars: Scalars = {}
        if self._cap.steps is not None:
            scalars["episode_cap"] = self._cap.steps
            scalars["episodes_capped"] = sum(r.capped for r in results)
        self._cap.adapt(env_steps / episodes)
        return {
            "generation": self._generation,
            "return_train_mean": float(returns.mean()),
            "return_train_max": float(returns.max()),
            "episode_length_mean": env_steps / episodes,
            "gradient_norm": float(np.linalg.norm(gradient)),
            "theta_norm": float(np.linalg.norm(self._theta)),
            **scalars,
        }

    def _shared(self) -> Generation:
        settings = self._settings
        mean, std = self._mean_std()
        return Generation(
            number=self._generation,
            theta=self._theta,
            sigma=settings.sigma,
            pairs=settings.population // 2,
            block_pairs=min(
                _block_members(self._network, self._context.env, settings), settings.population
            )
            // 2,
            episodes_per_member=settings.episodes_per_member,
            pair_shares_episodes=settings.pair_shares_episodes,
            action_noise=settings.action_noise,
            obs_mean=mean,
            obs_std=std,
            network=self._network,
            head=self._head,
            seeds=self._context.seeds.child("population"),
            rank=_rank(settings),
            lock_step_lanes=self._context.env.lock_step_lanes,
            reference=self._reference,
            episode_cap=self._cap.steps,
        )

    def _mean_std(self) -> tuple[Array | None, Array | None]:
        return (None, None) if self._statistics is None else self._statistics.mean_std()


def _network(env: EnvFacts, settings: ESSettings, outputs: int) -> Network:
    return make_network(
        settings.network,
        env,
        outputs,
        hidden=settings.hidden,
        activation=settings.activation,
        pixels="a3c",
    )


def _rank(settings: ESSettings) -> int | None:
    return settings.rank if settings.noise == "lowrank" else None


def _block_members(network: Network, env: EnvFacts, settings: ESSettings) -> int:
    if settings.block_members != AUTO:
        return settings.block_members
    if env.native_vector:
        return settings.population
    if env.pixels:
        lanes = FRAMES_BLOCK_LANES[settings.noise]
        return max(lanes // settings.episodes_per_member // 2 * 2, 2)
    shared = shares_lock_steps(network, _rank(settings), settings.action_noise)
    return BLOCK_MEMBERS if shared else TIED_BLOCK_MEMBERS


def _normalises(network: Network, context: Context, settings: ESSettings) -> bool:
    """Whether virtual batch normalisation is on; by default on the paper's network for frames.

    Raises ConfigError where it, or observation normalisation, does not suit the observations.
    """
    pixels = context.env.pixels
    if pixels and settings.normalize_observations:
        raise ConfigError(
            "agent.normalize_observations", True, "false: frames are scaled, not normalised"
        )
    if settings.virtual_batch_norm == AUTO:
        return pixels and settings.network in ("auto", "a3c")
    if settings.virtual_batch_norm and not isinstance(network, ConvNet):
        raise ConfigError(
            "agent.virtual_batch_norm", True, "auto or false: it is for convolutional networks"
        )
    return settings.virtual_batch_norm


def es_head(env: EnvFacts, settings: ESSettings) -> Head:
    """Actions as they are, or chosen among `bins` values a dimension where that is asked for
    (the paper's section 3.1 uses 10 for hopping and swimming)."""
    if env.action.kind == "box" and settings.bins is not None:
        return argmax_head(env.action, settings.bins)
    return native_head(env.action)
