"""Lanes of one Atari game from pixels."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rlbench.envs.atari_games import OBSERVATION_SHAPE, AtariConditions, make_game
from rlbench.envs.lanes import CountedLanes
from rlbench.errors import RunError
from rlbench.interfaces import Array

RESETTING_THREADS = 8  # at most; a native game takes a tenth of a second, as it is loaded again


class AtariLanes(CountedLanes):
    """`num_lanes` games: native ones, each with its own thread, or where one lane is stepped at a
    time such as begin from a kept state (see `atari_games`).

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
        at_once = num_lanes if threads is None else max(1, min(threads, num_lanes))
        self._at_once = at_once = 1 if _has_one_core() else at_once
        self._games = [
            make_game(conditions, max_episode_steps, alone=at_once == 1) for _ in range(num_lanes)
        ]
        self._cap, self._steps = max_episode_steps, np.zeros(num_lanes, np.int64)
        self._pool: ThreadPoolExecutor | None = None
        if at_once > 1:
            self._pool = ThreadPoolExecutor(min(at_once, RESETTING_THREADS))
        self._actions = self._games[0].actions
        self.lives = self._lives = np.zeros(num_lanes, np.int64)

    def reset(self, lanes: Array, seeds: Array) -> Array:
        obs = np.empty((len(lanes), *OBSERVATION_SHAPE), np.uint8)

        def begin(row: int) -> None:
            lane = lanes[row]
            obs[row], self._lives[lane] = self._games[lane].reset(int(seeds[row]))

        rows = range(len(lanes))
        for _ in map(begin, rows) if self._pool is None else self._pool.map(begin, rows):
            pass
        self._steps[lanes] = 0
        return obs

    def step(self, lanes: Array, actions: Array) -> tuple[Array, Array, Array, Array]:
        n = len(lanes)
        actions = np.asarray(actions, np.int64)
        if np.min(actions) < 0 or np.max(actions) >= self._actions:  # a native game would hang
            raise RunError(f"{self.env_id} has actions 0 to {self._actions - 1}, not {actions}")
        games = [self._games[lane] for lane in lanes]
        obs = np.empty((n, *OBSERVATION_SHAPE), np.uint8)
        rewards, terminated = np.empty(n, np.float64), np.empty(n, np.bool_)

        def receive(row: int) -> None:
            obs[row], rewards[row], terminated[row], lives = games[row].receive()
            self._lives[lanes[row]] = lives

        at_once = self._at_once
        for row in range(n):
            if row >= at_once:
                receive(row - at_once)
            games[row].send(int(actions[row]))
        for row in range(max(0, n - at_once), n):
            receive(row)
        self._steps[lanes] += 1
        truncated = self._steps[lanes] >= self._cap
        self._count(n, int(np.count_nonzero(terminated | truncated)))
        return obs, rewards, terminated, truncated

    def picture(self, lane: int) -> Array:
        """The screen of a lane, [height, width, 3] uint8."""
        return self._games[lane].picture()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        self._games = []  # native games' threads end with them


def _has_one_core() -> bool:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) == 1
    return os.cpu_count() == 1
