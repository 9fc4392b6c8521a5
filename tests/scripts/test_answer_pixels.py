"""What docs/answer.md and docs/reproduced.md say in words holds of the committed runs: Atari from
pixels."""

from __future__ import annotations

import json
import math
from statistics import median, stdev
from typing import Any

from rlbench.analysis.curves import evaluated
from rlbench.analysis.decision import decide
from rlbench.published.dopamine import ADAM, RMSPROP, DopamineCurve, dopamine_curve
from rlbench.runs.records import Run
from rlbench.wording import winner_text
from support.committed_runs import ratios, runs


def by_seed(agent: str, env: str = "ALE/Pong-v5") -> list[Run]:
    name = "pong" if env == "ALE/Pong-v5" else "games"
    found = [run for run in runs(name, agent) if run.env == env]
    return sorted(found, key=lambda run: run.seed)


def at_the_end(agent: str, env: str = "ALE/Pong-v5") -> list[float]:
    return [float(evaluated(run, "train_s")[1][-1]) for run in by_seed(agent, env)]


def rows(run: Run) -> list[dict[str, Any]]:
    """The rows of its log."""
    with (run.directory / "log.jsonl").open() as file:
        return [json.loads(line) for line in file]


def evaluations(run: Run) -> list[dict[str, Any]]:
    return [row for row in rows(run) if row["kind"] == "eval"]


def last_games(run: Run) -> dict[str, Any]:
    """The row of the last evaluation."""
    return evaluations(run)[-1]


def test_after_an_hour_of_pong_each_run_of_es_had_more_than_each_of_dqn() -> None:
    es, dqn = at_the_end("es"), at_the_end("dqn")
    assert es == [-17.2, -17.9, -14.2] and dqn == [-19.9, -20.2, -20.3]
    assert min(es) > max(dqn)
    assert ratios("pong")["ALE/Pong-v5"].ratio is None


def test_a_tenth_of_the_way_was_passed_by_two_runs_of_es() -> None:
    (tenth, *further) = by_seed("es")[0].levels
    passed = [run.reached[tenth] for run in by_seed("es")]
    minutes = [None if mark is None else round(mark.at.train_s / 60) for mark in passed]
    assert (tenth, minutes) == (-17.17, [None, 44, 17])
    assert all(run.reached[tenth] is None for run in by_seed("dqn"))
    assert all(run.reached[level] is None for run in by_seed("es") for level in further)


def test_es_was_evaluated_about_three_times_as_often() -> None:
    counts = [[len(run.evaluations) for run in by_seed(agent)] for agent in ("es", "dqn")]
    assert [round(es / dqn) for es, dqn in zip(*counts, strict=True)] == [3, 3, 3]


def test_a_return_at_the_end_has_a_standard_error_of_up_to_0_8() -> None:
    errors = []
    for run in by_seed("es") + by_seed("dqn"):
        returns = last_games(run)["returns"]
        assert len(returns) == 10 and not any(last_games(run)["truncated"])
        errors.append(stdev(returns) / math.sqrt(len(returns)))
    assert round(max(errors), 1) == 0.8


def test_after_about_as_many_frames_who_has_more_depends_on_the_evaluation() -> None:
    had = {}
    for agent in ("es", "dqn"):
        curves = [evaluated(run, "env_steps") for run in by_seed(agent)]
        near = [(x, y, int(abs(4 * x - 1.1e6).argmin())) for x, y in curves]
        assert all(1.05e6 < 4 * x[i] < 1.2e6 for x, _, i in near)
        had[agent] = [float(y[i]) for _, y, i in near]
    assert had == {"es": [-20.3, -20.3, -20.4], "dqn": [-20.5, -19.7, -20.2]}
    before = [
        [(round(4 * x / 1e6, 2), y) for x, y in zip(*evaluated(run, "env_steps"), strict=True)]
        for run in by_seed("dqn")
    ]
    assert all((0.93, -21.0) in points for points in before)
    assert all(round(4 * run.end.env_steps / 1e6, 2) >= 1.16 for run in by_seed("dqn"))


def published(agent: str, env: str = "ALE/Pong-v5") -> DopamineCurve:
    curve = dopamine_curve(env, 4, agent)
    assert curve is not None
    return curve


