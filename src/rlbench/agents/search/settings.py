"""The settings that all searches have; those that ES has too mean the same there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

from rlbench.errors import ConfigError
from rlbench.extras import refuse_missing
from rlbench.interfaces import AgentParameters, EnvFacts
from rlbench.nets.build import NetworkOptions, check_network, make_network
from rlbench.nets.heads import Head, argmax_head, native_head
from rlbench.nets.network import Network
from rlbench.registry import choices
from rlbench.settings import AUTO, Auto, resolve

Optimizer = Literal["adam", "clipup", "sgd"]

STEP_SIZES: Mapping[Optimizer, float] = {"adam": 0.05, "clipup": 0.15, "sgd": 1.0}
HIDDEN = (64, 64)  # as ES
HIDDEN_WITH_MATRIX = (16,)
FRAMES_NETWORK = "a3c"  # as ES


@dataclass(frozen=True)
class Algorithm:
    """What is to be known of a library's algorithm before the library is imported.

    arguments: by the library's names, but for those that other settings give. optimizer: of its
    gradient estimates, where it can be chosen. in_pairs: whether members are mirrored. matrices: of
    parameters x parameters, that it holds at a time; member_matrices: as many more as members.
    """

    arguments: tuple[str, ...]
    optimizer: Optimizer | None = None
    in_pairs: bool = False
    matrices: int = 0
    member_matrices: bool = False


class SearchSettings(AgentParameters):
    """Parameters of a search; the comments of conf/agent/evosax.yaml say what each one does.

    packages: the library's modules, which the extra of rlbench installs. algorithms: those of the
    library. words, switches: arguments that are one of several words, and true or false; all others
    are numbers.
    """

    packages: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    algorithms: ClassVar[Mapping[str, Algorithm]] = {}
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    switches: ClassVar[tuple[str, ...]] = ()

    algorithm: str
    population: int = Field(128, ge=4)
    sigma: float = Field(0.1, gt=0)
    optimizer: Auto | Optimizer = AUTO
    learning_rate: Auto | Annotated[float, Field(gt=0)] = AUTO
    kwargs: dict[str, Any] = Field(default_factory=dict)
    network: Annotated[str, BeforeValidator(check_network)] = AUTO
    hidden: Auto | tuple[PositiveInt, ...] = AUTO
    activation: Literal["tanh", "relu"] = "tanh"
    output_scale: float = Field(0.01, ge=0)
    normalize_observations: bool = False
    observation_std_floor: float = Field(0.01, gt=0)
    episodes_per_member: int = Field(1, gt=0)
    shared_episodes: bool = False
    bins: int | None = Field(None, ge=2)
    episode_cap: Literal["auto", "adaptive"] | PositiveInt | None = AUTO

    def check_installed(self) -> None:
        """See `AgentParameters`."""
        refuse_missing(self.packages, self.extra)

    @property
    def chosen(self) -> Algorithm:
        return self.algorithms[self.algorithm]

    @property
    def matrices(self) -> int:
        """How many matrices of parameters x parameters are held at a time."""
        return self.chosen.matrices + (self.population if self.chosen.member_matrices else 0)

    @property
    def chosen_optimizer(self) -> tuple[Optimizer, float] | None:
        """The optimizer and its step size; None where the algorithm takes none."""
        if self.chosen.optimizer is None:
            return None
        name = resolve(self.optimizer, self.chosen.optimizer)
        return name, resolve(self.learning_rate, STEP_SIZES[name])

    def head_for(self, env: EnvFacts) -> Head:
        """Actions as they are, or chosen among `bins` values a dimension."""
        if env.action.kind == "box" and self.bins is not None:
            return argmax_head(env.action, self.bins)
        return native_head(env.action)

    def network_for(self, env: EnvFacts) -> Network:
        """The network of every member.

        Raises ConfigError where it, or the normalisation, does not suit the observations.
        """
        if env.pixels and self.normalize_observations:
            takes = "false: images are scaled, not normalised"
            raise ConfigError("agent.normalize_observations", True, takes)
        hidden = resolve(self.hidden, HIDDEN_WITH_MATRIX if self.matrices else HIDDEN)
        options = NetworkOptions(hidden, self.activation)
        outputs = self.head_for(env).size
        return make_network(self.network, env, outputs, options, for_frames=FRAMES_NETWORK)

    @model_validator(mode="after")
    def _suit_the_algorithm(self) -> SearchSettings:
        if self.algorithm not in self.algorithms:
            takes = choices(self.algorithm, self.algorithms)
            raise ConfigError("agent.algorithm", self.algorithm, takes)
        with_it = f"with agent.algorithm={self.algorithm}"
        if self.chosen.in_pairs and self.population % 2:
            takes = f"an even number {with_it}, whose members are pairs"
            raise ConfigError("agent.population", self.population, takes)
        for key in ("optimizer", "learning_rate"):
            if self.chosen.optimizer is None and getattr(self, key) != AUTO:
                takes = f"auto {with_it}, which has no optimizer"
                raise ConfigError(f"agent.{key}", getattr(self, key), takes)
        known = self.chosen.arguments
        for name, value in self.kwargs.items():
            if name not in known:
                takes = f"an argument of {self.algorithm}: {choices(name, known)}"
                raise ConfigError(f"agent.kwargs.{name}", value, takes)
            self._check_value(name, value)
        return self

    def _check_value(self, name: str, value: Any) -> None:
        if name in self.words:
            fits, takes = value in self.words[name], choices(str(value), self.words[name])
        elif name in self.switches:
            fits, takes = isinstance(value, bool), "true or false"
        else:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            fits, takes = number and math.isfinite(value), "a number"
        if not fits:
            raise ConfigError(f"agent.kwargs.{name}", value, takes)
