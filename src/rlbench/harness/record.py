"""What a run records of itself beside its log: collected here, written by `rlbench.runs`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import yaml

import rlbench
from rlbench.clock import utc_now
from rlbench.errors import ConfigError
from rlbench.harness.judge import Judge
from rlbench.harness.machine import describe, peak_rss_mb
from rlbench.harness.plan import RunPlan
from rlbench.runs.columns import Clock
from rlbench.runs.directory import RunDir
from rlbench.runs.files import replace_text
from rlbench.runs.header import Header, read_header, write_header
from rlbench.runs.reading import UnreadableFileError
from rlbench.runs.records import EndStatus
from rlbench.runs.summary import Contention, Summary

CONCURRENT_JOBS = "RLBENCH_CONCURRENT_JOBS"  # set by a sweep for its jobs


def concurrent_jobs() -> int:
    """How many jobs of a sweep run at once, this one included; raises ConfigError where the
    environment variable for it is no such number."""
    given = os.environ.get(CONCURRENT_JOBS, "1")
    if not (given.isascii() and given.isdecimal() and int(given[:9]) >= 1 and len(given) < 10):
        raise ConfigError(CONCURRENT_JOBS, given, "a whole number from 1 on; a sweep sets it")
    return int(given)


def write_beginning(plan: RunPlan, directory: RunDir, affinity: Sequence[int] | None) -> None:
    """Write config.yaml and run.json.

    affinity: the cores that the process is confined to; None where the system has no affinity.
    """
    settings = plan.settings
    values = settings.model_dump(mode="json")
    params = plan.agent_settings.model_dump(mode="json")
    agent = {"name": settings.agent.name, "_target_": settings.agent.target, **params}
    config = {"agent": agent, **{key: v for key, v in values.items() if key != "agent"}}
    replace_text(directory.config, yaml.safe_dump(config, sort_keys=False))
    header = _header(plan, affinity, started_at=_first_started_at(directory))
    write_header(directory.path, header)


def summarise(
    plan: RunPlan,
    judge: Judge | None,
    status: EndStatus,
    clock: Clock,
    attempts: int,
    error: str | None,
    contention: Contention | None,
) -> Summary:
    """The outcome at the end of an attempt; no judge where it failed so early."""
    return Summary(
        status=status,
        clock=clock,
        threshold=plan.env.threshold,
        solved_at=None if judge is None else judge.solved_at,
        reached={} if judge is None else judge.reached,
        final_return_mean=None if judge is None else judge.final_return,
        best_return_mean=None if judge is None else judge.best_return,
        peak_rss_mb=peak_rss_mb(),
        workers=plan.workers,
        cores=plan.cores,
        attempts=attempts,
        contention=contention,
        error=error,
    )


def _header(plan: RunPlan, affinity: Sequence[int] | None, started_at: str) -> Header:
    settings, name, env = plan.settings, plan.name, plan.env
    return Header(
        rlbench=rlbench.__version__,
        agent=settings.agent.name,
        version=plan.agent_class.version,
        env=env.facts.id,
        seed=settings.seed,
        setup=name.setup,
        learning=name.learning,
        fingerprint=name.fingerprint,
        threshold=env.threshold,
        levels=env.levels,
        budget_train_s=settings.budget.train_seconds,
        budget_env_steps=settings.budget.env_steps,
        stop_at_threshold=settings.stop_at_threshold,
        stop_at_levels=settings.stop_at_levels,
        cores=plan.cores,
        cpu_affinity=None if affinity is None else tuple(affinity),
        executor=plan.executor,
        workers=plan.workers,
        device=settings.device,
        precision=plan.agent_settings.compute_dtype(),
        concurrent_jobs=concurrent_jobs(),
        machine=describe(),
        started_at=started_at,
        argv=tuple(sys.argv[1:]),
        frame_skip=env.facts.frame_skip,
        max_episode_steps=env.facts.max_episode_steps,
        eval_max_episode_steps=plan.eval_max_episode_steps,
        eval_episodes=settings.eval.episodes,
        fresh_env_each_episode=env.fresh_each_episode,
        registration=plan.registration,
        preprocessing=env.preprocessing,
    )


def _first_started_at(directory: RunDir) -> str:
    """When the first attempt began."""
    try:
        return read_header(directory.path).started_at or utc_now()
    except UnreadableFileError:
        return utc_now()
