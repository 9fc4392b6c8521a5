"""A run resolved: settings checked against this machine, the agent and the environment, and the
hashes that name it. Nothing is written here."""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rlbench.checking import check
from rlbench.envs.catalogue import registration
from rlbench.envs.family import EnvPlan, EvalSchedule, Family
from rlbench.envs.make import family_of
from rlbench.errors import ConfigError, RlbenchError, StuckError
from rlbench.executors import EXECUTORS
from rlbench.harness.machine import resolve_cores, working_directory_kept
from rlbench.interfaces import Agent, AgentParameters, EnvFacts
from rlbench.registry import import_failure
from rlbench.settings import AUTO, EvalSettings, ExecutorSettings, Settings, resolve

HASH_LENGTH = 10
MAX_FOLDER_BYTES = 255  # what most file systems take
AGENT_ATTRIBUTES = (
    "Settings", "version", "uses_executor",
    "memory_mb", "advance", "policy", "get_state", "set_state", "close",
)  # fmt: skip


@dataclass(frozen=True)
class RunName:
    """What a run is called: the hashes of design section 3, and the directory they lead to.

    learning: runs that share it learn the same. fingerprint: the conditions of environment and
    evaluation, its schedule and the levels included. setup: both, and all that changes the time
    that a run takes.
    """

    learning: str
    setup: str
    fingerprint: str
    directory: Path


@dataclass(frozen=True)
class RunPlan:
    """One run, ready to begin. cores: all that it uses, which on a cluster are its workers' CPUs
    and what the agent itself keeps busy beside them.
    own_cores: what its own process may use. address: of that cluster, None for this machine.
    registration: what the environment's id stands for."""

    settings: Settings
    name: RunName
    agent_class: type[Agent]
    agent_settings: AgentParameters
    env: EnvPlan
    cores: int
    own_cores: int
    executor: str
    workers: int
    address: str | None
    eval_schedule: EvalSchedule
    eval_max_episode_steps: int
    memory_mb: float | None  # what the agent learns from, beside the libraries; None: unknown
    registration: Mapping[str, Any]


@dataclass(frozen=True)
class _Resolved:
    """Settings with nothing left to choose, before the environment is built."""

    agent_class: type[Agent]
    agent_settings: AgentParameters
    cores: int
    own_cores: int
    executor: str
    workers: int
    address: str | None
    family: Family
    eval_schedule: EvalSchedule
    eval_max_episode_steps: int


def plan_run(settings: Settings, env: EnvPlan | None = None) -> RunPlan:
    """Resolve `settings`; raises ConfigError for whatever cannot be run here.

    env: the plan of its environment, where it is there already.
    """
    with settings.origins.named():
        return _plan(settings, env)


def _plan(settings: Settings, env: EnvPlan | None) -> RunPlan:
    found = _resolve(settings)
    with working_directory_kept():
        env = env or found.family.plan()
    env = replace(
        env,
        step_timeout_s=settings.env.step_timeout_s,
        agent=settings.agent.name,
        agent_timeout_s=settings.agent_timeout_s,
    )
    # This also finds settings of the agent that do not suit the environment.
    memory_mb = memory_mb_of(found.agent_class, env.facts, found.agent_settings, found.workers)
    return RunPlan(
        settings=settings,
        name=_name(settings, found),
        agent_class=found.agent_class,
        agent_settings=found.agent_settings,
        env=env,
        cores=found.cores,
        own_cores=found.own_cores,
        executor=found.executor,
        workers=found.workers,
        address=found.address,
        eval_schedule=found.eval_schedule,
        eval_max_episode_steps=found.eval_max_episode_steps,
        memory_mb=memory_mb,
        registration=registration(found.family.spec),
    )


def name_run(settings: Settings, available_cores: int | None = None) -> RunName:
    """The name of the run that `settings` ask for, without building its environment.

    available_cores: of the machine that it is to run on, where that is another than this.
    """
    with settings.origins.named():
        return _name(settings, _resolve(settings, available_cores))


def memory_mb_of(
    agent_class: type[Agent], env: EnvFacts, settings: AgentParameters, workers: int
) -> float | None:
    """What the agent says of its memory; raises ConfigError where that is no number."""
    name = f"{agent_class.__name__}.memory_mb"
    try:
        memory: object = agent_class.memory_mb(env, settings, workers=workers)
    except RlbenchError:  # settings that do not suit the environment
        raise
    except Exception as error:
        raise ConfigError(name, f"{type(error).__name__}: {error}", "a number or None") from error
    if memory is None:
        return None
    if not isinstance(memory, (int, float, np.number)) or not 0 <= memory < math.inf:
        raise ConfigError(name, memory, "a number from 0 on, or None")
    return float(memory)


def check_agent_here(settings: Settings) -> None:
    """Raise ConfigError where the agent cannot be imported, or lacks what it needs, here."""
    with settings.origins.named():
        load_agent(settings)[1].check_installed()


