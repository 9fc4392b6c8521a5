"""What a family of environments is: which of them belong to it, what is known of them, and how
their lanes are built."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from gymnasium.envs.registration import EnvSpec

from rlbench.errors import ConfigError
from rlbench.interfaces import EnvFacts, Lanes
from rlbench.published.levels import published_levels
from rlbench.settings import MAX_RETURN, EnvSettings, resolve

DEFAULT_MAX_EPISODE_STEPS = 10_000  # for ids that register no time limit


@dataclass(frozen=True)
class EvalSchedule:
    """When evaluations fall due, in env_steps: at 0, at `first_steps`, then with a gap that grows
    by the factor `growth` a time until it is `every_steps`.

    gap_per_step: of these points, those are passed over that come sooner than so many training
    steps for each step that the evaluation before has played. It bounds what evaluation costs where
    episodes are long, and is the same rule for all agents.
    """

    first_steps: int = 1000
    growth: float = 1.1
    every_steps: int = 100_000
    gap_per_step: float = 1.0


@dataclass(frozen=True)
class Names:
    """What the choices of a discrete action are called, and what each channel of an observation
    shows; empty where nothing says it."""

    actions: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


class LanesBuilder(Protocol):
    """Builds lanes of one environment anywhere, a worker process included; picklable."""

    def lanes(self, num_lanes: int, max_episode_steps: int, threads: int | None) -> Lanes:
        """Lanes whose episodes end after `max_episode_steps` at the latest.

        threads: how many lanes may be stepped at a time where each has a thread;
        None: all. Results do not depend on it.
        """
        ...


@dataclass(frozen=True)
class EnvPlan:
    """Everything needed to build an environment anywhere; picklable.

    threshold: the mean return that means solved, or None. levels: all that are timed, ascending.
    fresh_each_episode: whether lanes build their environment again for each episode.
    preprocessing: what is done to observations and actions, as run.json holds it, or None.
    step_rewards: the least and the largest reward that a step can have, or None: not known.
    step_timeout_s: how long one call of an environment may take, or None. agent, agent_timeout_s:
    whose code runs in the workers beside it, and how long that may do nothing, or None.
    """

    facts: EnvFacts
    builder: LanesBuilder
    threshold: float | None = None
    levels: tuple[float, ...] = ()
    fresh_each_episode: bool = False
    preprocessing: Mapping[str, Any] | None = None
    step_rewards: tuple[float, float] | None = None
    step_timeout_s: float | None = None
    agent: str = ""
    agent_timeout_s: float | None = None

    def lanes(
        self, num_lanes: int, max_episode_steps: int | None = None, threads: int | None = None
    ) -> Lanes:
        """Lanes of this environment (see `LanesBuilder.lanes`); `max_episode_steps` replaces the
        plan's own cap."""
        cap = max_episode_steps or self.facts.max_episode_steps
        return self.builder.lanes(num_lanes, cap, threads)


class Family(abc.ABC):
    """One environment as its specification and the settings describe it; nothing is built yet.

    A family is a subclass, and registered under the module that defines its environments (see
    `envs.make`). native_vector: stepping many lanes costs little more than stepping one (as in
    `EnvFacts`). evaluation: the schedule where the settings name none.
    """

    native_vector: ClassVar[bool] = False
    evaluation: ClassVar[EvalSchedule] = EvalSchedule()

    def __init__(self, spec: EnvSpec, settings: EnvSettings) -> None:
        """Raises ConfigError for settings that this environment cannot have."""
        self.spec, self.settings = spec, settings

    @classmethod
    @abc.abstractmethod
    def claims(cls, spec: EnvSpec, settings: EnvSettings) -> bool:
        """Whether this environment, with these settings, belongs to the family."""

    @abc.abstractmethod
    def plan(self) -> EnvPlan:
        """See what the environment is like, by building it where there is no other way.

        Raises ConfigError where it cannot be built, or its spaces cannot be handled.
        """

    def conditions(self) -> dict[str, Any]:
        """What decides how episodes go, as JSON values: a part of what names a run. Settings that
        amount to the same conditions should give the same values."""
        asked = self.settings.model_dump(
            mode="json", exclude_defaults=True, exclude={"threshold", "levels", "step_timeout_s"}
        )
        return asked | {"max_episode_steps": self.max_episode_steps()}

    def max_episode_steps(self) -> int:
        """The cap that truncates every episode: what is asked for, else the id's own, else a
        default."""
        own = self.spec.max_episode_steps or DEFAULT_MAX_EPISODE_STEPS
        return resolve(self.settings.max_episode_steps, own)

    def eval_max_episode_steps(self) -> int:
        """The cap of an evaluation's episodes where the settings name none."""
        return self.max_episode_steps()

    def names(self) -> Names:
        """What people call its actions and observations."""
        return Names()

    def levels(self) -> tuple[float | None, tuple[float, ...]]:
        """The threshold and all levels: what is asked for, else published, else Gymnasium's own."""
        asked, published = self.settings, published_levels(self.settings.id)
        threshold: float | None = self.spec.reward_threshold
        timed: tuple[float, ...] | None = None
        if published is not None:
            threshold, timed = published.threshold, published.levels
        threshold = resolve(asked.threshold, threshold)
        chosen = resolve(asked.levels, timed)
        levels = set(chosen or ())
        if threshold is not None:
            threshold = _checked(threshold)
            levels.add(threshold)
        return threshold, tuple(sorted(levels))


def _checked(threshold: Any) -> float:
    """A threshold as a number. Raises ConfigError for what a package registered in its place."""
    try:
        number = float(threshold)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(threshold, str) or not abs(number) <= MAX_RETURN:
        takes = "a number in the environment's registration; env.threshold=NUMBER sets another"
        raise ConfigError("env.threshold", threshold, takes)
    return number
