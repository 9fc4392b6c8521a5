"""What docs/answer.md and docs/reproduced.md say in words holds of the committed runs."""

from __future__ import annotations

import csv
import json
import math
from functools import cache
from statistics import median
from typing import Any, cast

import numpy as np
import pytest

import reproduced
from reproductions import one_set
from reproductions.cells import short_name
from rlbench.analysis.curves import evaluated, run_values
from rlbench.analysis.decision import decide
from rlbench.analysis.groups import EnvironmentGroups, group_runs
from rlbench.analysis.speed_ratios import SpeedRatio, speed_ratio, speed_ratios, threshold_ratios
from rlbench.analysis.suite_statistics import across_environments
from rlbench.claims.scores import share_power
from rlbench.runs.columns import Unit
from rlbench.runs.load import load_runs
from rlbench.runs.records import Run
from rlbench.wording import winner_text

CLASSIC = ("classic-one-core", "classic")


@cache
def environments(name: str) -> tuple[EnvironmentGroups, ...]:
    return tuple(group_runs(load_runs(reproduced.REFERENCE / name).runs))


def ratios(name: str) -> dict[str, SpeedRatio]:
    found = [ratio for one in environments(name) for ratio in speed_ratios(one)]
    return {ratio.env: ratio for ratio in threshold_ratios(found)}


def together(name: str, unit: Unit) -> tuple[float | None, float | None]:
    """The interval of the geometric mean."""
    found = [ratio for one in environments(name) for ratio in speed_ratios(one)]
    suites = across_environments(environments(name), found)
    (mean,) = [mean for suite in suites for mean in suite.ratios if mean.unit == unit]
    return mean.low, mean.high


def runs(name: str, agent: str) -> list[Run]:
    groups = [group for one in environments(name) for group in one.contenders]
    return [run for group in groups if group.agent == agent for run in group.runs]


@pytest.mark.parametrize("name", CLASSIC)
def test_es_is_sooner_on_mountaincar_and_dqn_on_pendulum_and_the_rest_is_open(name: str) -> None:
    found = ratios(name)
    winners = {env: winner_text(decide(ratio)) for env, ratio in found.items()}
    assert winners.pop("MountainCar-v0") == "ES" and winners.pop("Pendulum-v1") == "DQN"
    assert list(winners.values()) == ["not settled"] * 3
    goal, pendulum = found["MountainCar-v0"].ratio, found["Pendulum-v1"].ratio
    assert goal is not None and 5 <= goal < 8
    assert (
        pendulum is not None and round(1 / pendulum, -1) == {CLASSIC[0]: 110, CLASSIC[1]: 60}[name]
    )


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
    assert all(ratio < 1.25 for (_, agent), ratio in worth.items() if agent == "DQN")
    for *_, same in rows:
        number, of = same.split(" of ")
        assert number == of  # each seed took as many steps on one core as on two


# --- Robotics -------------------------------------------------------------------------------------


def test_in_robotics_dqn_is_sooner_on_swimmer_and_the_rest_is_open() -> None:
    winners = {env: winner_text(decide(ratio)) for env, ratio in ratios("mujoco").items()}
    assert [env for env, who in winners.items() if who == "DQN"] == ["Swimmer-v5"]
    assert [env for env, who in winners.items() if who == "no comparison"] == [
        "Ant-v5", "Walker2d-v5"
    ]  # fmt: skip
    assert list(winners.values()).count("not settled") == 4
    for unit in ("train_s", "command_s"):
        low, high = together("mujoco", cast(Unit, unit))
        assert low is None and high is not None and high > 1


def to_level(env: str, level: int) -> SpeedRatio:
    (one,) = (one for one in environments("mujoco") if one.env == f"{env}-v5")
    groups = {group.agent: group for group in one.contenders}
    return speed_ratio(groups["dqn"], groups["es"], groups["es"].levels[level], "train_s")


def test_in_robotics_to_all_of_trpos_progress_dqn_is_sooner_on_two_tasks() -> None:
    envs = ("HalfCheetah", "Hopper", "InvertedDoublePendulum", "InvertedPendulum", "Swimmer",
            "Walker2d")  # fmt: skip
    found = {env: to_level(env, 3) for env in envs}
    sooner = {env: winner_text(decide(ratio)) for env, ratio in found.items()}
    assert [env for env, who in sooner.items() if who == "DQN"] == ["HalfCheetah", "Swimmer"]
    assert "ES" not in sooner.values()
    cheetah, swimmer = found["HalfCheetah"], found["Swimmer"]
    assert (round(cheetah.ratio or 0, 2), round(cheetah.high or 0, 2)) == (0.31, 0.88)
    assert (round(swimmer.ratio or 0, 3), round(swimmer.high or 0, 2)) == (0.056, 0.31)
    stands = to_level("Walker2d", 0)
    assert [round(x or 0, 1) for x in (stands.ratio, stands.low, stands.high)] == [3.2, 1.2, 6.5]


