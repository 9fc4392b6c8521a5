"""What Gymnasium's MuJoCo tasks (version 5) make of the simulator's state, for many lanes at once.

Each formula repeats Gymnasium's in arrays, in the same order and precision, and gives the same
bytes (tested).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlbench.interfaces import Array

VELOCITY_CLIP = 10.0  # of Hopper, Walker2d and InvertedDoublePendulum

Fields = Mapping[str, Array]  # of mjData, each [n, size]


@dataclass(frozen=True)
class Stepped:
    """n lanes after a step. actions: [n, D] float32, clipped; x_velocity: [n], of the step."""

    fields: Fields
    actions: Array
    x_velocity: Array


def _first_joint(model: Any, fields: Fields) -> Array:
    return fields["qpos"][:, 0]


@dataclass(frozen=True)
class MujocoTask:
    """A task with Gymnasium's own settings.

    outcome: observations [n, size] float32, rewards [n] and terminations [n] after a step.
    fields: what it reads of mjData. x: the position along the track, [n]. contact_forces: whether
    it reads forces that MuJoCo computes only on request.
    """

    outcome: Callable[[Stepped], tuple[Array, Array, Array]]
    fields: tuple[str, ...] = ("qpos", "qvel")
    x: Callable[[Any, Fields], Array] = _first_joint
    contact_forces: bool = False


def _inverted_pendulum(now: Stepped) -> tuple[Array, Array, Array]:
    obs = _state(now)
    fallen = ~np.isfinite(obs).all(axis=1) | (np.abs(now.fields["qpos"][:, 1]) > 0.2)
    return obs, (~fallen).astype(np.float64), fallen


def _inverted_double_pendulum(now: Stepped) -> tuple[Array, Array, Array]:
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


def _swimmer(now: Stepped) -> tuple[Array, Array, Array]:
    return _state(now, 2), now.x_velocity - _control_cost(1e-4, now.actions), _never(now)


def _half_cheetah(now: Stepped) -> tuple[Array, Array, Array]:
    return _state(now, 1), now.x_velocity - _control_cost(0.1, now.actions), _never(now)


def _hopper(now: Stepped) -> tuple[Array, Array, Array]:
    qpos, qvel = now.fields["qpos"], now.fields["qvel"]
    bent = np.concatenate((qpos[:, 2:], qvel), axis=1)
    healthy = (np.abs(bent) < 100).all(axis=1) & (qpos[:, 1] > 0.7) & (np.abs(qpos[:, 2]) < 0.2)
    return _legs(now, healthy)


def _walker2d(now: Stepped) -> tuple[Array, Array, Array]:
    z, angle = now.fields["qpos"][:, 1], now.fields["qpos"][:, 2]
    return _legs(now, (z > 0.8) & (z < 2.0) & (np.abs(angle) < 1.0))


def _legs(now: Stepped, healthy: Array) -> tuple[Array, Array, Array]:
    qpos, qvel = now.fields["qpos"], now.fields["qvel"]
    obs = np.concatenate(
        (qpos[:, 1:], _clipped(qvel)), axis=1, dtype=np.float32, casting="same_kind"
    )
    return obs, now.x_velocity + healthy - _control_cost(1e-3, now.actions), ~healthy


def _ant(now: Stepped) -> tuple[Array, Array, Array]:
    qpos, qvel = now.fields["qpos"], now.fields["qvel"]
    forces = np.clip(now.fields["cfrc_ext"], -1, 1)
    obs = np.concatenate(
        (qpos[:, 2:], qvel, forces[:, 6:]), axis=1, dtype=np.float32, casting="same_kind"
    )
    healthy = np.isfinite(qpos).all(axis=1) & np.isfinite(qvel).all(axis=1)
    healthy &= (qpos[:, 2] >= 0.2) & (qpos[:, 2] <= 1.0)
    costs = _control_cost(0.5, now.actions) + 5e-4 * np.square(forces).sum(axis=1)
    return obs, now.x_velocity + healthy - costs, ~healthy


def _humanoid(now: Stepped) -> tuple[Array, Array, Array]:
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


def _state(now: Stepped, skipped: int = 0) -> Array:
    """Positions, but for the first `skipped`, and velocities."""
    parts = (now.fields["qpos"][:, skipped:], now.fields["qvel"])
    return np.concatenate(parts, axis=1, dtype=np.float32, casting="same_kind")


def _clipped(velocities: Array) -> Array:
    return np.clip(velocities, -VELOCITY_CLIP, VELOCITY_CLIP)


def _control_cost(weight: float, actions: Array) -> Array:
    """[n], in the precision of `actions`, as Gymnasium has it."""
    cost: Array = weight * np.square(actions).sum(axis=1)
    return cost


def _never(now: Stepped) -> Array:
    return np.zeros(len(now.x_velocity), np.bool_)


TASKS = {
    f"gymnasium.envs.mujoco.{name}": task
    for name, task in {
        "inverted_pendulum_v5:InvertedPendulumEnv": MujocoTask(_inverted_pendulum),
        "inverted_double_pendulum_v5:InvertedDoublePendulumEnv": MujocoTask(
            _inverted_double_pendulum, ("qpos", "qvel", "qfrc_constraint", "site_xpos")
        ),
        "swimmer_v5:SwimmerEnv": MujocoTask(_swimmer),
        "hopper_v5:HopperEnv": MujocoTask(_hopper),
        "half_cheetah_v5:HalfCheetahEnv": MujocoTask(_half_cheetah),
        "walker2d_v5:Walker2dEnv": MujocoTask(_walker2d),
        "ant_v5:AntEnv": MujocoTask(
            _ant,
            ("qpos", "qvel", "cfrc_ext", "xpos"),
            _torso,
            contact_forces=True,
        ),
        "humanoid_v5:HumanoidEnv": MujocoTask(
            _humanoid,
            ("qpos", "qvel", "cinert", "cvel", "qfrc_actuator", "cfrc_ext", "xipos", "ctrl"),
            _mass_centre,
            contact_forces=True,
        ),
    }.items()
}
