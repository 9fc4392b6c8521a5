"""What docs/answer.md and docs/reproduced.md say in words holds of the committed runs: robotics."""

from __future__ import annotations

import csv
import itertools
import json
import math
from statistics import median
from typing import cast

import reproduced
from reproductions import one_set
from rlbench.analysis.curves import evaluated
from rlbench.analysis.decision import decide
from rlbench.analysis.speed_ratios import SpeedRatio, speed_ratio, speed_ratios
from rlbench.runs.columns import Unit
from rlbench.wording import winner_text
from support.committed_runs import environments, ratios, runs, together


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
    assert [run.seed for run in every] == [0, 1, 2, 3, 4] * 2
    conditions = {(run.rlbench, run.cores, run.budget("train_s")) for run in every}
    assert conditions == {("0.3.0", 1, 3600)}
    (ratio,) = ratios("humanoid").values()
    assert ratio.reason == "neither reached the level"
    rows = [row.strip("| ").split(" | ") for row in one_set.ends(reproduced.REFERENCE / "humanoid")]
    assert rows[2:] == [["Humanoid", "658", "1318", "-616 [-1981, 34.7]", "not settled"]]
    es, dqn = (
        [float(evaluated(run, "train_s")[1][-1]) for run in runs("humanoid", agent)]
        for agent in ("es", "dqn")
    )
    ahead = [seed for seed, (more, less) in enumerate(zip(dqn, es, strict=True)) if more > less]
    assert ahead == [0, 1, 3, 4]
    file = reproduced.REFERENCE / "humanoid" / "report" / "claims.json"
    claims = json.loads(file.read_text())["claims"]
    (verdict,) = (claim["verdict"] for claim in claims if claim["key"] == "robotics")
    assert verdict["outcome"] == "not testable here"
    assert "Humanoid-v5: neither reached the level" in verdict["reason"]


def test_on_the_humanoid_returns_of_dqn_swing() -> None:
    best, after, last = [], [], {}
    for run in runs("humanoid", "dqn"):
        seconds, returns = evaluated(run, "train_s")
        highest = int(returns.argmax())
        best.append(round(float(returns[highest])))
        after.append(round(float(returns[highest + 1])))
        last[run.seed] = [round(float(value)) for value in returns[-2:]]
        if run.seed == 2:
            assert round(seconds[highest] / 60) == 37
    assert (min(best), max(best)) == (2272, 3504)
    assert (min(after), max(after)) == (716, 1749)
    assert last[1] == [1171, 2639]
    assert [seed for seed, (_, end) in last.items() if end > 0.9 * best[seed]] == [1]


def test_on_the_humanoid_es_rises_beyond_the_steps_that_two_of_its_runs_made() -> None:
    found = {}
    for run in runs("humanoid", "es"):
        steps, returns = evaluated(run, "env_steps")
        assert returns[steps <= 6.52e6].max() < 720
        above = steps[returns > 720] / 1e6
        found[run.seed] = (
            round(float(steps[-1]) / 1e6, 1),
            round(float(returns[-1])),
            round(float(returns.max())),
            round(float(above[0]), 1) if above.size else None,
        )
    assert found == {
        0: (6.2, 658, 714, None),
        1: (6.5, 625, 699, None),
        2: (10.2, 702, 797, 8.4),
        3: (10.8, 1062, 1062, 7.0),
        4: (8.1, 638, 715, None),
    }


def test_on_the_humanoid_two_seeds_had_more_steps_on_a_cpu_of_the_same_name() -> None:
    every = [run for agent in ("es", "dqn") for run in runs("humanoid", agent)]
    assert len({run.cpu_model for run in every}) == 1
    gains = [
        fast.end.env_steps / slow.end.env_steps
        for agent in ("es", "dqn")
        for found in [runs("humanoid", agent)]
        for fast, slow in itertools.product(found[2:4], found[:2] + found[4:])
    ]
    assert (round(min(gains), 1), round(max(gains), 1)) == (1.3, 1.7)
    page = (reproduced.REFERENCE / "humanoid" / "report" / "index.html").read_text()
    assert "all agents (ES, DQN) were 1.6 to 1.8 times as fast with seed 3 as with seed 0" in page


def test_on_the_humanoid_nearly_all_of_the_return_is_for_standing() -> None:
    falls: dict[str, list[int]] = {"es": [], "dqn": []}
    full, best = {"es": 0, "dqn": 0}, []
    evaluations: dict[str, list[int]] = {"es": [], "dqn": []}
    for agent, found in falls.items():
        for file in sorted((reproduced.REFERENCE / "humanoid" / agent).glob("*/*/seed*/log.jsonl")):
            events = [json.loads(line) for line in file.read_text().splitlines()]
            last = [event for event in events if event["kind"] == "eval"][-1]
            found.append(round(sum(last["lengths"]) / len(last["lengths"])))
            assert 4.6 < sum(last["returns"]) / sum(last["lengths"]) < 5.8
            full[agent] += sum(last["truncated"])
            evaluations[agent].append(sum(event["kind"] == "eval" for event in events))
            best += [
                (value, length, round(event["return_mean"]), file.parent.name)
                for event in events
                if event["kind"] == "eval"
                for value, length in zip(event["returns"], event["lengths"], strict=True)
            ]
    assert full == {"es": 0, "dqn": 5}
    assert {agent: (min(n), max(n)) for agent, n in evaluations.items()} == {
        "es": (76, 122), "dqn": (56, 73)
    }  # fmt: skip
    value, *rest = max(best)
    assert (round(value), rest) == (5672, [1000, 2521, "seed2"])
    # Humanoid-v5 pays 5 for being up and 1.25 times the speed in m/s, less what actions cost.
    assert 8 < (value - 5 * 1000) / 1.25 * 0.015 < 9  # metres in 15 s, at least
    ranges = {agent: (min(steps), max(steps)) for agent, steps in falls.items()}
    assert ranges == {"es": (125, 210), "dqn": (116, 512)}
