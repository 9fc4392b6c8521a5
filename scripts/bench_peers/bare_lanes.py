"""Bare environments stepped in turn: what a step costs with more of them; prints one JSON line.

Each process holds sets of environments of all the sizes asked for and steps them under random
actions, each set for a slice of time, all processes at once, over and over.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from multiprocessing.synchronize import Barrier
from typing import Any

import gymnasium as gym
from recorded_envs import silence_mujoco

SLICE_S = 0.3


def step_in_turn(
    env_id: str, sizes: list[int], rounds: int, start: Barrier, results: multiprocessing.Queue[Any]
) -> None:
    """Put one list of steps a second for each of `sizes`, an entry a round."""
    silence_mujoco()
    sets = [[gym.make(env_id, disable_env_checker=True) for _ in range(size)] for size in sizes]
    for envs in sets:
        for seed, env in enumerate(envs):
            env.reset(seed=seed)
            env.action_space.seed(seed)
    actions = [sets[0][0].action_space.sample() for _ in range(64)]
    speeds: list[list[float]] = [[] for _ in sizes]
    for _ in range(rounds):
        for envs, speed in zip(sets, speeds, strict=True):
            start.wait()
            begun, steps = time.perf_counter(), 0
            while (seconds := time.perf_counter() - begun) < SLICE_S:
                for env in envs:
                    _, _, terminated, truncated, _ = env.step(actions[steps % 64])
                    steps += 1
                    if terminated or truncated:
                        env.reset()
            speed.append(steps / seconds)
    results.put(speeds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("env")
    parser.add_argument("--lanes", type=int, nargs="+", required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=12)
    args = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(args.processes), context.Queue()
    workers = [
        context.Process(
            target=step_in_turn, args=(args.env, args.lanes, args.rounds, start, results)
        )
        for _ in range(args.processes)
    ]
    for worker in workers:
        worker.start()
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    together = [
        [sum(speeds) for speeds in zip(*of_size, strict=True)]
        for of_size in zip(*found, strict=True)
    ]
    print(json.dumps(dict(zip(args.lanes, together, strict=True))))


if __name__ == "__main__":
    main()
