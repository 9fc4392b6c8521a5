"""What a run is asked to do: frozen, checked settings, without anything of Hydra."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from rlbench.checking import allows_boolean
from rlbench.errors import ConfigError

Auto = Literal["auto"]  # in place of a value: chosen by the machine or the environment's family
AUTO: Auto = "auto"
T = TypeVar("T")


def resolve(value: Auto | T, automatic: T) -> T:
    """`value`, or `automatic` where it is auto."""
    return automatic if value == AUTO else value


class Frozen(BaseModel):
    """Base of all settings: immutable; unknown keys are rejected, and true is not the number 1."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[str(info.field_name)]
        items = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(item, bool) for item in items) and not allows_boolean(field.annotation):
            raise PydanticCustomError("boolean", "takes no boolean")
        return value


class AgentSettings(Frozen):
    """Which agent, and its parameters (checked by the agent's `Settings` class)."""

    name: str
    target: str
    params: dict[str, Any] = {}

    @field_validator("name")
    @classmethod
    def _can_name_a_folder(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", value):
            raise ValueError(
                "a name of at most 100 letters, digits and _ . -, which begins with no . or -"
            )
        return value


# What no run comes to; numbers beyond would overflow somewhere below.
MAX_SECONDS = 1e9
MAX_STEPS = 10**15
MAX_EPISODE_STEPS = 10**9
MAX_EPISODES = 10**6
Steps = Annotated[int, Field(gt=0, le=MAX_STEPS)]
EpisodeSteps = Annotated[int, Field(gt=0, le=MAX_EPISODE_STEPS)]
MAX_LEVELS = 31  # beside the threshold: more are not read back
MAX_RETURN = 1e30  # as a reader of a run's files takes it
Return = Annotated[float, Field(ge=-MAX_RETURN, le=MAX_RETURN)]


class EnvSettings(Frozen):
    """The environment and the levels that are timed on it.

    `auto` takes the published value for the id or family where there is one, else Gymnasium's. A
    threshold None: no mean return counts as solved. levels None: no others than the threshold.
    step_timeout_s: seconds that one call of the environment may take, a reset and its constructor
    included; None: for ever.
    """

    id: str = Field(min_length=1)
    kwargs: dict[str, Any] = {}
    threshold: Auto | Return | None = AUTO
    levels: Auto | tuple[Return, ...] | None = AUTO
    max_episode_steps: Auto | EpisodeSteps = AUTO
    sticky_actions: Auto | Annotated[float, Field(ge=0, lt=1)] = AUTO
    noop_max: Auto | Annotated[int, Field(ge=0, le=10_000)] = AUTO
    step_timeout_s: Annotated[float, Field(gt=0)] | None = 300.0

    @field_validator("kwargs")
    @classmethod
    def _has_no_window(cls, value: dict[str, Any]) -> dict[str, Any]:
        if value.get("render_mode") == "human":
            takes = "no window: steps would wait for it, and that would be what a run measures"
            raise ConfigError("env.kwargs.render_mode", "human", takes)
        return value

    @model_validator(mode="after")
    def _has_few_levels(self) -> EnvSettings:
        if isinstance(self.levels, tuple) and len(self.levels) > MAX_LEVELS:
            raise ConfigError("env.levels", f"{len(self.levels)} of them", f"at most {MAX_LEVELS}")
        return self


MAX_WORKERS = 100_000


class ExecutorSettings(Frozen):
    """Where ES evaluates its population, and on how many workers; auto: those that the executor
    finds there. address: of a cluster, None for this machine."""

    name: str = Field(AUTO, min_length=1)
    workers: Auto | Annotated[int, Field(gt=0, le=MAX_WORKERS)] = AUTO
    address: str | None = Field(None, min_length=1, max_length=300)


class BudgetSettings(Frozen):
    """The run ends at the first one reached: seconds inside training, or agent decisions."""

    train_seconds: float | None = Field(600.0, gt=0, le=MAX_SECONDS)
    env_steps: int | None = Field(None, gt=0, le=MAX_STEPS)


class EvalSettings(Frozen):
    """The schedule of evaluations; the same rule for every agent. `auto`: what suits the
    environment's family (see `envs.family.EvalSchedule`)."""

    episodes: int = Field(20, gt=0, le=MAX_EPISODES)
    first_steps: Auto | Steps = AUTO
    growth: Auto | Annotated[float, Field(gt=1, le=1e6)] = AUTO
    every_steps: Auto | Steps = AUTO
    gap_per_step: Auto | Annotated[float, Field(ge=0, le=1e6)] = AUTO
    max_episode_steps: Auto | EpisodeSteps = AUTO
    confirmation_episodes: int = Field(100, gt=0, le=MAX_EPISODES)


class CheckpointSettings(Frozen):
    """How often a run is saved while it trains, in seconds of training. auto: after some seconds,
    then as often as costs less than 1 % of the time."""

    every_seconds: Auto | Annotated[float, Field(gt=0, le=MAX_SECONDS)] = AUTO


@dataclass(frozen=True)
class Origins:
    """files: by key and by group of keys, the file of the user's own that sets it; "" where
    something else does. Settings that differ in this alone are equal."""

    files: Mapping[str, str] = field(default_factory=dict, compare=False)

    @contextmanager
    def named(self) -> Iterator[None]:
        """A ConfigError that is raised within says which file sets its key."""
        try:
            yield
        except ConfigError as error:
            file = self.files.get(error.key)
            if error.key == "env":  # its id
                file = self.files.get("env.id")
            elif file is None and error.got is None:  # a key that its group's file lacks
                file = self.files.get(error.key.rpartition(".")[0])
            if not file or error.file:
                raise
            raise error.within(file) from error.__cause__


class Settings(Frozen):
    """One run.

    agent_timeout_s: seconds in which the agent may neither make a step nor ask whether to stop;
    None: for ever.
    """

    agent: AgentSettings
    env: EnvSettings
    seed: int = Field(0, ge=0, lt=2**31)
    cores: Auto | PositiveInt = AUTO
    device: Literal["cpu", "gpu"] = "cpu"
    executor: ExecutorSettings = ExecutorSettings()
    agent_timeout_s: Annotated[float, Field(gt=0)] | None = 3600.0
    budget: BudgetSettings = BudgetSettings()
    stop_at_threshold: bool = True
    stop_at_levels: bool = False
    eval: EvalSettings = EvalSettings()
    checkpoint: CheckpointSettings = CheckpointSettings()
    results_dir: Path = Path("results/runs")
    overwrite: bool | Literal["shared"] = False
    logger: tuple[str, ...] | None = None
    snapshots: bool = False
    dry_run: bool | Literal["quick"] = False
    _origins: Origins = PrivateAttr(default_factory=Origins)

    @property
    def origins(self) -> Origins:
        """Which files set them; see `Origins`."""
        return self._origins

    def come_from(self, origins: Origins) -> Settings:
        """These settings, which were read from the files of `origins`."""
        self._origins = origins
        return self

    @field_validator("executor", mode="before")
    @classmethod
    def _may_be_a_name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("logger", mode="before")
    @classmethod
    def _may_be_one_name(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("results_dir", mode="before")
    @classmethod
    def _is_not_empty(cls, value: Any) -> Any:
        if value == "":
            raise ValueError("a path (. is the working directory)")
        return value

    @field_validator("results_dir")
    @classmethod
    def _is_a_usual_name(cls, value: Path) -> Path:
        if any(unicodedata.category(character) == "Cc" for character in str(value)):
            raise ValueError("a path without control characters")
        return value

    @model_validator(mode="after")
    def _has_a_budget(self) -> Settings:
        if self.budget.train_seconds is None and self.budget.env_steps is None:
            raise ConfigError(
                "budget", None, "at least one of budget.train_seconds and budget.env_steps"
            )
        return self