def test_in_an_hour_dqn_came_to_where_the_published_ones_still_were() -> None:
    assert [round(run.end.env_frames / 1e6, 1) for run in by_seed("dqn")] == [1.4, 1.3, 1.9]
    assert round(min(run.end.env_steps for run in by_seed("dqn")), -3) == 313_000
    ranges = {
        agent: [(round(curve.lowest[i], 1), round(curve.highest[i], 1)) for i in (0, 1)]
        for agent, curve in ((agent, published(agent)) for agent in (RMSPROP, ADAM))
    }
    assert ranges[RMSPROP] == [(-20.6, -20.2), (-20.7, -18.0)]
    assert ranges[ADAM] == [(-20.3, -20.1), (-19.5, -17.3)]
    (low, high), below = ranges[RMSPROP][1], ranges[ADAM][1][0]
    assert all(low <= value <= high and value < below for value in at_the_end("dqn"))
    assert [round(published(agent).mean[1], 1) for agent in (RMSPROP, ADAM)] == [-19.1, -18.5]


def test_es_was_far_below_the_published_means_after_as_many_frames() -> None:
    frames = [int(run.end.env_frames / 1e6) for run in by_seed("es")]
    assert (min(frames), max(frames)) == (14, 26)
    ahead = {
        agent: [
            round(float(published(agent).mean[n - 1]) - value)
            for n, value in zip(frames, at_the_end("es"), strict=True)
        ]
        for agent in (RMSPROP, ADAM)
    }
    assert (min(ahead[RMSPROP]), max(ahead[RMSPROP])) == (19, 21)
    assert (min(ahead[ADAM]), max(ahead[ADAM])) == (30, 32)


def test_the_three_hours_of_pong_were_not_equally_fast() -> None:
    speeds = {
        agent: [run.end.env_steps / run.end.train_s for run in by_seed(agent)]
        for agent in ("es", "dqn")
    }
    assert [round(speed) for speed in speeds["dqn"]] == [97, 87, 129]
    assert [round(speed, -1) for speed in speeds["es"]] == [1210, 990, 1820]
    faster = [round(speeds[agent][2] / speeds[agent][1], 2) for agent in ("es", "dqn")]
    assert faster == [1.85, 1.48]
    times = [es / dqn for es, dqn in zip(speeds["es"], speeds["dqn"], strict=True)]
    assert [round(ratio) for ratio in times] == [12, 11, 14]
    assert {run.cpu_model for agent in speeds for run in by_seed(agent)} == {
        "Intel(R) Xeon(R) Processor"
    }
    assert all(
        run.end.train_cpu_s / run.end.train_s > 0.99 for agent in speeds for run in by_seed(agent)
    )


def test_from_memory_es_plays_some_one_and_a_half_times_as_many_frames_on_pong() -> None:
    es, dqn = (
        median(
            run.end.env_frames / run.end.train_s
            for run in runs("ram", agent)
            if run.env == "ALE/Pong-v5"
        )
        for agent in ("es", "dqn")
    )
    assert round(es / dqn, 1) == 1.6


BOXING, BREAKOUT = "ALE/Boxing-v5", "ALE/Breakout-v5"


def test_on_boxing_each_run_of_es_had_more_than_each_of_dqn() -> None:
    es, dqn = at_the_end("es", BOXING), at_the_end("dqn", BOXING)
    assert es == [0.1, 4.8, 5.0] and dqn == [-12.7, -26.7, -15.6]
    solved = [run.solved_at for run in by_seed("es", BOXING) + by_seed("dqn", BOXING)]
    minutes = [None if mark is None else round(mark.at.train_s / 60) for mark in solved]
    assert minutes == [None, 25, None, None, None, None]
    (passing,) = [row for row in rows(by_seed("es", BOXING)[1]) if row["kind"] == "solved"]
    assert round(passing["confirmation_mean"], 2) == 6.13 and passing["threshold"] == 6.1
    errors = [
        stdev(last_games(run)["returns"]) / math.sqrt(10)
        for run in by_seed("es", BOXING) + by_seed("dqn", BOXING)
    ]
    assert 2.4 < max(errors) < 2.5
    decided = decide(ratios("games")[BOXING])
    assert winner_text(decided) in ("not settled", "no comparison")


