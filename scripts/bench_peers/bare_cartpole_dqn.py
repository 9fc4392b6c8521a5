"""The bound for the project's DQN on CartPole-v1: acting and updating, and nothing else.

Runs with the project's own Python. Every step chooses an action (at random with chance epsilon,
else by one pass through the NumPy network), and steps Gymnasium's environment; every
`train_every_steps` one compiled call makes `updates_per_train` updates on a minibatch that never
changes, and its parameters go back to the actor. No replay, no counting, no bookkeeping, no
evaluation. Settings are RL Zoo's. Prints one JSON line; only the loop is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import gymnasium as gym
import numpy as np

from rlbench.agents.dqn.learner import Learner
from rlbench.agents.dqn.replay import Transitions
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.nets.mlp import MLP

ZOO = DQNSettings(
    hidden=(256, 256),
    double=False,
    learning_rate=2.3e-3,
    batch_size=64,
    learning_starts_steps=1000,
    train_every_steps=256,
    updates_per_train=128,
    target_update_steps=10,
    epsilon_final=0.04,
    epsilon_decay_steps=8000,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=30_000)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    env = gym.make("CartPole-v1")
    network = MLP(4, ZOO.hidden, 2, ZOO.activation)
    parameters = network.initial_uniform(rng)
    learner = Learner(network, (2,), ZOO, parameters, os.cpu_count() or 1)
    lead = (ZOO.updates_per_train, ZOO.batch_size)
    batch = Transitions(
        rng.normal(size=(*lead, 4)).astype(np.float32),
        rng.integers(0, 2, (*lead, 1)).astype(np.int32),
        np.ones(lead, np.float32),
        np.full(lead, 0.99, np.float32),
        rng.normal(size=(*lead, 4)).astype(np.float32),
    )
    layers = network.layers(parameters)
    chances = rng.random(args.steps)
    random_actions = rng.integers(0, 2, args.steps)
    obs, _ = env.reset(seed=args.seed)
    start = time.perf_counter()
    for step in range(args.steps):
        if chances[step] < ZOO.epsilon(step):
            action = random_actions[step]
        else:
            action = network.forward(layers, obs[None]).argmax()
        obs, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            obs, _ = env.reset()
        if (step + 1) % ZOO.train_every_steps == 0 and step + 1 >= ZOO.learning_starts_steps:
            learner.move_target()
            learner.update(batch)
            layers = network.layers(learner.parameters)
    seconds = time.perf_counter() - start
    result = {"env_steps": args.steps, "train_s": seconds, "env_steps_per_s": args.steps / seconds}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
