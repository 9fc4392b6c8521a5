"""Catch in lanes: all games in three arrays, with the same results as one game after another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from gymnasium.envs.registration import EnvSpec

from rlbench.envs.family import EnvPlan, Family
from rlbench.envs.lanes import CountedLanes
from rlbench.interfaces import ActionSpec, Array, EnvFacts
from rlbench.settings import EnvSettings
from rlbench_example.catch import COLUMNS, ROWS


class CatchFamily(Family):
    """Catch without further arguments."""

    native_vector = True  # a worker process would gain nothing

    @classmethod
    def claims(cls, spec: EnvSpec, settings: EnvSettings) -> bool:
        return spec.id == "Catch-v0" and not settings.kwargs

    def plan(self) -> EnvPlan:
        facts = EnvFacts(
            id=self.settings.id,
            observation_shape=(3,),
            action=ActionSpec("discrete", (3,)),
            max_episode_steps=self.max_episode_steps(),
            native_vector=True,
        )
        return EnvPlan(facts, CatchGames(self.settings.id), *self.levels())


@dataclass(frozen=True)
class CatchGames:
    """Builds lanes of Catch."""

    env_id: str

    def lanes(self, num_lanes: int, max_episode_steps: int, threads: int | None) -> CatchLanes:
        return CatchLanes(self.env_id, num_lanes, max_episode_steps)


class CatchLanes(CountedLanes):
    """`num_lanes` games."""

    def __init__(self, env_id: str, num_lanes: int, max_episode_steps: int) -> None:
        super().__init__(env_id, num_lanes)
        self._cap = max_episode_steps
        self._paddle, self._ball, self._row = np.zeros((3, num_lanes), np.int64)

    def reset(self, lanes: Array, seeds: Array) -> Array:
        self._paddle[lanes], self._row[lanes] = COLUMNS // 2, 0
        # The generator that Gymnasium's `reset(seed=seed)` makes.
        self._ball[lanes] = [np.random.default_rng(seed).integers(COLUMNS) for seed in seeds]
        return self._observe(lanes)

    def step(self, lanes: Array, actions: Array) -> tuple[Array, Array, Array, Array]:
        self._paddle[lanes] = np.clip(self._paddle[lanes] + actions - 1, 0, COLUMNS - 1)
        self._row[lanes] += 1
        terminated = self._row[lanes] == ROWS
        caught = np.where(self._paddle[lanes] == self._ball[lanes], 1.0, -1.0)
        truncated = self._row[lanes] >= self._cap
        self._count(len(lanes), int(np.count_nonzero(terminated | truncated)))
        return self._observe(lanes), np.where(terminated, caught, 0.0), terminated, truncated

    def close(self) -> None:
        pass

    def _observe(self, lanes: Array) -> Array:
        columns = COLUMNS - 1
        place = self._paddle[lanes] / columns, self._ball[lanes] / columns, self._row[lanes] / ROWS
        return np.stack(place, axis=1).astype(np.float32)
