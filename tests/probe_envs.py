"""Environments that show what is done to them: registered on import, as `probe_envs:<id>`."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from rlbench.envs.lanes import CountedLanes
from rlbench.interfaces import ActionSpec, EnvFacts

COUNT_FILE = "RLBENCH_TEST_COUNT_FILE"
INTERRUPT_AT = "RLBENCH_TEST_INTERRUPT_AT"  # the step of the process that sends it SIGTERM
TELL_FILE = "RLBENCH_TEST_TELL_FILE"  # a pipe, to which a process writes its id when it hangs


class Counting(gym.Env[Any, Any]):
    """Episodes of 5 to 14 steps (by the reset seed); the return is the number of steps in which
    the first observation's sign was named. Each step of each process appends a byte to a file."""

    observation_space = spaces.Box(-1, 1, (3,), np.float32)
    action_space = spaces.Discrete(2)
    steps_in_process = 0  # counted with INTERRUPT_AT

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        assert seed is not None, "every episode begins with an explicit seed"
        super().reset(seed=seed)
        self._left = int(self.np_random.integers(5, 15))
        return self._observe(), {}

    def step(self, action: Any) -> Any:
        interrupt_at = os.environ.get(INTERRUPT_AT)
        if interrupt_at is not None:
            type(self).steps_in_process += 1
            if type(self).steps_in_process == int(interrupt_at):
                os.kill(os.getpid(), signal.SIGTERM)
        path = os.environ.get(COUNT_FILE)
        if path:
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(file, b".")
            os.close(file)
        reward = float((self._obs[0] > 0) == bool(action))
        self._left -= 1
        return self._observe(), reward, self._left == 0, False, {}

    def _observe(self) -> Any:
        self._obs = self.np_random.uniform(-1, 1, 3).astype(np.float32)
        return self._obs


class Moving(Counting):
    """Changes the working directory whenever it is made or reset."""

    def __init__(self) -> None:
        os.chdir("/")

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        os.chdir("/")
        return super().reset(seed=seed, options=options)


class Faulty(Counting):
    """Goes wrong in its `after`-th step, in the way that `fault` says."""

    def __init__(self, fault: str, after: int = 30) -> None:
        self._fault, self._after, self._steps = fault, after, 0

    def step(self, action: Any) -> Any:
        obs, reward, terminated, truncated, info = super().step(action)
        self._steps += 1
        if self._steps >= self._after:
            if self._fault == "raise":
                raise ValueError("the gears are stuck")
            if self._fault == "die":
                os._exit(7)
            if self._fault == "worker_dies" and multiprocessing.parent_process() is not None:
                os._exit(7)
            if self._fault == "exit":
                sys.exit(0)
            if self._fault == "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            if self._fault == "hang":
                hang()
            if self._fault == "observation":
                obs = np.array([0, np.nan, 0], np.float32)
            else:
                wrong = {"reward_nan": np.nan, "reward_inf": np.inf, "worker_dies": reward}
                reward = wrong[self._fault]
        return obs, reward, terminated, truncated, info


def hang() -> None:
    """Never return, whatever exceptions there are; and say so."""
    if TELL_FILE in os.environ:
        with open(os.environ[TELL_FILE], "w") as pipe:  # noqa: PTH123
            pipe.write(f"{os.getpid()}\n")
    while True:
        with contextlib.suppress(Exception):
            time.sleep(3600)


class Slow(Counting):
    """Takes a moment over each step."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def step(self, action: Any) -> Any:
        time.sleep(self._seconds)
        return super().step(action)


class Endless(Counting):
    """Never ends by itself, and registers no time limit."""

    def step(self, action: Any) -> Any:
        obs, reward, _, _, info = super().step(action)
        return obs, reward, False, False, info


class Mixed(gym.Env[Any, Any]):
    """Dict observations and MultiDiscrete actions; the reward counts the dimensions played as
    shown."""

    observation_space = spaces.Dict(
        {"shown": spaces.MultiDiscrete([2, 3]), "noise": spaces.Box(-1, 1, (2, 2))}
    )
    action_space = spaces.MultiDiscrete([2, 3])

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._left = 10
        return self._observe(), {}

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action)
        reward = float(np.sum(action == self._shown))
        self._left -= 1
        return self._observe(), reward, False, self._left == 0, {}

    def _observe(self) -> Any:
        self._shown = self.np_random.integers([2, 3])
        noise = self.np_random.uniform(-1, 1, (2, 2)).astype(np.float32)
        return {"shown": self._shown, "noise": noise}


class Carrying(Counting):
    """Its first observation of an episode remembers whether one was played before."""

    _episodes = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        obs, info = super().reset(seed=seed, options=options)
        self._episodes += 1
        obs[1] = 0.5 if self._episodes > 1 else -0.5
        return obs, info


class ShownLanes(CountedLanes):
    """Frames as Atari's lanes give them, of which the newest has its left or right half lit; the
    reward is 1 where the action named that half (0 left, 1 right). Episodes have 20 steps."""

    facts = EnvFacts("Shown", (4, 84, 84), ActionSpec("discrete", (2,)), 20)

    def __init__(self, num_lanes: int) -> None:
        super().__init__("Shown", num_lanes)
        self._rngs = [np.random.default_rng(0)] * num_lanes
        self._obs = np.zeros((num_lanes, 4, 84, 84), np.uint8)
        self._side = np.zeros(num_lanes, np.int64)
        self._steps = np.zeros(num_lanes, np.int64)

    def reset(self, lanes: Any, seeds: Any) -> Any:
        for lane, seed in zip(lanes, seeds, strict=True):
            self._rngs[lane] = np.random.default_rng(seed)
        self._obs[lanes], self._steps[lanes] = 0, 0
        return self._show(lanes)

    def step(self, lanes: Any, actions: Any) -> Any:
        rewards = (np.asarray(actions) == self._side[lanes]).astype(np.float64)
        self._steps[lanes] += 1
        truncated = self._steps[lanes] == self.facts.max_episode_steps
        self._count(len(lanes), int(truncated.sum()))
        return self._show(lanes), rewards, np.zeros(len(lanes), np.bool_), truncated

    def close(self) -> None:
        pass

    def _show(self, lanes: Any) -> Any:
        for lane in lanes:
            self._obs[lane, :3] = self._obs[lane, 1:]
            self._side[lane] = self._rngs[lane].integers(2)
            frame = self._obs[lane, 3].reshape(84, 2, 42)
            frame[:] = 0
            frame[:, self._side[lane]] = 200
        return self._obs[lanes].copy()


gym.register("Counting-v0", Counting, reward_threshold=8.0, max_episode_steps=100)
gym.register("Faulty-v0", Faulty, max_episode_steps=100)
gym.register("Moving-v0", Moving, reward_threshold=8.0, max_episode_steps=100)
gym.register("Endless-v0", Endless)
gym.register("Slow-v0", Slow, max_episode_steps=100)
gym.register("Mixed-v0", Mixed)
gym.register("Carrying-v0", Carrying, max_episode_steps=100)
