"""What ES can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from rlbench.errors import ConfigError
from rlbench.interfaces import AgentParameters


class ESSettings(AgentParameters):
    """Parameters of ES; the comments of conf/agent/es.yaml say what each one does."""

    population: int = Field(128, gt=0)
    sigma: float = Field(0.1, gt=0)
    learning_rate: float = Field(0.05, gt=0)
    optimizer: Literal["adam", "sgd"] = "adam"
    weight_decay: float = Field(0.0, ge=0)
    hidden: tuple[int, ...] = (64, 64)
    activation: Literal["tanh", "relu"] = "tanh"
    output_scale: float = Field(0.01, ge=0)
    normalize_observations: bool = False
    episodes_per_member: int = Field(1, gt=0)
    pair_shares_episodes: bool = False
    bins: int | None = Field(None, ge=2)
    action_noise: float = Field(0.0, ge=0)
    block_members: int | None = Field(None, gt=0)
    noise: Literal["full", "lowrank"] = "full"
    rank: int = Field(1, gt=0)
    virtual_batch_norm: bool | None = None
    reference_frames: int = Field(128, gt=1)
    episode_cap: int | str | None = None

    @model_validator(mode="after")
    def _even(self) -> ESSettings:
        for key in ("population", "block_members"):
            number = getattr(self, key)
            if number is not None and number % 2:
                raise ConfigError(
                    f"agent.{key}", number, "an even number: members come in mirrored pairs"
                )
        cap = self.episode_cap
        if cap not in (None, "none", "adaptive") and (not isinstance(cap, int) or cap < 1):
            raise ConfigError(
                "agent.episode_cap", cap, "null, adaptive, none, or a number of steps from 1 on"
            )
        if any(width < 1 for width in self.hidden):
            raise ConfigError("agent.hidden", list(self.hidden), "layer widths of 1 or more")
        return self
