"""Single tasks: `rlbench tune` finds settings of both agents for each, with equal effort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rlbench.cli.tune import main as tune
from rlbench.harness.screen import duration
from rlbench.runs.files import replace_text

AGENTS = ("es", "dqn")
SEEDS = (1000, 1001, 1002)
SIDE_BY_SIDE = 2  # runs on two cores


@dataclass(frozen=True)
class Task:
    """effort_s: seconds of training for each agent. run_s: the most that one run may take."""

    env: str
    effort_s: int
    run_s: int

    def words(self, results: Path, given: tuple[str, ...]) -> list[str]:
        return [
            f"agent={','.join(AGENTS)}", f"env={self.env}", f"effort={self.effort_s}",
            f"seeds={','.join(map(str, SEEDS))}", f"budget.train_seconds={self.run_s}", "cores=1",
            f"results_dir={results}", *given,
        ]  # fmt: skip


CLASSIC = (
    Task("CartPole-v1", 300, 30),
    Task("Acrobot-v1", 300, 30),
    Task("MountainCar-v0", 900, 100),
    Task("LunarLander-v3", 900, 100),
    Task("Pendulum-v1", 900, 100),
)
MUJOCO = (
    Task("InvertedPendulum-v5", 600, 60),
    Task("InvertedDoublePendulum-v5", 900, 100),
    Task("Swimmer-v5", 900, 100),
    Task("HalfCheetah-v5", 1200, 100),
    Task("Hopper-v5", 1500, 150),
    Task("Walker2d-v5", 1500, 150),
    Task("Ant-v5", 1500, 150),
)
TASKS: Mapping[str, tuple[Task, ...]] = {"classic": CLASSIC, "mujoco": MUJOCO}


def plan(name: str) -> str:
    """What will be done, and how long it takes."""
    tasks = TASKS[name]
    whole_s = len(AGENTS) * sum(task.effort_s for task in tasks) / SIDE_BY_SIDE
    return (
        f"each agent: on each of {len(tasks)} tasks, settings that are tried on seeds "
        f"{SEEDS[0]} to {SEEDS[-1]} for {min(t.effort_s for t in tasks)} to "
        f"{max(t.effort_s for t in tasks)} s of training in all; {duration(whole_s)} on two cores, "
        "and evaluations"
    )


def search(name: str, results: Path, conf: Path, given: tuple[str, ...]) -> None:
    """Find the settings of each task, and put them into the files of both agents."""
    for task in TASKS[name]:
        tune([*task.words(results, given), "--out", str(results)])
        for agent in AGENTS:
            found = results / agent / f"{task.env}.yaml"
            place = conf / "tuned" / agent / f"{task.env}.yaml"
            place.parent.mkdir(parents=True, exist_ok=True)
            before = place.read_text() if place.exists() else ""
            replace_text(place, merged(before, found.read_text()))
            print(f"written: {place}")


def merged(before: str, found: str) -> str:
    """The file of settings: those that were there, with what was found, and how it was."""
    values: dict[str, Any] = yaml.safe_load(before) or {}
    for part, settings in yaml.safe_load(found).items():
        values.setdefault(part, {}).update(settings)
    told = [line for line in found.splitlines() if line.startswith("#")]
    return "\n".join([*told, yaml.safe_dump(values, sort_keys=False)])
