"""CartPole-v1 with evosax's OpenAI-ES on gymnax, as a user of evosax would write it.

Two kinds of work, each printing one JSON line:

``solved``  train until the unperturbed parameters average at least 475 over 20 episodes and 100
            further episodes confirm it (the stopping rule of the project, so that both sides answer
            the same question).
``steps``   useful environment steps per second of training once everything is compiled. gymnax
            steps every lane to the full 500 steps; a step after an episode's end is not useful, and
            as CartPole pays 1 a step, the sum of the returns is the number of useful steps.

A generation (ask, 256 episodes, tell) is one compiled function, the fastest form that we found.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from evosax.algorithms import Open_ES
from evosax.problems.networks import MLP
from evosax.problems.rl.gymnax import GymnaxProblem

THRESHOLD = 475.0
CHECK_EPISODES = 20
CONFIRM_EPISODES = 100


def greedy(logits: jax.Array, key: jax.Array | None = None) -> jax.Array:
    """The action with the largest output; ``key`` is part of evosax's interface."""
    return jnp.argmax(logits)


def build(args: argparse.Namespace) -> tuple[Any, Callable[..., Any], Callable[..., Any]]:
    """The initial search state, one generation, and the evaluation of the mean parameters."""
    policy = MLP(layer_sizes=(*args.hidden, 2), output_fn=greedy)
    problem = GymnaxProblem("CartPole-v1", policy, use_normalize_obs=False)
    key_solution, key_init, key_problem = jax.random.split(jax.random.key(args.seed), 3)
    solution = policy.init(key_solution, jnp.zeros(4), key_solution)
    search = Open_ES(
        population_size=args.population,
        solution=solution,
        optimizer=optax.adam(learning_rate=args.learning_rate),
        std_schedule=optax.constant_schedule(args.sigma),
    )
    params = search.default_params
    state = search.init(key_init, solution, params)
    problem_state = problem.init(key_problem)

    @jax.jit
    def generation(key: jax.Array, state: Any) -> tuple[Any, jax.Array]:
        key_ask, key_eval, key_tell = jax.random.split(key, 3)
        population, state = search.ask(key_ask, state, params)
        returns, _, _ = problem.eval(key_eval, population, problem_state)  # [P]
        state, _ = search.tell(key_tell, population, -returns, state, params)  # evosax minimises
        return state, returns.sum()

    @jax.jit
    def evaluate(key: jax.Array, state: Any) -> jax.Array:
        # The 20 episodes and the 100 that confirm go together, so that this compiles once, and
        # through the same problem: a second one would cost another second of start.
        keys = jax.random.split(key, CHECK_EPISODES + CONFIRM_EPISODES)
        returns, _ = problem._rollouts(keys, search.get_mean(state), problem_state)
        return returns  # [120]

    return state, generation, evaluate


def solved(args: argparse.Namespace) -> dict[str, object]:
    """Train until solved and confirmed."""
    state, generation, evaluate = build(args)
    key = jax.random.key(args.seed + 1)
    env_steps = 0.0
    for index in range(1, args.max_generations + 1):
        key, key_generation, key_evaluate = jax.random.split(key, 3)
        state, steps = generation(key_generation, state)
        env_steps += float(steps)
        returns = evaluate(key_evaluate, state)
        mean = float(returns[:CHECK_EPISODES].mean())
        if mean >= THRESHOLD and float(returns[CHECK_EPISODES:].mean()) >= THRESHOLD:
            return {"solved": True, "generations": index, "env_steps": env_steps, "return": mean}
    return {"solved": False, "generations": args.max_generations, "env_steps": env_steps}


def steps(args: argparse.Namespace) -> dict[str, object]:
    """Useful steps per second over ``--generations`` generations, compilation left out."""
    state, generation, _ = build(args)
    key = jax.random.key(args.seed + 1)
    state, first = generation(key, state)  # compiles
    first.block_until_ready()
    start = time.perf_counter()
    total = jnp.zeros(())
    for _ in range(args.generations):
        key, key_generation = jax.random.split(key)
        state, useful = generation(key_generation, state)
        total = total + useful
    env_steps = float(total)  # waits for the last generation
    seconds = time.perf_counter() - start
    return {"env_steps": env_steps, "train_s": seconds, "env_steps_per_s": env_steps / seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=("solved", "steps"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hidden", type=int, nargs="*", default=[16, 16])
    parser.add_argument("--population", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--sigma", type=float, default=0.1)
    parser.add_argument("--generations", type=int, default=100)
    parser.add_argument("--max-generations", type=int, default=500)
    args = parser.parse_args()
    print(json.dumps(solved(args) if args.work == "solved" else steps(args)))


if __name__ == "__main__":
    main()