def test_in_robotics_es_takes_two_to_six_times_as_many_steps_a_second() -> None:
    for one in environments("mujoco"):
        es, dqn = (
            median(run.end.env_steps / run.end.train_s for run in group.runs)
            for agent in ("es", "dqn")
            for group in one.contenders
            if group.agent == agent
        )
        assert 2 <= round(es / dqn) <= 6
    started = median(run.end.startup_s for run in runs("mujoco", "dqn"))
    assert 5.5 < started < 6.5


def solved_after(agent: str, env: str) -> list[float]:
    """Training seconds, sorted, of the runs that were solved."""
    times = [run.solved_at for run in runs("mujoco", agent) if run.env == f"{env}-v5"]
    return sorted(solved.at.train_s for solved in times if solved is not None)


def last_returns(agent: str, env: str) -> list[int]:
    """Sorted, over seeds."""
    of_env = [run for run in runs("mujoco", agent) if run.env == f"{env}-v5"]
    return sorted(round(float(evaluated(run, "train_s")[1][-1])) for run in of_env)


def test_on_hopper_dqn_is_solved_more_often_and_does_not_keep_it() -> None:
    es, dqn = solved_after("es", "Hopper"), solved_after("dqn", "Hopper")
    assert (len(es), round(es[0]), round(es[-1])) == (3, 60, 123)
    assert (len(dqn), round(dqn[0]), round(dqn[-1])) == (5, 43, 204)
    es_last, dqn_last = last_returns("es", "Hopper"), last_returns("dqn", "Hopper")
    assert es_last[2:] == [2392, 2887, 2999] and all(1000 < last < 1100 for last in es_last[:2])
    assert (dqn_last[0], dqn_last[-1]) == (39, 2234)
    assert sum(last < to_level("Hopper", 1).level for last in dqn_last) == 4


def after_half(agent: str, env: str) -> list[tuple[int, list[int]]]:
    """Of each run the highest return before the lowest one that follows the first at half of
    TRPO's progress or above, and the returns from that first one on."""
    found = []
    for run in (run for run in runs("mujoco", agent) if run.env == f"{env}-v5"):
        returns = [round(float(value)) for value in evaluated(run, "train_s")[1]]
        half = to_level(env, 1).level
        first = next(i for i, value in enumerate(returns) if value >= half)
        lowest = min(range(first, len(returns)), key=returns.__getitem__)
        found.append((max(returns[: lowest + 1]), returns[first:]))
    return sorted(found, key=lambda one: min(one[1]))


def test_returns_of_es_swing_and_end_above_half() -> None:
    pendulum = after_half("es", "InvertedDoublePendulum")
    quarter, half = (to_level("InvertedDoublePendulum", level).level for level in (0, 1))
    lows = [(top, min(later)) for top, later in pendulum if min(later) < half]
    assert lows == [(7095, 348), (6706, 715), (4833, 2428)]
    assert [low < quarter for _, low in lows] == [True, True, False]
    assert [later.index(low) - later.index(top) for (top, low), (_, later) in
            zip(lows[:2], pendulum, strict=False)] == [3, 2]  # fmt: skip
    cheetah = after_half("es", "HalfCheetah")
    below = to_level("HalfCheetah", 1).level
    lost = [sorted(value for value in later if value < below) for _, later in cheetah]
    assert lost == [[479], [501, 776], [738], [750], []]
    assert all(later[-1] > half for _, later in pendulum)
    assert all(later[-1] > below for _, later in cheetah)


def test_on_swimmer_seeds_of_es_differ_by_a_factor_of_ten() -> None:
    times = solved_after("es", "Swimmer")
    assert len(times) == 5 and round(times[-1] / times[0]) == 11
    assert sum(time < 60 for time in times) == 2 and sum(time > 250 for time in times) == 2