def load_agent(settings: Settings) -> tuple[type[Agent], AgentParameters]:
    """The agent's class and its checked settings.

    Raises ConfigError for a target that cannot be imported or is no agent, and for parameters it
    does not take.
    """
    module, _, attribute = settings.agent.target.rpartition(".")
    try:
        agent_class: type[Agent] = getattr(importlib.import_module(module), attribute)
    except (KeyboardInterrupt, StuckError):
        raise
    except BaseException as error:  # a module of others may raise anything, SystemExit included
        takes = f"an agent class that can be imported; {import_failure(error)}"
        raise ConfigError("agent._target_", settings.agent.target, takes) from error
    for name in AGENT_ATTRIBUTES:
        if not hasattr(agent_class, name):
            takes = f"an agent class, which has {name!r} (see rlbench.interfaces.Agent)"
            raise ConfigError("agent._target_", settings.agent.target, takes)
    own: object = agent_class.Settings
    if not (isinstance(own, type) and issubclass(own, AgentParameters)):
        takes = "an agent class whose Settings derive from rlbench.interfaces.AgentParameters"
        raise ConfigError("agent._target_", settings.agent.target, takes)
    return agent_class, check(agent_class.Settings, settings.agent.params, "agent")


def resolve_executor(settings: Settings, uses_executor: bool, cores: int, family: Family) -> str:
    """The name of a run's executor: `auto` is processes where there is more than one core or
    worker, an agent that uses an executor, and an environment that does not step a whole population
    in one array."""
    if not uses_executor:
        return "serial"
    asked = settings.executor
    if asked.name != AUTO:
        return asked.name
    if asked.address is not None:
        raise ConfigError("executor.address", asked.address, "null where executor is not ray")
    if asked.workers != AUTO:
        return "process" if asked.workers > 1 else "serial"
    return "serial" if cores == 1 or family.native_vector else "process"


class _Workers(NamedTuple):
    workers: int
    address: str | None
    cores: int


def _resolve_workers(asked: ExecutorSettings, name: str, cores: int, beside: int) -> _Workers:
    """Who works for the executor `name` in a run that has `cores` cores of this machine, and what
    its cores are then. beside: see `AgentParameters.cores_beside`."""
    executor = EXECUTORS[name]
    address = executor.address(asked.address)
    if address is not None:
        if asked.workers != AUTO:
            return _Workers(asked.workers, address, cores=asked.workers + beside)
        workers = max(executor.cpus_at(address) - beside, 1)
        return _Workers(workers, address, cores=workers + beside)
    workers = resolve(asked.workers, executor.workers_for(cores))
    if name == "serial" and workers > 1:
        raise ConfigError("executor.workers", workers, "auto or 1 where executor is serial")
    return _Workers(workers, None, cores)


def _resolve(settings: Settings, available_cores: int | None = None) -> _Resolved:
    agent_class, agent_settings = load_agent(settings)
    cores, family = resolve_cores(settings.cores, available_cores), family_of(settings.env)
    uses_executor = agent_class.uses_executor and not agent_settings.alone()
    executor = resolve_executor(settings, uses_executor, cores, family)
    asked = settings.executor if uses_executor else ExecutorSettings()
    beside = agent_settings.cores_beside(cores) if uses_executor else 0
    found = _resolve_workers(asked, executor, cores, beside)
    return _Resolved(
        agent_class=agent_class,
        agent_settings=agent_settings,
        cores=found.cores,
        own_cores=cores,
        executor=executor,
        workers=found.workers,
        address=found.address,
        family=family,
        eval_schedule=_schedule(settings.eval, family.evaluation),
        eval_max_episode_steps=resolve(
            settings.eval.max_episode_steps, family.eval_max_episode_steps()
        ),
    )


def _schedule(asked: EvalSettings, automatic: EvalSchedule) -> EvalSchedule:
    return EvalSchedule(
        first_steps=resolve(asked.first_steps, automatic.first_steps),
        growth=resolve(asked.growth, automatic.growth),
        every_steps=resolve(asked.every_steps, automatic.every_steps),
        gap_per_step=resolve(asked.gap_per_step, automatic.gap_per_step),
    )


def _name(settings: Settings, found: _Resolved) -> RunName:
    conditions, (threshold, levels) = found.family.conditions(), found.family.levels()
    learning = {
        "agent": settings.agent.name,
        "version": found.agent_class.version,
        "settings": found.agent_settings.identity(found.own_cores),
        "env": conditions,
    }
    # The schedule and the levels belong to the conditions: they decide when a level is seen to be
    # reached. Everything is resolved, so that a default asked for by name changes nothing.
    fingerprint = {
        "env": conditions,
        "threshold": threshold,
        "levels": levels,
        "eval": {
            "episodes": settings.eval.episodes,
            "confirmation_episodes": settings.eval.confirmation_episodes,
            **asdict(found.eval_schedule),
            "max_episode_steps": found.eval_max_episode_steps,
        },
    }
    setup = {
        "learning": learning,
        "fingerprint": fingerprint,
        "cores": found.cores,
        "executor": found.executor,
        "workers": found.workers,
        "device": settings.device,
    }
    setup_hash = _hash(setup)
    return RunName(
        learning=_hash(learning),
        setup=setup_hash,
        fingerprint=_hash(fingerprint),
        directory=settings.results_dir
        / settings.agent.name
        / _folder_of(settings.env.id)
        / setup_hash
        / f"seed{settings.seed}",
    )


def _folder_of(env_id: str) -> str:
    """The name of an environment's folder. Raises ConfigError for an id that makes no such name."""
    name = env_id.replace("/", "__")
    fits = 0 < len(name.encode("utf-8", "replace")) <= MAX_FOLDER_BYTES
    if not (fits and name.isprintable()) or name in (os.curdir, os.pardir):
        takes = f"an id of at most {MAX_FOLDER_BYTES} bytes that can be the name of a folder"
        raise ConfigError("env.id", env_id, takes)
    return name


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]
