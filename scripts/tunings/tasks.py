"""Single tasks: `rlbench tune` finds settings of both agents for each, with equal effort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rlbench.cli.tune import main as tune
from rlbench.errors import ConfigError
from rlbench.harness.screen import duration
from rlbench.runs.files import replace_text
from rlbench.wording import plural

AGENTS = ("es", "dqn")
SEEDS = (2000, 2001, 2002)  # some of those from 1000 on chose the settings that were there before
TRIALS, FULL = 40, 6  # at most so many; of as many as the effort is enough for, were all full
SIDE_BY_SIDE = 2  # runs on two cores


@dataclass(frozen=True)
class Task:
    """run_s: the most that one run may take, in seconds of training."""

    env: str
    run_s: int

    @property
    def effort_s(self) -> int:
        """Seconds of training for each agent."""
        return FULL * len(SEEDS) * self.run_s

    def words(self, space: Path, results: Path, given: tuple[str, ...]) -> list[str]:
        return [
            f"agent={','.join(AGENTS)}", f"env={self.env}", f"space={space}", f"trials={TRIALS}",
            f"effort={self.effort_s}",
            f"seeds={','.join(map(str, SEEDS))}", f"budget.train_seconds={self.run_s}", "cores=1",
            f"results_dir={results}", *given,
        ]  # fmt: skip


CLASSIC = (
    Task("CartPole-v1", 20),
    Task("Acrobot-v1", 20),
    Task("MountainCar-v0", 60),
    Task("LunarLander-v3", 60),
    Task("Pendulum-v1", 60),
)
MUJOCO = (
    Task("InvertedPendulum-v5", 30),
    Task("InvertedDoublePendulum-v5", 60),
    Task("Swimmer-v5", 60),
    Task("HalfCheetah-v5", 60),
    Task("Hopper-v5", 90),
    Task("Walker2d-v5", 90),
    Task("Ant-v5", 90),
)
TASKS: Mapping[str, tuple[Task, ...]] = {"classic": CLASSIC, "mujoco": MUJOCO}


def tasks_of(name: str, only: str | None) -> tuple[Task, ...]:
    """The tasks of a set, or those of them that `only` names, ids between commas.

    Raises ConfigError where it names another one.
    """
    tasks = TASKS[name]
    if only is None:
        return tasks
    wanted = only.split(",")
    known = [task.env for task in tasks]
    unknown = [env for env in wanted if env not in known]
    if unknown:
        raise ConfigError("--only", unknown[0], f"ids of {name}: {', '.join(known)}")
    return tuple(task for task in tasks if task.env in wanted)


def plan(tasks: Sequence[Task]) -> str:
    """What will be done, and how long it takes."""
    whole_s = len(AGENTS) * sum(task.effort_s for task in tasks) / SIDE_BY_SIDE
    return (
        f"each agent: on each of {plural(len(tasks), 'task')}, settings that are tried on seeds "
        f"{SEEDS[0]} to {SEEDS[-1]} for {min(t.effort_s for t in tasks)} to "
        f"{max(t.effort_s for t in tasks)} s of training in all; {duration(whole_s)} on two cores, "
        "and evaluations"
    )


def space_of(name: str) -> Path:
    """The file that says what is varied of each agent."""
    return Path(__file__).with_name(f"{name}.yaml")


def search(
    name: str, tasks: Sequence[Task], results: Path, conf: Path, given: tuple[str, ...]
) -> None:
    """Find the settings of each of the tasks, and put them into the files of both agents."""
    for task in tasks:
        tune([*task.words(space_of(name), results, given), "--out", str(results)])
        for agent in AGENTS:
            found = results / agent / f"{task.env}.yaml"
            place = conf / "tuned" / agent / f"{task.env}.yaml"
            place.parent.mkdir(parents=True, exist_ok=True)
            before = place.read_text() if place.exists() else ""
            replace_text(place, merged(before, found.read_text()))
            print(f"written: {place}")


def merged(before: str, found: str) -> str:
    """The file of settings: those that were there, with what was found; how, and how before."""
    values: dict[str, Any] = yaml.safe_load(before) or {}
    for part, settings in yaml.safe_load(found).items():
        values.setdefault(part, {}).update(settings)
    told = [line for line in found.splitlines() if line.startswith("#")]
    earlier = [line for line in before.splitlines() if line.startswith("#") and line not in told]
    told += ["# What was varied lay around settings that were found so:", *earlier] * bool(earlier)
    return "\n".join([*told, yaml.safe_dump(values, sort_keys=False)])
