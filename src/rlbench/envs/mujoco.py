"""Gymnasium's robotics tasks (MuJoCo, version 5) in lanes: the simulator steps one lane after
another, and what the task makes of its state is computed for all lanes in arrays.

A quarter of a step of HalfCheetah-v5 in Gymnasium is such Python; it gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec

from rlbench.envs.lanes import CountedLanes
from rlbench.envs.spaces import action_adapter, observation_adapter
from rlbench.interfaces import Array
from rlbench.settings import EnvSettings

VELOCITY_CLIP = 10.0  # of Hopper, Walker2d and InvertedDoublePendulum

Fields = Mapping[str, Array]  # of mjData, each [n, size]


@dataclass(frozen=True)
class Moment:
    """n lanes after a step. actions: [n, D] float32, clipped; x_velocity: [n], of the step."""

    fields: Fields
    actions: Array
    x_velocity: Array


def _first_joint(model: Any, fields: Fields) -> Array:
    return fields["qpos"][:, 0]


@dataclass(frozen=True)
class Robot:
    """A task with Gymnasium's own settings.

    outcome: observations [n, size] float32, rewards [n] and terminations [n] of a moment.
    fields: what it reads of mjData. x: where the robot is, [n]. contact_forces: whether it reads
    forces that MuJoCo computes only when told to.
    """

    outcome: Callable[[Moment], tuple[Array, Array, Array]]
    fields: tuple[str, ...] = ("qpos", "qvel")
    x: Callable[[Any, Fields], Array] = _first_joint
    contact_forces: bool = False


class MujocoLanes(CountedLanes):
    """`num_lanes` states of one model. Resets are the environment's own, which is lent the state of
    the lane."""

    def __init__(
        self,
        make: Callable[[], gym.Env[Any, Any]],
        robot: Robot,
        env_id: str,
        num_lanes: int,
        max_episode_steps: int,
    ) -> None:
        import mujoco

        super().__init__(env_id, num_lanes)
        self._env, self._robot, self._cap = make(), robot, max_episode_steps
        # Gymnasium declares less of its attributes than it lets others use.
        owner: Any = self._env.unwrapped
        self._owner, self._model, self._frame_skip = owner, owner.model, owner.frame_skip
        self._data = [mujoco.MjData(self._model) for _ in range(num_lanes)]
        self._simulate, self._contact_forces = mujoco.mj_step, mujoco.mj_rnePostConstraint
        # Views of the simulator's memory, which stays where it is: to ask for one takes longer.
        self._controls = [data.ctrl for data in self._data]
        self._views = {
            name: [getattr(data, name).reshape(-1) for data in self._data] for name in robot.fields
        }
        self._x = np.zeros(num_lanes)
        self._elapsed = np.zeros(num_lanes, np.int64)
        self._size, _ = observation_adapter(self._env.observation_space, env_id)
        _, self._to_env = action_adapter(self._env.action_space, env_id)

    def reset(self, lanes: Array, seeds: Array) -> Array:
        index = lanes.tolist()
        obs = np.empty((len(index), self._size), np.float32)
        for row, (lane, seed) in enumerate(zip(index, seeds.tolist(), strict=True)):
            self._owner.data = self._data[lane]
            try:
                obs[row] = self._env.reset(seed=seed)[0]
            except Exception as error:
                raise self._raised("reset", error) from error
        self._x[lanes] = self._robot.x(self._model, self._fields(index))
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
                if self._robot.contact_forces:
                    self._contact_forces(model, self._data[lane])
        except Exception as error:
            self._count(simulated, 0)
            raise self._raised("step", error) from error
        fields = self._fields(index)
        x = self._robot.x(model, fields)
        moment = Moment(fields, controls, (x - self._x[lanes]) / self._owner.dt)
        obs, rewards, terminated = self._robot.outcome(moment)
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


def robot_of(spec: EnvSpec, settings: EnvSettings) -> Robot | None:
    """The task of an environment, or None: another environment, or settings of one's own."""
    if settings.kwargs or spec.kwargs or spec.additional_wrappers:
        return None
    return ROBOTS.get(str(spec.entry_point))


def _inverted_pendulum(now: Moment) -> tuple[Array, Array, Array]:
    obs = _state(now)
    fallen = ~np.isfinite(obs).all(axis=1) | (np.abs(now.fields["qpos"][:, 1]) > 0.2)
    return obs, (~fallen).astype(np.float64), fallen


def _inverted_double_pendulum(now: Moment) -> tuple[Array, Array, Array]:
    qpos, qvel, force, tip = (
        now.fields[name] for name in ("qpos", "qvel", "qfrc_constraint", "site_xpos")
    )
    angles = np.ascontiguousarray(qpos[:, 1:])
    obs = np.concatenate(
        (qpos[:, :1], np.sin(angles), np.cos(angles), _clipped(qvel), _clipped(force[:, :1])),
        axis=1, dtype=np.float32, casting="same_kind",
    )  # fmt: skip
    fallen = tip[:, 2] <= 1
    # Gymnasium's numbers are single, and the C library's power of one is not NumPy's of many.
    penalties = [
        (0.01 * x**2 + (y - 2) ** 2, 1e-3 * v1**2 + 5e-3 * v2**2)
        for (x, _, y), (_, v1, v2) in zip(tip[:, :3].tolist(), qvel.tolist(), strict=True)
    ]
    distance, velocity = np.array(penalties).T
    return obs, 10.0 * ~fallen - distance - velocity, fallen


