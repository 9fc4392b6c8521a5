"""CartPole-v1 with EvoTorch's PGPE on GymNE, two actors; prints one JSON line.

Trains until the centre of the search distribution averages at least 475 over 20 episodes and 100
further episodes confirm it, the stopping rule of the project. The centre is judged after every
generation, by the problem's own ``run`` in the main process. ClipUp and centred ranks are PGPE's
defaults in EvoTorch.
"""

from __future__ import annotations

import argparse
import json
import os

# Without these Ray reports its use and prints to the terminal.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_DEDUP_LOGS", "0")

import torch
from evotorch.algorithms import PGPE
from evotorch.neuroevolution import GymNE

THRESHOLD = 475.0
CHECK_EPISODES = 20
CONFIRM_EPISODES = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=16)
    parser.add_argument("--population", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=0.5)
    parser.add_argument("--sigma", type=float, default=0.3)
    parser.add_argument("--max-generations", type=int, default=200)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    network = (
        f"Linear(obs_length, {args.hidden}) >> Tanh() >> "
        f"Linear({args.hidden}, {args.hidden}) >> Tanh() >> Linear({args.hidden}, act_length)"
    )
    problem = GymNE("CartPole-v1", network, num_actors=args.actors)
    search = PGPE(
        problem,
        popsize=args.population,
        center_learning_rate=args.learning_rate,
        stdev_learning_rate=0.1,
        stdev_init=args.sigma,
        optimizer_config={"max_speed": 2 * args.learning_rate},
    )

    def mean_return(episodes: int) -> float:
        result = problem.run(search.status["center"], num_episodes=episodes)
        return float(result["cumulative_reward"])

    solved = False
    mean = 0.0
    for _ in range(args.max_generations):
        search.step()
        mean = mean_return(CHECK_EPISODES)
        if mean >= THRESHOLD and mean_return(CONFIRM_EPISODES) >= THRESHOLD:
            solved = True
            break
    result = {
        "solved": solved,
        "generations": search.step_count,
        "env_steps": int(search.status["total_interaction_count"]),
        "return": mean,
    }
    print(json.dumps(result))
    problem.kill_actors()


if __name__ == "__main__":
    main()
