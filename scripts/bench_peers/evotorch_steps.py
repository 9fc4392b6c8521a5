"""EvoTorch's PGPE on GymNE, steps a second; prints one JSON line.

What is timed are whole generations after the first, which starts the actors.
"""

from __future__ import annotations

import argparse
import json
import os
import time

# Without these Ray reports its use and prints to the terminal.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_DEDUP_LOGS", "0")

import torch
from evotorch.algorithms import PGPE
from evotorch.neuroevolution import GymNE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("env")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--population", type=int, default=64)
    parser.add_argument("--env-steps", type=int, default=200_000)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    problem = GymNE(
        args.env,
        "Linear(obs_length, 64) >> Tanh() >> Linear(64, 64) >> Tanh() >> Linear(64, act_length)",
        observation_normalization=True,
        num_actors=args.actors,
    )
    search = PGPE(
        problem,
        popsize=args.population,
        center_learning_rate=0.01,
        stdev_learning_rate=0.1,
        stdev_init=0.02,
    )
    search.step()
    begun = int(search.status["total_interaction_count"])
    start, env_steps = time.perf_counter(), 0
    while env_steps < args.env_steps:
        search.step()
        env_steps = int(search.status["total_interaction_count"]) - begun
    seconds = time.perf_counter() - start
    print(json.dumps({"env_steps": env_steps, "env_steps_per_s": env_steps / seconds}))
    problem.kill_actors()


if __name__ == "__main__":
    main()
