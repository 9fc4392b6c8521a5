"""The evolution-strategies agent: generations of mirrored pairs around one parameter vector.

Salimans et al. 2017 (arXiv 1703.03864), Algorithm 2, with mirrored sampling and rank shaping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from rlbench.agents.es.gradient import OPTIMIZERS, pair_weights
from rlbench.agents.es.population import Generation, TaskResult, evaluate_blocks, weigh_block
from rlbench.errors import ConfigError
from rlbench.interfaces import Array, Context, EnvFacts, Scalars, State
from rlbench.nets.build import make_network
from rlbench.nets.heads import Head, argmax_head, native_head
from rlbench.nets.policy import NetworkPolicy
from rlbench.settings import Frozen

DEFAULT_BLOCK_MEMBERS = 32


class ESSettings(Frozen):
    """Parameters of ES; the comments of conf/agent/es.yaml say what each one does."""

    population: int = Field(128, gt=0)
    sigma: float = Field(0.1, gt=0)
    learning_rate: float = Field(0.05, gt=0)
    optimizer: Literal["adam", "sgd"] = "adam"
    weight_decay: float = Field(0.0, ge=0)
    hidden: tuple[int, ...] = (64, 64)
    activation: Literal["tanh", "relu"] = "tanh"
    output_scale: float = Field(0.01, ge=0)
    normalise_observations: bool = False
    episodes_per_member: int = Field(1, gt=0)
    pair_shares_episodes: bool = False
    bins: int | None = Field(None, ge=2)
    action_noise: float = Field(0.0, ge=0)
    block_members: int | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _even(self) -> ESSettings:
        for key in ("population", "block_members"):
            number = getattr(self, key)
            if number is not None and number % 2:
                raise ConfigError(
                    f"agent.{key}", number, "an even number: members come in mirrored pairs"
                )
        if any(width < 1 for width in self.hidden):
            raise ConfigError("agent.hidden", list(self.hidden), "layer widths of 1 or more")
        return self


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


class ES:
    """See the module's docstring. Blocks of a generation go to the executor; a generation that
    `should_stop` cuts short is thrown away, its steps counted."""

    Settings = ESSettings
    uses_executor: ClassVar[bool] = True

    def __init__(self, context: Context, settings: ESSettings) -> None:
        self._settings, self._context = settings, context
        self._head = es_head(context.env, settings)
        env = context.env
        self._network = make_network(
            context.network,
            env,
            self._head.size,
            hidden=settings.hidden,
            activation=settings.activation,
            pixels="a3c",
        )
        rng = context.seeds.child("parameters").generator()
        self._theta = self._network.initial(rng, settings.output_scale)
        self._optimizer = OPTIMIZERS[settings.optimizer].zero(
            self._theta.size, settings.learning_rate
        )
        self._statistics = (
            ObservationStatistics.empty(env.observation_size)
            if settings.normalise_observations
            else None
        )
        self._generation = 0
        self._executor = context.make_executor()

    def advance(self, env_steps: int) -> Scalars:
        done = 0
        scalars: Scalars = {"generation": self._generation}
        while done < env_steps and not self._context.should_stop():
            results = self._play()
            if results is None:
                break
            done += sum(result.env_steps for result in results)
            scalars = self._learn(results)
        return scalars

    def policy(self) -> NetworkPolicy:
        mean, std = self._mean_std()
        return NetworkPolicy(self._network, self._head, self._theta, mean, std)

    def get_state(self) -> State:
        statistics = self._statistics
        return {
            "theta": self._theta,
            "optimizer": self._optimizer.get_state(),
            "generation": self._generation,
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
        if state["statistics"] is not None:
            self._statistics = ObservationStatistics(**state["statistics"])

    def close(self) -> None:
        pass  # the executor belongs to the harness

    def _play(self) -> list[TaskResult] | None:
        """The results of a whole generation in order, or None where time ran out."""
        generation = self._shared()
        tasks = generation.tasks(self._executor.workers)
        results: list[TaskResult] = []
        played = self._executor.map(evaluate_blocks, range(len(tasks)), (generation, tasks))
        for result in played:
            results.append(result)
            if len(results) < len(tasks) and self._context.should_stop():
                played.close()  # type: ignore[attr-defined]
                return None
        return results

    def _learn(self, results: list[TaskResult]) -> Scalars:
        returns = np.concatenate([result.returns for result in results])
        generation, weights = self._shared(), pair_weights(returns)
        gradient = np.zeros_like(self._theta)
        for part in self._executor.map(
            weigh_block, range(generation.blocks), (generation, weights)
        ):
            gradient += part
        decay = np.float32(self._settings.weight_decay)
        self._theta = self._theta + self._optimizer.step(gradient - decay * self._theta)
        if self._statistics is not None:
            sums = [result.obs_sums for result in results if result.obs_sums is not None]
            # All members in one array: how they were shared out must not change the rounding.
            total, squares, count = (np.concatenate(part) for part in zip(*sums, strict=True))
            self._statistics.add(total.sum(axis=0), squares.sum(axis=0), int(count.sum()))
        self._generation += 1
        return {
            "generation": self._generation,
            "return_train_mean": float(returns.mean()),
            "return_train_max": float(returns.max()),
            "episode_length_mean": sum(r.env_steps for r in results)
            / sum(r.episodes for r in results),
            "gradient_norm": float(np.linalg.norm(gradient)),
            "theta_norm": float(np.linalg.norm(self._theta)),
        }

    def _shared(self) -> Generation:
        settings = self._settings
        mean, std = self._mean_std()
        members = settings.block_members or (
            settings.population if self._context.env.native_vector else DEFAULT_BLOCK_MEMBERS
        )
        return Generation(
            number=self._generation,
            theta=self._theta,
            sigma=settings.sigma,
            pairs=settings.population // 2,
            block_pairs=min(members, settings.population) // 2,
            episodes_per_member=settings.episodes_per_member,
            pair_shares_episodes=settings.pair_shares_episodes,
            action_noise=settings.action_noise,
            obs_mean=mean,
            obs_std=std,
            network=self._network,
            head=self._head,
            seeds=self._context.seeds.child("population"),
        )

    def _mean_std(self) -> tuple[Array | None, Array | None]:
        return (None, None) if self._statistics is None else self._statistics.mean_std()


def es_head(env: EnvFacts, settings: ESSettings) -> Head:
    """Actions as they are, or chosen among `bins` values a dimension where that is asked for
    (the paper's section 3.1 uses 10 for hopping and swimming)."""
    if env.action.kind == "box" and settings.bins is not None:
        return argmax_head(env.action, settings.bins)
    return native_head(env.action)
