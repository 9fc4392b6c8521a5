"""Whether a run fits in the memory that is free, and which setting asks for too much of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import psutil

from rlbench import container
from rlbench.checking import check
from rlbench.errors import ConfigError
from rlbench.harness.plan import RunPlan, memory_mb_of
from rlbench.interfaces import AgentParameters

MEMORY_SHARE = 0.9  # of what the system says is available; the rest is for everything else
EPISODE_BYTES = 1_000  # an episode's seed, generator and results
SMALL_STATE_MB = 256
MIB = 2**20


def check_memory(plan: RunPlan, free_mb: float | None = None) -> None:
    """Raise ConfigError where the run would take more than `free_mb` (default: what this process
    may still have), naming the setting that asks for most and what would fit."""
    free = available_mb() if free_mb is None else free_mb
    evaluation = plan.settings.eval.model_dump()
    for key in ("episodes", "confirmation_episodes"):
        most = _largest(lambda value: evaluation_mb(plan, int(value)) <= free, evaluation[key])
        if most < evaluation[key]:
            raise ConfigError(f"eval.{key}", evaluation[key], f"at most {most} here: {_fits(free)}")
    if plan.memory_mb is None or plan.memory_mb <= free:
        return
    needs = f"the agent would take {plan.memory_mb:,.0f} MB, and {_fits(free)}"
    name = _greediest(plan)
    if name is None:
        raise ConfigError("agent", plan.settings.agent.name, f"less memory: {needs}")
    value = getattr(plan.agent_settings, name)
    most = _largest(lambda size: _with(plan, name, size) <= free, _size(value))
    if isinstance(value, int):
        most = _taken(plan, name, most)
    takes = f"at most {most} here" if isinstance(value, int) else f"numbers up to {most} here"
    got = value if isinstance(value, int) else list(value)
    raise ConfigError(f"agent.{name}", got, f"{takes if most else 'less'}: {needs}")


def available_mb() -> float:
    """What this process may still take, in MiB: of the machine's memory, or of its container's."""
    free, left = psutil.virtual_memory().available, container.memory_left_bytes()
    return float((free if left is None else min(free, left)) * MEMORY_SHARE / MIB)


def state_bytes(plan: RunPlan) -> int:
    """What the arrays and rows of an agent's state take at most: twice what the agent says, as that
    is an estimate; where it says nothing, the machine's memory."""
    if plan.memory_mb is None:
        return int(psutil.virtual_memory().total)
    return int((2 * plan.memory_mb + SMALL_STATE_MB) * MIB)


def evaluation_mb(plan: RunPlan, episodes: int) -> float:
    """What an evaluation of so many episodes takes at least, in MiB."""
    facts = plan.env.facts
    lanes = 1 if facts.frames else min(episodes, facts.lock_step_lanes or episodes)
    return float((episodes * EPISODE_BYTES + lanes * facts.lane_bytes) / MIB)


def _fits(free_mb: float) -> str:
    return f"{free_mb:,.0f} MB are free"


def _greediest(plan: RunPlan) -> str | None:
    """The setting with whose default the agent would take least; where all are as by default,
    the one with whose smallest value it would."""
    fields = {
        name: field.get_default()
        for name, field in type(plan.agent_settings).model_fields.items()
        if _is_size(getattr(plan.agent_settings, name))
    }
    defaults = {name: _size(default) for name, default in fields.items()}
    for sizes in (defaults, dict.fromkeys(fields, 1)):
        costs = {name: _with(plan, name, size) for name, size in sizes.items()}
        if costs and min(costs.values()) < (plan.memory_mb or 0.0):
            return min(costs, key=lambda name: costs[name])
    return None


def _size(default: Any) -> int:
    if not _is_size(default):
        return 1
    return int(default) if isinstance(default, int) else max(default)


def _is_size(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(type(item) is int for item in value)
    return type(value) is int


def _with(plan: RunPlan, key: str, size: int) -> float:
    """The agent's memory where no number of the setting `key` is above `size`, in MiB."""
    value = getattr(plan.agent_settings, key)
    smaller = min(value, size) if isinstance(value, int) else tuple(min(v, size) for v in value)
    settings: AgentParameters = plan.agent_settings.model_copy(update={key: smaller})
    return memory_mb_of(plan.agent_class, plan.env.facts, settings, plan.workers) or 0.0


def _taken(plan: RunPlan, key: str, most: int) -> int:
    """`most`, or one less where the agent's settings take only that, as members come in pairs; 0:
    they take neither."""
    values = plan.agent_settings.model_dump()
    for size in (most, most - 1):
        with contextlib.suppress(ConfigError):
            check(type(plan.agent_settings), {**values, key: size})
            return size
    return 0


def _largest(fits: Callable[[int], bool], given: int) -> int:
    """The largest number from 1 to `given` that `fits`; 0: not even 1 does."""
    if fits(given):
        return given
    low, high = 0, given
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
