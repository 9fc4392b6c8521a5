"""Bare ALE/Pong-v5: processes that step games at random; prints one JSON line.

Every process steps `--lanes` games of `AtariVectorEnv` in turn, on one thread, under the
conditions of the project: four frames a step, sticky actions, no fire at a reset. Two figures: of
episodes that each begin with a seeded reset, which loads the game again, and of steps alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from multiprocessing.synchronize import Barrier

import numpy as np
from ale_py.vector_env import AtariVectorEnv


def play(lanes: int, episode_steps: int, episodes: int, number: int, *gates: Barrier) -> None:
    """Pass `gates` before the first reset, before the first step and after the last."""
    env = AtariVectorEnv(
        "pong", lanes, num_threads=1, repeat_action_probability=0.25, reward_clipping=False,
        use_fire_reset=False,
    )  # fmt: skip
    rng = np.random.default_rng(number)
    seeds = rng.integers(2**31, size=(episodes, lanes))
    env.reset(seed=seeds[0])
    for chapter in range(2):
        gates[chapter].wait()
        for episode in range(episodes):
            if chapter == 0:
                env.reset(seed=seeds[episode])
            for _ in range(episode_steps):
                env.step(rng.integers(0, 6, lanes))
    gates[2].wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--episode-steps", type=int, default=500)
    parser.add_argument("--episodes", type=int, default=1, help="a lane, one after the other")
    args = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    gates = [context.Barrier(args.processes + 1) for _ in range(3)]
    work = (args.lanes, args.episode_steps, args.episodes)
    workers = [
        context.Process(target=play, args=(*work, number, *gates))
        for number in range(args.processes)
    ]
    for worker in workers:
        worker.start()
    passed = []
    for gate in gates:
        gate.wait()
        passed.append(time.perf_counter())
    for worker in workers:
        worker.join()
    steps = args.processes * args.lanes * args.episode_steps * args.episodes
    whole, alone = passed[1] - passed[0], passed[2] - passed[1]
    result = {"env_steps": steps, "env_steps_per_s": steps / whole}
    print(json.dumps({**result, "env_steps_per_s_without_resets": steps / alone}))


if __name__ == "__main__":
    main()
