"""What docs/answer.md and docs/reproduced.md say in words holds of the committed runs: MinAtar."""

from __future__ import annotations

import json
from statistics import median

import numpy as np

import reproduced
from reproductions import one_set
from reproductions.cells import short_name
from rlbench.analysis.curves import evaluated, run_values
from support.committed_runs import environments, runs

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
