"""How much of the wait is evaluation, in every family and for both agents."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import rlbench, scratch, single_run
from benchmarks.model import Goal, Plan, Result

ENVS = {
    "classic control": "Acrobot-v1",
    "CartPole (lanes as arrays)": "CartPole-v1",
    "Box2D": "LunarLander-v3",
    "MuJoCo": "HalfCheetah-v5",
    "Atari from pixels": "ALE/Boxing-v5",
    "Atari from memory": "ALE/Boxing-v5 +env.kwargs.obs_type=ram",
}
MINUTE_S, MINUTE_LIMIT, DEFAULT_LIMIT = 60, 50.0, 25.0
AGENTS = ("es", "dqn")


def of_a_minute(plan: Plan) -> Result:
    """Runs with a minute of training, which go on after the threshold. 20 minutes."""
    seconds = plan.size(MINUTE_S, 1)
    words = [f"budget.train_seconds={seconds}", "stop_at_threshold=false"]
    return _share(plan, f"{seconds} s of training", words, MINUTE_LIMIT, _one_after_another)


def of_the_default(plan: Plan) -> Result:
    """Runs as a command without a budget makes them: they end solved or after the default budget.

    Both agents at once with a core each, so that it takes three quarters of an hour, not more than
    one. It flatters nobody: an evaluation that has one core instead of two is the longer part.
    """
    words = ["budget.train_seconds=1"] if plan.quick else []
    return _share(plan, "default budget, one core", words, DEFAULT_LIMIT, _side_by_side)


Summaries = dict[str, dict[str, Any]]


def _one_after_another(words: list[str], folder: Path) -> Summaries:
    """The summary of each agent's run on all cores."""
    return {
        agent: single_run([f"agent={agent}", *words], folder / agent).summary for agent in AGENTS
    }


def _side_by_side(words: list[str], folder: Path) -> Summaries:
    """The summary of each agent's run on a core of its own, both at once."""
    rlbench(["-m", f"agent={','.join(AGENTS)}", "cores=1", *words, f"results_dir={folder}"])
    return {
        agent: json.loads(path.read_text())
        for agent in AGENTS
        for path in folder.glob(f"{agent}/*/*/seed*/summary.json")
    }


def _share(
    plan: Plan,
    budget: str,
    words: list[str],
    limit: float,
    make_runs: Callable[[list[str], Path], Summaries],
) -> Result:
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    for family, env_words in ENVS.items():
        with scratch() as folder:
            summaries = make_runs([*f"env={env_words}".split(), *words], folder)
        for agent in AGENTS:
            summary = summaries[agent]
            name = f"{family}, {agent}, {budget}"
            share = 100 * summary["eval_s"] / summary["wall_s"]
            samples[f"{name}: training"] = [summary["train_s"]]
            samples[f"{name}: evaluation"] = [summary["eval_s"]]
            samples[f"{name}: start-up"] = [summary["startup_s"]]
            goals.append(Goal(f"evaluation, {name}", share, limit, "under", "% of wall time"))
            print(f"  {name}: {share:.0f} % evaluation, {summary['status']}", flush=True)
    return Result(
        goals=tuple(goals),
        samples=samples,
        units=dict.fromkeys(samples, "s"),
        notes=("Default settings, one seed.",),
    )
