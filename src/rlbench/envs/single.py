"""Any Gymnasium environment: one object of it a lane. What has no faster family is played so."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec

from rlbench.envs.catalogue import ensure_registered, registered_name
from rlbench.envs.family import EnvPlan, Family, LanesBuilder
from rlbench.envs.lanes import SingleEnvLanes, close_quietly
from rlbench.envs.probe import carries_over
from rlbench.envs.spaces import action_adapter, observation_adapter
from rlbench.errors import ConfigError, StuckError
from rlbench.interfaces import ActionSpec, EnvFacts
from rlbench.settings import AUTO, EnvSettings

Wrapper = Callable[[gym.Env[Any, Any]], gym.Env[Any, Any]]
IMAGE_SIDE = 32  # from here on bytes in rows and columns are an image
# By an id's name, for Gymnasium's own environments with their own settings: what one step gives.
STEP_REWARDS = {"CartPole": (1.0, 1.0), "MountainCar": (-1.0, -1.0), "Acrobot": (-1.0, 0.0)}


@dataclass(frozen=True)
class SingleEnvs:
    """Builds lanes of single environments.

    fresh_each_episode, images: see `SingleEnvLanes`. mujoco: whether MuJoCo simulates the
    environment. wrapper: put around what Gymnasium makes, or None.
    """

    env_id: str
    kwargs: dict[str, Any]
    fresh_each_episode: bool = False
    mujoco: bool = False
    wrapper: Wrapper | None = None
    images: bool = False

    def make(self, max_episode_steps: int) -> gym.Env[Any, Any]:
        """One environment with Gymnasium's own wrappers."""
        ensure_registered(self.env_id)  # a worker process starts without the parent's registry
        if self.mujoco:
            _quiet_mujoco()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "out of date" and precision notes; errors still raise
            env = gym.make(
                registered_name(self.env_id),
                max_episode_steps=max_episode_steps,
                disable_env_checker=True,
                **self.kwargs,
            )
        return env if self.wrapper is None else self.wrapper(env)

    def lanes(self, num_lanes: int, max_episode_steps: int, threads: int | None) -> SingleEnvLanes:
        make = functools.partial(self.make, max_episode_steps)
        fresh = self.fresh_each_episode
        return SingleEnvLanes(make, self.env_id, num_lanes, max_episode_steps, fresh, self.images)


