"""A lane that can be looked at, with the same episodes as those that are trained on."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any, Protocol

import gymnasium as gym

from rlbench.envs.atari import AtariObservationsFamily
from rlbench.envs.atari_lanes import AtariLanes
from rlbench.envs.family import EnvPlan, Family
from rlbench.envs.lanes import SingleEnvLanes
from rlbench.envs.single import GymnasiumFamily
from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import Array, Lanes

PICTURES_PER_S = 30.0  # where an environment does not say how fast it is
EMULATOR_FRAMES_PER_S = 60.0
FASTEST_PER_S = 240.0  # of what an environment says that is believed
CAMERA_KWARGS = {"camera_id", "camera_name", "default_camera_config"}
FOLLOWING = "track"  # the camera of that name in Gymnasium's models


class Pictured(Lanes, Protocol):
    """Lanes with pictures."""

    def picture(self, lane: int) -> Array:
        """What a lane shows now, [height, width, 3] uint8."""
        ...


@dataclass(frozen=True)
class Stage:
    """One lane with pictures. per_s: steps a second at the speed that it is meant to have."""

    lanes: Pictured
    per_s: float


def stage(family: Family, plan: EnvPlan, max_episode_steps: int) -> Stage:
    """The stage of an environment. Raises ConfigError where its family has no pictures, and
    RunError where it cannot be built with them."""
    emulated = EMULATOR_FRAMES_PER_S / plan.facts.frame_skip
    if not isinstance(family, GymnasiumFamily):
        lanes = plan.builder.lanes(1, max_episode_steps, 1)
        if not isinstance(lanes, AtariLanes):
            raise ConfigError("env", plan.facts.id, "an environment with pictures")
        return Stage(lanes, emulated)
    single = family.single(render_mode="rgb_array")
    rates: list[Any] = []

    def make() -> gym.Env[Any, Any]:
        env = single.make(max_episode_steps)
        rates.append(getattr(env, "metadata", {}).get("render_fps"))
        if single.mujoco and not CAMERA_KWARGS & set(family.kwargs):
            _follow(env.unwrapped)
        return env

    shown = SingleEnvLanes(
        make, plan.facts.id, 1, max_episode_steps, plan.fresh_each_episode, single.images
    )
    if isinstance(family, AtariObservationsFamily):
        return Stage(shown, emulated)
    return Stage(shown, _believed(rates[0]))


def _follow(task: Any) -> None:
    """Have the camera follow what moves, where the model has one that does."""
    import mujoco

    if not hasattr(task, "mujoco_renderer"):  # a task of dm_control
        return
    camera = mujoco.mj_name2id(task.model, mujoco.mjtObj.mjOBJ_CAMERA, FOLLOWING)
    if camera >= 0:
        task.mujoco_renderer.camera_id = camera


def has_screen() -> bool:
    """Whether windows can be opened here."""
    if sys.platform.startswith(("linux", "freebsd")):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def find_a_way_to_draw(family: Family) -> None:
    """Without a screen, have libraries draw into memory: MuJoCo through EGL, which needs none. To
    be called before the environment is built: dm_control looks when it is imported.

    Raises RunError where that would end the process: Mesa, which draws then, and TensorFlow each
    bring a copy of LLVM.
    """
    if has_screen():
        return
    mujoco = isinstance(family, GymnasiumFamily) and family.single().mujoco
    if mujoco and "tensorflow" in sys.modules:
        raise RunError("MuJoCo draws nothing without a screen where TensorFlow is loaded, too")
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    os.environ.setdefault("MUJOCO_GL", "egl")


def _believed(rate: Any) -> float:
    usable = isinstance(rate, int | float) and not isinstance(rate, bool)
    return float(rate) if usable and 1 <= rate <= FASTEST_PER_S else PICTURES_PER_S