def test_on_swimmer_es_with_the_settings_of_version_02_is_no_slower_than_the_papers() -> None:
    (one,) = environments("swimmer")
    (older,) = one.contenders
    steps = sorted(run.solved_at.at.env_steps for run in older.runs if run.solved_at is not None)
    assert (len(steps), steps[0], steps[-1], median(steps)) == (5, 288_000, 800_000, 512_000)
    file = reproduced.REFERENCE / "swimmer" / "report" / "time_to_threshold.csv"
    with file.open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["unit"] == "env_steps"]
    means = {float(row["level"]): float(row["restricted_mean"]) for row in rows}
    assert (round(means[70.73], -4), round(means[128.25], -4)) == (520_000, 860_000)
    (searched,) = (one for one in environments("mujoco") if one.env == "Swimmer-v5")
    groups = {group.agent: group for group in searched.contenders}
    (level,) = (level for level in older.levels if level == 70.73)
    found = speed_ratio(groups["es"], older, level, "train_s")
    assert [round(x or 0, 2) for x in (found.ratio, found.low)] == [1.5, 0.39]
    assert round(found.high or 0, 1) == 8.6
    rival = speed_ratio(groups["dqn"], older, level, "train_s")
    assert (round(rival.ratio or 0, 2), round(rival.high or 0, 1)) == (0.16, 0.4)
    assert winner_text(decide(rival)) == "DQN"
    means_s = [
        sum(run.solved_at.at.train_s for run in group.runs if run.solved_at is not None) / 5
        for group in (older, groups["es"])
    ]
    assert [round(mean) for mean in means_s] == [52, 138]


def test_on_ant_es_ends_ahead_and_on_walker2d_nothing_is_settled() -> None:
    rows = [row.strip("| ").split(" | ") for row in one_set.ends(reproduced.REFERENCE / "mujoco")]
    found = {env: rest for env, *rest in rows[2:]}
    assert found["Hopper"] == ["2392", "828", "1010 [-185, 2354]", "not settled"]
    assert found["Ant"] == ["1368", "992", "377 [189, 789]", "ES"]
    assert (found["Walker2d"][:2], found["Walker2d"][-1]) == (["1092", "991"], "not settled")
    es, dqn = last_returns("es", "Ant"), last_returns("dqn", "Ant")
    assert (es[0], es[-1], dqn[0], dqn[-1]) == (1181, 1781, 949, 998)


def test_in_robotics_the_mean_is_below_one_through_swimmer_alone() -> None:
    others = {env: r.ratio for env, r in ratios("mujoco").items() if r.ratio and "Swim" not in env}
    assert len(others) == 4 and math.prod(ratio for ratio in others.values() if ratio) > 1
    found = [ratio for one in environments("mujoco") for ratio in speed_ratios(one)]
    (pendulum,) = (
        r for r in found if r.env == "InvertedPendulum-v5" and r.unit == "command_s"
        and r.level == 519.15
    )  # fmt: skip
    assert [round(x or 0, 1) for x in (pendulum.ratio, pendulum.low, pendulum.high)] == [
        5.5, 2.0, 8.7
    ]  # fmt: skip


def test_in_robotics_the_rule_could_not_have_said_supported() -> None:
    file = reproduced.REFERENCE / "mujoco" / "report" / "claims.json"
    claims = json.loads(file.read_text())["claims"]
    (power,) = (c["verdict"]["power"] for c in claims if c["key"] == "robotics")
    assert (power["supported_at_double"], round(power["refuted_at_one"], 2)) == (0, 0.64)


def test_in_robotics_all_runs_had_one_machine_and_a_core_each() -> None:
    every = [run for agent in ("es", "dqn") for run in runs("mujoco", agent)]
    assert len(every) == 70 and {run.rlbench for run in every} == {"0.3.0"}
    assert len({run.cpu_model for run in every}) == 1 and {run.cores for run in every} == {1}


def test_on_the_humanoid_neither_agent_comes_near_the_score_in_an_hour() -> None:
    every = [run for agent in ("es", "dqn") for run in runs("humanoid", agent)]
    assert [run.seed for run in every] == [0, 1, 0, 1]
    conditions = {(run.rlbench, run.cores, run.budget("train_s")) for run in every}
    assert conditions == {("0.3.0", 1, 3600)}
    best, after, late = {}, [], []
    for run in every:
        seconds, returns = evaluated(run, "train_s")
        highest = int(returns.argmax())
        best[run.agent, run.seed] = returns[highest]
        if run.agent == "dqn":
            after.append(round(float(returns[highest + 1])))
        else:
            late += list(returns[seconds >= 600])
    assert max(best.values()) < 3100
    assert all(round(best["dqn", seed] / best["es", seed]) == 4 for seed in (0, 1))
    assert after == [1322, 1749]
    assert min(late) > 500 and max(late) < 720
    steps = {(run.agent, run.seed): run.end.env_steps for run in every}
    assert all(round(steps["dqn", s] / steps["es", s], 1) == 0.5 for s in (0, 1))


