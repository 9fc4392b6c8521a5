"""The settings of DQN, checked before TensorFlow is imported."""

from __future__ import annotations

import importlib.util
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

from rlbench.errors import ConfigError
from rlbench.extras import install_command
from rlbench.interfaces import AgentParameters
from rlbench.nets.build import check_network
from rlbench.nets.trainable import Library
from rlbench.settings import AUTO, Auto, resolve


class DQNSettings(AgentParameters):
    """Settings of `DQN`; all counts of steps are agent decisions over all lanes (env_steps).

    What each one does is said beside its default in `conf/agent/dqn.yaml`.
    """

    network: Annotated[str, BeforeValidator(check_network)] = AUTO
    hidden: tuple[PositiveInt, ...] = (256, 256)
    activation: Literal["relu", "tanh", "elu"] = "relu"
    layer_norm: bool = False
    library: Library = "keras"
    discount: float = Field(0.99, ge=0, le=1)
    double: bool = True
    dueling: bool = False
    n_step: int = Field(1, gt=0)
    bins: int = Field(3, ge=2)
    clip_rewards: bool = False
    life_loss_ends_episode: bool = False

    optimizer: Literal["adam", "rmsprop"] = "adam"
    learning_rate: float = Field(5e-4, gt=0)
    optimizer_epsilon: float = Field(1e-8, gt=0)
    huber_delta: float | None = Field(1.0, gt=0)
    max_gradient_norm: float | None = Field(10.0, gt=0)

    batch_size: int = Field(64, gt=0)
    replay_capacity_steps: int = Field(100_000, gt=0)
    prioritized: bool = False
    priority_exponent: float = Field(0.6, ge=0, le=1)
    new_priority: Literal["greatest", "error"] = "greatest"
    priority_weight_initial: float = Field(0.4, ge=0, le=1)
    priority_weight_steps: int = Field(1_000_000, gt=0)
    learning_starts_steps: int = Field(1000, ge=0)
    train_every_steps: int = Field(32, gt=0)
    updates_per_train: int = Field(16, gt=0)
    target_update_steps: int = Field(500, gt=0)

    num_lanes: int = Field(1, gt=0)
    epsilon_initial: float = Field(1.0, ge=0, le=1)
    epsilon_final: float = Field(0.05, ge=0, le=1)
    epsilon_decay_starts_steps: int = Field(0, ge=0)
    epsilon_decay_steps: int = Field(10_000, gt=0)
    epsilon_spread: float = Field(7.0, ge=0)

    compile: bool = True
    threads: Auto | PositiveInt = 1
    precision: Literal["float32", "bfloat16"] = "float32"
    overlap: Auto | bool = AUTO
    actors: PositiveInt | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> DQNSettings:
        capacity = self.replay_capacity_steps
        if self.batch_size > capacity:
            raise ConfigError(
                "agent.batch_size",
                self.batch_size,
                f"at most agent.replay_capacity_steps ({capacity})",
            )
        of_all = "agent.num_lanes" + (" x agent.actors" if self.actors else "")
        if capacity < self.n_step * self.lanes:
            raise ConfigError(
                "agent.replay_capacity_steps",
                capacity,
                f"at least agent.n_step x {of_all} ({self.n_step * self.lanes})",
            )
        # The last n - 1 steps of every lane are not transitions yet.
        least = self.batch_size + (self.n_step - 1) * self.lanes
        if self.learning_starts_steps < least:
            raise ConfigError(
                "agent.learning_starts_steps",
                self.learning_starts_steps,
                f"at least {least}, which fills one batch of transitions",
            )
        if self.train_every_steps % self.lanes:
            raise ConfigError(
                "agent.train_every_steps",
                self.train_every_steps,
                f"a multiple of {of_all} ({self.lanes}), as the lanes step together",
            )
        if self.epsilon_final > self.epsilon_initial:
            raise ConfigError(
                "agent.epsilon_final",
                self.epsilon_final,
                f"at most agent.epsilon_initial ({self.epsilon_initial})",
            )
        if not self.hidden and (self.layer_norm or self.dueling):
            key = "layer_norm" if self.layer_norm else "dueling"
            raise ConfigError(f"agent.{key}", True, "false where agent.hidden is empty")
        if self.library == "sonnet":
            self._check_sonnet()
        return self

    def _check_sonnet(self) -> None:
        if importlib.util.find_spec("sonnet") is None:
            takes = f"keras, or sonnet once that is installed: {install_command('sonnet')}"
            raise ConfigError("agent.library", self.library, takes)
        if self.precision != "float32":
            takes = "float32 with agent.library=sonnet"
            raise ConfigError("agent.precision", self.precision, takes)

    @property
    def lanes(self) -> int:
        """The lanes of all actors."""
        return self.num_lanes * (self.actors or 1)

    @property
    def overlaps(self) -> bool:
        """Whether lanes step on while updates run: with several actors unless it is turned off."""
        return resolve(self.overlap, self._overlaps_by_itself)

    @property
    def _overlaps_by_itself(self) -> bool:
        return self.actors is not None and self.actors > 1

    def alone(self) -> bool:
        return self.actors is None

    def cores_beside(self, own_cores: int) -> int:
        """Those of the learner."""
        return min(resolve(self.threads, own_cores), own_cores)

    def identity(self, cores: int) -> dict[str, Any]:
        """TensorFlow computes the same only on the same number of threads, so that the number
        which the run gets stands for the one that was asked for. One actor learns the same as the
        agent without any."""
        same: dict[str, Any] = {"threads": self.cores_beside(cores)}
        if self.overlaps == self._overlaps_by_itself:
            same["overlap"] = AUTO
        if self.actors == 1:
            same["actors"] = None
        return self.model_copy(update=same).model_dump(mode="json", exclude_defaults=True)

    def for_probe(self) -> DQNSettings:
        """Learning from the first full batch on, with few random actions and a small replay."""
        least = self.batch_size + (self.n_step - 1) * self.lanes
        capacity = min(self.replay_capacity_steps, max(10_000, 2 * least))
        return self.model_copy(
            update={
                "learning_starts_steps": least,
                "replay_capacity_steps": capacity,
                "epsilon_initial": self.epsilon_final,
            }
        )

    def compute_dtype(self) -> str:
        return self.precision

    def epsilon(self, env_steps: int) -> float:
        """Chance of a random action at `env_steps`: `epsilon_initial` up to
        `epsilon_decay_starts_steps`, then linear to `epsilon_final` within `epsilon_decay_steps`,
        constant after (Mnih et al. 2015, table 1)."""
        decayed = max(env_steps - self.epsilon_decay_starts_steps, 0)
        done = min(decayed / self.epsilon_decay_steps, 1.0)
        return self.epsilon_initial + (self.epsilon_final - self.epsilon_initial) * done

    def actor_epsilon(self, actor: int, env_steps: int) -> float:
        """The chance of actor number `actor`: with N of them epsilon ** (1 + actor / (N - 1) *
        `epsilon_spread`), from one that explores as a single one would to one that hardly does
        (Horgan et al. 2018)."""
        epsilon, actors = self.epsilon(env_steps), self.actors or 1
        if actors == 1:
            return epsilon
        return float(epsilon ** (1 + actor / (actors - 1) * self.epsilon_spread))

    def priority_weight(self, env_steps: int) -> float:
        """The exponent of the importance weights at `env_steps`: linear from
        `priority_weight_initial` to 1 at `priority_weight_steps` (Schaul et al. 2016, 3.4)."""
        done = min(env_steps / self.priority_weight_steps, 1.0)
        return self.priority_weight_initial + (1 - self.priority_weight_initial) * done
