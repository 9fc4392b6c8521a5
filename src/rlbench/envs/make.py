"""From an environment's id to its facts and its lanes."""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec

from rlbench.envs.atari import (
    MAX_EPISODE_FRAMES,
    OBSERVATION_SHAPE,
    AtariConditions,
    AtariLanes,
    atari_conditions,
    is_pixels,
    make_game,
)
from rlbench.envs.cartpole import CartPoleLanes
from rlbench.envs.catalogue import ensure_registered, find_spec
from rlbench.envs.lanes import SingleEnvLanes
from rlbench.envs.mujoco import MujocoLanes, Robot, robot_of
from rlbench.envs.spaces import action_adapter, observation_adapter
from rlbench.errors import ConfigError
from rlbench.interfaces import ActionSpec, EnvFacts, Lanes
from rlbench.published.levels import published_levels
from rlbench.settings import EnvSettings

DEFAULT_MAX_EPISODE_STEPS = 10_000  # for ids that register no time limit of their own
VECTORISED_FROM_LANES = 4  # below, arrays cost more than one environment after another
PROBE_STEPS = 400  # BipedalWalker-v3 needs an episode that ended and one cut short to show it
# Of families whose environments have a large state (`scripts/bench lanes_in_turn`). The lanes of a
# robot share their model, and lose nothing by being many.
LOCK_STEP_LANES = {"mujoco": 16, "box2d": 32}
ATARI_ENTRY_POINT = "ale_py.env:AtariEnv"
CARTPOLE_ENTRY_POINT = "gymnasium.envs.classic_control.cartpole:CartPoleEnv"


@dataclass(frozen=True)
class EnvPlan:
    """Everything needed to build an environment anywhere, a worker process included; picklable.

    threshold: the mean return that means solved, or None; levels: all that are timed, ascending.
    family: Gymnasium's folder of the environment ("classic_control", "box2d", ...) or its module.
    atari: the conditions of a game played from pixels, else None. robot: the task where all lanes
    of it are computed together (see `mujoco`), else None.
    """

    facts: EnvFacts
    kwargs: dict[str, Any]
    threshold: float | None
    levels: tuple[float, ...]
    family: str
    fresh_each_episode: bool
    atari: AtariConditions | None = None
    robot: Robot | None = None

    def lanes(
        self, num_lanes: int, max_episode_steps: int | None = None, threads: int | None = None
    ) -> Lanes:
        """Lanes of this environment; `max_episode_steps` replaces the plan's own cap.

        threads: how many lanes may be stepped at a time where they have threads of their own
        (Atari); None: all. Results do not depend on it.
        """
        cap = max_episode_steps or self.facts.max_episode_steps
        if self.atari is not None:
            return AtariLanes(self.atari, self.facts.id, num_lanes, cap, threads)
        if self.facts.native_vector and num_lanes >= VECTORISED_FROM_LANES:
            return CartPoleLanes(self.facts.id, num_lanes, cap)
        make = functools.partial(_make_single, self.facts.id, self.kwargs, cap)
        if self.robot is not None:
            return MujocoLanes(make, self.robot, self.facts.id, num_lanes, cap)
        return SingleEnvLanes(make, self.facts.id, num_lanes, cap, self.fresh_each_episode)


def plan_env(settings: EnvSettings) -> EnvPlan:
    """Look an environment up, build it once and see what it is like.

    Raises ConfigError("env", ...) where the id cannot be made, or its spaces cannot be handled.
    """
    spec = find_spec(settings.id)
    conditions = resolve_atari(spec, settings)
    if conditions is not None:
        return _plan_atari(spec, settings, conditions)
    cap = settings.max_episode_steps or spec.max_episode_steps or DEFAULT_MAX_EPISODE_STEPS
    kwargs = _kwargs(spec, settings)
    try:
        env = _make_single(settings.id, kwargs, cap)
    except ConfigError:
        raise
    except gym.error.DependencyNotInstalled as error:
        raise ConfigError("env", settings.id, f"a package that is missing here: {error}") from error
    except TypeError as error:
        raise ConfigError(
            "env.kwargs", settings.kwargs, f"what {settings.id} takes: {error}"
        ) from error
    except Exception as error:
        raise ConfigError(
            "env", settings.id, f"an id Gymnasium can make: {type(error).__name__}: {error}"
        ) from error
    try:
        size, _ = observation_adapter(env.observation_space, settings.id)
        action, _ = action_adapter(env.action_space, settings.id)
        family = _family(env)
    finally:
        env.close()
    native = is_native_vector(spec, settings)
    frame_skip = {**spec.kwargs, **settings.kwargs}.get("frameskip", 1) if family == "ale" else 1
    if not isinstance(frame_skip, int):
        raise ConfigError("env.kwargs.frameskip", frame_skip, "one number of frames a step")
    threshold, levels = _levels(settings, spec)
    robot = robot_of(spec, settings)
    facts = EnvFacts(
        id=settings.id,
        observation_shape=(size,),
        action=action,
        max_episode_steps=cap,
        frame_skip=frame_skip,
        native_vector=native,
        lock_step_lanes=None if robot is not None else LOCK_STEP_LANES.get(family),
    )
    make = functools.partial(_make_single, settings.id, kwargs, cap)
    return EnvPlan(
        facts=facts,
        kwargs=kwargs,
        threshold=threshold,
        levels=levels,
        family=family,
        fresh_each_episode=not native and carries_over(make),
        robot=robot,
    )


