"""Whether the agents learn, with their tuned settings and on seeds that no tuning saw. Minutes.

Each bound is several times what the reference runs needed, and the random agent fails each one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlbench.config.compose import compose
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def solve(
    tmp_path: Path, agent: str, env: str, env_steps: int, *words: str, seed: int = 200
) -> dict[str, Any]:
    asked = compose(
        [
            *words,
            f"agent={agent}",
            f"env={env}",
            f"seed={seed}",
            f"results_dir={tmp_path}",
            f"budget.env_steps={env_steps}",
        ]
    )
    assert run(asked) == 0
    return json.loads((name_run(asked).directory / "summary.json").read_text())


@pytest.mark.parametrize(
    ("agent", "env", "env_steps"),
    [
        ("es", "CartPole-v1", 500_000),
        ("dqn", "CartPole-v1", 50_000),
        ("es", "Acrobot-v1", 1_000_000),
        ("dqn", "Acrobot-v1", 150_000),
        ("es", "MountainCar-v0", 5_000_000),
        ("es", "LunarLander-v3", 6_000_000),
        ("dqn", "LunarLander-v3", 500_000),
        ("dqn", "Pendulum-v1", 100_000),
    ],
)
def test_the_agent_solves_it_within_the_steps(
    tmp_path: Path, agent: str, env: str, env_steps: int
) -> None:
    summary = solve(tmp_path, agent, env, env_steps)
    assert summary["status"] == "solved", summary["best_return_mean"]
    assert summary["solved_at"]["env_steps"] <= env_steps


@pytest.mark.parametrize("executor", ["process", "ray"])
def test_actors_on_workers_solve_it_too(tmp_path: Path, executor: str) -> None:
    if executor == "ray":
        pytest.importorskip("ray")
    words = ["agent.actors=2", "agent.num_lanes=4", f"executor={executor}"]
    summary = solve(tmp_path, "dqn", "CartPole-v1", 100_000, *words)
    assert summary["status"] == "solved", summary["best_return_mean"]


@pytest.mark.parametrize("env", ["CartPole-v1", "Acrobot-v1", "MountainCar-v0", "Pendulum-v1"])
def test_the_random_agent_does_not(tmp_path: Path, env: str) -> None:
    summary = solve(tmp_path, "random", env, 100_000)
    assert summary["status"] == "budget" and summary["solved_at"] is None
