"""Executors: where the tasks of a population run. They decide where, never what."""

from __future__ import annotations

from typing import Any, cast

from rlbench.envs.family import EnvPlan
from rlbench.errors import ConfigError
from rlbench.executors.base import LaneExecutor
from rlbench.registry import Registry, choices
from rlbench.settings import AUTO

EXECUTORS: Registry[type[LaneExecutor]] = Registry(
    "executor",
    "rlbench.executors",
    {
        "serial": "rlbench.executors.serial:SerialExecutor",
        "process": "rlbench.executors.process:ProcessExecutor",
        "ray": "rlbench.executors.ray:RayExecutor",
    },
    has=("workers_for", "map"),
)


def check_executor(name: str) -> None:
    """Raises ConfigError where `name` is neither `auto` nor an executor."""
    if name != AUTO and name not in EXECUTORS:
        raise ConfigError("executor", name, choices(name, [AUTO, *EXECUTORS]))


def make_executor(
    name: str, plan: EnvPlan, workers: int, address: str | None = None
) -> LaneExecutor:
    """The executor of that name over environments of `plan`; address: see `LaneExecutor.address`.

    Raises ConfigError for an unknown name, and where what the executor needs is not installed.
    """
    executor: Any = EXECUTORS[name]
    made = executor(plan, workers) if address is None else executor(plan, workers, address)
    return cast(LaneExecutor, made)
