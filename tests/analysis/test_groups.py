"""Grouping: only runs that differ in nothing but their seed are averaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlbench.analysis.groups import (
    EnvironmentGroups,
    baseline_groups,
    check_agent_of_baseline,
    check_baseline,
    comparable_pairs,
    group_runs,
)
from rlbench.errors import ConfigError
from rlbench.reports.notes import budget_notes, incomparable_notes, observation_notes
from rlbench.runs.load import load_runs
from support.run_files import RunFiles


def environment(root: Path, *runs: RunFiles) -> EnvironmentGroups:
    for index, run in enumerate(runs):
        run.write(root / str(index))
    (found,) = group_runs(load_runs(root).runs)
    return found


def labels(found: EnvironmentGroups) -> list[str]:
    return [group.label for group in found.groups]


def test_seeds_make_one_group_and_agents_have_their_order(tmp_path: Path) -> None:
    agents = ("random", "zeta", "dqn", "alpha", "es")
    found = environment(
        tmp_path, *(RunFiles(agent=agent, seed=seed) for agent in agents for seed in (0, 1))
    )
    assert labels(found) == ["es", "dqn", "alpha", "zeta", "random"]
    assert [len(group.runs) for group in found.groups] == [2] * 5
    assert [group.label for group in found.contenders] == labels(found)[:-1]


DIFFERENCES: list[tuple[dict[str, Any], list[str]]] = [
    ({"cores": 1, "setup": "b"}, ["es (cores=1)", "es (cores=2)"]),
    ({"device": "gpu", "setup": "b"}, ["es (device=cpu)", "es (device=gpu)"]),
    ({"cpu_model": "Other"}, ["es (Example CPU @ 2.00GHz)", "es (Other)"]),
    ({"rlbench": "0.2.0"}, ["es (rlbench 0.1.0)", "es (rlbench 0.2.0)"]),
    (
        {"fingerprint": "zzzzzzzz", "setup": "b"},
        ["es (conditions abcdef)", "es (conditions zzzzzz)"],
    ),
    (
        {"fingerprint": "zzzzzzzz", "setup": "b", "argv": ["env.levels=[100,300]", "cores=2"]},
        ["es (conditions abcdef)", "es (env.levels=[100,300])"],
    ),
    (
        {"fingerprint": "zzzzzzzz", "setup": "b", "argv": [f"env.levels={list(range(20))}"]},
        ["es (conditions abcdef)", "es (conditions zzzzzz)"],
    ),
    (
        {"preprocessing": {"observations": "ram"}, "fingerprint": "zzzzzzzz", "setup": "b"},
        ["es (obs_type=ram)", "es (pixels)"],
    ),
    ({"threshold": 400.0, "setup": "b"}, ["es (threshold 400)", "es (threshold 475)"]),
    ({"executor": "process", "setup": "b"}, ["es (executor=process)", "es (executor=serial)"]),
    ({"setup": "b"}, ["es (setup b)", "es (setup essetu)"]),
    (
        {"learning": "other1", "setup": "b", "argv": ["env=CartPole-v1", "agent.sigma=0.1"]},
        ["es (agent.sigma=0.1)", "es (settings eslear)"],
    ),
    ({"learning": "other1", "setup": "b", "argv": []}, ["es (settings eslear)",
                                                         "es (settings other1)"]),
]  # fmt: skip


@pytest.mark.parametrize(("header", "expected"), DIFFERENCES, ids=lambda v: str(v)[:30])
def test_what_differs_is_named(tmp_path: Path, header: dict[str, Any], expected: list[str]) -> None:
    found = environment(tmp_path, RunFiles(), RunFiles(seed=1), RunFiles(seed=2, header=header))
    assert labels(found) == expected


def test_groups_that_only_their_setup_tells_apart_never_share_a_label(tmp_path: Path) -> None:
    found = environment(
        tmp_path,
        RunFiles(header={"setup": "aaaaaaaa1", "cores": 1}),
        RunFiles(header={"setup": "bbbbbbbb1", "cores": 1}),
        RunFiles(header={"setup": "cccccccc1", "cores": 2}),
    )
    assert labels(found) == [
        "es (cores=1) [setup aaaaaaaa]", "es (cores=1) [setup bbbbbbbb]", "es (cores=2)"
    ]  # fmt: skip


def test_only_matched_conditions_are_compared(tmp_path: Path) -> None:
    found = environment(
        tmp_path,
        RunFiles(agent="es", header={"cores": 1, "setup": "1"}),
        RunFiles(agent="es", header={"cores": 2, "setup": "2"}),
        RunFiles(agent="dqn", header={"cores": 2}),
    )
    pairs = [(dqn.label, es.label) for dqn, es in comparable_pairs(found)]
    assert pairs == [("dqn (cores=2)", "es (cores=2)")]
    assert list(incomparable_notes(found)) == []


def test_no_matched_pair_is_said(tmp_path: Path) -> None:
    found = environment(tmp_path, RunFiles(agent="es"), RunFiles(agent="dqn", header={"cores": 1}))
    assert list(comparable_pairs(found)) == []
    assert list(incomparable_notes(found)) == [
        "CartPole-v1: no speed ratio, dqn and es differ in cores (1 and 2)"
    ]


def test_games_that_were_not_seen_as_pixels_are_named_once(tmp_path: Path) -> None:
    memory = {"preprocessing": {"observations": "ram", "sticky_actions": 0.25}, "frame_skip": 4}
    for game in ("ALE/Pong-v5", "ALE/Qbert-v5"):
        RunFiles(env=game, header=memory).write(tmp_path / "memory")
    pixels = memory | {"preprocessing": {"sticky_actions": 0.25}}
    RunFiles(env="ALE/Pong-v5", header=pixels).write(tmp_path / "pixels")
    found = group_runs(load_runs(tmp_path / "memory").runs)
    (note,) = observation_notes(found)
    assert note.startswith("2 games: agents saw the emulator's memory (128 bytes), not pixels")
    assert [environment.frame_skip for environment in found] == [None, None]
    (pong,) = group_runs(load_runs(tmp_path / "pixels").runs)
    assert list(observation_notes([pong])) == [] and pong.frame_skip == 4


def test_different_budgets_are_said(tmp_path: Path) -> None:
    found = environment(tmp_path, RunFiles(), RunFiles(seed=1, budget_train_s=5.0))
    (note,) = budget_notes(found)
    assert note.startswith("CartPole-v1, es: budgets differ")


def pairs_of(found: EnvironmentGroups, baseline: str | None = None) -> list[tuple[str, str]]:
    return [(base.label, other.label) for base, other in comparable_pairs(found, baseline)]


def variant(agent: str, sigma: str) -> RunFiles:
    """A run of an agent with one setting changed."""
    return RunFiles(
        agent=agent,
        header={
            "setup": f"{agent}{sigma}", "learning": f"{agent}{sigma}",
            "argv": [f"agent={agent}", f"agent.sigma={sigma}"],
        },
    )  # fmt: skip


def test_every_other_agent_is_compared_with_dqn_where_it_was_run(tmp_path: Path) -> None:
    agents = ("es", "dqn", "zeta", "random")
    found = environment(tmp_path, *(RunFiles(agent=agent) for agent in agents))
    assert pairs_of(found) == [("dqn", "es"), ("dqn", "zeta")]
    assert pairs_of(found, "zeta") == [("zeta", "es"), ("zeta", "dqn")]
    assert pairs_of(found, "nobody") == []


def test_without_dqn_the_first_agent_is_the_baseline(tmp_path: Path) -> None:
    found = environment(tmp_path, *(RunFiles(agent=agent) for agent in ("zeta", "alpha", "random")))
    assert pairs_of(found) == [("alpha", "zeta")]


def test_variants_of_the_only_agent_are_compared_with_the_first(tmp_path: Path) -> None:
    found = environment(tmp_path, *(variant("es", sigma) for sigma in ("0.02", "0.05", "0.1")))
    first, second, third = (f"es (agent.sigma={sigma})" for sigma in ("0.02", "0.05", "0.1"))
    assert pairs_of(found) == pairs_of(found, "es") == [(first, second), (first, third)]
    assert pairs_of(found, third) == [(third, first), (third, second)]


def test_each_challenger_meets_each_variant_of_the_baseline(tmp_path: Path) -> None:
    found = environment(
        tmp_path,
        variant("dqn", "1"),
        variant("dqn", "2"),
        RunFiles(agent="es"),
        RunFiles(agent="x"),
    )
    assert [pair[1] for pair in pairs_of(found)] == ["es", "x"] * 2
    assert pairs_of(found, "dqn (agent.sigma=2)") == [
        ("dqn (agent.sigma=2)", "es"),
        ("dqn (agent.sigma=2)", "dqn (agent.sigma=1)"),
        ("dqn (agent.sigma=2)", "x"),
    ]


def test_variants_are_compared_within_their_conditions(tmp_path: Path) -> None:
    found = environment(
        tmp_path,
        *(RunFiles(header={"setup": f"{n}{c}", "learning": n, "cores": c, "argv": [f"a.n={n}"]})
          for n in ("x", "y") for c in (1, 2)),
    )  # fmt: skip
    assert pairs_of(found) == [
        ("es (cores=1, a.n=x)", "es (cores=1, a.n=y)"),
        ("es (cores=2, a.n=x)", "es (cores=2, a.n=y)"),
    ]


def test_an_unknown_baseline_is_an_error_that_names_the_agents(tmp_path: Path) -> None:
    found = environment(tmp_path, *(RunFiles(agent=agent) for agent in ("es", "dqn", "random")))
    for baseline in (None, "es", "dqn"):
        check_baseline([found], baseline)
    with pytest.raises(ConfigError, match="baseline: got 'ppo'; takes dqn, es"):
        check_baseline([found], "ppo")
    with pytest.raises(ConfigError, match="the zero of the scale and no contender"):
        check_baseline([found], "random")


def test_a_baseline_may_be_named_as_the_report_prints_it(tmp_path: Path) -> None:
    found = environment(tmp_path, variant("es", "0.1"), variant("es", "0.2"), variant("dqn", "1"))
    label = found.contenders[0].label
    assert label == "es (agent.sigma=0.1)"
    for name in (label, "ES (agent.sigma=0.1)"):
        check_baseline([found], name)
        assert [group.label for group in baseline_groups(found, name)] == [label]
    assert {group.agent for group in baseline_groups(found, "DQN")} == {"dqn"}


@pytest.mark.parametrize("name", ["sb3-PPO", "sb3:PPO", "PPO (SB3)", "sb3:ppo", "ppo (sb3)"])
def test_an_algorithm_is_the_baseline_by_each_of_its_names(name: str, tmp_path: Path) -> None:
    found = environment(tmp_path, *(RunFiles(agent=agent) for agent in ("es", "sb3-PPO", "dqn")))
    check_baseline([found], name)
    assert [group.agent for group in baseline_groups(found, name)] == ["sb3-PPO"]
    check_agent_of_baseline(["es", "sb3:PPO"], name)
    with pytest.raises(ConfigError):
        check_agent_of_baseline(["es", "sb3:A2C"], name)


@pytest.mark.parametrize("name", ["evosax:CMA_ES", "CMA-ES (evosax)", "cma-es (evosax)"])
def test_a_printed_name_may_differ_from_that_of_the_runs(name: str, tmp_path: Path) -> None:
    found = environment(tmp_path, *(RunFiles(agent=agent) for agent in ("es", "evosax-CMA_ES")))
    assert [group.agent for group in baseline_groups(found, name)] == ["evosax-CMA_ES"]