def test_on_the_humanoid_nearly_all_of_the_return_is_for_standing() -> None:
    falls: dict[str, list[int]] = {"es": [], "dqn": []}
    full, best = {"es": 0, "dqn": 0}, []
    for agent, found in falls.items():
        for file in sorted((reproduced.REFERENCE / "humanoid" / agent).glob("*/*/seed*/log.jsonl")):
            events = [json.loads(line) for line in file.read_text().splitlines()]
            last = [event for event in events if event["kind"] == "eval"][-1]
            found.append(round(sum(last["lengths"]) / len(last["lengths"])))
            assert 4.6 < sum(last["returns"]) / sum(last["lengths"]) < 5.25
            full[agent] += sum(last["truncated"])
            best.append(max(max(e["returns"]) for e in events if e["kind"] == "eval"))
    assert (full, round(max(best))) == ({"es": 0, "dqn": 5}, 5277)
    assert falls["dqn"] == [328, 512] and all(abs(steps - 125) < 3 for steps in falls["es"])


# --- MinAtar --------------------------------------------------------------------------------------

MINATAR = reproduced.REFERENCE / "minatar"


def test_on_minatar_dqn_had_more_on_four_games_and_es_on_one() -> None:
    rows = [row.strip("| ").split(" | ") for row in one_set.minatar(MINATAR)][2:]
    ahead = {game: (who, after) for game, _, _, _, who, after, *_ in rows}
    assert ahead.pop("Seaquest") == ("ES", "7 s")
    assert sorted(ahead) == ["Asterix", "Breakout", "Freeway", "SpaceInvaders"]
    assert {who for who, _ in ahead.values()} == {"DQN"}
    assert sorted(int(after.removesuffix(" s")) for _, after in ahead.values()) == [3, 20, 70, 77]
    scored = {game: (float(es), float(dqn)) for game, es, dqn, *_ in rows}
    assert [round(scored[game][1] / scored[game][0], 1) for game in sorted(ahead)] == [
        5.2, 1.5, 2.2, 2.6,
    ]  # fmt: skip
    at_random = {row[0]: float(row[-1]) for row in rows}
    assert abs(scored["Asterix"][0] - at_random["Asterix"]) < 0.02
    assert max(scored["Seaquest"]) < 1


def test_on_minatar_es_makes_many_more_steps_and_is_further_behind_after_as_many() -> None:
    times, es_parts, dqn_parts = [], [], []
    then: dict[str, float] = {}
    for one in environments("minatar"):
        groups = {group.agent: group.runs for group in one.contenders}
        made = {agent: median(r.end.env_steps for r in found) for agent, found in groups.items()}
        times.append(made["es"] / made["dqn"])
        es_parts.append(made["es"] / 5e6)
        dqn_parts.append(made["dqn"] / 5e6)
        common = np.array([float(min(run.end.env_steps for run in groups["dqn"]))])
        then[short_name(one.env)] = median(
            float(run_values(run, "env_steps", common)[0]) for run in groups["es"]
        )
    assert (round(min(times)), round(max(times))) == (8, 17)
    assert min(es_parts) > 0.35 and max(es_parts) < 0.8
    assert min(dqn_parts) > 0.04 and max(dqn_parts) < 0.05
    assert abs(then["Breakout"] - 3) < 0.3 and abs(then["SpaceInvaders"] - 7) < 0.3


