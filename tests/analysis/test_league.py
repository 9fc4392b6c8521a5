"""Places of more than two agents."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import norm, studentized_range

from rlbench.analysis.groups import group_runs
from rlbench.analysis.league import League, leagues
from rlbench.runs.load import load_runs
from support.figures import runs_of
from support.run_files import RunFiles


def leagues_of(root: Path, *parts: list[RunFiles], baseline: str | None = None) -> list[League]:
    for runs in parts:
        for run in runs:
            run.write(root)
    return list(leagues(group_runs(load_runs(root).runs), baseline))


def places(league: League) -> list[tuple[str, int, int]]:
    return [(found.agent, found.first, found.last) for found in league.standings]


def runs(env: str, seconds: Mapping[str, float | None], seeds: int = 6) -> list[RunFiles]:
    return runs_of(env, seconds, seeds)


def test_agents_that_are_clearly_apart_have_one_place_each(tmp_path: Path) -> None:
    asked = {"es": 100.0, "dqn": 10.0, "sb3-PPO": 1.0}
    (league,) = leagues_of(tmp_path, runs("A-v0", asked))
    assert league.envs == ("A-v0",)
    assert league.label == "A-v0"
    assert places(league) == [("sb3-PPO", 1, 1), ("dqn", 2, 2), ("es", 3, 3)]
    assert league.baseline == "dqn"
    first, base, last = league.standings
    # The same seeds' times differ by one factor, so the median over all pairs is that factor.
    assert first.ratio == pytest.approx(10.0)
    assert first.low is not None and first.low > 1
    assert (base.ratio, base.is_baseline) == (1.0, True)
    assert last.ratio == pytest.approx(0.1)
    assert last.high is not None and last.high < 1
    assert [(s.n_faster, s.n_slower) for s in league.standings] == [(0, 2), (1, 1), (2, 0)]
    assert [(s.n_reached, s.n_runs) for s in league.standings] == [(6, 6)] * 3


def test_agents_that_the_seeds_do_not_tell_apart_share_places(tmp_path: Path) -> None:
    # PPO and DQN are as good as equal, both far ahead of ES; nothing settles who is first.
    asked = {"es": 500.0, "dqn": 10.0, "sb3-PPO": 10.5}
    (league,) = leagues_of(tmp_path, runs("A-v0", asked))
    assert places(league) == [("dqn", 1, 2), ("sb3-PPO", 1, 2), ("es", 3, 3)]


def test_with_too_few_seeds_nothing_is_settled(tmp_path: Path) -> None:
    asked = {"es": 100.0, "dqn": 10.0, "sb3-PPO": 1.0}
    (league,) = leagues_of(tmp_path, runs("A-v0", asked, seeds=2))
    assert [(first, last) for _, first, last in places(league)] == [(1, 3)] * 3
    assert league.standings[0].agent == "sb3-PPO"  # ahead, for what that is worth


def test_an_agent_that_never_solves_it_comes_last_and_two_such_share(tmp_path: Path) -> None:
    asked = {"es": 10.0, "dqn": None, "sb3-PPO": None}
    (league,) = leagues_of(tmp_path, runs("A-v0", asked))
    assert places(league) == [("es", 1, 1), ("dqn", 2, 3), ("sb3-PPO", 2, 3)]
    assert league.standings[2].ratio is None
    assert league.standings[2].reason == "neither reached the level"
    assert league.standings[0].bound == ">="


def test_environments_with_the_same_agents_are_one_league(tmp_path: Path) -> None:
    three = {"es": 100.0, "dqn": 10.0, "sb3-PPO": 1.0}
    found = leagues_of(
        tmp_path,
        runs("A-v0", three),
        runs("B-v0", {**three, "sb3-PPO": 4.0}),
        runs("C-v0", {"es": 1.0, "dqn": 10.0}),  # no third agent, so in no league
        runs("D-v0", {**three, "mine": 1000.0}),
    )
    assert [league.envs for league in found] == [("A-v0", "B-v0"), ("D-v0",)]
    assert places(found[0]) == [("sb3-PPO", 1, 1), ("dqn", 2, 2), ("es", 3, 3)]
    assert found[0].standings[0].ratio == pytest.approx((10.0 * 2.5) ** 0.5)
    assert [(one.label, one.envs, one.alone) for one in found[0].alone] == [
        ("A-v0", ("A-v0",), ()), ("B-v0", ("B-v0",), ())
    ]  # fmt: skip
    assert [one.standings[0].ratio for one in found[0].alone] == pytest.approx([10.0, 2.5])
    assert found[1].alone == ()
    assert found[0].label == "2 environments (A-v0, B-v0)"
    assert len(found[1].standings) == 4


def test_only_runs_of_the_same_conditions_meet(tmp_path: Path) -> None:
    asked = runs("A-v0", {"es": 100.0, "dqn": 10.0, "sb3-PPO": 1.0})
    other = [
        replace(run, header={**run.header, "cores": 8, "setup": f"{run.agent}-8"})
        for run in runs("A-v0", {"es": 1.0, "dqn": 10.0})
    ]
    (league,) = leagues_of(tmp_path, asked, other)
    assert {found.n_runs for found in league.standings} == {6}


def test_the_baseline_may_be_asked_for(tmp_path: Path) -> None:
    asked = {"es": 100.0, "dqn": 10.0, "sb3-PPO": 1.0}
    (league,) = leagues_of(tmp_path, runs("A-v0", asked), baseline="ES")
    assert league.baseline == "es"
    assert league.standings[0].ratio == pytest.approx(100.0)
    assert places(league) == [("sb3-PPO", 1, 1), ("dqn", 2, 2), ("es", 3, 3)]


def test_the_share_of_leagues_with_a_pair_called_clear_by_chance_is_what_the_document_says() -> (
    None
):
    """Equal agents with normal estimates: the farthest two are 1.96 standard errors apart."""
    document = Path(__file__).parents[2] / "docs" / "statistics.md"
    said = re.search(
        r"in about (\d+) % of leagues of three equal agents, and (\d+) % of leagues of six",
        document.read_text(),
    )
    assert said is not None
    apart = norm.ppf(0.975) * math.sqrt(2)
    shares = [studentized_range.sf(apart, agents, math.inf) for agents in (3, 6)]
    assert [f"{share:.0%}" for share in shares] == [f"{percent}%" for percent in said.groups()]
