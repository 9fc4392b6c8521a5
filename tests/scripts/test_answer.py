"""What docs/answer.md and docs/reproduced.md say in words holds of the committed runs:
classic control, and the machines of all sets."""

from __future__ import annotations

import math
from statistics import median

import pytest

import reproduced
from rlbench.analysis.decision import decide
from rlbench.wording import significant, winner_text
from support.committed_runs import REFERENCE, environments, ratios, runs, together

CLASSIC = ("classic-one-core", "classic")


@pytest.mark.parametrize("name", CLASSIC)
def test_es_is_sooner_on_mountaincar_and_dqn_on_pendulum_and_the_rest_is_open(name: str) -> None:
    found = ratios(name)
    winners = {env: winner_text(decide(ratio)) for env, ratio in found.items()}
    assert winners.pop("MountainCar-v0") == "ES" and winners.pop("Pendulum-v1") == "DQN"
    assert list(winners.values()) == ["not settled"] * 3
    goal, pendulum = found["MountainCar-v0"], found["Pendulum-v1"]
    ends = [significant(value, 2) for value in (goal.ratio, goal.low, goal.high) if value]
    assert ends == {CLASSIC[0]: ["5.1", "1.8", "14"], CLASSIC[1]: ["7.6", "2.8", "22"]}[name]
    turned = [1 / value for value in (pendulum.ratio, pendulum.high, pendulum.low) if value]
    assert [significant(value, 2) for value in turned] == (
        {CLASSIC[0]: ["113", "72", "864"], CLASSIC[1]: ["63", "42", "500"]}[name]
    )


@pytest.mark.parametrize("name", CLASSIC)
def test_in_steps_mountaincar_is_open_and_dqn_ahead_on_the_other_four(name: str) -> None:
    found = ratios(name, "env_steps")
    goal = found.pop("MountainCar-v0")
    assert winner_text(decide(goal)) == "not settled"
    values = [value for value in (goal.ratio, goal.low, goal.high) if value is not None]
    assert [round(value, 2) for value in values] == [1.04, 0.38, 2.97]
    assert {winner_text(decide(ratio)) for ratio in found.values()} == {"DQN"} and len(found) == 4


@pytest.mark.parametrize(
    ("name", "left_out", "mean"),
    [("classic", "Pendulum-v1", 0.23), ("mujoco", "Swimmer-v5", 0.24)],
)
def test_the_means_of_steps_lean_on_one_task(name: str, left_out: str, mean: float) -> None:
    values = [one.ratio for env, one in ratios(name, "env_steps").items() if env != left_out]
    known = [value for value in values if value is not None]
    assert len(known) == 4
    assert round(math.prod(known) ** (1 / len(known)), 2) == mean


def test_from_the_command_es_is_ahead_on_two_cores() -> None:
    low, _ = together("classic", "command_s")
    assert low is not None and low > 1


def test_the_mean_on_one_core_is_pendulums_doing() -> None:
    _, high = together("classic-one-core", "train_s")
    assert high is not None and high < 1
    others = [r.ratio for env, r in ratios("classic-one-core").items() if env != "Pendulum-v1"]
    assert math.prod(ratio for ratio in others if ratio) > 1


@pytest.mark.parametrize("name", ["classic-one-core", "classic", "mujoco"])
def test_dqn_needs_fewer_steps_over_the_tasks_together(name: str) -> None:
    _, high = together(name, "env_steps")
    assert high is not None and high < 1


def test_dqn_starts_in_some_three_seconds() -> None:
    started = median(run.end.startup_s for name in CLASSIC for run in runs(name, "dqn"))
    assert 2.5 < started < 3.5


def test_all_is_solved_but_one_run_of_es_on_one_core_which_is_on_two() -> None:
    alone, both = (
        [run for agent in ("es", "dqn") for run in runs(name, agent) if run.solved_at is None]
        for name in CLASSIC
    )
    assert [(run.agent, run.env) for run in alone] == [("es", "Pendulum-v1")] and both == []
    env, seed = alone[0].env, alone[0].seed
    (same,) = [run for run in runs("classic", "es") if (run.env, run.seed) == (env, seed)]
    assert same.solved_at is not None and round(same.solved_at.at.train_s) == 392
    for agent in ("es", "dqn"):
        assert sum(len(runs(name, agent)) for name in CLASSIC) == 100


def test_a_second_core_is_worth_much_to_es_and_little_to_dqn() -> None:
    rows = [row.strip("| ").split(" | ") for row in reproduced.cores(reproduced.REFERENCE)][2:]
    worth = {(env, agent): float(ratio.rstrip("\u00d7")) for env, agent, _, _, ratio, *_ in rows}
    es = {env: ratio for (env, agent), ratio in worth.items() if agent == "ES"}
    assert es.pop("CartPole-v1") < 1.1
    assert all(1.55 <= ratio < 1.85 for ratio in es.values())
    dqn = {env: ratio for (env, agent), ratio in worth.items() if agent == "DQN"}
    assert round(dqn.pop("Acrobot-v1"), 1) == 1.2
    assert max(dqn.values()) == 1.08
    for *_, same in rows:
        number, of = same.split(" of ")
        assert number == of  # each seed took as many steps on one core as on two


def test_which_sets_are_from_more_than_one_machine() -> None:
    seeds: dict[str, dict[tuple[object, str], set[tuple[str, int]]]] = {}
    for found in sorted(path.name for path in REFERENCE.iterdir() if path.is_dir()):
        for one in environments(found):
            for run in (run for group in one.contenders for run in group.runs):
                system = run.machine.memory_mb, run.machine.platform
                seeds.setdefault(found, {}).setdefault(system, set()).add((run.env, run.seed))
    mixed = {name: [*of.values()] for name, of in seeds.items() if len(of) > 1}
    assert sorted(mixed) == ["humanoid", "minatar", "pong"]
    for first, second in mixed.values():
        assert first.isdisjoint(second)  # agents of one seed had the same machine
    assert {seed for _, seed in min(mixed["pong"], key=len)} == {2}
    assert {seed for _, seed in min(mixed["humanoid"], key=len)} == {0, 1}
    games = {"Asterix", "Breakout", "Freeway", "Seaquest"}
    assert min(mixed["minatar"], key=len) == {(f"MinAtar/{game}-v1", 0) for game in games}
    assert seeds["league"].keys().isdisjoint(seeds["classic-one-core"].keys())
