"""MuJoCo tasks in lanes against Gymnasium's own environments, exactly."""

import numpy as np
import pytest

from rlbench.envs.lanes import SingleEnvLanes
from rlbench.envs.make import plan_env
from rlbench.envs.mujoco import MujocoLanes, MujocoTasks
from rlbench.envs.mujoco_tasks import TASKS
from rlbench.envs.single import SingleEnvs
from rlbench.settings import EnvSettings

pytest.importorskip("mujoco")

NAMES = ["InvertedPendulum", "InvertedDoublePendulum", "Swimmer", "Hopper", "HalfCheetah",
         "Walker2d", "Ant", "Humanoid"]  # fmt: skip


def both(env_id: str, lanes: int, cap: int | None) -> tuple[MujocoLanes, SingleEnvLanes]:
    """The same lanes as arrays and as single environments."""
    plan = plan_env(EnvSettings(id=env_id))
    together = plan.lanes(lanes, cap)
    assert isinstance(together, MujocoLanes)
    assert isinstance(plan.builder, MujocoTasks)
    alone = plan.builder.single.lanes(lanes, cap, None)
    assert isinstance(alone, SingleEnvLanes)
    return together, alone


@pytest.mark.parametrize("task", NAMES)
def test_tasks_give_the_bytes_of_single_environments(task: str) -> None:
    """300 steps of five lanes, of which some rest at times, with several episodes each."""
    cap = 70
    together, alone = both(f"{task}-v5", 5, cap)
    rng = np.random.default_rng(3)
    every, seed = np.arange(5), 100
    assert together.reset(every, every).tobytes() == alone.reset(every, every).tobytes()
    ends = np.zeros(2, np.int64)
    for _ in range(300):
        playing = every[rng.random(5) < 0.8]
        if not len(playing):
            continue
        # Beyond the box at times, and gentle at others, so that legs stand for a while.
        shape = (len(playing), together._env.action_space.shape[0])
        actions = (rng.normal(size=shape) * rng.choice([0.05, 0.5, 3])).astype(np.float32)
        ours, theirs = together.step(playing, actions), alone.step(playing, actions)
        for mine, gymnasiums in zip(ours, theirs, strict=True):
            assert mine.dtype == gymnasiums.dtype and mine.tobytes() == gymnasiums.tobytes()
        _, _, terminated, truncated = ours
        ends += np.count_nonzero(terminated), np.count_nonzero(truncated)
        over = playing[terminated | truncated]
        if len(over):
            seeds = np.arange(seed, seed + len(over))
            seed += len(over)
            assert together.reset(over, seeds).tobytes() == alone.reset(over, seeds).tobytes()
    assert vars(together.counts) == vars(alone.counts)
    assert ends[1 if task in ("Swimmer", "HalfCheetah") else 0] >= 5
    together.close()
    alone.close()


def test_every_task_is_tested() -> None:
    assert len(TASKS) == len(NAMES)


def test_other_settings_are_left_to_gymnasium() -> None:
    plan = plan_env(EnvSettings(id="HalfCheetah-v5", kwargs={"ctrl_cost_weight": 0.2}))
    assert isinstance(plan.builder, SingleEnvs) and isinstance(plan.lanes(2), SingleEnvLanes)
    assert isinstance(plan_env(EnvSettings(id="HalfCheetah-v4")).builder, SingleEnvs)
