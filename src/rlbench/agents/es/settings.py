"""The settings of ES."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

from rlbench.errors import ConfigError
from rlbench.interfaces import AgentParameters
from rlbench.nets.build import check_network
from rlbench.settings import AUTO, Auto


class ESSettings(AgentParameters):
    """Parameters of ES; the comments of conf/agent/es.yaml say what each one does."""

    population: int = Field(128, gt=0)
    sigma: float = Field(0.1, gt=0)
    learning_rate: float = Field(0.05, gt=0)
    optimizer: Literal["adam", "sgd"] = "adam"
    weight_decay: float = Field(0.0, ge=0)
    network: Annotated[str, BeforeValidator(check_network)] = AUTO
    hidden: tuple[PositiveInt, ...] = (64, 64)
    activation: Literal["tanh", "relu"] = "tanh"
    output_scale: float = Field(0.01, ge=0)
    normalize_observations: bool = False
    observation_std_floor: float = Field(0.01, gt=0)
    episodes_per_member: int = Field(1, gt=0)
    pair_shares_episodes: bool = False
    bins: int | None = Field(None, ge=2)
    action_noise: float = Field(0.0, ge=0)
    block_members: Auto | PositiveInt = AUTO
    noise: Literal["full", "lowrank"] = "full"
    rank: int = Field(1, gt=0)
    virtual_batch_norm: Auto | bool = AUTO
    reference_frames: int = Field(128, gt=1)
    episode_cap: Literal["auto", "adaptive"] | PositiveInt | None = AUTO

    @model_validator(mode="after")
    def _even(self) -> ESSettings:
        for key in ("population", "block_members"):
            number = getattr(self, key)
            if number != AUTO and number % 2:
                raise ConfigError(
                    f"agent.{key}", number, "an even number: members come in mirrored pairs"
                )
        return self
