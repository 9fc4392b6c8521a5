"""Executors: where the tasks of a population run. They decide where, never what."""

from __future__ import annotations

from rlbench.envs.family import EnvPlan
from rlbench.executors.base import LaneExecutor


def make_executor(kind: str, plan: EnvPlan, workers: int) -> LaneExecutor:
    """The executor called `kind` ("serial", "process" or "ray") over environments of `plan`.

    Raises ConfigError where Ray is asked for and not installed.
    """
    if kind == "serial":
        from rlbench.executors.serial import SerialExecutor

        return SerialExecutor(plan)
    if kind == "process":
        from rlbench.executors.process import ProcessExecutor

        return ProcessExecutor(plan, workers)
    if kind == "ray":
        from rlbench.executors.ray import RayExecutor

        return RayExecutor(plan, workers)
    raise ValueError(f"executor {kind!r}: takes serial, process or ray")
