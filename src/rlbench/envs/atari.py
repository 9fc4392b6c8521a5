"""Atari games as pixels: their conditions.

An observation is [4, 84, 84] uint8: the last four decisions' frames, oldest first, each the
pixelwise maximum of the last two of `frame_skip` emulator frames (Mnih et al. 2015, Nature 518,
methods), grey, resized by area as in ale-py. Rewards are the game's own, and the loss of a life
ends nothing.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from rlbench.envs.atari_games import (
    OBSERVATION_SHAPE,
    AtariConditions,
    NativeGame,
    action_names,
    quieten,
)
from rlbench.envs.atari_lanes import AtariLanes
from rlbench.envs.atari_start import keep_start
from rlbench.envs.family import EnvPlan, EvalSchedule, Family, LanesBuilder, Names
from rlbench.envs.lanes import SingleEnvLanes
from rlbench.envs.single import GymnasiumFamily, SingleEnvs
from rlbench.errors import ConfigError
from rlbench.interfaces import ActionSpec, EnvFacts
from rlbench.settings import AUTO, EnvSettings, resolve

VECTOR_ENTRY_POINT = "ale_py.vector_env:AtariVectorEnv"
STICKY_ACTIONS = 0.25  # Machado et al. 2018 (arXiv 1709.06009), section 5.2
NOOP_MAX = 30  # Mnih et al. 2015, extended data table 1
MAX_EPISODE_FRAMES = 108_000  # half an hour at 60 frames a second, as in both papers
EVAL_EPISODE_FRAMES = 18_000  # five minutes, as in the evaluations of Mnih et al. 2015
# Here a step of evaluation costs as much as one of training, where twenty games are 20,000 to
# 90,000 of them.
ATARI_EVALUATION = EvalSchedule(first_steps=25_000, every_steps=250_000, gap_per_step=4.0)
MAX_FRAME_SKIP = 1_000
MAX_FRAMES = 2**30  # of an episode; the emulator counts them in 32 bits
KWARGS = ("frameskip", "full_action_space")
INSTEAD = {  # arguments of Gymnasium's single environment, and the keys that set the same here
    "repeat_action_probability": "env.sticky_actions",
    "max_num_frames_per_episode": "env.max_episode_steps",
    "noop_max": "env.noop_max",
}


def atari_conditions(spec: EnvSpec, settings: EnvSettings) -> AtariConditions:
    """The conditions that `settings` ask for; raises ConfigError for what cannot be had."""
    kwargs = {**spec.kwargs, **settings.kwargs}
    for key in settings.kwargs:
        if key in INSTEAD:
            takes = f"nothing here; {INSTEAD[key]} sets it"
            raise ConfigError(f"env.kwargs.{key}", settings.kwargs[key], takes)
        if key not in KWARGS:
            takes = f"nothing: games as pixels take {' and '.join(KWARGS)} only, or obs_type"
            raise ConfigError(f"env.kwargs.{key}", settings.kwargs[key], takes)
    frame_skip, full = kwargs["frameskip"], kwargs["full_action_space"]
    check_frame_skip(frame_skip)
    if type(full) is not bool:
        raise ConfigError("env.kwargs.full_action_space", full, "true or false")
    return AtariConditions(
        game=kwargs["game"],
        frame_skip=frame_skip,
        sticky_actions=resolve(settings.sticky_actions, STICKY_ACTIONS),
        noop_max=resolve(settings.noop_max, NOOP_MAX),
        full_action_space=full,
    )


def check_frame_skip(frame_skip: Any) -> None:
    """Raise ConfigError for what is no number of frames a step."""
    if type(frame_skip) is not int or not 1 <= frame_skip <= MAX_FRAME_SKIP:
        takes = f"one number of frames a step, from 1 to {MAX_FRAME_SKIP}"
        raise ConfigError("env.kwargs.frameskip", frame_skip, takes)


class AtariFamily(Family):
    """A game as pixels, preprocessed here: ALE/<Game>-v5, unless `obs_type` asks for Gymnasium's
    own observations."""

    evaluation = ATARI_EVALUATION

    def __init__(self, spec: EnvSpec, settings: EnvSettings) -> None:
        super().__init__(spec, settings)
        self.atari = atari_conditions(spec, settings)

    @classmethod
    def claims(cls, spec: EnvSpec, settings: EnvSettings) -> bool:
        return spec.vector_entry_point == VECTOR_ENTRY_POINT and "obs_type" not in settings.kwargs

    def conditions(self) -> dict[str, Any]:
        """What the settings amount to, however they were asked for."""
        kept = {"id": self.settings.id, "max_episode_steps": self.max_episode_steps()}
        return kept | {"preprocessing": self.atari.record()}

    def max_episode_steps(self) -> int:
        skip = self.atari.frame_skip
        own, most = max(1, MAX_EPISODE_FRAMES // skip), MAX_FRAMES // skip
        asked = self.settings.max_episode_steps
        if asked != AUTO and asked > most:
            raise ConfigError("env.max_episode_steps", asked, f"auto or at most {most}")
        return resolve(self.settings.max_episode_steps, own)

    def eval_max_episode_steps(self) -> int:
        return _five_minutes(self.max_episode_steps(), self.atari.frame_skip)

    def names(self) -> Names:
        """ALE's own for the actions; the channels are frames, and have none."""
        return Names(actions=action_names(self.atari))

    def plan(self) -> EnvPlan:
        """As in the base class. Nothing is probed: a seeded reset loads the game again or restores
        all of its state, so that no episode can depend on the one before it (tested)."""
        atari, cap = self.atari, self.max_episode_steps()
        actions = NativeGame(atari, cap).actions
        facts = EnvFacts(
            id=self.settings.id,
            observation_shape=OBSERVATION_SHAPE,
            action=ActionSpec("discrete", (actions,)),
            max_episode_steps=cap,
            frame_skip=atari.frame_skip,
        )
        builder = AtariGames(self.settings.id, atari)
        return EnvPlan(facts, builder, *self.levels(), preprocessing=atari.record())


