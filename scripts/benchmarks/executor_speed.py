"""ES on its executors: how much faster two workers are than one, and what the machine allows.

Two serial runs at once, a core each, have nothing to wait for: what they lose beside one alone is
the machine's (memory, clock rate), and no executor can gain it back.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import MeasurementError, alternate, rlbench, scratch, single_run
from benchmarks.model import Goal, Plan, Result, Samples, ratio

WORKERS = 2
ENV_STEPS = {"LunarLander-v3": 150_000, "HalfCheetah-v5": 256_000}
SIDES = {
    "serial": ("cores=1",),
    "process": (f"cores={WORKERS}", "executor=process"),
    "Ray": (f"cores={WORKERS}", "executor=ray"),
}
AT_ONCE = f"{WORKERS} serial runs at once"
# Seeds from 100 on are for tuning; no report counts them.
FIRST_SEED = 100
TIMES, RAY_SHARE = 1.8, 0.9


def steps(plan: Plan) -> Result:
    """Training steps a second of all executors in turn, on runs that learn the same."""
    has_ray = importlib.util.find_spec("ray") is not None
    sides = [name for name in SIDES if name != "Ray" or has_ray]
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    for env, env_steps in ENV_STEPS.items():
        with scratch() as folder:
            speeds = _Speeds(env, plan.size(env_steps, 2_000), folder)
            found = alternate(
                {**{name: partial(speeds.of, name) for name in sides}, AT_ONCE: speeds.at_once},
                plan.repeats,
            )
        goals += _goals(env, found, has_ray)
        samples |= {f"{env}, {name}": values for name, values in found.items()}
        samples |= {f"{env}, {name}, CPU": values for name, values in speeds.cpu_us.items()}
    units = {name: "us a step" if name.endswith("CPU") else "steps/s" for name in samples}
    note = (
        f"Population 128, tuned settings, the same seed on all executors, whose runs end with the "
        f"same policy to the byte; {WORKERS} workers. {AT_ONCE}: the sum of their speeds."
    )
    return Result(tuple(goals), samples, units, (note,))


class _Speeds:
    """Runs on one environment. cpu_us: CPU-microseconds a step of each executor, a run each."""

    def __init__(self, env: str, env_steps: int, folder: Path) -> None:
        self._folder, self.cpu_us = folder, dict[str, list[float]]()
        self._policies: dict[int, bytes] = {}  # by round
        self._words = (
            "agent=es", f"env={env}", "agent.population=128", "stop_at_threshold=false",
            f"budget.env_steps={env_steps}", "budget.train_seconds=null", "eval.episodes=1",
            "eval.first_steps=1000000000", "eval.every_steps=1000000000",
        )  # fmt: skip

    def of(self, side: str, number: int) -> float:
        """Raises MeasurementError where a round's policies differ."""
        words = [*self._words, *SIDES[side], f"seed={FIRST_SEED + number}"]
        files = single_run(words, self._folder / f"{side}-{number}")
        policy = (files.directory / "policy.npz").read_bytes()
        if policy != self._policies.setdefault(number, policy):
            raise MeasurementError(f"{' '.join(words)}: another policy than of another executor")
        return self._speed(side, [files.summary])

    def at_once(self, number: int) -> float:
        place = self._folder / f"once-{number}"
        first = FIRST_SEED + WORKERS * number
        seeds = ",".join(str(first + n) for n in range(WORKERS))
        rlbench(["-m", *self._words, "cores=1", f"seed={seeds}", f"results_dir={place}"])
        found = [json.loads(file.read_text()) for file in place.rglob("summary.json")]
        if len(found) != WORKERS:
            raise MeasurementError(f"{place}: {len(found)} summaries, not {WORKERS}")
        return self._speed(AT_ONCE, found)

    def _speed(self, side: str, summaries: Sequence[dict[str, Any]]) -> float:
        cpu_s, env_steps = (sum(s[k] for s in summaries) for k in ("train_cpu_s", "env_steps"))
        self.cpu_us.setdefault(side, []).append(1e6 * cpu_s / env_steps)
        return float(sum(s["env_steps_per_s"] for s in summaries))


def _goals(env: str, found: Samples, has_ray: bool) -> list[Goal]:
    def times(name: str) -> float:
        return ratio(found[name], found["serial"])

    ray = times("Ray") if has_ray else None
    share = ratio(found["Ray"], found["process"]) if has_ray else None
    missing = "Ray is not installed"
    return [
        Goal(f"ES, {env}, {WORKERS} processes, times serial", times("process"), TIMES, unit="x"),
        Goal(f"ES, {env}, {WORKERS} Ray workers, times serial", ray, TIMES, unit="x",
             remark=missing),
        Goal("... Ray, share of the processes' speed", share, RAY_SHARE, remark=missing),
        Goal(f"... {AT_ONCE}, times one alone", times(AT_ONCE), unit="x"),
        Goal("... processes, share of that", ratio(found["process"], found[AT_ONCE])),
    ]  # fmt: skip
