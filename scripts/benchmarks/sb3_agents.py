"""Algorithms of Stable-Baselines3 as agents of rlbench against their own `learn`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import alternate, scratch, single_run
from benchmarks.model import Goal, Plan, Result, Samples, ratio
from benchmarks.peers import environment, program

PEER = "rlbench_sb3"
STEPS = {"PPO": 50_000, "A2C": 50_000, "DQN": 12_000}
WITHIN, ALONE = "within rlbench", "alone"
CPU = "by CPU time"
OWN_COST = 1.0  # % of training time that the harness may take


def steps(plan: Plan) -> Result:
    """Steps a second of training with RL Zoo's settings on one thread, within and alone in turn.

    Many short rounds: a virtual machine runs the same program 8 % faster or slower.
    """
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    costs: list[float] = []
    for algorithm in STEPS:
        with scratch() as folder:
            found = _measure(algorithm, plan, folder, costs)
        text = f"{algorithm} of Stable-Baselines3, CartPole-v1, steps/s as a multiple of those"
        for suffix, limit in (("", 0.95), (f", {CPU}", None)):
            sides = (found[f"{algorithm} {side}{suffix}"] for side in (WITHIN, ALONE))
            goals.append(Goal(f"{text} alone{suffix}", ratio(*sides), limit, unit="x"))
        samples |= found
    cost = "unattributed time of these runs"
    goals.append(Goal(cost, median(costs), OWN_COST, "under", "% of training time"))
    return Result(
        goals=tuple(goals),
        samples={**samples, cost: costs},
        units={**dict.fromkeys(samples, "steps/s"), cost: "%"},
        notes=(
            "RL Zoo's settings, one thread of PyTorch on both sides, the time inside training "
            "alone. Alone it steps Gymnasium's environments as `make_vec_env` makes them. By CPU "
            "time is by the CPU-seconds of the process in place of seconds: what differs between "
            "the two is waiting.",
        ),
    )


def _measure(algorithm: str, plan: Plan, folder: Path, costs: list[float]) -> Samples:
    """Steps a second of both sides, by the wall clock and by CPU time; `costs` takes the
    unattributed time of the runs, in % of training."""
    env_steps = plan.size(STEPS[algorithm], 4_000)
    by_cpu: dict[str, list[float]] = {WITHIN: [], ALONE: []}

    def rate(side: str, found: Mapping[str, Any]) -> float:
        by_cpu[side].append(found["env_steps"] / found["train_cpu_s"])
        return float(found["env_steps_per_s"])

    def within(seed: int) -> float:
        words = [
            f"agent=sb3:{algorithm}", "env=CartPole-v1", "stop_at_threshold=false",
            f"budget.env_steps={env_steps}", "budget.train_seconds=null", f"seed={seed}",
        ]  # fmt: skip
        found = single_run(words, folder / f"seed{seed}", python=environment(PEER)).summary
        costs.append(100 * found["unattributed_s"] / found["train_s"])
        return rate(WITHIN, found)

    def alone(seed: int) -> float:
        words = ["--algorithm", algorithm, "--seed", str(seed), "--steps", str(env_steps)]
        return rate(ALONE, program(PEER, "sb3_alone.py", *words).last_json())

    rounds = plan.size(2 * plan.repeats + 1, plan.repeats)
    sides = {f"{algorithm} {WITHIN}": within, f"{algorithm} {ALONE}": alone}
    found = alternate(sides, rounds)
    return found | {f"{algorithm} {side}, {CPU}": rates for side, rates in by_cpu.items()}
