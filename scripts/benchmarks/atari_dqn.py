"""DQN on Pong under Nature's settings: steps a second against SB3, against the bare updates, and
where the time goes; memory with a full replay."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import alternate, run, scratch, single_run
from benchmarks.model import Goal, Plan, Result, ratio
from benchmarks.peers import PROGRAMS, program
from rlbench.harness.threads import THREAD_VARIABLES

PRECISIONS = ("float32", "bfloat16")
# No measurement is long enough to fill a replay: its size does not matter, its pages are lazy.
SMALL = ("agent.replay_capacity_steps=20000", "agent.learning_starts_steps=512")
# Half the steps ask the network, as in mid-training; the same for SB3.
HALF = ("agent.epsilon_initial=0.5", "agent.epsilon_final=0.5")
MEMORY_MB = 9000
PARTS = ("update", "wait", "env", "act", "sample", "remember")


def steps(plan: Plan) -> Result:
    """Steps a second of all sides in turn, and milliseconds a step in each part of ours."""
    env_steps = plan.size(1_280, 64)
    # Where a CPU computes bfloat16 by hand, an update takes ten times as long.
    lengths = {"float32": env_steps, "bfloat16": env_steps // 4}
    cores = os.cpu_count() or 1
    parts: dict[str, list[float]] = {name: [] for name in PARTS}

    def ours(precision: str, seed: int) -> float:
        words = [f"agent.precision={precision}", *SMALL, *HALF]
        found = _last("parts_atari_dqn.py", cores, "--steps", lengths[precision], *words)
        if precision == "float32":
            for name in PARTS:
                parts[name].append(float(found[name]))
        return 1000 / float(found["ms_per_step"])

    def bare(precision: str, seed: int) -> float:
        words = ("--steps", lengths[precision], "--precision", precision)
        return float(_last("bare_atari_dqn.py", cores, *words)["env_steps_per_s"])

    def matmul(precision: str, seed: int) -> float:
        return float(_last("bare_matmul.py", cores, "--precision", precision)["gflop_per_s"])

    def sb3(envs: int, seed: int) -> float:
        found = program(
            "sb3_atari", "sb3_atari_dqn.py", "--seed", str(seed), "--envs", str(envs),
            "--steps", str(env_steps),
        ).last_json()  # fmt: skip
        return float(found["env_steps_per_s"])

    # A smoke run does without the second precision, which some CPUs compute by hand.
    precisions = PRECISIONS[:1] if plan.quick else PRECISIONS
    sides: dict[str, Callable[[int], float]] = {
        **{f"rlbench, {name}": partial(ours, name) for name in precisions},
        **{f"bare updates, {name}": partial(bare, name) for name in precisions},
        "SB3, 1 environment": partial(sb3, 1),
        "SB3, 8 environments": partial(sb3, 8),
        **{f"matrix product, {name}": partial(matmul, name) for name in precisions},
    }
    samples = alternate(sides, min(plan.repeats, 2))
    best = max((samples["SB3, 1 environment"], samples["SB3, 8 environments"]), key=median)
    goals = []
    for name, times in zip(precisions, (1.5, 2.0), strict=False):
        measured = samples[f"rlbench, {name}"]
        goals += [
            Goal(
                f"DQN, Pong, Nature's settings, {name}, steps/s as a multiple of SB3's",
                ratio(measured, best), times, unit="x",
            ),
            Goal(
                f"... share of the bound set by the bare updates, {name}",
                ratio(measured, samples[f"bare updates, {name}"]), 0.85,
            ),
        ]  # fmt: skip
    products = [f"matrix product, {name}" for name in precisions]
    if len(products) > 1:
        single, half = (samples[name] for name in products)
        goals.append(
            Goal("... a bare product of matrices in bfloat16, times its speed in float32",
                 ratio(half, single), unit="x")
        )  # fmt: skip
    units = dict.fromkeys(samples, "steps/s") | dict.fromkeys(products, "GFLOP/s")
    where = {f"float32: {name}, a step": values for name, values in parts.items()}
    return Result(
        goals=tuple(goals),
        samples=samples | where,
        units=units | dict.fromkeys(where, "ms"),
        notes=(
            f"{env_steps:,} steps (in bfloat16 a quarter) after learning began, one update of "
            "32 transitions per 4 steps, half of the actions at random; SB3 counts with the "
            "better of its numbers of environments. `update` runs beside the other parts; "
            "`wait` is what is left of it when the lanes have made their steps.",
        ),
    )


def memory(plan: Plan) -> Result:
    """The largest resident size of a run whose replay is full when learning begins."""
    transitions = plan.size(1_000_000, 2_000)
    words = [
        "agent=dqn", "env=ALE/Pong-v5", f"agent.replay_capacity_steps={transitions}",
        f"agent.learning_starts_steps={transitions}", f"budget.env_steps={transitions + 1000}",
        "budget.train_seconds=null", "stop_at_threshold=false", "eval.episodes=1",
        "eval.max_episode_steps=20",
    ]  # fmt: skip
    with scratch() as folder:
        measured = float(single_run(words, folder / "run").summary["peak_rss_mb"])
    text = f"DQN, Pong, memory with a replay of {transitions:,} transitions"
    note = "One run: the replay is filled at random, then a thousand steps with updates."
    return Result((Goal(text, measured, MEMORY_MB, "under", "MB"),), notes=(note,))


def _last(file: str, cores: int, *words: str | int) -> dict[str, Any]:
    """The JSON line of one of our programs, run with one BLAS thread as the project runs."""
    command: list[str | Path] = [sys.executable, PROGRAMS / file, "--cores", str(cores)]
    return run([*command, *map(str, words)], dict.fromkeys(THREAD_VARIABLES, "1")).last_json()
