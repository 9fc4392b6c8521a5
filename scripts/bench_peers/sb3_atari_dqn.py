"""Pong with Stable-Baselines3's DQN under Nature's settings; prints one JSON line.

Preprocessing, network, batch and one update per 4 steps are those of the project's DQN, with sticky
actions as there. Measured are steps after learning began: imports, building, and what comes before
the first update are left out.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import ale_py
import gymnasium as gym
import torch
from stable_baselines3 import DQN
from stable_baselines3.common.atari_wrappers import WarpFrame
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecFrameStack

gym.register_envs(ale_py)
BATCH_SIZE = 32
STEPS_PER_UPDATE = 4


class Clock(BaseCallback):
    """Notes when `after` steps have been made."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after, self.began, self.steps = after, 0.0, 0

    def _on_step(self) -> bool:
        if not self.began and self.num_timesteps >= self.after:
            self.began, self.steps = time.perf_counter(), self.num_timesteps
        return True


def wrapped(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    return WarpFrame(env)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--envs", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--learning-starts", type=int, default=512)
    args = parser.parse_args()
    envs = make_vec_env("ALE/Pong-v5", args.envs, seed=args.seed, wrapper_class=wrapped)
    model = DQN(
        "CnnPolicy",
        VecFrameStack(envs, 4),
        learning_rate=2.5e-4,
        batch_size=BATCH_SIZE,
        buffer_size=20_000,
        learning_starts=args.learning_starts,
        train_freq=max(1, STEPS_PER_UPDATE // args.envs),
        gradient_steps=max(1, args.envs // STEPS_PER_UPDATE),
        target_update_interval=40_000,
        exploration_fraction=1.0,
        exploration_initial_eps=0.5,  # half the steps ask the network, as in mid-training
        exploration_final_eps=0.5,
        seed=args.seed,
        device="cpu",
    )
    clock = Clock(args.learning_starts)
    model.set_logger(Logger(None, []))  # else a folder is left in /tmp
    model.learn(total_timesteps=args.learning_starts + args.steps, callback=clock)
    seconds = time.perf_counter() - clock.began
    steps = model.num_timesteps - clock.steps
    result = {
        "env_steps": steps,
        "env_steps_per_s": steps / seconds,
        "updates": model._n_updates,
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
