"""What a run writes of itself beside its log: config.yaml, run.json and summary.json."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import yaml

import rlbench
from rlbench.clock import utc_now
from rlbench.harness.judge import Judge
from rlbench.harness.machine import describe, peak_rss_mb
from rlbench.harness.plan import RunPlan
from rlbench.runs.columns import Clock
from rlbench.runs.directory import RunDir
from rlbench.runs.files import write_atomically

SCHEMA = 1
CONCURRENT_JOBS = "RLBENCH_CONCURRENT_JOBS"  # set by a sweep for its jobs


def write_beginning(plan: RunPlan, directory: RunDir, affinity: list[int] | None) -> str:
    """Write config.yaml and run.json; returns `started_at`, which stays that of the first
    attempt."""
    settings, name, env = plan.settings, plan.name, plan.env
    started_at = _first_started_at(directory)
    params = plan.agent_settings.model_dump(mode="json")
    values = settings.model_dump(mode="json")
    agent = {"name": settings.agent.name, "_target_": settings.agent.target, **params}
    config = {"agent": agent, **{key: v for key, v in values.items() if key != "agent"}}
    write_atomically(directory.config, yaml.safe_dump(config, sort_keys=False))
    facts = {
        "schema": SCHEMA,
        "rlbench": rlbench.__version__,
        "agent": settings.agent.name,
        "env": env.facts.id,
        "seed": settings.seed,
        "setup": name.setup,
        "learning": name.learning,
        "fingerprint": name.fingerprint,
        "threshold": env.threshold,
        "levels": env.levels,
        "random_return": None,
        "budget": values["budget"],
        "stop_at_threshold": settings.stop_at_threshold,
        "stop_at_levels": settings.stop_at_levels,
        "cores": plan.cores,
        "cpu_affinity": affinity,
        "executor": plan.executor,
        "workers": plan.workers,
        "device": settings.device,
        "precision": plan.agent_settings.compute_dtype(),
        "concurrent_jobs": int(os.environ.get(CONCURRENT_JOBS, "1")),
        **describe(),
        "started_at": started_at,
        "argv": sys.argv[1:],
        "frame_skip": env.facts.frame_skip,
        "max_episode_steps": env.facts.max_episode_steps,
        "eval_max_episode_steps": plan.eval_max_episode_steps,
        "eval_episodes": settings.eval.episodes,
        "fresh_env_each_episode": env.fresh_each_episode,
        "preprocessing": env.preprocessing,
    }
    directory.write_json(directory.run, facts)
    return started_at


def summarise(
    plan: RunPlan,
    judge: Judge | None,
    status: str,
    clock: Clock,
    attempts: int,
    error: str | None,
    contention: dict[str, float] | None,
) -> dict[str, Any]:
    """The content of summary.json at the end of an attempt; no judge where it failed so early."""
    reached = {} if judge is None else judge.reached
    return {
        "schema": SCHEMA,
        "status": status,
        "threshold": plan.env.threshold,
        "solved_at": None if judge is None else judge.solved_at,
        "reached": {repr(level): at for level, at in reached.items()},
        "final_return_mean": None if judge is None else judge.final_return,
        "best_return_mean": None if judge is None else judge.best_return,
        **clock.row(),
        "env_steps_per_s": clock.env_steps / clock.train_s if clock.train_s > 0 else None,
        "peak_rss_mb": peak_rss_mb(),
        "workers": plan.workers,
        "cores": plan.cores,
        "attempts": attempts,
        "contention": contention,
        "error": error,
    }


def _first_started_at(directory: RunDir) -> str:
    try:
        return str(json.loads(directory.run.read_text())["started_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return utc_now()
