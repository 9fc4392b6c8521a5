"""Evolution strategies on LunarLander-v3 with all cores, against the bare environments.

What a step of LunarLander costs depends on what the policy does (legs on the ground cost more than
free fall), so bare environments under random actions would be another workload. Instead a run is
made twice with one seed: once as it is, for its speed, and once on the same environment under an id
that writes down every episode's reset seed and actions. The bare processes, one a core, then
replay exactly those episodes: Gymnasium's `reset` and `step` in a loop, nothing else.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import yaml

from benchmarks.measure import MeasurementError, RunFiles, alternate, run, scratch, single_run
from benchmarks.model import Goal, Plan, Result, ratio
from benchmarks.peers import PROGRAMS

RECORDED_ID = "recorded_lunarlander:RecordedLunarLander-v3"
SEED = 0


def _agent_overrides(run_dir: Path) -> list[str]:
    """The agent's settings of a run, as words of a command line: a tuned YAML may have set them."""
    agent = yaml.safe_load((run_dir / "config.yaml").read_text())["agent"]
    settings = {k: v for k, v in agent.items() if k not in ("name", "_target_")}
    return [f"agent.{key}={yaml.safe_dump(value, default_flow_style=True).splitlines()[0]}"
            for key, value in settings.items()]  # fmt: skip


def _record(plain: RunFiles, common: list[str], folder: Path) -> Path:
    """Repeat the run `plain` on the recording environment; the folder with its training episodes.

    Raises MeasurementError unless the recorded training is the plain run's, step for step in sum.
    """
    episodes = folder / "episodes"
    episodes.mkdir()
    words = ["agent=es", f"env={RECORDED_ID}", *common, *_agent_overrides(plain.directory)]
    recorded = single_run(
        words,
        folder / "recorded",
        {"PYTHONPATH": str(PROGRAMS), "RLBENCH_RECORD_DIR": str(episodes)},
    )
    # The main process only evaluates; workers train.
    for file in episodes.glob(f"{recorded.process.pid}-*.txt"):
        file.unlink()
    diaries = [line.split() for file in episodes.glob("*.txt") for line in file.open()]
    steps = sum(len(actions) for _, actions in diaries)
    told = {run.summary["env_steps"] for run in (plain, recorded)}
    if told != {steps}:
        raise MeasurementError(
            f"LunarLander-v3: {steps} training steps recorded, the runs counted {sorted(told)}"
        )
    return episodes


def steps(plan: Plan) -> Result:
    """Training steps a second with all cores as a share of the bare environments'."""
    cores = os.cpu_count() or 1
    common = [
        f"seed={SEED}", "executor=process", f"cores={cores}", "stop_at_threshold=false",
        f"budget.env_steps={plan.size(1_000_000, 20_000)}", "budget.train_seconds=null",
        "eval.every_steps=1000000", "eval.first_steps=1000000",
    ]  # fmt: skip
    with scratch() as folder:
        plain = single_run(["agent=es", "env=LunarLander-v3", *common], folder / "plain")
        episodes = _record(plain, common, folder)

        def ours(number: int) -> float:
            words = ["agent=es", "env=LunarLander-v3", *common]
            return float(single_run(words, folder / f"ours{number}").summary["env_steps_per_s"])

        def bare(_: int) -> float:
            program = str(PROGRAMS / "bare_lunarlander.py")
            words = [program, str(episodes), "--processes", str(cores)]
            return float(run([sys.executable, *words]).last_json()["env_steps_per_s"])

        samples = alternate({"rlbench": ours, "bare environments": bare}, plan.repeats)
    return Result(
        goals=(
            Goal(
                f"ES, LunarLander-v3, {cores} cores, share of the bare environments' steps/s",
                ratio(samples["rlbench"], samples["bare environments"]), 0.8,
            ),
        ),
        samples=samples,
        units=dict.fromkeys(samples, "steps/s"),
        notes=(
            f"The bare environments, {cores} processes, replay the reset seeds and actions of the "
            f"run's own {plain.summary['env_steps']:,} training steps.",
        ),
    )  # fmt: skip
