"""What docs/answer.md and docs/reproduced.md say in words holds of the committed runs:
Atari from memory."""

from __future__ import annotations

import csv
import json
from statistics import median
from typing import Any, cast

import reproduced
from reproductions import one_set
from reproductions.cells import short_name
from rlbench.analysis.curves import evaluated
from rlbench.analysis.decision import decide
from rlbench.analysis.speed_ratios import speed_ratio
from rlbench.claims.scores import share_power
from support.committed_runs import environments, runs


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
