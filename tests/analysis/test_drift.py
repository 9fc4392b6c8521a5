"""Drift of a machine: found where it is, and not where agents merely learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlbench.analysis.drift import (
    average_ranks,
    drifts,
    largest_shared_gain,
    relative_speeds,
    speeds_of_thirds,
    trend,
    uneven_seeds,
)
from rlbench.analysis.groups import EnvironmentGroups, group_runs
from rlbench.reports.findings import findings_of
from rlbench.reports.notes import drift_notes, uneven_notes
from rlbench.runs.load import load_runs
from support.run_files import RunFiles


def sweep(root: Path, slower: float, learning: float = 1.0) -> tuple[EnvironmentGroups, ...]:
    """Two agents, ten seeds each, alternating; the last start `slower` times as slow as the first.

    learning: how much slower each run is in its second half, whatever the machine does.
    """
    for seed in range(10):
        for agent, base in (("es", 2.0), ("dqn", 20.0)):
            start = 2 * seed + (agent == "dqn")
            seconds = base * slower ** (start / 19) * (1.0 + 0.05 * (seed % 3))
            RunFiles(
                agent=agent, seed=seed, steps_per_s=10_000.0 / seconds,
                history=[(0.0, 1.0), (seconds / 2, 2.0), (seconds * 0.8, 3.0),
                         (seconds * learning, 480.0)],
                header={"started_at": f"2026-01-02T03:{start:02d}:05Z"},
            ).write(root)  # fmt: skip
    return group_runs(load_runs(root).runs)


def test_relative_speed_by_hand(tmp_path: Path) -> None:
    # 1000, 500 and 250 steps a second; all took 4000 steps, the last one more.
    for seed, (speed, end) in enumerate(((1000.0, 4.0), (500.0, 8.0), (250.0, 40.0))):
        RunFiles(seed=seed, steps_per_s=speed, history=((0.0, 1.0), (end, 480.0))).write(tmp_path)
    (group,) = group_runs(load_runs(tmp_path).runs)[0].groups
    assert list(relative_speeds(group).values()) == pytest.approx([2.0, 1.0, 0.5])


def test_thirds_by_hand(tmp_path: Path) -> None:
    path = RunFiles(history=((0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 480.0))).write(tmp_path)
    (group,) = group_runs(load_runs(tmp_path).runs)[0].groups
    assert speeds_of_thirds(group.runs[0]) == pytest.approx((1000.0, 1000.0))
    # The log of a run whose last third took twice as long.
    log = (path / "log.jsonl").read_text().replace('"train_s": 3.0', '"train_s": 4.0')
    (path / "log.jsonl").write_text(log)
    (group,) = group_runs(load_runs(tmp_path).runs)[0].groups
    assert speeds_of_thirds(group.runs[0]) == pytest.approx((1000.0, 500.0))


def test_a_machine_that_slows_down_is_named(tmp_path: Path) -> None:
    environments = sweep(tmp_path, slower=1.5)
    (found,) = drifts(environments)
    assert found.is_flagged
    assert found.n_runs == 20
    assert found.change == pytest.approx(1 / 1.5 - 1, abs=0.05)
    (note,) = drift_notes(environments)
    assert "20 runs in the order of their starts, runs of the same setup became 3" in note
    assert "% slower" in note


def test_learning_is_no_drift(tmp_path: Path) -> None:
    assert list(drift_notes(sweep(tmp_path, slower=1.0, learning=3.0))) == []


@given(st.lists(st.floats(0.5, 2.0), min_size=10, max_size=40).filter(lambda v: len(set(v)) > 2))
def test_trend_agrees_with_scipy(speeds: list[float]) -> None:
    found = trend("m", np.array(speeds))
    order = np.arange(len(speeds))
    assert found.correlation == pytest.approx(stats.spearmanr(order, speeds).statistic, abs=1e-9)
    line = stats.linregress(order / (len(speeds) - 1), np.log(speeds))
    assert np.log1p(found.change) == pytest.approx(line.slope, abs=1e-9)
    assert average_ranks(np.array(speeds)).tolist() == stats.rankdata(speeds).tolist()


def test_few_false_alarms() -> None:
    rng = np.random.default_rng(0)
    flags = [trend("m", np.exp(rng.normal(0.0, 0.2, 50))).is_flagged for _ in range(500)]
    assert sum(flags) <= 12  # 1 % of 500 are 5


def pairs(
    root: Path, seconds: dict[str, list[float]], headers: dict[int, dict[str, object]] | None = None
) -> EnvironmentGroups:
    """Runs that need so many seconds, seed by seed, for the same steps; headers: by seed."""
    for agent, of_seeds in seconds.items():
        for seed, needed in enumerate(of_seeds):
            RunFiles(
                agent=agent, seed=seed, steps_per_s=10_000.0 / needed,
                history=((0.0, 1.0), (needed / 2, 2.0), (needed, 3.0)),
                header=(headers or {}).get(seed, {}),
            ).write(root)  # fmt: skip
    (found,) = group_runs(load_runs(root).runs)
    return found


def test_seeds_on_which_every_agent_was_faster_by_hand(tmp_path: Path) -> None:
    # Seed 2 over seed 0: 200/100 = 2 and 256/160 = 1.6; over seed 1: 1.2 and 2.
    found = pairs(tmp_path, {"es": [200.0, 120.0, 100.0], "dqn": [256.0, 320.0, 160.0]})
    uneven = uneven_seeds(found)
    assert uneven is not None and (uneven.faster, uneven.slower) == (2, 0)
    assert (uneven.least, uneven.most) == pytest.approx((1.6, 2.0)) and uneven.is_flagged
    assert list(uneven_notes([found])) == [
        "CartPole-v1: over the same steps all agents (ES, DQN) were 1.6 to 2.0 times as "
        "fast with seed 2 as with seed 0: the machine was not equally fast, or not the same one. "
        "Runs of one seed compare better than runs of different ones"
    ]
    assert next(uneven_notes([found])) in findings_of(load_runs(tmp_path)).problems


@pytest.mark.parametrize(
    ("header", "another"),
    [
        ({"memory_mb": 24105}, True),
        ({"platform": "Linux-6.18"}, True),
        ({"memory_mb": 24000, "platform": "Linux"}, False),
        ({"memory_mb": None}, False),  # not known: nothing is said
    ],
)
def test_the_word_about_uneven_seeds_says_where_run_json_shows_another_system(
    tmp_path: Path, header: dict[str, object], another: bool
) -> None:
    found = pairs(tmp_path, {"es": [200.0, 100.0], "dqn": [160.0, 100.0]}, {1: header})
    (note,) = uneven_notes([found])
    why = (
        "memory_mb or platform in run.json shows another machine or operating system"
        if another
        else "the machine was not equally fast, or not the same one"
    )
    assert f"as with seed 0: {why}. Runs" in note


@pytest.mark.parametrize(
    "seconds",
    [
        {"es": [200.0, 100.0], "dqn": [100.0, 200.0]},  # no seed is faster with both
        {"es": [200.0, 100.0], "dqn": [210.0, 150.0]},  # 1.4 times as fast: seeds do that
        {"es": [2.0, 1.0], "dqn": [20.0, 10.0]},  # too short to be timed
        {"es": [200.0, 100.0], "dqn": [200.0]},  # one seed in common
        {"es": [200.0, 100.0]},
    ],
)
def test_no_word_of_the_machine_where_only_seeds_differ(
    tmp_path: Path, seconds: dict[str, list[float]]
) -> None:
    assert not list(uneven_notes([pairs(tmp_path, seconds)]))


def test_agents_are_compared_on_the_seeds_that_all_of_them_have() -> None:
    es, dqn = {0: 1.0, 1: 4.0, 2: 2.0}, {1: 1.0, 2: 3.0, 3: 9.0}
    assert largest_shared_gain([es, dqn]) == (2, 1, 0.5, 3.0)
    assert largest_shared_gain([{0: 1.0, 1: 4.0}, {1: 1.0, 2: 3.0}]) is None


@pytest.mark.parametrize(("n_seeds", "expected"), [(5, 0.01), (10, 0.055)])
def test_how_often_seeds_alone_look_like_another_machine(n_seeds: int, expected: float) -> None:
    # Two agents whose seeds differ by 15 %, independently: the shares that docs/statistics.md has.
    logs = np.random.default_rng(0).normal(0.0, 0.15, size=(4000, 2, n_seeds))
    alarms = [
        found is not None and found[2] >= 1.5
        for speeds in np.exp(logs)
        for found in [largest_shared_gain([dict(enumerate(row.tolist())) for row in speeds])]
    ]
    assert np.mean(alarms) == pytest.approx(expected, abs=0.005)