def resolve_atari(spec: EnvSpec, settings: EnvSettings) -> AtariConditions | None:
    """The conditions of a game played from pixels, else None.

    Raises ConfigError for conditions that cannot be had, and for those of Atari elsewhere.
    """
    if is_pixels(spec, settings):
        return atari_conditions(spec, settings)
    if settings.noop_max is not None:
        raise ConfigError("env.noop_max", settings.noop_max, "null: for Atari from pixels only")
    if settings.sticky_actions is not None:
        _kwargs(spec, settings)
    return None


def _plan_atari(spec: EnvSpec, settings: EnvSettings, conditions: AtariConditions) -> EnvPlan:
    """As `plan_env`. Nothing is probed: a seeded reset loads the game anew, so that no episode
    can depend on the one before it (tested)."""
    cap = settings.max_episode_steps or max(1, MAX_EPISODE_FRAMES // conditions.frame_skip)
    actions = int(make_game(conditions, cap).single_action_space.n)
    threshold, levels = _levels(settings, spec)
    facts = EnvFacts(
        id=settings.id,
        observation_shape=OBSERVATION_SHAPE,
        action=ActionSpec("discrete", (actions,)),
        max_episode_steps=cap,
        frame_skip=conditions.frame_skip,
    )
    return EnvPlan(
        facts=facts,
        kwargs={},
        threshold=threshold,
        levels=levels,
        family="ale",
        fresh_each_episode=False,
        atari=conditions,
    )


def _kwargs(spec: EnvSpec, settings: EnvSettings) -> dict[str, Any]:
    """What `gymnasium.make` is given; sticky actions have a key of their own."""
    sticky, kwargs = settings.sticky_actions, dict(settings.kwargs)
    if sticky is None:
        return kwargs
    if spec.entry_point != ATARI_ENTRY_POINT:
        raise ConfigError("env.sticky_actions", sticky, "null: for Atari only")
    if "repeat_action_probability" in kwargs:
        takes = "null, as env.kwargs.repeat_action_probability is set"
        raise ConfigError("env.sticky_actions", sticky, takes)
    return {**kwargs, "repeat_action_probability": sticky}


def _levels(settings: EnvSettings, spec: EnvSpec) -> tuple[float | None, tuple[float, ...]]:
    """The threshold and all levels: what is asked for, else published, else Gymnasium's own."""
    published = published_levels(settings.id)
    threshold: float | None = spec.reward_threshold if published is None else published.threshold
    if settings.threshold is not None:
        threshold = settings.threshold
    levels = set(settings.levels or (published.levels if published is not None else ()))
    if threshold is not None:
        threshold = float(threshold)
        levels.add(threshold)
    return threshold, tuple(sorted(levels))


def is_native_vector(spec: EnvSpec, settings: EnvSettings) -> bool:
    """Whether lanes of this environment are stepped as arrays (see `EnvFacts.native_vector`)."""
    return not settings.kwargs and spec.entry_point == CARTPOLE_ENTRY_POINT


def carries_over(make: functools.partial[gym.Env[Any, Any]]) -> bool:
    """Whether an episode depends on the one before it: the same seed and actions are played in a
    fresh environment and in one whose first episode was cut short (Box2D worlds differ)."""
    reused, fresh = make(), make()
    try:
        reused.action_space.seed(0)
        reused.reset(seed=1)
        for _ in range(PROBE_STEPS):
            _, _, terminated, truncated, _ = reused.step(reused.action_space.sample())
            if terminated or truncated:
                reused.reset(seed=2)
        return not _same_episode(reused, fresh)
    except Exception:
        # An environment that raises is told of by the run itself, with its steps counted.
        return False
    finally:
        reused.close()
        fresh.close()


def _same_episode(one: gym.Env[Any, Any], other: gym.Env[Any, Any]) -> bool:
    _, observe = observation_adapter(one.observation_space, "")
    one_obs, other_obs = one.reset(seed=3)[0], other.reset(seed=3)[0]
    for _ in range(PROBE_STEPS // 4):
        if not np.array_equal(observe(one_obs), observe(other_obs), equal_nan=True):
            return False
        action = one.action_space.sample()
        one_obs, one_reward, *one_ends, _ = one.step(action)
        other_obs, other_reward, *other_ends, _ = other.step(action)
        if not np.isfinite([float(one_reward), float(other_reward)]).all():
            return True  # broken rather than carrying over: the run itself will tell of it
        if one_reward != other_reward or one_ends != other_ends:
            return False
        if any(one_ends):
            break
    return True


def _make_single(env_id: str, kwargs: dict[str, Any], max_episode_steps: int) -> gym.Env[Any, Any]:
    ensure_registered(env_id)  # a worker process starts without what its parent registered
    if "mujoco" in str(find_spec(env_id).entry_point):
        _quiet_mujoco()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "out of date" and precision notes; errors still raise
        return gym.make(
            env_id, max_episode_steps=max_episode_steps, disable_env_checker=True, **kwargs
        )


def _quiet_mujoco() -> None:
    """MuJoCo tells each warning on standard error, once an environment and more, and in a file
    MUJOCO_LOG.TXT in the working directory, where a run writes nothing. What goes wrong so that it
    matters shows in what the environment returns, which the lanes check."""
    import mujoco

    mujoco.set_mju_user_warning(_say_nothing)


def _say_nothing(message: str) -> None:
    pass


def _family(env: gym.Env[Any, Any]) -> str:
    module = type(env.unwrapped).__module__
    if module.startswith("gymnasium.envs."):
        return module.split(".")[2]
    return "ale" if module.startswith("ale_py") else module.split(".")[0]
