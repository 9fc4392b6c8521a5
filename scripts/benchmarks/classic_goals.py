"""How often the agents solve the classic tasks, read from the committed reference runs."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from benchmarks.measure import CHECKOUT
from benchmarks.model import Goal, Plan, Result

REFERENCE = CHECKOUT / "results" / "reference" / "classic"
SOLVED_WITHIN_S = 600.0
PROMISED = {"Acrobot-v1": 4, "LunarLander-v3": 4}  # seeds of 5; elsewhere: what is true


def classic_solved(plan: Plan) -> Result:
    """Seeds solved, confirmed, within 10 minutes of training; made by `scripts/reference classic`.

    A smoke run (`plan.quick`) reads the same files: nothing is computed here.
    """
    train_s: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for file in sorted(REFERENCE.glob("*/*/*/seed*/summary.json")):
        run = json.loads((file.parent / "run.json").read_text())
        if run["agent"] == "random":
            continue
        solved_at = json.loads(file.read_text())["solved_at"]
        train_s[run["env"], run["agent"]].append(solved_at["train_s"] if solved_at else None)
    expected = {(env, agent) for env in PROMISED for agent in ("es", "dqn")}
    goals = []
    for env, agent in sorted(expected | set(train_s)):
        times = train_s.get((env, agent), [])
        solved = sum(time is not None and time <= SOLVED_WITHIN_S for time in times)
        goals.append(
            Goal(
                f"{env}, {agent}: seeds solved within 10 min of training, of {len(times)}",
                solved if times else None,
                PROMISED.get(env),
                remark="" if times else f"no runs below {_shown(REFERENCE)}",
            )
        )
    samples = {
        f"{env}, {agent}: training to solved": [time for time in times if time is not None]
        for (env, agent), times in sorted(train_s.items())
    }
    return Result(tuple(goals), samples, dict.fromkeys(samples, "s"))


def _shown(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))