def _swimmer(now: Moment) -> tuple[Array, Array, Array]:
    return _state(now, 2), now.x_velocity - _control_cost(1e-4, now.actions), _never(now)


def _half_cheetah(now: Moment) -> tuple[Array, Array, Array]:
    return _state(now, 1), now.x_velocity - _control_cost(0.1, now.actions), _never(now)


def _hopper(now: Moment) -> tuple[Array, Array, Array]:
    qpos, qvel = now.fields["qpos"], now.fields["qvel"]
    bent = np.concatenate((qpos[:, 2:], qvel), axis=1)
    healthy = (np.abs(bent) < 100).all(axis=1) & (qpos[:, 1] > 0.7) & (np.abs(qpos[:, 2]) < 0.2)
    return _legs(now, healthy)


def _walker2d(now: Moment) -> tuple[Array, Array, Array]:
    z, angle = now.fields["qpos"][:, 1], now.fields["qpos"][:, 2]
    return _legs(now, (z > 0.8) & (z < 2.0) & (np.abs(angle) < 1.0))


def _legs(now: Moment, healthy: Array) -> tuple[Array, Array, Array]:
    qpos, qvel = now.fields["qpos"], now.fields["qvel"]
    obs = np.concatenate(
        (qpos[:, 1:], _clipped(qvel)), axis=1, dtype=np.float32, casting="same_kind"
    )
    return obs, now.x_velocity + healthy - _control_cost(1e-3, now.actions), ~healthy


def _ant(now: Moment) -> tuple[Array, Array, Array]:
    qpos, qvel = now.fields["qpos"], now.fields["qvel"]
    forces = np.clip(now.fields["cfrc_ext"], -1, 1)
    obs = np.concatenate(
        (qpos[:, 2:], qvel, forces[:, 6:]), axis=1, dtype=np.float32, casting="same_kind"
    )
    healthy = np.isfinite(qpos).all(axis=1) & np.isfinite(qvel).all(axis=1)
    healthy &= (qpos[:, 2] >= 0.2) & (qpos[:, 2] <= 1.0)
    costs = _control_cost(0.5, now.actions) + 5e-4 * np.square(forces).sum(axis=1)
    return obs, now.x_velocity + healthy - costs, ~healthy


def _humanoid(now: Moment) -> tuple[Array, Array, Array]:
    fields = now.fields
    qpos, forces = fields["qpos"], fields["cfrc_ext"]
    # The first body is the world, the first six of the velocities are not driven.
    rows = (qpos[:, 2:], fields["qvel"], fields["cinert"][:, 10:], fields["cvel"][:, 6:],
            fields["qfrc_actuator"][:, 6:], forces[:, 6:])  # fmt: skip
    obs = np.concatenate(rows, axis=1, dtype=np.float32, casting="same_kind")
    healthy = (qpos[:, 2] > 1.0) & (qpos[:, 2] < 2.0)
    costs = _control_cost(0.1, fields["ctrl"])
    costs += np.minimum(5e-7 * np.square(forces).sum(axis=1), 10.0)
    return obs, 1.25 * now.x_velocity + 5.0 * healthy - costs, ~healthy


def _torso(model: Any, fields: Fields) -> Array:
    x: Array = fields["xpos"][:, 3]  # of the first body after the world
    return x


def _mass_centre(model: Any, fields: Fields) -> Array:
    """x of the centre of mass, a lane at a time: NumPy adds up in another order for many."""
    mass = model.body_mass
    places = fields["xipos"].reshape(-1, len(mass), 3)
    centres = np.array([np.einsum("b,bj->j", mass, place)[0] for place in places])
    x: Array = centres / mass.sum()
    return x


def _state(now: Moment, skipped: int = 0) -> Array:
    """Positions, but for the first `skipped`, and velocities."""
    parts = (now.fields["qpos"][:, skipped:], now.fields["qvel"])
    return np.concatenate(parts, axis=1, dtype=np.float32, casting="same_kind")


def _clipped(velocities: Array) -> Array:
    return np.clip(velocities, -VELOCITY_CLIP, VELOCITY_CLIP)


def _control_cost(weight: float, actions: Array) -> Array:
    """[n], in the precision of `actions`, as Gymnasium has it."""
    cost: Array = weight * np.square(actions).sum(axis=1)
    return cost


def _never(now: Moment) -> Array:
    return np.zeros(len(now.x_velocity), np.bool_)


ROBOTS = {
    f"gymnasium.envs.mujoco.{name}": robot
    for name, robot in {
        "inverted_pendulum_v5:InvertedPendulumEnv": Robot(_inverted_pendulum),
        "inverted_double_pendulum_v5:InvertedDoublePendulumEnv": Robot(
            _inverted_double_pendulum, ("qpos", "qvel", "qfrc_constraint", "site_xpos")
        ),
        "swimmer_v5:SwimmerEnv": Robot(_swimmer),
        "hopper_v5:HopperEnv": Robot(_hopper),
        "half_cheetah_v5:HalfCheetahEnv": Robot(_half_cheetah),
        "walker2d_v5:Walker2dEnv": Robot(_walker2d),
        "ant_v5:AntEnv": Robot(
            _ant,
            ("qpos", "qvel", "cfrc_ext", "xpos"),
            _torso,
            contact_forces=True,
        ),
        "humanoid_v5:HumanoidEnv": Robot(
            _humanoid,
            ("qpos", "qvel", "cinert", "cvel", "qfrc_actuator", "cfrc_ext", "xipos", "ctrl"),
            _mass_centre,
            contact_forces=True,
        ),
    }.items()
}
