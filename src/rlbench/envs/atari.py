"""Atari games as pixels: their conditions, and lanes on ale-py's native vector environment.

An observation is [4, 84, 84] uint8: the last four decisions' frames, oldest first, each the
pixelwise maximum of the last two of `frame_skip` emulator frames, grey, resized by area (Mnih et
al. 2015, Nature 518, methods). Rewards are the game's own, and the loss of a life ends nothing.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec

from rlbench.envs.atari_start import keep_start
from rlbench.envs.family import EnvPlan, EvalSchedule, Family, LanesBuilder
from rlbench.envs.lanes import CountedLanes, SingleEnvLanes
from rlbench.envs.single import GymnasiumFamily, SingleEnvs
from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import ActionSpec, Array, EnvFacts
from rlbench.settings import AUTO, EnvSettings, resolve

VECTOR_ENTRY_POINT = "ale_py.vector_env:AtariVectorEnv"
STACKED_FRAMES = 4
FRAME_SIZE = 84
OBSERVATION_SHAPE = (STACKED_FRAMES, FRAME_SIZE, FRAME_SIZE)
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
RESETTING_THREADS = 8  # at most; a reset takes a tenth of a second, as it loads the game again


@dataclass(frozen=True)
class AtariConditions:
    """All that shapes an episode of `game` (the ROM's name) beside its cap.

    sticky_actions: the chance, drawn at each emulator frame, that the previous action is repeated
    in place of the one asked for. noop_max: an episode begins with 0 to `noop_max` - 1 frames
    without input, drawn from the reset seed. Nothing is pressed beside that: no fire at a reset.
    """

    game: str
    frame_skip: int
    sticky_actions: float
    noop_max: int
    full_action_space: bool

    @property
    def max_over_frames(self) -> int:
        return min(2, self.frame_skip)

    def record(self) -> dict[str, Any]:
        """The conditions in full, as run.json and the fingerprint hold them."""
        return {
            "frame_skip": self.frame_skip,
            "sticky_actions": self.sticky_actions,
            "noop_max": self.noop_max,
            "fire_at_reset": False,
            "full_action_space": self.full_action_space,
            "max_over_frames": self.max_over_frames,
            "stacked_frames": STACKED_FRAMES,
            "frame_size": FRAME_SIZE,
            "grey": True,
            "life_loss_ends_evaluation": False,
            "rewards_clipped_in_evaluation": False,
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

    def plan(self) -> EnvPlan:
        """As in the base class. Nothing is probed: a seeded reset loads the game again, so that no
        episode can depend on the one before it (tested)."""
        atari, cap = self.atari, self.max_episode_steps()
        actions = int(make_game(atari, cap).single_action_space.n)
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

    def check_observations(self, space: gym.Space[Any]) -> None:
        """Whole frames as vectors are had for the asking: obs_type=rgb."""

    def builder(self, single: SingleEnvs) -> LanesBuilder:
        return KeptStarts(single)

    def make_kwargs(self) -> dict[str, Any]:
        sticky, kwargs = self.settings.sticky_actions, dict(self.settings.kwargs)
        if sticky == AUTO:
            return kwargs
        if "repeat_action_probability" in kwargs:
            takes = "auto, as env.kwargs.repeat_action_probability is set"
            raise ConfigError("env.sticky_actions", sticky, takes)
        return {**kwargs, "repeat_action_probability": sticky}

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


class AtariLanes(CountedLanes):
    """`num_lanes` games, each a native environment with its own thread.

    threads: how many lanes are stepped at a time; None: all at once, on whatever cores the process
    has. It decides how fast, never what: a lane's episode depends on its seed and actions alone.
    """

    def __init__(
        self,
        conditions: AtariConditions,
        env_id: str,
        num_lanes: int,
        max_episode_steps: int,
        threads: int | None = None,
    ) -> None:
        super().__init__(env_id, num_lanes)
        self._envs = [make_game(conditions, max_episode_steps) for _ in range(num_lanes)]
        self._cap, self._steps = max_episode_steps, np.zeros(num_lanes, np.int64)
        self._at_once = num_lanes if threads is None else max(1, min(threads, num_lanes))
        self._pool: ThreadPoolExecutor | None = None
        if self._at_once > 1:
            self._pool = ThreadPoolExecutor(min(self._at_once, RESETTING_THREADS))
        self._actions = int(self._envs[0].single_action_space.n)
        self.lives = self._lives = np.zeros(num_lanes, np.int64)

    def reset(self, lanes: Array, seeds: Array) -> Array:
        obs = np.empty((len(lanes), *OBSERVATION_SHAPE), np.uint8)

        def begin(row: int) -> None:
            lane = lanes[row]
            shown, info = self._envs[lane].reset(seed=np.array([seeds[row]]))
            obs[row], self._lives[lane] = shown[0], info["lives"][0]

        rows = range(len(lanes))
        for _ in map(begin, rows) if self._pool is None else self._pool.map(begin, rows):
            pass
        self._steps[lanes] = 0
        return obs

    def step(self, lanes: Array, actions: Array) -> tuple[Array, Array, Array, Array]:
        n = len(lanes)
        actions = np.asarray(actions, np.int64)
        if np.min(actions) < 0 or np.max(actions) >= self._actions:  # the emulator would hang
            raise RunError(f"{self.env_id} has actions 0 to {self._actions - 1}, not {actions}")
        envs = [self._envs[lane] for lane in lanes]
        obs = np.empty((n, *OBSERVATION_SHAPE), np.uint8)
        rewards = np.empty(n, np.float64)
        terminated, truncated = np.empty(n, np.bool_), np.empty(n, np.bool_)

        def receive(row: int) -> None:
            shown, reward, ended, cut, info = envs[row].recv()
            obs[row], rewards[row] = shown[0], reward[0]
            terminated[row], truncated[row] = ended[0], cut[0]
            self._lives[lanes[row]] = info["lives"][0]

        at_once = self._at_once
        for row in range(n):
            if row >= at_once:
                receive(row - at_once)
            envs[row].send(actions[row : row + 1])
        for row in range(max(0, n - at_once), n):
            receive(row)
        self._steps[lanes] += 1
        truncated |= self._steps[lanes] >= self._cap
        self._count(n, int(np.count_nonzero(terminated | truncated)))
        return obs, rewards, terminated, truncated

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        self._envs = []  # their threads end with them


def make_game(conditions: AtariConditions, max_episode_steps: int) -> Any:
    """One native environment of one game. Every argument is named: ale-py's own defaults clip
    rewards and press fire. It would truncate an episode a decision after the lanes do: the frame
    that it shows where it truncates is an older one, and an agent may learn from that one."""
    from ale_py.vector_env import AtariVectorEnv  # 0.1 s, and only where a game is played

    return AtariVectorEnv(
        conditions.game,
        1,
        num_threads=1,
        max_num_frames_per_episode=(max_episode_steps + 1) * conditions.frame_skip,
        repeat_action_probability=conditions.sticky_actions,
        full_action_space=conditions.full_action_space,
        continuous=False,
        autoreset_mode="NextStep",  # lanes reset themselves before it could
        img_height=FRAME_SIZE,
        img_width=FRAME_SIZE,
        grayscale=True,
        stack_num=STACKED_FRAMES,
        frameskip=conditions.frame_skip,
        maxpool=conditions.max_over_frames == 2,
        noop_max=conditions.noop_max,
        episodic_life=False,
        life_loss_info=False,
        reward_clipping=False,
        use_fire_reset=False,
    )
