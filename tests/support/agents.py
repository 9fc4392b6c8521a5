"""Agents as a run builds them, small enough for a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rlbench.agents.dqn.agent import DQN
from rlbench.agents.es.agent import ES
from rlbench.checking import check
from rlbench.envs.make import plan_env
from rlbench.harness.resources import Resources
from rlbench.interfaces import EnvFacts, Lanes
from rlbench.settings import EnvSettings

SMALL_DQN: Mapping[str, Any] = {
    "hidden": (16,),
    "batch_size": 8,
    "replay_capacity_steps": 300,
    "learning_starts_steps": 40,
    "train_every_steps": 8,
    "updates_per_train": 2,
    "target_update_steps": 24,
    "epsilon_decay_steps": 200,
    "learning_rate": 0.005,
    "compile": False,  # compiling takes longer than all that is learned here
}


def never() -> bool:
    return False


@dataclass(frozen=True)
class LanesPlan:
    """As much of an environment's plan as agents need, around lanes of a test."""

    facts: EnvFacts
    lanes: Callable[[int], Lanes]


def build_dqn(
    env: str | Any,
    seed: int = 0,
    *,
    should_stop: Callable[[], bool] = never,
    **changes: Any,
) -> tuple[DQN, Resources]:
    """A small DQN on an environment's id or plan, and what it trains with."""
    plan = plan_env(EnvSettings(id=env)) if isinstance(env, str) else env
    resources = Resources(plan)
    settings = check(DQN.Settings, {**SMALL_DQN, **changes}, "agent")
    return DQN(resources.context(seed, should_stop), settings), resources


def build_es(
    env: str | Any,
    seed: int = 3,
    *,
    should_stop: Callable[[], bool] = never,
    **changes: Any,
) -> tuple[ES, Resources]:
    """ES on an environment's id or plan, in this process, and what it trains with."""
    plan = plan_env(EnvSettings(id=env)) if isinstance(env, str) else env
    resources = Resources(plan)
    settings = check(ES.Settings, changes, "agent")
    return ES(resources.context(seed, should_stop), settings), resources