def test_on_freeway_of_minatar_es_had_few_generations() -> None:
    generation = 128 * 2500
    dqn, es = (
        [run for run in runs("minatar", agent) if short_name(run.env) == "Freeway"]
        for agent in ("dqn", "es")
    )
    made = [run.end.env_steps // generation for run in es]
    assert (min(made), max(made)) == (10, 14)
    assert max(run.end.env_steps for run in dqn) < generation
    assert round(median(float(evaluated(run, "train_s")[1][1]) for run in es)) == 17
    second = [float(evaluated(run, "train_s")[0][1]) for run in dqn]
    assert (round(min(second)), round(max(second))) == (49, 74)


def test_on_minatar_es_was_ahead_only_at_first() -> None:
    def returns(game: str, seconds: float) -> list[float]:
        (one,) = (one for one in environments("minatar") if short_name(one.env) == game)
        groups = {group.agent: group.runs for group in one.contenders}
        at = np.array([seconds])
        return [median(float(run_values(r, "train_s", at)[0]) for r in groups[agent])
                for agent in ("es", "dqn")]  # fmt: skip

    for game, ahead_s, behind_s in (("SpaceInvaders", 14, 17), ("Breakout", 20, 45)):
        es, dqn = returns(game, ahead_s)
        assert es > dqn, game
        es, dqn = returns(game, behind_s)
        assert es < dqn, game


def test_on_minatar_long_games_leave_few_evaluations() -> None:
    counts: dict[str, list[int]] = {}
    second = []
    for run in runs("minatar", "dqn"):
        seconds, _ = evaluated(run, "train_s")
        counts.setdefault(short_name(run.env), []).append(len(seconds))
        if short_name(run.env) == "Seaquest" and len(seconds) <= 5:
            second.append(float(seconds[1]))
    assert set(counts.pop("Freeway")) == {5, 6}
    counts.pop("Seaquest")
    assert min(min(found) for found in counts.values()) == 26
    assert (len(second), round(min(second)), round(max(second))) == (7, 227, 300)


def test_on_minatar_all_runs_had_one_machine_and_a_core_each() -> None:
    every = [run for agent in ("es", "dqn") for run in runs("minatar", agent)]
    conditions = {(run.rlbench, run.cpu_model, run.cores, run.budget("train_s")) for run in every}
    assert len(every) == 100 and conditions == {("0.3.0", "Intel(R) Xeon(R) Processor", 1, 300)}
    busy = []
    for file in sorted(MINATAR.glob("[de]*/*/*/seed*/summary.json")):
        share = json.loads(file.read_text())["contention"]
        busy.append(share["others_share"] - share["siblings_share"] + share["stolen_share"])
    assert len(busy) == 100 and round(max(busy), 3) == 0.023
    headers = [json.loads(file.read_text()) for file in MINATAR.glob("[de]*/*/*/seed*/run.json")]
    assert len({header["git_commit"] for header in headers}) == 3
    assert not any(header["git_dirty"] for header in headers)


# --- Atari from memory ----------------------------------------------------------------------------


def atari_claim() -> dict[str, Any]:
    file = reproduced.REFERENCE / "ram" / "report" / "claims.json"
    (claim,) = (c for c in json.loads(file.read_text())["claims"] if c["key"] == "atari")
    return cast(dict[str, Any], claim)


def test_from_memory_dqn_is_first_to_a_tenth_on_four_games_and_es_on_none() -> None:
    sooner: dict[str, list[str]] = {}
    for one in environments("ram"):
        groups = {group.agent: group for group in one.contenders}
        level = groups["es"].levels[0]
        winner = decide(speed_ratio(groups["dqn"], groups["es"], level, "train_s")).winner
        sooner.setdefault(winner, []).append(short_name(one.env))
    assert sooner["baseline"] == ["BattleZone", "Phoenix", "Pong", "Qbert"]
    assert "challenger" not in sooner
    solved = {
        (run.agent, short_name(run.env))
        for agent in ("es", "dqn")
        for run in runs("ram", agent)
        if run.solved_at is not None
    }
    assert solved == {
        ("es", "DoubleDunk"), ("dqn", "DoubleDunk"), ("dqn", "Pong"), ("dqn", "BattleZone")
    }  # fmt: skip


def test_from_memory_dqn_ends_clearly_ahead_on_two_games() -> None:
    rows = [row.strip("| ").split(" | ") for row in one_set.ends(reproduced.REFERENCE / "ram")]
    ahead = {game: who for game, *_, who in rows[2:]}
    assert [game for game, who in ahead.items() if who == "DQN"] == ["BattleZone", "Phoenix"]
    assert set(ahead.values()) == {"DQN", "not settled"}
    bowling = next(row for row in rows if row[0] == "Bowling")
    assert float(bowling[1]) > float(bowling[2])


def test_from_memory_es_takes_some_one_and_a_half_times_as_many_steps() -> None:
    es, dqn = (
        median(run.end.env_steps / run.end.train_s for run in runs("ram", agent))
        for agent in ("es", "dqn")
    )
    assert (round(es, -2), round(dqn, -2), round(es / dqn, 1)) == (3200, 2200, 1.5)
    frames = [max(run.end.env_frames for run in runs("pong", agent)) for agent in ("es", "dqn")]
    assert round(frames[0] / frames[1]) == 12


def test_from_memory_the_scores_over_games_are_those_of_the_report() -> None:
    with (reproduced.REFERENCE / "ram" / "report" / "aggregate.csv").open() as file:
        mean = [row for row in csv.DictReader(file) if row["statistic"] == "iqm"]
    found = {row["agent"]: [float(row[key]) for key in ("value", "low", "high")] for row in mean}
    assert [round(value, 2) for value in found["dqn"]] == [0.19, 0.15, 0.23]
    assert [round(value, 3) for value in found["es"]] == [0.066, 0.055, 0.082]


def test_the_verdict_from_memory_hangs_on_six_games_and_one_begins_far() -> None:
    claim = atari_claim()
    assert (claim["verdict"]["outcome"], claim["verdict"]["condition"]) == (
        "not supported", "from memory"
    )  # fmt: skip
    share = claim["measured"]["share"]
    assert (share["ahead"], share["behind"], share["open"], share["neither"]) == (0, 6, 0, 4)
    assert round(claim["verdict"]["power"]["refuted_at_few"], 2) == 0.53
    assert share_power(5).refuted_at_few == share_power(5).supported_at_most == 0.0
    scores = {e["env"]: e["early_scores"] for e in claim["measured"]["environments"]}
    far = [
        env
        for env, found in scores.items()
        if max(found["untrained_baseline_return"], found["untrained_challenger_return"])
        >= found["first_level"]
    ]
    assert far == ["ALE/DoubleDunk-v5"]
    dunk = scores["ALE/DoubleDunk-v5"]
    assert (dunk["untrained_baseline_return"], dunk["untrained_challenger_return"]) == (-0.4, -2.6)
    assert {(found["challenger_s"], found["baseline_s"]) for found in scores.values()} == {
        (15.0, 360.0)
    }


def test_from_memory_es_is_untrained_on_three_of_the_six_and_two_are_not_settled() -> None:
    found = atari_claim()["measured"]["environments"]
    decided = {
        short_name(e["env"]): e["early_scores"]
        for e in found
        if e["early_scores"]["further"] != "neither"
    }
    untrained = [game for game, s in decided.items() if s["n_challenger_untrained"] == 5]
    assert untrained == ["BattleZone", "DoubleDunk", "NameThisGame"]
    assert all(s["n_challenger_untrained"] in (0, 5) for s in decided.values())
    both = [game for game, s in decided.items() if s["low"] < 0 < s["high"]]
    assert both == ["DoubleDunk", "Qbert"]
    left_out = [e["early_scores"] for e in found if e["early_scores"]["further"] == "neither"]
    assert all(s["high"] < 0 for s in left_out)  # DQN had more there too


def test_from_memory_bowling_is_where_es_did_best() -> None:
    (bowling,) = (one for one in environments("ram") if one.env == "ALE/Bowling-v5")
    last = {
        group.agent: sorted(float(evaluated(run, "train_s")[1][-1]) for run in group.runs)
        for group in bowling.contenders
    }
    assert (last["es"][0], last["es"][-1], last["dqn"][0], last["dqn"][-1]) == (30, 49, 27, 30)


def test_from_memory_the_drift_was_to_dqns_disadvantage() -> None:
    ratios = []
    for seed in range(5):
        es, dqn = (
            sum(
                run.end.env_steps / run.end.train_s
                for run in runs("ram", agent)
                if run.seed == seed
            )
            for agent in ("es", "dqn")
        )
        ratios.append(es / dqn)
    assert all(1.5 <= ratio < 1.6 for ratio in ratios[:4]) and 1.7 < ratios[4] < 1.8


def test_from_memory_all_runs_had_one_machine_to_themselves_but_for_a_fiftieth() -> None:
    every = [run for agent in ("es", "dqn") for run in runs("ram", agent)]
    assert len(every) == 100 and {run.rlbench for run in every} == {"0.3.0"}
    assert len({run.cpu_model for run in every}) == 1 and {run.cores for run in every} == {1}
    files = (reproduced.REFERENCE / "ram").glob("*/*/*/*/summary.json")
    shares = [json.loads(file.read_text())["contention"] for file in files]
    lost = [c["others_share"] - c["siblings_share"] + c["stolen_share"] for c in shares]
    assert len(lost) == 100 and round(max(lost), 3) == 0.023
