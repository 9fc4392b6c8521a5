"""What the project itself costs: --help, the report, and time that no phase accounts for."""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import MeasurementError, RunFiles, rlbench, run, scratch, single_run
from benchmarks.model import Goal, Plan, Result

REPORT_ENVS = ("CartPole-v1", "Acrobot-v1", "MountainCar-v0", "LunarLander-v3", "Pendulum-v1")
REPORT_SEEDS = (10, 50)  # 100 and 500 runs
REPORT_LIMITS_S = (10.0, 15.0)
REPORT_LIMIT_MB = 1000.0
# In a new process: its peak, and that of the largest of its workers.
_PEAK = """
import resource, sys
from rlbench.cli.report import main
main(sys.argv[1:])
kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
print(max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024)
"""
CLOCKS = ("train_s", "wall_s", "cpu_s", "train_cpu_s")


def help_time(plan: Plan) -> Result:
    """`python -m rlbench --help`, whole process."""
    samples = [rlbench(["--help"]).seconds for _ in range(2 * plan.repeats + 1)]
    return Result(
        goals=(Goal("--help", median(samples), 1.5, "under", "s"),),
        samples={"--help": samples},
        units={"--help": "s"},
    )


def report_time(plan: Plan) -> Result:
    """`rlbench report` over 100 and 500 runs: two real runs copied, clocks and returns varied."""
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    notes: list[str] = []
    with scratch() as folder:
        templates = {
            agent: single_run(
                [
                    f"agent={agent}", "env=CartPole-v1", "stop_at_threshold=false",
                    f"budget.env_steps={plan.size(*steps)}", "budget.train_seconds=null",
                ],
                folder / f"template-{agent}",
            )
            for agent, steps in (("es", (2_000_000, 200_000)), ("dqn", (50_000, 3_000)))
        }  # fmt: skip
        for seeds, limit_s in zip(REPORT_SEEDS, REPORT_LIMITS_S, strict=True):
            runs = folder / f"runs-{seeds}"
            rng = random.Random(0)
            for agent, template in templates.items():
                for env in REPORT_ENVS:
                    for seed in range(seeds):
                        _vary(template, runs, agent, env, seed, rng.uniform(0.5, 2.0))
            name = f"report over {2 * len(REPORT_ENVS) * seeds} runs"
            samples[name] = [rlbench(["report", str(runs)]).seconds for _ in range(plan.repeats)]
            drawn = len(list(runs.rglob("*.png")))
            if not drawn:
                raise MeasurementError(f"rlbench {name} drew nothing")
            peak_mb = float(run([sys.executable, "-c", _PEAK, runs]).stdout.splitlines()[-1])
            goals.append(Goal(name, median(samples[name]), limit_s, "under", "s"))
            goals.append(Goal(f"{name}, peak memory", peak_mb, REPORT_LIMIT_MB, "under", "MB"))
            page_mb = (runs / "report" / "index.html").stat().st_size / 1e6
            notes.append(f"{name}: {drawn} figures, a page of {page_mb:.1f} MB.")
    notes.append(f"{len(REPORT_ENVS)} environments, 2 agents; two real runs copied and varied.")
    return Result(
        goals=tuple(goals),
        samples=samples,
        units=dict.fromkeys(samples, "s"),
        notes=tuple(notes),
    )


def _vary(template: RunFiles, runs: Path, agent: str, env: str, seed: int, factor: float) -> None:
    """A copy of `template` as another environment and seed, `factor` times as slow."""
    source = template.directory
    target = runs / agent / env / source.parent.name / f"seed{seed}"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("checkpoint", "*.npz"))
    facts: dict[str, Any] = json.loads((source / "run.json").read_text())
    facts |= {"env": env, "seed": seed, "fingerprint": f"{facts['fingerprint']}-{env}"}
    (target / "run.json").write_text(json.dumps(facts))
    rows = [json.loads(line) for line in (source / "log.jsonl").read_text().splitlines()]
    rows = [_scaled(row, factor) for row in rows]
    (target / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    summary = _scaled(template.summary, factor)
    (target / "summary.json").write_text(json.dumps(summary))


def _scaled(value: Any, factor: float) -> Any:
    """`value` with every clock in it multiplied, and evaluated returns lowered a little."""
    if isinstance(value, list):
        return [_scaled(item, factor) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {}
    for key, item in value.items():
        if key in CLOCKS or key == "previous_train_s":
            changed[key] = None if item is None else item * factor
        elif key == "returns":
            changed[key] = [episode_return - factor for episode_return in item]
        elif key == "return_mean":
            changed[key] = item - factor
        else:
            changed[key] = _scaled(item, factor)
    return changed


def unattributed(plan: Plan) -> Result:
    """The share of training time that no phase of the clock accounts for, for both agents."""
    seconds = plan.size(30, 3)
    samples: dict[str, list[float]] = {}
    with scratch() as folder:
        for agent in ("es", "dqn"):
            run = single_run(
                [
                    f"agent={agent}", "env=CartPole-v1", "stop_at_threshold=false",
                    f"budget.train_seconds={seconds}",
                ],
                folder / agent,
            )  # fmt: skip
            samples[agent] = [100 * run.summary["unattributed_s"] / run.summary["train_s"]]
    return Result(
        goals=tuple(
            Goal(
                f"unattributed time, {agent}, {seconds} s of training",
                values[0], 1.0, "under", "% of training time",
            )
            for agent, values in samples.items()
        ),
        samples=samples,
        units=dict.fromkeys(samples, "%"),
    )  # fmt: skip
