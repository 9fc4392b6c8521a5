"""Environments of one process on one core stepped under random actions: the project's lanes, or
EnvPool's; prints one JSON line.

For EnvPool it also looks at what its results are worth here: how many lanes do the same again
after a reset with the same seed, and, of a MuJoCo task, after how many steps an observation is off
that of Gymnasium from the same state under the same actions.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

OFF = 1e-6  # of an observation: more than rounding
ROOT_POSITIONS = {"HalfCheetah-v5": 1, "Humanoid-v5": 2}  # joints that observations leave out
MAX_STEPS = 1000


def own_step(env_id: str, lanes: int) -> tuple[Callable[[Any], int], Any]:
    """A step of all lanes, which returns how many environment steps it made, and their actions."""
    from rlbench.envs.make import plan_env
    from rlbench.settings import EnvSettings

    stepped = plan_env(EnvSettings(id=env_id)).lanes(lanes)
    every = np.arange(lanes)
    seeds = iter(range(10**9))
    stepped.reset(every, every)

    def step(actions: Any) -> int:
        _, _, terminated, truncated = stepped.step(every, actions)
        ended = np.flatnonzero(terminated | truncated)
        if ended.size:
            stepped.reset(ended, np.array([next(seeds) for _ in ended]))
        return lanes

    return step, np.float32


def envpool_step(env_id: str, lanes: int) -> tuple[Callable[[Any], int], Any]:
    """The same; the step in which EnvPool resets a lane is not counted."""
    pool = _pool(env_id, lanes)
    pool.reset()
    ended = np.zeros(lanes, bool)

    def step(actions: Any) -> int:
        nonlocal ended
        made = lanes - int(ended.sum())
        _, _, terminated, truncated, _ = pool.step(actions)
        ended = terminated | truncated
        return made

    return step, np.float64


def _pool(env_id: str, lanes: int) -> Any:
    import envpool

    atari = {"repeat_action_probability": 0.25, "use_fire_reset": False}
    return envpool.make(
        env_id.removeprefix("ALE/"), env_type="gymnasium", num_envs=lanes, num_threads=1, seed=0,
        **(atari if env_id.startswith("ALE/") else {}),
    )  # fmt: skip


def random_actions(env_id: str, lanes: int, dtype: Any) -> list[Any]:
    import gymnasium

    rng = np.random.default_rng(0)
    if env_id.startswith("ALE/"):
        return [rng.integers(0, 6, lanes, np.int32) for _ in range(64)]
    space: Any = gymnasium.make(env_id).action_space
    return [rng.uniform(space.low, space.high, (lanes, *space.shape)).astype(dtype)
            for _ in range(64)]  # fmt: skip


def repeated(env_id: str, lanes: int, actions: list[Any]) -> int:
    """How many lanes are where they were, when reset twice with one seed and stepped alike."""
    pool = _pool(env_id, lanes)
    found = []
    for _ in range(2):
        with warnings.catch_warnings(action="ignore"):  # it says that it ignores the seed
            pool.reset(seed=5)
        for chosen in actions:
            observed = pool.step(chosen)[0]
        found.append(observed)
    return sum(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def steps_together(env_id: str) -> int:
    """How long EnvPool's and Gymnasium's observations are the same but for rounding."""
    import gymnasium

    pool = _pool(env_id, 1)
    observed = pool.reset()[0][0].astype(float)
    env: Any = gymnasium.make(env_id)
    env.reset(seed=0)
    model, left_out = env.unwrapped.model, ROOT_POSITIONS[env_id]
    positions = np.zeros(model.nq)
    positions[left_out:] = observed[: model.nq - left_out]
    velocities = observed[model.nq - left_out :][: model.nv]
    env.unwrapped.set_state(positions, velocities)
    rng = np.random.default_rng(0)
    for number in range(MAX_STEPS):
        action = rng.uniform(env.action_space.low, env.action_space.high).astype(np.float32)
        theirs, _, *their_end, _ = pool.step(action[None].astype(float))
        reference, _, *end, _ = env.step(action)
        if np.abs(theirs[0] - reference).max() > OFF:
            return number
        if any(end) or any(flag[0] for flag in their_end):
            return number + 1
    return MAX_STEPS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=("rlbench", "envpool"))
    parser.add_argument("env")
    parser.add_argument("--lanes", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    args = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    make = own_step if args.side == "rlbench" else envpool_step
    step, dtype = make(args.env, args.lanes)
    actions = random_actions(args.env, args.lanes, dtype)
    for chosen in actions:
        step(chosen)
    begun, rounds, env_steps = time.perf_counter(), 0, 0
    while (seconds := time.perf_counter() - begun) < args.seconds:
        env_steps += step(actions[rounds % 64])
        rounds += 1
    result = {"env_steps_per_s": env_steps / seconds}
    if args.side == "envpool":
        result["repeated"] = repeated(args.env, args.lanes, actions)
        if args.env in ROOT_POSITIONS:
            result["steps_together"] = steps_together(args.env)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
