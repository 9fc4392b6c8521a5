"""CartPole-v1 with Stable-Baselines3's DQN and RL Zoo's hyperparameters; prints one JSON line.

Measured is ``learn`` alone: imports and the building of the networks are left out, as the project's
training clock leaves them out. The hyperparameters are those of rl-baselines3-zoo's
``hyperparams/dqn.yml`` for CartPole-v1, whose run is 50,000 steps long; ``--steps`` ends it earlier
without moving the exploration schedule.
"""

from __future__ import annotations

import argparse
import json
import time

import gymnasium as gym
import torch
from stable_baselines3 import DQN
from stable_baselines3.common.logger import Logger

ZOO_STEPS = 50_000
ZOO_EXPLORATION_FRACTION = 0.16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=ZOO_STEPS)
    parser.add_argument("--threads", type=int, default=0, help="PyTorch threads; 0: its own choice")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    model = DQN(
        "MlpPolicy",
        gym.make("CartPole-v1"),
        learning_rate=2.3e-3,
        batch_size=64,
        buffer_size=100_000,
        learning_starts=1_000,
        gamma=0.99,
        target_update_interval=10,
        train_freq=256,
        gradient_steps=128,
        exploration_fraction=min(1.0, ZOO_EXPLORATION_FRACTION * ZOO_STEPS / args.steps),
        exploration_final_eps=0.04,
        policy_kwargs={"net_arch": [256, 256]},
        seed=args.seed,
        device="cpu",
    )
    model.set_logger(Logger(None, []))  # else a folder is left in /tmp
    start = time.perf_counter()
    model.learn(total_timesteps=args.steps)
    seconds = time.perf_counter() - start
    result = {
        "env_steps": model.num_timesteps,
        "train_s": seconds,
        "env_steps_per_s": model.num_timesteps / seconds,
        "updates": model._n_updates,
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
