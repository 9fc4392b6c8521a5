"""DQN on CartPole-v1: steps a second against SB3 and against its own bare loop; steps to solved."""

from __future__ import annotations

import json
import os
import sys
from statistics import median

from benchmarks.measure import alternate, rlbench, run, scratch, single_run
from benchmarks.model import Goal, Plan, Result, ratio
from benchmarks.peers import PROGRAMS, program
from rlbench.harness.threads import THREAD_VARIABLES

# rl-baselines3-zoo, hyperparams/dqn.yml, CartPole-v1, in the project's names. Its exploration
# fraction of 0.16 is of 50,000 steps. What it leaves to SB3's defaults is spelled out.
ZOO = (
    "agent.hidden=[256,256]", "agent.activation=relu", "agent.double=false", "agent.n_step=1",
    "agent.discount=0.99", "agent.optimizer=adam", "agent.learning_rate=0.0023",
    "agent.optimizer_epsilon=1e-8", "agent.huber_delta=1.0", "agent.max_gradient_norm=10.0",
    "agent.batch_size=64", "agent.replay_capacity_steps=100000",
    "agent.learning_starts_steps=1000", "agent.train_every_steps=256",
    "agent.updates_per_train=128", "agent.target_update_steps=10", "agent.num_lanes=1",
    "agent.epsilon_initial=1.0", "agent.epsilon_final=0.04", "agent.epsilon_decay_steps=8000",
)  # fmt: skip
SOLVED_WITHIN_STEPS = 50_000


def steps(plan: Plan) -> Result:
    """Steps a second of training with RL Zoo's hyperparameters, three sides in turn."""
    env_steps = plan.size(30_000, 4_000)
    overrides = [
        "agent=dqn", "env=CartPole-v1", *ZOO, "stop_at_threshold=false",
        f"budget.env_steps={env_steps}", "budget.train_seconds=null",
    ]  # fmt: skip
    with scratch() as folder:

        def ours(seed: int) -> float:
            files = single_run([*overrides, f"seed={seed}"], folder / f"steps{seed}")
            return float(files.summary["env_steps_per_s"])

        def bare(seed: int) -> float:
            words = ["--seed", str(seed), "--steps", str(env_steps)]
            threads = dict.fromkeys(THREAD_VARIABLES, "1")  # as the project runs
            finished = run([sys.executable, PROGRAMS / "bare_cartpole_dqn.py", *words], threads)
            return float(finished.last_json()["env_steps_per_s"])

        def sb3(seed: int, threads: int) -> float:
            finished = program(
                "sb3", "sb3_cartpole_dqn.py", "--seed", str(seed), "--steps", str(env_steps),
                "--threads", str(threads),
            )  # fmt: skip
            return float(finished.last_json()["env_steps_per_s"])

        samples = alternate(
            {
                "rlbench": ours,
                "bare update loop plus acting": bare,
                "SB3, all cores": lambda seed: sb3(seed, os.cpu_count() or 1),
                "SB3, 1 thread": lambda seed: sb3(seed, 1),
            },
            plan.repeats,
        )
    ours_samples = samples["rlbench"]
    best_sb3 = max((samples["SB3, all cores"], samples["SB3, 1 thread"]), key=median)
    return Result(
        goals=(
            Goal(
                "DQN, CartPole-v1, RL Zoo's hyperparameters, steps/s as a multiple of SB3's",
                ratio(ours_samples, best_sb3), 3.0, unit="x",
            ),
            Goal(
                "... share of the bare update loop plus acting",
                ratio(ours_samples, samples["bare update loop plus acting"]), 0.85,
            ),
        ),
        samples=samples,
        units=dict.fromkeys(samples, "steps/s"),
        notes=(
            f"{env_steps:,} steps, the time inside training alone on every side; SB3 counts with "
            "the better of its thread counts. The bare loop steps Gymnasium, passes one "
            "observation through the network and calls the compiled update, and does nothing else.",
        ),
    )  # fmt: skip


def solved(plan: Plan) -> Result:
    """Own tuned settings: how many of ten seeds are solved, confirmed, within 50,000 steps."""
    seeds = plan.size(10, 1)
    budget = plan.size(SOLVED_WITHIN_STEPS, 3_000)
    with scratch() as folder:
        rlbench(
            [
                "-m", "agent=dqn", "env=CartPole-v1", "seed=" + ",".join(map(str, range(seeds))),
                f"budget.env_steps={budget}", "budget.train_seconds=null", f"results_dir={folder}",
            ]
        )  # fmt: skip
        summaries = [json.loads(p.read_text()) for p in sorted(folder.rglob("summary.json"))]
    solved_steps = [
        float(summary["solved_at"]["env_steps"])
        for summary in summaries
        if summary["solved_at"] and summary["solved_at"]["env_steps"] <= SOLVED_WITHIN_STEPS
    ]
    return Result(
        goals=(
            Goal(
                "DQN, CartPole-v1, own tuned settings, solved and confirmed within 50,000 steps, "
                f"seeds of {seeds}",
                len(solved_steps), 9,
            ),
        ),
        samples={"steps to confirmed-solved, of the seeds that were solved": solved_steps},
        units={"steps to confirmed-solved, of the seeds that were solved": "steps"},
    )  # fmt: skip
