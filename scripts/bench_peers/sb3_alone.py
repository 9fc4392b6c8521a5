"""An algorithm of Stable-Baselines3 on CartPole-v1 with RL Zoo's settings; prints one JSON line.

Measured is `learn` alone, as the project's training clock has it. The settings are those that
`agent=sb3:ALGORITHM env=CartPole-v1` has, with the same length of schedules.
"""

from __future__ import annotations

import argparse
import json
import time

import torch
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import Logger

from rlbench.agents.sb3.arguments import algorithm_class, arguments
from rlbench.agents.sb3.settings import SB3Settings
from rlbench.config.compose import compose

ENV = "CartPole-v1"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algorithm", default="PPO")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=50_000)
    args = parser.parse_args()
    chosen = SB3Settings(
        **compose([f"agent=sb3:{args.algorithm}", f"env={ENV}"]).agent.params
    ).chosen
    torch.set_num_threads(1)
    algorithm = algorithm_class(args.algorithm)
    given = arguments(algorithm, chosen.kwargs, 1)
    lanes = make_vec_env(ENV, n_envs=chosen.num_lanes, seed=args.seed)
    model = algorithm("MlpPolicy", lanes, seed=args.seed, device="cpu", **given)
    model.set_logger(Logger(None, []))  # else a folder is left in /tmp
    start, start_cpu = time.perf_counter(), time.process_time()
    model.learn(total_timesteps=args.steps)
    seconds, cpu_s = time.perf_counter() - start, time.process_time() - start_cpu
    result = {
        "env_steps": model.num_timesteps,
        "train_s": seconds,
        "train_cpu_s": cpu_s,
        "env_steps_per_s": model.num_timesteps / seconds,
        "updates": model._n_updates,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
