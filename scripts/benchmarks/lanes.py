"""The project's lanes against EnvPool's, one process on one core each."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.measure import alternate, run
from benchmarks.model import Goal, Plan, Result, ratio
from benchmarks.peers import PROGRAMS, program

LANES = 16


def envpool(plan: Plan) -> Result:
    """Steps a second of three environments, and whether EnvPool's results repeat."""
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    script, seconds = "lane_steps.py", str(plan.size(5, 1))
    for env in ("HalfCheetah-v5", "Humanoid-v5", "ALE/Pong-v5"):
        words = (env, "--lanes", str(LANES), "--seconds", seconds)
        facts: dict[str, Any] = {}

        def ours(_: int, words: tuple[str, ...] = words) -> float:
            done = run([sys.executable, PROGRAMS / script, "rlbench", *words])
            return float(done.last_json()["env_steps_per_s"])

        def theirs(_: int, words: tuple[str, ...] = words, facts: dict[str, Any] = facts) -> float:
            facts.update(program("envpool", script, "envpool", *words).last_json())
            return float(facts["env_steps_per_s"])

        found = alternate({f"{env}, rlbench": ours, f"{env}, EnvPool": theirs}, plan.repeats)
        samples |= found
        goals += [
            Goal(f"Lanes of {env}, one core, times EnvPool's steps/s", ratio(*found.values()),
                 unit="x"),
            Goal(f"... of {LANES} lanes of EnvPool, those that do the same again after a reset "
                 "with the same seed", facts["repeated"]),
        ]  # fmt: skip
        if "steps_together" in facts:
            goals.append(Goal("... steps until EnvPool's observations are 1e-6 off Gymnasium's",
                              facts["steps_together"]))  # fmt: skip
    return Result(tuple(goals), samples, dict.fromkeys(samples, "steps/s"), (_NOTE,))


_NOTE = (
    f"{LANES} lanes, random actions. EnvPool ignores the seed of a reset: seeds are fixed when a "
    "pool is made. Its steps are compared with Gymnasium's from the same state, under the same "
    "actions; Humanoid falls after some twenty."
)
