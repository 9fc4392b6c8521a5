"""Grouping: only runs that differ in nothing but their seed are averaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlbench.analysis.groups import (
    EnvironmentGroups,
    budget_notes,
    comparable_pairs,
    group_runs,
    incomparable_notes,
)
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


def test_different_budgets_are_said(tmp_path: Path) -> None:
    found = environment(tmp_path, RunFiles(), RunFiles(seed=1, budget_train_s=5.0))
    (note,) = budget_notes(found)
    assert note.startswith("CartPole-v1, es: budgets differ")
