"""DeepMind's Control Suite (Tassa et al. 2018, arXiv 1801.00690): tasks on MuJoCo, as
`env=dm_control/cartpole-swingup-v0`."""

from __future__ import annotations

import dataclasses
import os
from importlib.metadata import version
from typing import Any

from rlbench.envs.dm_envs import DmEnvironment
from rlbench.envs.single import GymnasiumFamily, SingleEnvs
from rlbench.errors import ConfigError
from rlbench.extras import install_command


def suite_task(env_id: str, render_mode: str | None = None, **kwargs: Any) -> DmEnvironment:
    """The task of the Control Suite that `dm_control/DOMAIN-TASK-v0` names; kwargs are the
    task's own, as time_limit. Raises ConfigError where there is none, or dm_control does not work
    here."""
    domain, _, task = env_id.partition("/")[2].rpartition("-v")[0].partition("-")
    try:
        from dm_control import suite

        if (domain, task) not in suite.ALL_TASKS:
            known = ", ".join(sorted({f"{one}-{other}" for one, other in suite.ALL_TASKS}))
            raise ConfigError("env", env_id, f"dm_control/TASK-v0 with one of the tasks {known}")
        env = suite.load(domain, task, task_kwargs={**kwargs, "random": 0})
    except (AttributeError, ImportError) as error:
        both = ", ".join(f"{name} {version(name)}" for name in ("dm_control", "mujoco"))
        drawn = f", with MUJOCO_GL={os.environ['MUJOCO_GL']}," if "MUJOCO_GL" in os.environ else ""
        takes = (
            f"versions of dm_control and MuJoCo that fit each other, and {both}{drawn} give "
            f"{type(error).__name__}: {error}; for such: {install_command('dm_control')}"
        )
        raise ConfigError("env", env_id, takes) from None

    def reseed(before: Any, seed: int) -> Any:
        before.task.random.seed(seed)
        return before

    return DmEnvironment(env, reseed, env_id, render_mode)


class DmControlFamily(GymnasiumFamily):
    """Tasks of the Control Suite, on MuJoCo, whose state is large (`scripts/bench
    lanes_in_turn`)."""

    lock_step_lanes = 16

    def single(self, **more: Any) -> SingleEnvs:
        return dataclasses.replace(super().single(**more), mujoco=True)
