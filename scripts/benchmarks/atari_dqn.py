"""DQN on Pong under Nature's settings: steps a second against SB3, against the bare updates, and
where the time goes; memory with a full replay."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import alternate, run, scratch, single_run
from benchmarks.model import Goal, Plan, Result, Samples, ratio
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
    # A smoke run does without the second precision, which some CPUs compute by hand.
    precisions = PRECISIONS[:1] if plan.quick else PRECISIONS
    sides = _Sides(plan.size(1_280, 64), os.cpu_count() or 1)
    samples = alternate(
        {
            **{f"rlbench, {name}": partial(sides.ours, name) for name in precisions},
            **{f"bare updates, {name}": partial(sides.bare, name) for name in precisions},
            "SB3, 1 environment": partial(sides.sb3, 1),
            "SB3, 8 environments": partial(sides.sb3, 8),
            **{_product(name): partial(sides.matmul, name) for name in precisions},
        },
        min(plan.repeats, 2),
    )
    products = [_product(name) for name in precisions]
    units = dict.fromkeys(samples, "steps/s") | dict.fromkeys(products, "GFLOP/s")
    where = {f"float32: {name}, a step": values for name, values in sides.parts.items()}
    return Result(
        goals=tuple(_goals(precisions, samples)),
        samples=samples | where,
        units=units | dict.fromkeys(where, "ms"),
        notes=(
            f"{sides.env_steps:,} steps (in bfloat16 a quarter) after learning began, one update "
            "of 32 transitions per 4 steps, half of the actions at random; SB3 counts with the "
            "better of its numbers of environments. `update` runs beside the other parts; "
            "`wait` is what is left of it when the lanes have made their steps.",
        ),
    )


@dataclass(frozen=True)
class _Sides:
    """What is measured, each by a separate program. parts: milliseconds a step in each part of
    ours, one value a round."""

    env_steps: int
    cores: int
    parts: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in PARTS})

    def ours(self, precision: str, seed: int) -> float:
        words = [f"agent.precision={precision}", *SMALL, *HALF]
        steps = self._steps(precision)
        found = _last("parts_atari_dqn.py", self.cores, "--steps", steps, *words)
        if precision == "float32":
            for name in PARTS:
                self.parts[name].append(float(found[name]))
        return 1000 / float(found["ms_per_step"])

    def bare(self, precision: str, seed: int) -> float:
        words = ("--steps", self._steps(precision), "--precision", precision)
        return float(_last("bare_atari_dqn.py", self.cores, *words)["env_steps_per_s"])

    def matmul(self, precision: str, seed: int) -> float:
        words = ("--precision", precision)
        return float(_last("bare_matmul.py", self.cores, *words)["gflop_per_s"])

    def sb3(self, envs: int, seed: int) -> float:
        words = ("--seed", seed, "--envs", envs, "--steps", self.env_steps)
        found = program("sb3_atari", "sb3_atari_dqn.py", *map(str, words)).last_json()
        return float(found["env_steps_per_s"])

    def _steps(self, precision: str) -> int:
        """Where a CPU computes bfloat16 by hand, an update takes ten times as long."""
        return self.env_steps if precision == "float32" else self.env_steps // 4


def _product(precision: str) -> str:
    return f"matrix product, {precision}"


def _goals(precisions: Sequence[str], samples: Samples) -> Iterator[Goal]:
    best = max((samples["SB3, 1 environment"], samples["SB3, 8 environments"]), key=median)
    for name, times in zip(precisions, (1.5, 2.0), strict=False):
        measured = samples[f"rlbench, {name}"]
        yield Goal(
            f"DQN, Pong, Nature's settings, {name}, steps/s as a multiple of SB3's",
            ratio(measured, best), times, unit="x",
        )  # fmt: skip
        yield Goal(
            f"... share of the bound set by the bare updates, {name}",
            ratio(measured, samples[f"bare updates, {name}"]), 0.85,
        )  # fmt: skip
    if len(precisions) > 1:
        single, half = (samples[_product(name)] for name in precisions)
        yield Goal(
            "... a bare product of matrices in bfloat16, times its speed in float32",
            ratio(half, single), unit="x",
        )  # fmt: skip


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