class GymnasiumFamily(Family):
    """Any environment that Gymnasium can make.

    Subclasses know more of their environments: lock_step_lanes is as in `EnvFacts`, wrapper and
    images as in `SingleEnvs`; `builder` gives other lanes. sticky_kwarg: the argument of
    `gymnasium.make` that env.sticky_actions sets; None: there is none.
    """

    lock_step_lanes: int | None = None
    wrapper: Wrapper | None = None
    images: ClassVar[bool] = False
    sticky_kwarg: ClassVar[str | None] = None

    def __init__(self, spec: EnvSpec, settings: EnvSettings) -> None:
        super().__init__(spec, settings)
        if settings.noop_max != AUTO:
            raise ConfigError("env.noop_max", settings.noop_max, "auto: for Atari from pixels only")
        self.kwargs = self.make_kwargs()

    @classmethod
    def claims(cls, spec: EnvSpec, settings: EnvSettings) -> bool:
        return True

    def make_kwargs(self) -> dict[str, Any]:
        """What `gymnasium.make` is given beside the id and the cap."""
        sticky, kwargs, name = self.settings.sticky_actions, self.settings.kwargs, self.sticky_kwarg
        if sticky == AUTO:
            return dict(kwargs)
        if name is None:
            takes = "auto: it is for Atari and MinAtar"
        elif name in kwargs:
            takes = f"auto, as env.kwargs.{name} is set"
        else:
            return {**kwargs, name: sticky}
        raise ConfigError("env.sticky_actions", sticky, takes)

    def preprocessing(self) -> dict[str, Any] | None:
        """See `EnvPlan`."""
        return None

    def frame_skip(self) -> int:
        """Emulator frames a step."""
        return 1

    def builder(self, single: SingleEnvs) -> LanesBuilder | None:
        """What builds faster lanes than `single`, and in them no episode depends on another; None
        where there is nothing faster."""
        return None

    def single(self, **more: Any) -> SingleEnvs:
        """What builds the environment; more: arguments of `gymnasium.make`."""
        return SingleEnvs(
            self.settings.id,
            {**self.kwargs, **more},
            mujoco="mujoco" in str(self.spec.entry_point),
            wrapper=type(self).wrapper,
            images=self.images,
        )

    def plan(self) -> EnvPlan:
        cap = self.max_episode_steps()
        single = self.single()
        observation_shape, action = self._look(single, cap)
        builder, fresh = self.builder(single), False
        if builder is None:
            fresh = carries_over(functools.partial(single.make, cap))
            builder = dataclasses.replace(single, fresh_each_episode=fresh)
        facts = EnvFacts(
            id=self.settings.id,
            observation_shape=observation_shape,
            action=action,
            max_episode_steps=cap,
            frame_skip=self.frame_skip(),
            native_vector=self.native_vector,
            lock_step_lanes=self.lock_step_lanes,
            stacked=not self.images,
        )
        return EnvPlan(
            facts,
            builder,
            *self.levels(),
            fresh_each_episode=fresh,
            preprocessing=self.preprocessing(),
            step_rewards=None if self.settings.kwargs else STEP_REWARDS.get(self.spec.name),
        )

    def _look(self, single: SingleEnvs, cap: int) -> tuple[tuple[int, ...], ActionSpec]:
        """Build the environment once, and see the shape of an observation and the actions."""
        env_id, kwargs = self.settings.id, self.settings.kwargs
        try:
            env = single.make(cap)
        except ConfigError:
            raise
        except gym.error.DependencyNotInstalled as error:
            takes = f"a package that is missing here: {error}"
            raise ConfigError("env", env_id, takes) from error
        except TypeError as error:
            raise ConfigError("env.kwargs", kwargs, f"what {env_id} takes: {error}") from error
        except (KeyboardInterrupt, StuckError):
            raise
        except BaseException as error:  # a stranger's code may raise anything, even SystemExit
            takes = f"an id Gymnasium can make: {type(error).__name__}: {error}"
            raise ConfigError("env", env_id, takes) from error
        try:
            observations, actions = env.observation_space, env.action_space
            self.check_observations(observations)
            shape, _ = observation_adapter(observations, env_id, self.images)
            action, _ = action_adapter(actions, env_id)
        except AttributeError as error:
            takes = f"an environment with observation_space and action_space ({error})"
            raise ConfigError("env", env_id, takes) from error
        finally:
            close_quietly(env)
        return shape, action

    def check_observations(self, space: gym.Space[Any]) -> None:
        """Raise ConfigError for observations that no network here suits."""
        shape = getattr(space, "shape", None) or ()
        if (
            getattr(space, "dtype", None) == np.uint8
            and len(shape) == 3
            and min(shape[:2]) >= IMAGE_SIDE
        ):
            takes = (
                "Atari's frames or observations that an MLP suits; these are images "
                f"({' x '.join(map(str, shape))} bytes), which a wrapper may make smaller: see "
                "docs/environments.md"
            )
            raise ConfigError("env", self.settings.id, takes)


class Box2DFamily(GymnasiumFamily):
    """Worlds of Box2D, whose state is large (`scripts/bench lanes_in_turn`)."""

    lock_step_lanes = 32


def _quiet_mujoco() -> None:
    """MuJoCo writes each warning to standard error, once an environment and more, and to a file
    MUJOCO_LOG.TXT in the working directory, where a run writes nothing. What goes wrong so that it
    matters shows in what the environment returns, which the lanes check."""
    import mujoco

    mujoco.set_mju_user_warning(_ignore)


def _ignore(message: str) -> None:
    pass
