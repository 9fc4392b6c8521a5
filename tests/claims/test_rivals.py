"""What stands for reinforcement learning in a claim: the paper's own rival, where it was run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlbench.agents import AGENTS as REGISTERED
from rlbench.analysis.groups import group_runs
from rlbench.claims.conditions import AGENTS, is_listed
from rlbench.claims.evidence import Comparison, have_claimed_agents
from rlbench.claims.files import as_json
from rlbench.claims.rivals import A2C, TRPO, Rival, other_settings
from rlbench.claims.text import examination_lines
from rlbench.claims.verdict import rival_text
from rlbench.cli.claims import examine_runs_below
from rlbench.config.compose import compose
from rlbench.envs.catalogue import entries
from rlbench.harness.plan import load_agent
from rlbench.published.levels import published_levels
from rlbench.runs.load import load_runs
from support.run_files import RunFiles

TASKS = ["HalfCheetah-v5", "InvertedPendulum-v5", "Swimmer-v5"]
GAME = "ALE/Pong-v5"
SPREAD = (0.8, 0.9, 1.0, 1.1, 1.2)
Made = dict[str, Any]


def agent_of(*words: str) -> Made:
    """The agent in config.yaml of a run with these words."""
    asked = compose([*words])
    made = load_agent(asked)[1].model_dump(mode="json")
    return {"name": asked.agent.name, "_target_": asked.agent.target, **made}


@pytest.fixture(scope="module")
def a3c() -> Made:
    return agent_of("agent=sb3:A2C", "experiment=atari", f"env={GAME}")


@pytest.fixture(scope="module")
def trpo() -> dict[str, Made]:
    listed = [entry.id for entry in entries() if is_listed(entry.id) and "ALE/" not in entry.id]
    assert len(listed) == 7
    return {env: agent_of("agent=sb3:TRPO", f"env={env}", "budget.env_steps=9") for env in listed}


def write(root: Path, agent: str, env: str, mean_s: float | None, made: Made | None = None) -> None:
    """Five runs that reach the level after about `mean_s`; None: never, in 10,000 s."""
    levels = published_levels(env)
    assert levels is not None
    level = levels.threshold
    for seed, spread in enumerate(SPREAD):
        end = 1e4 + 0.01 * seed if mean_s is None else mean_s * spread
        last = level - 40.0 if mean_s is None else level + 1.0
        RunFiles(
            agent=agent, env=env, seed=seed, threshold=level, budget_train_s=1e4,
            configuration={f"agent.{key}": value for key, value in (made or {}).items()},
            history=((0.0, level - 100.0), (0.95 * end, level - 50.0), (end, last)),
            status="budget" if mean_s is None else "solved",
        ).write(root)  # fmt: skip


def only_one(root: Path) -> Comparison:
    (comparison,) = [
        c for examined in examine_runs_below(root).claims for c in examined.evidence.comparisons
    ]
    return comparison


# --- which one decides --------------------------------------------------------------------------


def test_the_papers_rival_decides_and_not_dqn(tmp_path: Path, trpo: dict[str, Made]) -> None:
    for task in TASKS:
        write(tmp_path, "es", task, 1.0)
        write(tmp_path, "sb3-TRPO", task, 500.0, trpo[task])
        write(tmp_path, "dqn", task, 1.0)  # alone it would not support the claim
    # Where DQN alone was run on the claim's own task, TRPO still decides on its three.
    for agent in ("es", "dqn"):
        write(tmp_path, agent, "Humanoid-v5", 1.0)
    examination = examine_runs_below(tmp_path)
    found = examination.claims[1]
    assert (found.verdict.outcome, found.evidence.rival.name) == ("supported", "TRPO")
    assert "TRPO's training time over that of ES was 500\u00d7" in found.verdict.reason
    counts = {(c.rival.agent, c.left_out) for c in found.evidence.comparisons}
    assert counts == {("sb3-TRPO", ""), ("dqn", "the verdict is against TRPO")}
    words = " ".join("\n".join(examination_lines(examination, 100)).split())
    assert "The reinforcement learning here is TRPO of sb3-contrib with the settings of RL" in words
    assert "It stands for what the paper compares with, so no other one decides." in words
    assert "The cost of TRPO or DQN over that of ES until solved" in words
    assert "TRPO 5/5 ES 5/5" in words and "DQN 5/5 ES 5/5" in words
    measured = as_json(examination)["claims"][1]["measured"]
    assert measured["rival"] == "sb3-TRPO"
    assert [speed["agent"] for speed in measured["rates"]] == ["es", "sb3-TRPO"]


def test_what_came_out_plays_no_part_in_who_decides(tmp_path: Path, trpo: dict[str, Made]) -> None:
    """Neither TRPO nor ES solves one task: DQN would have an answer there, and gets no say."""
    for task in TASKS:
        write(tmp_path, "es", task, 10.0 if task != TASKS[0] else None)
        write(tmp_path, "sb3-TRPO", task, None, trpo[task])
        write(tmp_path, "dqn", task, 1.0)
    found = examine_runs_below(tmp_path).claims[1]
    assert (found.verdict.outcome, found.evidence.rival.name) == ("not testable here", "TRPO")
    assert "Only 2 of the at least 3 MuJoCo tasks" in found.verdict.reason


def test_dqn_decides_where_the_papers_rival_was_run_on_too_few(
    tmp_path: Path, trpo: dict[str, Made]
) -> None:
    for task in TASKS:
        write(tmp_path, "es", task, 1.0)
        write(tmp_path, "dqn", task, 500.0)
    for task in TASKS[:2]:
        write(tmp_path, "sb3-TRPO", task, 1.0, trpo[task])
    found = examine_runs_below(tmp_path).claims[1]
    assert (found.verdict.outcome, found.evidence.rival.name) == ("supported", "DQN")
    assert rival_text(found.claim, found.evidence) == (
        "The reinforcement learning here is this package's DQN. TRPO, which stands for what the "
        "paper compares with, meets the conditions on 2 MuJoCo tasks, too few to decide."
    )


def test_a2c_stands_for_a3c_on_games(tmp_path: Path, a3c: Made) -> None:
    for agent, made in (("es", None), ("sb3-A2C", a3c), ("dqn", None)):
        write(tmp_path, agent, GAME, 400.0, made)
    found = examine_runs_below(tmp_path).claims[0]
    assert (found.evidence.rival.name, len(found.evidence.counted)) == ("A2C", 1)
    needs = " ".join(found.verdict.needs)
    assert "frames a game of the published A3C took 384 core-hours; at the 500 steps/s" in needs


def test_a2c_on_robots_and_trpo_on_games_stand_for_nothing(tmp_path: Path) -> None:
    for agent in ("es", "sb3-A2C", "sb3-TRPO"):
        RunFiles(agent=agent, env="CartPole-v1").write(tmp_path / "classic")
        RunFiles(agent=agent, env="Hopper-v5").write(tmp_path / "robots")
    for folder, said in (("classic", False), ("robots", True)):
        groups = group_runs(load_runs(tmp_path / folder).runs)[0].groups
        assert have_claimed_agents(groups) is said
    assert only_one(tmp_path / "robots").rival.name == "TRPO"


# --- with which settings ------------------------------------------------------------------------


def told(rival: Rival, env: str, agent: Made) -> list[str]:
    return [f"{key} is {value}, not {must}" for key, value, must in
            other_settings(rival, env, agent)]  # fmt: skip


def test_the_stated_settings_are_those_that_the_experiments_give(
    a3c: Made, trpo: dict[str, Made]
) -> None:
    assert told(A2C, GAME, a3c) == []
    paper = agent_of("experiment=a3c_atari")
    assert told(A2C, GAME, paper | {"schedule_steps": None}) == []
    for env, agent in trpo.items():
        assert told(TRPO, env, agent) == [], env
    zoo = agent_of("agent=sb3:A2C", f"env={GAME}")
    assert "agent.tuned.A2C.network is nature, not a3c" in told(A2C, GAME, zoo)


def test_settings_by_hand_do_not_count(tmp_path: Path, a3c: Made) -> None:
    own = {
        "schedule_steps": (9, "None"), "num_lanes": (1, "auto"), "network": ("nature", "auto"),
        "kwargs": ({"gamma": 0.5}, ""), "threads": (1, "auto"), "new": (3, "missing"),
    }  # fmt: skip
    for key, (value, must) in own.items():
        said = told(A2C, GAME, a3c | {key: value})
        assert said[-1 if key != "kwargs" else 0].startswith(f"agent.{key}"), said
        assert said[0].endswith(must), said
    changed = json.loads(json.dumps(a3c))
    changed["tuned"]["A2C"]["kwargs"]["policy_kwargs"]["optimizer_kwargs"]["eps"] = 1.0
    write(tmp_path, "es", GAME, 10.0)
    write(tmp_path, "sb3-A2C", GAME, 10.0, changed)
    assert only_one(tmp_path).left_out == (
        "sb3-A2C, seed 0: agent.tuned.A2C.kwargs.policy_kwargs.optimizer_kwargs.eps is 1.0, "
        "not 1e-05"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"tuned": None}, {"tuned": {"A2C": 3}}, {"tuned": {"A2C": {"kwargs": [1]}}}, {"kwargs": 7},
        {"more": {"\x1b[2J": {1: "x" * 500}}}, {"_target_": "mine.Slow"},
    ],
)  # fmt: skip
def test_a_file_that_holds_anything_is_left_out(tmp_path: Path, a3c: Made, changed: Made) -> None:
    write(tmp_path, "es", GAME, 10.0)
    write(tmp_path, "sb3-A2C", GAME, 10.0, a3c | changed)
    why = only_one(tmp_path).left_out
    assert why.startswith(("sb3-A2C, seed 0: agent.", "sb3-A2C, seed 0: its agent is mine.Slow"))
    assert "\x1b" not in why and len(why) < 250


def test_the_classes_are_those_that_are_registered() -> None:
    assert {a: REGISTERED.import_path(a.partition("-")[0]) for a in AGENTS} == AGENTS
