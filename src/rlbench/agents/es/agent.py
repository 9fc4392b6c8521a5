"""The evolution-strategies agent: generations of mirrored pairs around one parameter vector.

Salimans et al. 2017 (arXiv 1703.03864), Algorithm 2, with mirrored sampling and rank shaping.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from rlbench.agents.es.episode_cap import EpisodeCap
from rlbench.agents.es.gradient import OPTIMIZERS, pair_weights
from rlbench.agents.es.noise import NOISE_CACHE_BYTES
from rlbench.agents.es.population import (
    Generation,
    build_lanes,
    evaluate_blocks,
    shares_lock_steps,
    task_lanes,
    weigh_blocks,
)
from rlbench.agents.es.rollout import TaskResult
from rlbench.agents.es.settings import ESSettings
from rlbench.agents.es.statistics import ObservationStatistics
from rlbench.agents.es.virtual_norm import ReferencePlay, VirtualNorm, play_reference
from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import Agent, Array, Context, EnvFacts, Scalars, State
from rlbench.nets.build import NetworkOptions, make_network
from rlbench.nets.heads import Head, argmax_head, native_head
from rlbench.nets.network import Network
from rlbench.nets.policy import NetworkPolicy
from rlbench.settings import AUTO

# Small, so that a small population has blocks for many cores; several of them share a lock-step.
BLOCK_MEMBERS = 8
# Members that are tied to each other (see `shares_lock_steps`) have a lock-step for their block
# alone, so larger blocks take less time a step: with low-rank noise on Acrobot 39 us of CPU with 16
# members, 42 with 8, 46 with 4. But one block is one core's work. So a population is eight blocks
# of at least BLOCK_MEMBERS: one of 32 is four blocks of 8. The number of cores has no say, since
# what is learned depends on the blocks.
TIED_BLOCKS = 8
TIED_BLOCK_MEMBERS_MAX = 32
FLOAT_BYTES = 4
RESULT_BYTES = 100  # of one member's episode: its seed, return and length
PAPER_NETWORK = "a3c"  # on frames
# On frames members share next to nothing, so that small blocks keep all cores busy. Low-rank
# members share products, the more the better.
FRAMES_BLOCK_LANES = {"full": 8, "lowrank": 16}


class ES(Agent):
    """See the module's docstring. Blocks of a generation go to the executor; a generation that
    `should_stop` cuts short is thrown away and played again when the run goes on."""

    Settings = ESSettings
    # 2: SGD's steps are a tenth of what they were, as in the authors' code; members that are tied
    # by low-rank or action noise come in smaller blocks; the first evaluation has the reference
    # batch of virtual batch normalisation.
    version: ClassVar[int] = 2
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
            ObservationStatistics.empty(env.observation_size, settings.observation_std_floor)
            if settings.normalize_observations
            else None
        )
        self._cap = EpisodeCap(settings.episode_cap, env)
        self._normalises = normalises(self._network, settings)
        self._reference: Array | None = None  # played before the first evaluation
        self._generation = 0
        self._executor = context.make_executor()
        # Each worker gets one task: games take a tenth of a second each to build, and that is
        # startup, not training.
        workers = range(self._executor.workers)
        for _ in self._executor.map(build_lanes, workers, self._this_generation()):
            pass

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: ESSettings, *, workers: int) -> float:
        """The parameters with the optimizer's moments, each worker's members, noise, lanes and
        what its layers give, and a reference batch with what the layers make of it, in MiB."""
        net = _network(env, settings, es_head(env, settings).size)
        pairs = settings.population // 2
        block_pairs = min(_block_members(net, env, settings), settings.population) // 2
        # Low-rank noise is factors, and a member adds its own convolutions to what all share.
        noise, member = net.size, net.size
        if settings.noise == "lowrank":
            noise = sum(settings.rank * (rows + units) + units for rows, units in net.shapes)
            if net.plain:
                member = noise + sum(rows * units for rows, units in net.shapes[: len(net.convs)])
        task_pairs = block_pairs
        if shares_lock_steps(net, _rank(settings), settings.action_noise):
            lanes = task_lanes(env.lock_step_lanes)
            task_pairs = max(lanes // 2 // settings.episodes_per_member, block_pairs)
        task_pairs = min(task_pairs, pairs)
        cached = min(NOISE_CACHE_BYTES, FLOAT_BYTES * noise * pairs / workers)
        # The stack holds copies, where members share no parameters.
        stacked = 0 if net.convs or (settings.noise == "lowrank" and net.plain) else member
        # Parameters, two moments, gradient, a block's share of it; a worker's members and noise.
        shared, own = 5 * net.size, task_pairs * (noise + 2 * (member + stacked))
        own_lanes = 2 * task_pairs * settings.episodes_per_member
        own += 2 * own_lanes * (env.observation_size + net.widest)
        if normalises(net, settings):
            rows = max(height * width for height, width in net.grids[1:])
            own += settings.reference_frames * (env.observation_size + 2 * rows * net.shapes[0][1])
        results = settings.population * settings.episodes_per_member * RESULT_BYTES
        lanes = workers * own_lanes * env.lane_bytes
        numbers = FLOAT_BYTES * (shared + workers * own)
        return float(numbers + workers * cached + lanes + results) / 2**20

    def advance(self, env_steps: int) -> Scalars:
        done = 0
        scalars: Scalars = {"generation": self._generation}
        if self._normalises and self._reference is None:
            done += self._play_reference()
        saving = self._context.saving
        while done < env_steps and not self._context.should_stop():
            if saving.due():
                saving.save()
            before = saving.mark()
            generation = self._this_generation()
            results = self._play(generation)
            if results is None:
                saving.discard(before)
                break
            done += sum(result.env_steps for result in results)
            scalars = self._learn(generation, results)
        return scalars

    def policy(self) -> NetworkPolicy:
        """Virtual batch normalisation is folded into kernels and biases. Before the first call of
        `advance` there is no reference batch, and the network is taken as it is."""
        mean, std = self._mean_std()
        theta = self._theta
        if self._reference is not None:
            theta = theta.copy()
            VirtualNorm(self._network, self._reference).fold(self._network.layers(theta))
        return NetworkPolicy(self._network, self._head, theta, mean, std)

    def get_state(self) -> State:
        return {
            "theta": self._theta,
            "optimizer": self._optimizer.get_state(),
            "generation": self._generation,
            "episode_cap": self._cap.steps,
            "reference": self._reference,
            "statistics": None if self._statistics is None else self._statistics.get_state(),
        }

    def set_state(self, state: State) -> None:
        self._theta = state["theta"]
        self._optimizer.set_state(state["optimizer"])
        self._generation = state["generation"]
        self._cap.steps, self._reference = state["episode_cap"], state["reference"]
        if state["statistics"] is not None:
            floor = self._settings.observation_std_floor
            self._statistics = ObservationStatistics(**state["statistics"], std_floor=floor)

    def close(self) -> None:
        pass  # the executor belongs to the harness

    def _play_reference(self) -> int:
        """Choose the reference batch; the steps that it took."""
        play = ReferencePlay(
            self._settings.reference_frames,
            self._this_generation().task_lanes,
            self._context.env.action,
            self._context.seeds.child("reference"),
        )
        (self._reference,) = self._executor.map(play_reference, [None], play)
        return play.env_steps

    def _play(self, generation: Generation) -> list[TaskResult] | None:
        """The results of a whole generation in order, or None where time ran out."""
        tasks, should_stop = generation.tasks, self._context.should_stop
        results = list(self._executor.map(evaluate_blocks, tasks, generation, should_stop))
        return results if len(results) == len(tasks) else None

    def _learn(self, generation: Generation, results: list[TaskResult]) -> Scalars:
        """Move the parameters by the generation's results, and end it."""
        returns = np.concatenate([result.returns for result in results]).reshape(-1, 2)
        gradient = self._executor.add_up(
            weigh_blocks,
            generation.tasks,
            (generation.for_weighing(), pair_weights(returns)),
            np.zeros_like(self._theta),
            generation.num_blocks,
        )
        decay = np.float32(self._settings.weight_decay)
        theta = self._theta + self._optimizer.step(gradient - decay * self._theta)
        if not np.isfinite(theta).all():
            raise RunError(
                f"ES diverged in generation {self._generation + 1} (its parameters are not "
                "finite): try a smaller agent.learning_rate"
            )
        self._theta = theta
        if self._statistics is not None:
            sums = [result.obs_sums for result in results if result.obs_sums is not None]
            self._statistics.add_members(sums)
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

    def _this_generation(self) -> Generation:
        settings, env = self._settings, self._context.env
        block_members = min(_block_members(self._network, env, settings), settings.population)
        mean, std = self._mean_std()
        return Generation(
            number=self._generation,
            theta=self._theta,
            sigma=settings.sigma,
            pairs=settings.population // 2,
            block_pairs=block_members // 2,
            episodes_per_member=settings.episodes_per_member,
            pair_shares_episodes=settings.pair_shares_episodes,
            action_noise=settings.action_noise,
            obs_mean=mean,
            obs_std=std,
            network=self._network,
            head=self._head,
            seeds=self._context.seeds.child("population"),
            rank=_rank(settings),
            lock_step_lanes=env.lock_step_lanes,
            reference=self._reference,
            episode_cap=self._cap.steps,
        ).shared_by(self._executor.workers)

    def _mean_std(self) -> tuple[Array | None, Array | None]:
        return (None, None) if self._statistics is None else self._statistics.mean_std()