def test_dqns_greedy_play_on_boxing_was_worse_than_random_play() -> None:
    returns = [evaluated(run, "train_s")[1] for run in by_seed("dqn", BOXING)]
    every = [float(value) for one in returns for value in one]
    assert len(every) == 12 and sum(value <= 0.1 - 10 for value in every) == 11
    assert max(every) < 0.1
    first = by_seed("dqn", BOXING)[0]
    looked = [
        (round(4 * row["env_steps"] / 1e6, 2), row["return_mean"]) for row in evaluations(first)
    ]
    assert looked[2:] == [(0.60, -52.4), (0.82, -12.7)]
    counts = [[len(evaluations(run)) for run in by_seed(agent, BOXING)] for agent in ("dqn", "es")]
    assert counts == [[4, 4, 4], [12, 12, 13]]
    untrained = [float(one[0]) for one in returns]
    assert min(untrained) == -30 and round(max(untrained), 1) == -25.3
    means = {agent: published(agent, BOXING).mean for agent in (RMSPROP, ADAM)}
    assert [round(float(means[agent][1]), 1) for agent in (RMSPROP, ADAM)] == [-14.8, -2.4]
    assert [round(float(means[agent][7])) for agent in (RMSPROP, ADAM)] == [26, 47]
    assert all(means[agent][0] < 0.1 for agent in (RMSPROP, ADAM))


def test_on_boxing_es_had_more_near_as_many_frames_from_a_better_start() -> None:
    near, frames, untrained = [], [], []
    for es, dqn in zip(by_seed("es", BOXING), by_seed("dqn", BOXING), strict=True):
        steps, returns = evaluated(es, "env_steps")
        nearest = int(abs(steps - dqn.end.env_steps).argmin())
        near.append(float(returns[nearest]))
        frames.append(round(4 * float(steps[nearest]) / 1e6, 1))
        untrained.append(float(returns[0]))
        assert round(dqn.end.env_frames / 1e6, 1) == 0.8
        assert 10 <= es.end.env_frames / dqn.end.env_frames < 11.5
        assert 8 <= es.end.env_frames / 1e6 < 9
    assert near == [-8.8, 3.1, -12.1] and (min(frames), max(frames)) == (0.5, 0.9)
    assert untrained == [-12.8, -5.6, -3.5]
    for agent in ("es", "dqn"):
        for run in by_seed(agent, BOXING):
            assert not any(any(row["truncated"]) for row in evaluations(run))


def test_breakout_was_learned_by_neither() -> None:
    assert at_the_end("es", BREAKOUT) == [2.7, 2.7, 4.0]
    assert all(run.levels[0] == 4.58 for run in by_seed("es", BREAKOUT))
    assert not any(mark for run in by_seed("es", BREAKOUT) for mark in run.reached.values())
    for run in by_seed("dqn", BREAKOUT):
        returns = evaluated(run, "train_s")[1]
        assert len(returns) == 3 and not returns.any()
    games = [row for run in by_seed("dqn", BREAKOUT) for row in evaluations(run)]
    assert sorted(sum(row["truncated"]) for row in games) == [0] * 3 + [10] * 6
    last = last_games(by_seed("es", BREAKOUT)[2])
    assert last["returns"] == [4.0] * 10 and all(last["truncated"])
    assert [sum(last_games(run)["truncated"]) for run in by_seed("es", BREAKOUT)] == [1, 0, 10]


def test_speeds_on_boxing_and_breakout() -> None:
    speeds = {
        agent: [run.end.env_steps / run.end.train_s for run in runs("games", agent)]
        for agent in ("es", "dqn")
    }
    assert [round(min(speeds["dqn"])), round(max(speeds["dqn"]))] == [110, 116]
    assert [round(min(speeds["es"]), -1), round(max(speeds["es"]), -1)] == [1150, 1410]
    assert {run.cpu_model for agent in speeds for run in runs("games", agent)} == {
        "Intel(R) Xeon(R) Processor"
    }
