"""Lanes: single Gymnasium environments stepped in lock-step and counted."""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.wrappers import OrderEnforcing, TimeLimit

from rlbench.envs.spaces import action_adapter, observation_adapter
from rlbench.errors import RlbenchError, RunError, StuckError
from rlbench.interfaces import Array, Counts


class CountedLanes:
    """What all lanes share: the counts, and the check that an environment gave finite numbers."""

    lives: Array | None = None

    def __init__(self, env_id: str, num_lanes: int) -> None:
        self.env_id, self.num_lanes = env_id, num_lanes
        self.counts = Counts()
        self._counting = True

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        self._counting = False
        try:
            yield
        finally:
            self._counting = True

    def _count(self, steps: int, ended: int) -> None:
        if self._counting:
            self.counts.env_steps += steps
            self.counts.episodes += ended

    def _check_finite(self, what: str, values: Array) -> None:
        # A sum is not finite exactly when a term is not (or it overflows, which is no better).
        # math's isfinite, as NumPy's takes longer for one number, and this runs at every step.
        if not math.isfinite(np.add.reduce(values, axis=None)):
            bad = values[~np.isfinite(values)]
            shown = bad[0] if bad.size else "values that overflow when added"
            raise RunError(f"environment {self.env_id} gave {what} that is not finite: {shown}")

    def _raised(self, call: str, error: BaseException) -> RlbenchError:
        if isinstance(error, RlbenchError):
            return error
        return RunError(
            f"environment {self.env_id} raised {type(error).__name__} in {call}: {error}"
        )


class SingleEnvLanes(CountedLanes):
    """One Gymnasium environment a lane.

    max_episode_steps: the time limit of what `make` builds; the lanes keep it themselves.
    fresh_each_episode: build a lane's environment again at every reset, for environments that
    carry something over from a discarded episode (see `probe.carries_over`).
    images: hand out observations as they are, which are images (see `EnvFacts`); else flat.
    """

    def __init__(
        self,
        make: Callable[[], gym.Env[Any, Any]],
        env_id: str,
        num_lanes: int,
        max_episode_steps: int,
        fresh_each_episode: bool = False,
        images: bool = False,
    ) -> None:
        super().__init__(env_id, num_lanes)
        self._make, self._fresh = make, fresh_each_episode
        self._cap, self._elapsed = max_episode_steps, [0] * num_lanes
        self._envs: list[gym.Env[Any, Any]] = []
        for _ in range(num_lanes):
            self._envs.append(self._build())
        self._steps = [_step_of(env) for env in self._envs]
        env = self._envs[0]
        self._shape, self._observe = observation_adapter(env.observation_space, env_id, images)
        self._dtype = np.uint8 if images else np.float32
        _, self._to_env = action_adapter(env.action_space, env_id)

    def reset(self, lanes: Array, seeds: Array) -> Array:
        obs = np.empty((len(lanes), *self._shape), self._dtype)
        for row, (lane, seed) in enumerate(zip(lanes.tolist(), seeds.tolist(), strict=True)):
            if self._fresh:
                close_quietly(self._envs[lane])
                self._envs[lane] = self._build()
                self._steps[lane] = _step_of(self._envs[lane])
            try:
                obs[row] = self._observe(self._envs[lane].reset(seed=seed)[0])
                self._elapsed[lane] = 0
            except (KeyboardInterrupt, StuckError):
                raise
            except BaseException as error:  # a stranger's code may raise anything, even SystemExit
                raise self._raised("reset", error) from error
        self._check_finite("an observation", obs)
        return obs

    def step(self, lanes: Array, actions: Array) -> tuple[Array, Array, Array, Array]:
        obs = np.empty((len(lanes), *self._shape), self._dtype)
        # Three flat lists: NumPy takes ten times as long over a list of tuples.
        rewards: list[float] = []
        terminated: list[bool] = []
        truncated: list[bool] = []
        steps, observe, elapsed, cap = self._steps, self._observe, self._elapsed, self._cap
        try:
            for row, (lane, action) in enumerate(
                zip(lanes.tolist(), self._to_env(actions), strict=True)
            ):
                raw, reward, ended, cut, _ = steps[lane](action)
                obs[row] = observe(raw)
                rewards.append(reward)
                terminated.append(ended)
                elapsed[lane] += 1
                truncated.append(cut or elapsed[lane] >= cap)
        except (KeyboardInterrupt, StuckError):
            raise
        except BaseException as error:
            self._count(min(len(truncated) + 1, len(lanes)), 0)
            raise self._raised("step", error) from error
        try:
            columns = (
                np.array(rewards, np.float64),
                np.array(terminated, np.bool_),
                np.array(truncated, np.bool_),
            )
            ends = int(sum(map(operator.or_, terminated, truncated)))
            finite = math.isfinite(sum(rewards))
            flat = columns[0].ndim == columns[1].ndim == columns[2].ndim == 1
        except (TypeError, ValueError, OverflowError):
            flat = False
        if not flat:
            self._count(len(lanes), 0)
            raise self._wrong_type(rewards, terminated, truncated)
        self._count(len(lanes), ends)
        if not finite:
            self._check_finite("a reward", columns[0])
        self._check_finite("an observation", obs)
        return obs, *columns

    def picture(self, lane: int) -> Array:
        """What a lane's environment shows, [height, width, 3] uint8, where it was made with
        `render_mode="rgb_array"`. Raises RunError where that is no picture."""
        try:
            shown = np.asarray(self._envs[lane].render())
        except (KeyboardInterrupt, StuckError):
            raise
        except BaseException as error:
            raise self._raised("render", error) from error
        if shown.ndim != 3 or shown.shape[2] != 3 or shown.dtype != np.uint8:
            given = f"{shown.dtype} {list(shown.shape)}"
            raise RunError(f"environment {self.env_id} shows no picture in colours, but {given}")
        return shown

    def close(self) -> None:
        for env in self._envs:
            close_quietly(env)
        self._envs, self._steps = [], []  # some free what they hold only when they are gone

    def _build(self) -> gym.Env[Any, Any]:
        try:
            return self._make()
        except (KeyboardInterrupt, StuckError):
            raise
        except BaseException as error:
            raise self._raised("its constructor", error) from error

    def _wrong_type(
        self, rewards: list[Any], terminated: list[Any], truncated: list[Any]
    ) -> RunError:
        """The error for the first value of a step that is of another type than it should be."""
        numbers, flags = (int, float, np.number, np.bool_), (bool, np.bool_)
        expected: list[tuple[str, list[Any], tuple[type, ...], str]]
        expected = [("a reward", rewards, numbers, "a number")]
        expected += [
            (what, values, flags, "true or false")
            for what, values in (("terminated", terminated), ("truncated", truncated))
        ]
        for what, values, kinds, takes in expected:
            for value in values:
                if not isinstance(value, kinds):
                    given = f"{what} of type {type(value).__name__}, and {takes} is taken"
                    return RunError(f"environment {self.env_id} gave {given}")
        return RunError(f"environment {self.env_id} gave a reward that no float holds")


def close_quietly(env: gym.Env[Any, Any]) -> None:
    """Close an environment that is not needed any more; what it raises then changes nothing."""
    with contextlib.suppress(Exception, SystemExit):
        env.close()


def _step_of(env: gym.Env[Any, Any]) -> Callable[[Any], Any]:
    """`env.step` without TimeLimit and OrderEnforcing: the lanes do both jobs. The wrappers take
    some 3 % of a step of LunarLander-v3."""
    for wrapper in (TimeLimit, OrderEnforcing):
        if type(env) is wrapper:
            env = env.env
    return env.step
