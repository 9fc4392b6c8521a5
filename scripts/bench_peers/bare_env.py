"""Bare environments: processes that replay recorded episodes in a loop; prints one JSON line.

The folder holds files with one episode a line, as `recorded_envs` writes them. The episodes are
dealt out to the processes by length, so that all end at about the same time; what is timed is from
the moment when all are ready until the last has ended.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from recorded_envs import silence_mujoco

Episode = tuple[int, list[bytes]]  # reset seed, actions


def load(folder: Path) -> list[Episode]:
    """All recorded episodes, the longest first."""
    lines = [line.split() for file in sorted(folder.glob("*.txt")) for line in file.open()]
    episodes = [(int(seed), [bytes.fromhex(a) for a in actions]) for seed, *actions in lines]
    return sorted(episodes, key=lambda episode: -len(episode[1]))


def replay(
    env_id: str, episodes: list[Episode], simulator: bool, ready: Barrier, done: Barrier
) -> None:
    """Step one environment through `episodes`, or only the simulator below it."""
    silence_mujoco()
    env = gym.make(env_id)
    played = [(seed, [_action(env.action_space, a) for a in actions]) for seed, actions in episodes]
    env.reset(seed=0)
    step = _simulator_step(env) if simulator else env.step
    ready.wait()
    for seed, actions in played:
        env.reset(seed=seed)
        for action in actions:
            step(action)
    done.wait()


def _simulator_step(env: gym.Env[Any, Any]) -> Callable[[Any], Any]:
    """A step of a MuJoCo environment without what Gymnasium computes around it."""
    import mujoco

    owner: Any = env.unwrapped
    model, data, frame_skip, controls = owner.model, owner.data, owner.frame_skip, owner.data.ctrl

    def step(action: Any) -> None:
        controls[:] = action
        mujoco.mj_step(model, data, frame_skip)

    return step


def _action(space: Any, raw: bytes) -> Any:
    action = np.frombuffer(raw, space.dtype)
    return int(action[0]) if isinstance(space, gym.spaces.Discrete) else action


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("env")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--simulator", action="store_true", help="MuJoCo's steps alone")
    args = parser.parse_args()
    episodes = load(args.folder)
    env_steps = sum(len(actions) for _, actions in episodes)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Barrier(args.processes + 1), context.Barrier(args.processes + 1)
    workers = [
        context.Process(
            target=replay,
            args=(args.env, episodes[start :: args.processes], args.simulator, ready, done),
        )
        for start in range(args.processes)
    ]
    for worker in workers:
        worker.start()
    ready.wait()
    start = time.perf_counter()
    done.wait()
    seconds = time.perf_counter() - start
    for worker in workers:
        worker.join()
    result = {"env_steps": env_steps, "seconds": seconds, "env_steps_per_s": env_steps / seconds}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
