"""Gymnasium's MuJoCo tasks (version 5) in lanes: the simulator steps one lane after another, and
what the task makes of its state is computed for all lanes in arrays.

A quarter of a step of HalfCheetah-v5 in Gymnasium is such Python; it gives the same bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec

from rlbench.envs.lanes import CountedLanes
from rlbench.envs.mujoco_tasks import TASKS, Fields, MujocoTask, Stepped
from rlbench.envs.single import GymnasiumFamily, SingleEnvs
from rlbench.envs.spaces import action_adapter, observation_adapter
from rlbench.interfaces import Array
from rlbench.settings import EnvSettings


class MujocoFamily(GymnasiumFamily):
    """Gymnasium's environments on MuJoCo, of which `TASKS` have lanes that share a model."""

    def __init__(self, spec: EnvSpec, settings: EnvSettings) -> None:
        super().__init__(spec, settings)
        # With other settings than the registered ones, Gymnasium itself steps the environment.
        changed = settings.kwargs or spec.kwargs or spec.additional_wrappers
        self.task = None if changed else TASKS.get(str(spec.entry_point))
        # Each model has a large state (`scripts/bench lanes_in_turn`); the lanes of a task share
        # one, and lose nothing by being many.
        self.lock_step_lanes = 16 if self.task is None else None

    def builder(self, single: SingleEnvs) -> MujocoTasks | None:
        return None if self.task is None else MujocoTasks(single, str(self.spec.entry_point))


@dataclass(frozen=True)
class MujocoTasks:
    """Builds lanes of a task; `entry_point` is its key in `TASKS`."""

    single: SingleEnvs
    entry_point: str

    def lanes(self, num_lanes: int, max_episode_steps: int, threads: int | None) -> MujocoLanes:
        make = functools.partial(self.single.make, max_episode_steps)
        task = TASKS[self.entry_point]
        return MujocoLanes(make, task, self.single.env_id, num_lanes, max_episode_steps)


class MujocoLanes(CountedLanes):
    """`num_lanes` states of one model. Resets are the environment's own, which is lent the state of
    the lane."""

    def __init__(
        self,
        make: Callable[[], gym.Env[Any, Any]],
        task: MujocoTask,
        env_id: str,
        num_lanes: int,
        max_episode_steps: int,
    ) -> None:
        import mujoco

        super().__init__(env_id, num_lanes)
        self._env, self._task, self._cap = make(), task, max_episode_steps
        # Gymnasium declares less of its attributes than it lets others use.
        owner: Any = self._env.unwrapped
        self._owner, self._model, self._frame_skip = owner, owner.model, owner.frame_skip
        self._data = [mujoco.MjData(self._model) for _ in range(num_lanes)]
        self._simulate, self._contact_forces = mujoco.mj_step, mujoco.mj_rnePostConstraint
        # Views of the simulator's memory, which stays where it is: to ask for one takes longer.
        self._controls = [data.ctrl for data in self._data]
        self._views = {
            name: [getattr(data, name).reshape(-1) for data in self._data] for name in task.fields
        }
        self._x = np.zeros(num_lanes)
        self._elapsed = np.zeros(num_lanes, np.int64)
        self._shape, _ = observation_adapter(self._env.observation_space, env_id)
        _, self._to_env = action_adapter(self._env.action_space, env_id)

    def reset(self, lanes: Array, seeds: Array) -> Array:
        index = lanes.tolist()
        obs = np.empty((len(index), *self._shape), np.float32)
        for row, (lane, seed) in enumerate(zip(index, seeds.tolist(), strict=True)):
            self._owner.data = self._data[lane]
            try:
                obs[row] = self._env.reset(seed=seed)[0]
            except Exception as error:
                raise self._raised("reset", error) from error
        self._x[lanes] = self._task.x(self._model, self._fields(index))
        self._elapsed[lanes] = 0
        self._check_finite("an observation", obs)
        return obs

    def step(self, lanes: Array, actions: Array) -> tuple[Array, Array, Array, Array]:
        index, controls = lanes.tolist(), np.asarray(self._to_env(actions))
        model, frame_skip, simulate = self._model, self._frame_skip, self._simulate
        simulated = 0
        try:
            for lane, control in zip(index, controls, strict=True):
                simulated += 1
                self._controls[lane][:] = control
                simulate(model, self._data[lane], frame_skip)
                if self._task.contact_forces:
                    self._contact_forces(model, self._data[lane])
        except Exception as error:
            self._count(simulated, 0)
            raise self._raised("step", error) from error
        fields = self._fields(index)
        x = self._task.x(model, fields)
        after = Stepped(fields, controls, (x - self._x[lanes]) / self._owner.dt)
        obs, rewards, terminated = self._task.outcome(after)
        self._x[lanes] = x
        self._elapsed[lanes] += 1
        truncated = self._elapsed[lanes] >= self._cap
        self._count(len(index), int(np.count_nonzero(terminated | truncated)))
        self._check_finite("a reward", rewards)
        self._check_finite("an observation", obs)
        return obs, rewards, terminated, truncated

    def close(self) -> None:
        self._env.close()

    def _fields(self, index: list[int]) -> Fields:
        found = {}
        for name, views in self._views.items():
            found[name] = np.concatenate([views[lane] for lane in index]).reshape(len(index), -1)
        return found
