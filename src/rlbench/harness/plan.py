"""A run resolved: settings checked against this machine, the agent and the environment, and the
hashes that name it. Nothing is written here."""

from __future__ import annotations

import hashlib
import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlbench.envs.family import EnvPlan, Family
from rlbench.envs.make import family_of
from rlbench.errors import ConfigError
from rlbench.harness.machine import resolve_cores
from rlbench.settings import Settings, check

HASH_LENGTH = 10


@dataclass(frozen=True)
class RunName:
    """What a run is called: the hashes of design section 3, and the directory they lead to.

    learning: runs that share it learn the same. setup: `learning` and all that changes the time
    it takes. fingerprint: the conditions of environment and evaluation.
    """

    learning: str
    setup: str
    fingerprint: str
    directory: Path


@dataclass(frozen=True)
class RunPlan:
    """One run, ready to begin."""

    settings: Settings
    name: RunName
    agent_class: type[Any]
    agent_settings: Any
    env: EnvPlan
    cores: int
    executor: str
    workers: int
    eval_every_steps: int
    eval_max_episode_steps: int


def plan_run(settings: Settings, env: EnvPlan | None = None) -> RunPlan:
    """Resolve `settings`; raises ConfigError for whatever cannot be run here.

    env: the plan of its environment, where it is there already.
    """
    agent_class, agent_settings = load_agent(settings)
    cores = resolve_cores(settings.cores)
    family = family_of(settings.env)
    executor = resolve_executor(settings, agent_class, cores, family)
    env = env or family.plan()
    return RunPlan(
        settings=settings,
        name=_name(settings, agent_settings, cores, executor, family),
        agent_class=agent_class,
        agent_settings=agent_settings,
        env=env,
        cores=cores,
        executor=executor,
        workers=1 if executor == "serial" else cores,
        eval_every_steps=settings.eval.every_steps or family.eval_every_steps,
        eval_max_episode_steps=settings.eval.max_episode_steps or env.facts.max_episode_steps,
    )


def name_run(settings: Settings) -> RunName:
    """The name of the run that `settings` ask for, without building its environment."""
    agent_class, agent_settings = load_agent(settings)
    cores = resolve_cores(settings.cores)
    family = family_of(settings.env)
    executor = resolve_executor(settings, agent_class, cores, family)
    return _name(settings, agent_settings, cores, executor, family)


def load_agent(settings: Settings) -> tuple[type[Any], Any]:
    """The agent's class and its checked settings.

    Raises ConfigError for a target that cannot be imported and for parameters it does not take.
    """
    module, _, attribute = settings.agent.target.rpartition(".")
    try:
        agent_class = getattr(importlib.import_module(module), attribute)
        settings_class = agent_class.Settings
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            "agent._target_", settings.agent.target, f"an importable agent class ({error})"
        ) from error
    return agent_class, check(settings_class, settings.agent.params, "agent")


def resolve_executor(settings: Settings, agent_class: type[Any], cores: int, family: Family) -> str:
    """The executor of a run: `auto` is processes where there is more than one core, an agent that
    shares out its work, and an environment that does not step a whole population in one array."""
    if not getattr(agent_class, "uses_executor", False):
        return "serial"
    if settings.executor != "auto":
        return settings.executor
    if cores == 1 or family.native_vector:
        return "serial"
    return "process"


def _name(
    settings: Settings, agent_settings: Any, cores: int, executor: str, family: Family
) -> RunName:
    env = settings.env.identity()
    levels = {key: env[key] for key in ("threshold", "levels")}
    conditions = family.conditions()
    evaluation = settings.eval.model_dump(mode="json")
    learning = {
        "agent": settings.agent.target,
        "params": agent_settings.identity(),
        "env": conditions,
        "network": settings.network,
    }
    # An agent whose threads are "as many as cores" computes the same only on as many.
    if getattr(agent_settings, "threads", 0) is None:
        learning["threads"] = cores
    fingerprint = {
        "env": conditions,
        "levels": levels,
        "eval": {k: evaluation[k] for k in ("episodes", "max_episode_steps")},
        "confirmation_episodes": evaluation["confirmation_episodes"],
    }
    setup = {
        "learning": learning,
        "levels": levels,
        "eval": evaluation,
        "cores": cores,
        "executor": executor,
        "device": settings.device,
    }
    setup_hash = _hash(setup)
    return RunName(
        learning=_hash(learning),
        setup=setup_hash,
        fingerprint=_hash(fingerprint),
        directory=settings.results_dir
        / settings.agent.name
        / settings.env.id.replace("/", "__")
        / setup_hash
        / f"seed{settings.seed}",
    )


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]
