"""The bound for the project's DQN on Atari: the compiled updates and nothing else.

Runs with the project's own Python. One call of the learner's compiled function after another, on
minibatches of noise that never change: no games, no acting, no replay. What it says per step is
what a run could reach whose every other part cost nothing, at one update per 4 steps. Settings are
those of conf/tuned/dqn/ALE.yaml. Prints one JSON line; only the loop is timed.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from rlbench.agents.dqn.learner import Learner
from rlbench.agents.dqn.replay import Transitions
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.checking import check
from rlbench.config.compose import compose
from rlbench.envs.make import plan_env
from rlbench.nets.build import NATURE, NetworkOptions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4_000, help="env_steps that it stands for")
    args = parser.parse_args()
    asked = compose(["agent=dqn", "env=ALE/Pong-v5", f"agent.precision={args.precision}"])
    settings = check(DQNSettings, asked.agent.params, "agent")
    facts = plan_env(asked.env).facts
    network = NATURE.build(facts.observation_shape, facts.action.nvec[0], NetworkOptions())
    rng = np.random.default_rng(0)
    parameters = network.initial_uniform(rng)
    learner = Learner(network, facts.action.nvec, settings, parameters, args.cores)
    lead = (settings.updates_per_train, settings.batch_size)
    batch = Transitions(
        rng.integers(0, 256, (*lead, *facts.observation_shape), np.uint8),
        rng.integers(0, facts.action.nvec[0], (*lead, 1)).astype(np.int32),
        rng.integers(-1, 2, lead).astype(np.float32),
        np.full(lead, settings.discount, np.float32),
        rng.integers(0, 256, (*lead, *facts.observation_shape), np.uint8),
    )
    learner.update(batch)
    calls = max(1, args.steps // settings.train_every_steps)
    start = time.perf_counter()
    for _ in range(calls):
        learner.update(batch)
    seconds = time.perf_counter() - start
    steps = calls * settings.train_every_steps
    result = {
        "env_steps": steps,
        "train_s": seconds,
        "env_steps_per_s": steps / seconds,
        "ms_per_update": 1000 * seconds / calls / settings.updates_per_train,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
