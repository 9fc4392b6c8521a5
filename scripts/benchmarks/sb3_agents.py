"""Algorithms of Stable-Baselines3 as agents of rlbench against their own `learn`."""

from __future__ import annotations

from statistics import median

from benchmarks.measure import alternate, scratch, single_run
from benchmarks.model import Goal, Plan, Result, ratio
from benchmarks.peers import environment, program

PEER = "rlbench_sb3"
STEPS = {"PPO": 100_000, "A2C": 100_000, "DQN": 20_000}
OWN_COST = 1.0  # % of training time that the harness may take


def steps(plan: Plan) -> Result:
    """Steps a second of training with RL Zoo's settings on one thread, within and alone in turn."""
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    costs: list[float] = []
    for algorithm, full in STEPS.items():
        env_steps = plan.size(full, 4_000)
        names = f"{algorithm} within rlbench", f"{algorithm} alone"
        with scratch() as folder:

            def within(seed: int, algorithm: str = algorithm, env_steps: int = env_steps) -> float:
                words = [
                    f"agent=sb3:{algorithm}", "env=CartPole-v1", "stop_at_threshold=false",
                    f"budget.env_steps={env_steps}", "budget.train_seconds=null", f"seed={seed}",
                ]  # fmt: skip
                files = single_run(words, folder / f"seed{seed}", python=environment(PEER))
                costs.append(100 * files.summary["unattributed_s"] / files.summary["train_s"])
                return float(files.summary["env_steps_per_s"])

            def alone(seed: int, algorithm: str = algorithm, env_steps: int = env_steps) -> float:
                words = ["--seed", str(seed), "--steps", str(env_steps)]
                finished = program(PEER, "sb3_alone.py", "--algorithm", algorithm, *words)
                return float(finished.last_json()["env_steps_per_s"])

            found = alternate(dict(zip(names, (within, alone), strict=True)), plan.repeats)
        samples |= found
        text = (
            f"{algorithm} of Stable-Baselines3, CartPole-v1, steps/s as a multiple of those alone"
        )
        goals.append(Goal(text, ratio(found[names[0]], found[names[1]]), 0.95, unit="x"))
    cost = "unattributed time of these runs"
    goals.append(Goal(cost, median(costs), OWN_COST, "under", "% of training time"))
    return Result(
        goals=tuple(goals),
        samples={**samples, cost: costs},
        units={**dict.fromkeys(samples, "steps/s"), cost: "%"},
        notes=(
            "RL Zoo's settings, one thread of PyTorch on both sides, the time inside training "
            "alone. Alone it steps Gymnasium's environments as `make_vec_env` makes them.",
        ),
    )
