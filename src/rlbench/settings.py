"""What a run is asked to do: frozen, checked settings, with no trace of Hydra left in them."""

from __future__ import annotations

from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from rlbench.errors import ConfigError

T = TypeVar("T")


class Frozen(BaseModel):
    """Base of all settings: immutable, and unknown keys are rejected."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AgentSettings(Frozen):
    """Which agent, and its own parameters (checked by the agent's `Settings` class)."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    target: str
    params: dict[str, Any] = {}


class EnvSettings(Frozen):
    """The environment and the levels that are timed on it.

    `threshold` None takes Gymnasium's own for the id where it has one. sticky_actions, noop_max:
    for Atari; None takes what `envs.atari` has as the default.
    """

    id: str = Field(min_length=1)
    kwargs: dict[str, Any] = {}
    threshold: float | None = None
    levels: tuple[float, ...] | None = None
    max_episode_steps: int | None = Field(None, gt=0)
    sticky_actions: float | None = Field(None, ge=0, lt=1)
    noop_max: int | None = Field(None, ge=0, le=10_000)


class BudgetSettings(Frozen):
    """The run ends at the first one reached: seconds inside training, or agent decisions."""

    train_seconds: float | None = Field(600.0, gt=0)
    env_steps: int | None = Field(None, gt=0)


class EvalSettings(Frozen):
    """The schedule of evaluations; the same rule for every agent."""

    episodes: int = Field(20, gt=0)
    growth: float = Field(1.1, gt=1)
    first_steps: int = Field(1000, gt=0)
    every_steps: int | None = Field(None, gt=0)
    max_episode_steps: int | None = Field(None, gt=0)
    confirmation_episodes: int = Field(100, gt=0)


class CheckpointSettings(Frozen):
    """How often a run is saved while it trains, in seconds of training."""

    every_seconds: float = Field(300.0, gt=0)


class Settings(Frozen):
    """One run."""

    agent: AgentSettings
    env: EnvSettings
    seed: int = Field(0, ge=0, lt=2**31)
    cores: int | None = Field(None, gt=0)
    device: Literal["cpu", "gpu"] = "cpu"
    executor: str = Field("auto", min_length=1)
    network: Literal["auto", "mlp", "nature", "a3c"] = "auto"
    budget: BudgetSettings = BudgetSettings()
    stop_at_threshold: bool = True
    stop_at_levels: bool = False
    eval: EvalSettings = EvalSettings()
    checkpoint: CheckpointSettings = CheckpointSettings()
    results_dir: Path = Path("results/runs")
    overwrite: bool = False
    logger: Literal["tensorboard"] | None = None
    dry_run: bool = False

    @model_validator(mode="after")
    def _has_a_budget(self) -> Settings:
        if self.budget.train_seconds is None and self.budget.env_steps is None:
            raise ConfigError(
                "budget", None, "at least one of budget.train_seconds and budget.env_steps"
            )
        return self


def check(cls: type[T], values: dict[str, Any], where: str = "") -> T:
    """Build `cls` (a pydantic model or a dataclass) from plain `values`.

    Raises ConfigError naming the first bad key (below `where`), what it got and what it takes.
    """
    try:
        if is_dataclass(cls):
            return TypeAdapter(cls).validate_python(values)
        return cls.model_validate(values)  # type: ignore[attr-defined,no-any-return]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in (where, *first["loc"]) if part != "")
        raise ConfigError(path or "configuration", first["input"], _takes(first)) from None


def _takes(error: Any) -> str:
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return "nothing, there is no such key"
    if error["type"] in ("missing", "missing_argument"):
        return "a value, which is missing"
    if error["type"] == "path_type":
        return "a path"
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message.removeprefix("Input should be ").removeprefix("Input should ")
    if message.startswith(("greater than", "less than")):
        return f"a number {message}"
    return message[:1].lower() + message[1:]
