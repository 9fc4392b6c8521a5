"""What `scripts/validation` decides and writes, on runs that are made up."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from rlbench.agents.dqn.settings import DQNSettings
from rlbench.config.compose import compose
from rlbench.config.folders import conf_dir
from rlbench.published import table
from rlbench.published.dopamine import ADAM
from rlbench.runs.load import load_runs
from support.run_files import RunFiles
from validations import dopamine
from validations.agreement import agreement, mean_return, median_returns, untrained
from validations.cases import Case, Side, cases
from validations.document import document

CASE = Case("made_up", "CartPole-v1", 4000, "rlbench_sb3", Side("dqn", ()), Side("sb3-DQN", ()))


def write(root: Path, agent: str, shifts: list[float]) -> None:
    """Runs of 4,000 steps at 10 until step 1,000, then at 100 plus a shift, then at 400."""
    for seed, shift in enumerate(shifts):
        history = ((0.0, 10.0), (1.0, 100.0 + shift), (3.0, 400.0), (4.0, 480.0))
        RunFiles(agent=agent, seed=seed, history=history, status="budget").write(root / "made_up")


def test_the_mean_return_is_the_area_over_the_steps(tmp_path: Path) -> None:
    write(tmp_path, "dqn", [0.0])
    (run,) = load_runs(tmp_path).runs
    assert mean_return(run, 4000) == (1000 * 10 + 2000 * 100 + 1000 * 400) / 4000
    assert mean_return(run, 2000) == (1000 * 10 + 1000 * 100) / 2000
    assert mean_return(run, 8000) == (1000 * 10 + 2000 * 100 + 1000 * 400 + 4000 * 480) / 8000
    assert median_returns([run], 4000).tolist() == [10.0, 100.0, 100.0, 400.0, 480.0]
    assert untrained([run]) == 10.0


def test_equivalent_different_and_not_settled() -> None:
    same = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert agreement(same, same, 10.0).outcome == "equivalent"
    assert agreement(same, same, 2.0).outcome == "not settled"
    far = agreement([x + 20.0 for x in same], same, 10.0)
    # Of the 25 differences two are left out at either end: 20 - 4, 20 - 3, 20 - 3, ...
    assert (far.difference, far.low, far.high, far.outcome) == (20.0, 17.0, 23.0, "different")
    near = agreement([x + 6.0 for x in same], same, 10.0)
    assert (near.low, near.high, near.outcome) == (3.0, 9.0, "equivalent")  # small, if real
    few = agreement([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], 10.0)
    assert (few.low, few.high, few.outcome) == (None, None, "not settled")


@pytest.mark.parametrize(
    ("n", "true", "deviation", "share"),
    [(20, 1.0, 0.5, (0.0, 0.04)), (20, 0.0, 0.5, (0.95, 1.0)), (20, 0.0, 1.0, (0.62, 0.78)),
     (20, 0.0, 1.5, (0.05, 0.16)), (10, 0.0, 0.5, (0.94, 0.99)), (10, 0.0, 1.0, (0.08, 0.18)),
     (10, 0.0, 1.5, (0.0, 0.01))],
)  # fmt: skip
def test_how_often_agents_are_called_equivalent(
    n: int, true: float, deviation: float, share: tuple[float, float]
) -> None:
    """As the table says it of n runs a side; true differences and deviations are in margins."""
    generator = np.random.default_rng(0)
    said = [
        agreement(
            generator.normal(true, deviation, n), generator.normal(0.0, deviation, n), 1.0
        ).outcome
        for _ in range(400)
    ]
    assert share[0] <= said.count("equivalent") / 400 <= share[1]


def test_the_table_is_written_from_the_runs(tmp_path: Path) -> None:
    write(tmp_path, "dqn", [0.0, 4.0, 8.0, 12.0, 16.0])
    write(tmp_path, "sb3-DQN", [0.0, 4.0, 8.0, 12.0, 16.0])
    RunFiles(agent="dqn", seed=9, status="budget").write(tmp_path / "made_up")  # ended early
    text = document(tmp_path, [CASE])
    (row,) = [line for line in text.splitlines() if line.startswith("| DQN and")]
    # Areas of 156.5 and, in steps of two, 152.5 to 160.5; a tenth of the way from 10 to 475.
    assert row == (
        "| DQN and DQN (SB3) on CartPole-v1 | 4,000 | 5 and 5 | 156.5 | 156.5 | "
        "0.0 (-6.0 to 6.0) | 46.5 | equivalent |"
    )
    assert "| DQN (SB3) | 10.0 | 108.0 | 108.0 | 400.0 | 480.0 |" in text
    assert "| DQN and" not in document(tmp_path / "nothing", [CASE])


def test_both_sides_have_the_settings_of_rl_zoo() -> None:
    found = {case.name: case for case in cases()}
    cartpole = dict(word.removeprefix("agent.").split("=", 1) for word in
                    found["dqn_cartpole"].ours.words)  # fmt: skip
    experiment = yaml.safe_load((conf_dir() / "experiment" / "zoo_dqn_cartpole.yaml").read_text())
    given = {key: json.loads(cartpole[key]) for key in experiment["agent"]}
    assert given == experiment["agent"]
    assert [case.env_steps for case in found.values()][:3] == [50_000, 100_000, 100_000]
    for case in list(found.values())[:3]:
        words = [word.split("=", 1) for word in case.ours.words[1:]]
        made = DQNSettings(**{k.removeprefix("agent."): json.loads(v) for k, v in words})
        assert (made.num_lanes, made.n_step, made.double) == (1, 1, False)
        assert case.theirs.words[1].endswith(f"learning_starts={made.learning_starts_steps - 1}")
    for case in list(found.values())[3:]:
        ours, theirs = (
            {key: json.loads(value) for key, value in (word.split("=", 1) for word in words)}
            for words in (case.ours.words[1:], case.theirs.words[1:])
        )
        assert (
            ours.pop("agent.pair_shares_episodes") is theirs.pop("agent.shared_episodes") is False
        )
        assert ours == theirs and ours["agent.optimizer"] == "adam"


def with_training(run: Path, rows: list[tuple[int, int, float]]) -> None:
    """Put rows about training into a run's log: (env_steps, episodes, mean return since the one
    before)."""
    log = run / "log.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (pattern, *_) = [line for line in lines if line["kind"] == "train"]
    made = [
        {**pattern, "env_steps": steps, "episodes": games, "scalars": {"return_train_mean": mean}}
        for steps, games, mean in rows
    ]
    kept = [line for line in lines if line["kind"] != "train"]
    whole = [*kept[:1], *made, *kept[1:]]
    log.write_text("".join(json.dumps(line) + "\n" for line in whole))


def test_returns_in_training_are_set_beside_dopamines(tmp_path: Path) -> None:
    history = ((0.0, -21.0), (250.016, -20.0), (500.0, -19.0), (600.0, -19.0))
    for seed in (10, 11):
        run = RunFiles("dqn", "ALE/Pong-v5", seed, history=history, status="budget")
        with_training(
            run.write(tmp_path / dopamine.NAME),
            # The second point has two rows, as after an interruption; the third is not whole.
            [(250_016, 100, -20.3), (300_000, 130, -20.0), (500_000, 160, -18.0 - seed),
             (600_000, 200, 5.0)],
        )  # fmt: skip
    runs = load_runs(tmp_path).runs
    assert [dopamine.training_returns(run) for run in sorted(runs, key=lambda run: run.seed)] == [
        {1: -20.3, 2: pytest.approx((30 * -20 + 30 * -28) / 60)},
        {1: -20.3, 2: pytest.approx((30 * -20 + 30 * -29) / 60)},
    ]
    text = document(tmp_path, [CASE])
    assert text.endswith(
        "| frames | Dopamine | seed 10 | seed 11 |\n|--:|--:|--:|--:|\n"
        "| 1 M | -20.19 (-20.27 to -20.09) | -20.30 | -20.30 |\n"
        "| 2 M | -18.55 (-19.48 to -17.31) | -24.00 | -24.50 |\n"
    )
    assert "Dopamine" not in document(tmp_path / "nothing", [CASE])


def test_dopamines_settings_are_changed_in_nothing_that_is_learned_from() -> None:
    made, whole = (compose(list(words)).agent.params for words in
                   (dopamine.WORDS, ["experiment=dopamine_dqn"]))  # fmt: skip
    changed = {key for key in made if made[key] != whole[key]}
    assert changed == {"num_lanes", "train_every_steps", "updates_per_train", "overlap"}
    assert made["train_every_steps"] / made["updates_per_train"] == whole["train_every_steps"] == 4


COMMITTED = Path(__file__).parents[2] / "results" / "validation"


def test_the_committed_table_is_that_of_the_committed_runs() -> None:
    assert (COMMITTED / "table.md").read_text() == document(COMMITTED, cases())


def test_the_committed_runs_name_no_folder_of_a_machine() -> None:
    files = list(COMMITTED.glob("*/*/*/*/seed*/config.yaml"))
    assert len(files) >= 121
    assert all("results_dir: results/validation/" in file.read_text() for file in files)


def test_the_document_says_what_the_committed_runs_say() -> None:
    rows = [row.strip("| ").split(" | ") for row in document(COMMITTED, cases()).splitlines()
            if row.startswith(("| DQN and", "| ES and"))]  # fmt: skip
    assert {row[2] for row in rows} == {"10 and 10"}
    assert [(row[0], row[-1]) for row in rows] == [
        ("DQN and DQN (SB3) on CartPole-v1", "not settled"),
        ("DQN and DQN (SB3) on Acrobot-v1", "not settled"),
        ("DQN and DQN (SB3) on LunarLander-v3", "equivalent"),
        ("ES and Open-ES (evosax) on CartPole-v1", "equivalent"),
        ("ES and Open-ES (evosax) on Acrobot-v1", "equivalent"),
        ("ES and Open-ES (evosax) on LunarLander-v3", "equivalent"),
    ]
    for row in rows[:2]:
        low, high = map(float, row[5].split("(")[1].rstrip(")").split(" to "))
        assert low < 0 < high and float(row[6]) < max(-low, high) < 1.1 * float(row[6])


def test_pong_s_section_says_how_far_dqn_is_from_dopamines() -> None:
    (run,) = load_runs(COMMITTED / dopamine.NAME).runs
    (ours,) = dopamine.training_returns(run).values()
    (first, *_) = [row for row in table("dopamine_dqn_curves")
                   if (row["game"], row["agent"]) == ("pong", ADAM)]  # fmt: skip
    mean, deviation = float(first["mean_return"]), float(first["std_runs"])
    # One run against five: t with four degrees of freedom.
    t = (mean - ours) / (deviation * math.sqrt(1 + 1 / 5))
    part = t * t / (4 + t * t)
    chance = 1 - math.sqrt(part) * (1 + (1 - part) / 2)
    text = (COMMITTED.parents[1] / "docs" / "reproduced.md").read_text()
    assert (
        f"had {ours:.2f} in training over its first million frames ({run.end.episodes} games), "
        f"where Dopamine's five have {mean:.2f} with a standard deviation of {deviation:.2f} "
        f"between them ({first['min_run']} to {first['max_run']})"
    ) in text
    assert f"in {100 * chance:.0f} of 100 cases (t test)" in text
    greedy = [f"{value:.1f}" for value in run.evaluations.return_mean[1:]]
    assert f"Its greedy play had {' and then '.join(greedy)} by then" in text