def _network(env: EnvFacts, settings: ESSettings, outputs: int) -> Network:
    options = NetworkOptions(settings.hidden, settings.activation)
    return make_network(settings.network, env, outputs, options, for_frames=PAPER_NETWORK)


def _rank(settings: ESSettings) -> int | None:
    return settings.rank if settings.noise == "lowrank" else None


def _block_members(network: Network, env: EnvFacts, settings: ESSettings) -> int:
    if settings.block_members != AUTO:
        return settings.block_members
    if env.native_vector:
        return settings.population
    if env.frames:
        lanes = FRAMES_BLOCK_LANES[settings.noise]
        return max(lanes // settings.episodes_per_member // 2 * 2, 2)
    if shares_lock_steps(network, _rank(settings), settings.action_noise):
        return BLOCK_MEMBERS
    members = settings.population // TIED_BLOCKS // 2 * 2
    return min(max(members, BLOCK_MEMBERS), TIED_BLOCK_MEMBERS_MAX)


def normalises(network: Network, settings: ESSettings) -> bool:
    """Whether virtual batch normalisation is on; by default on the paper's network for frames.

    Raises ConfigError where it, or observation normalisation, does not suit the observations.
    """
    frames = network.observations == "frames"
    if frames and settings.normalize_observations:
        raise ConfigError(
            "agent.normalize_observations", True, "false: frames are scaled, not normalised"
        )
    if settings.virtual_batch_norm == AUTO:
        return frames and settings.network in (AUTO, PAPER_NETWORK)
    if settings.virtual_batch_norm and not network.convs:
        raise ConfigError(
            "agent.virtual_batch_norm",
            True,
            "auto or false: it is for networks of convolutions without padding",
        )
    return settings.virtual_batch_norm


def es_head(env: EnvFacts, settings: ESSettings) -> Head:
    """Actions as they are, or chosen among `bins` values a dimension where that is asked for
    (the paper's section 3.1 uses 10 for hopping and swimming)."""
    if env.action.kind == "box" and settings.bins is not None:
        return argmax_head(env.action, settings.bins)
    return native_head(env.action)