class AtariObservationsFamily(GymnasiumFamily):
    """A game with observations of Gymnasium's: its memory, or whole frames as vectors.

    A lane loads its game once, in a tenth of a second; next to the emulator's work a lock-step of
    more lanes saves nothing.
    """

    evaluation = ATARI_EVALUATION
    lock_step_lanes = 8
    sticky_kwarg = "repeat_action_probability"

    def preprocessing(self) -> dict[str, Any]:
        """What is seen, and sticky actions where they are not among env.kwargs."""
        made_with = {**self.spec.kwargs, **self.kwargs}
        found = {"observations": made_with.get("obs_type")}
        if self.sticky_kwarg not in self.settings.kwargs:
            found["sticky_actions"] = made_with.get(self.sticky_kwarg)
        return found

    def plan(self) -> EnvPlan:
        quieten()
        return super().plan()

    def check_observations(self, space: gym.Space[Any]) -> None:
        """Whole frames as vectors are had for the asking: obs_type=rgb."""

    def builder(self, single: SingleEnvs) -> LanesBuilder:
        return KeptStarts(single)

    def eval_max_episode_steps(self) -> int:
        return _five_minutes(self.max_episode_steps(), self.frame_skip())

    def frame_skip(self) -> int:
        skip = {**self.spec.kwargs, **self.settings.kwargs}.get("frameskip", 1)
        check_frame_skip(skip)
        return int(skip)


def _five_minutes(max_episode_steps: int, frame_skip: int) -> int:
    return min(max_episode_steps, max(1, EVAL_EPISODE_FRAMES // frame_skip))


@dataclass(frozen=True)
class KeptStarts:
    """Builds lanes of single environments that load their game once (see `envs.atari_start`)."""

    single: SingleEnvs

    def lanes(self, num_lanes: int, max_episode_steps: int, threads: int | None) -> SingleEnvLanes:
        make = functools.partial(self.make, max_episode_steps)
        return SingleEnvLanes(make, self.single.env_id, num_lanes, max_episode_steps)

    def make(self, max_episode_steps: int) -> gym.Env[Any, Any]:
        quieten()  # in a worker process, too
        env = self.single.make(max_episode_steps)
        keep_start(env.unwrapped)
        return env


@dataclass(frozen=True)
class AtariGames:
    """Builds lanes of a game."""

    env_id: str
    conditions: AtariConditions

    def lanes(self, num_lanes: int, max_episode_steps: int, threads: int | None) -> AtariLanes:
        return AtariLanes(self.conditions, self.env_id, num_lanes, max_episode_steps, threads)
