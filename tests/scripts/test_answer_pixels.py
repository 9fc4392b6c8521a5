"""What docs/answer.md and docs/reproduced.md say in words holds of the committed runs: Atari from
pixels."""

from __future__ import annotations

from statistics import median

from rlbench.analysis.curves import evaluated
from rlbench.published.dopamine import dopamine_curve
from rlbench.runs.records import Run
from support.committed_runs import ratios, runs


def by_seed(agent: str) -> list[Run]:
    return sorted(runs("pong", agent), key=lambda run: run.seed)


def at_the_end(agent: str) -> list[float]:
    return [float(evaluated(run, "train_s")[1][-1]) for run in by_seed(agent)]


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


def test_in_an_hour_dqn_came_to_where_the_published_one_still_was() -> None:
    assert [round(run.end.env_frames / 1e6, 1) for run in by_seed("dqn")] == [1.4, 1.3, 1.9]
    curve = dopamine_curve("ALE/Pong-v5", 4)
    assert curve is not None
    ranges = [(round(curve.lowest[i], 1), round(curve.highest[i], 1)) for i in (0, 1)]
    assert ranges == [(-20.6, -20.2), (-20.7, -18.0)]
    assert all(ranges[1][0] <= value <= ranges[1][1] for value in at_the_end("dqn"))


def test_es_was_far_below_the_published_mean_after_as_many_frames() -> None:
    curve = dopamine_curve("ALE/Pong-v5", 4)
    assert curve is not None
    frames = [int(run.end.env_frames / 1e6) for run in by_seed("es")]
    assert (min(frames), max(frames)) == (14, 26)
    mean = [curve.mean[n - 1] for n in frames]
    assert all(them - us > 15 for them, us in zip(mean, at_the_end("es"), strict=True))
    worst = [float(curve.lowest[n - 1]) for n in frames]
    assert all(them - us > -0.1 for them, us in zip(worst, at_the_end("es"), strict=True))


def test_the_three_hours_of_pong_were_not_equally_fast() -> None:
    speeds = {
        agent: [run.end.env_steps / run.end.train_s for run in by_seed(agent)]
        for agent in ("es", "dqn")
    }
    assert [round(speed) for speed in speeds["dqn"]] == [97, 87, 129]
    assert [round(speed, -1) for speed in speeds["es"]] == [1210, 990, 1820]
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
