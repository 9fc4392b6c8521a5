"""The tables of docs/reproduced.md are the ones that the committed runs give."""

import csv
from pathlib import Path

import pytest

import reproduced
from support.run_files import RunFiles

DOCS = Path(__file__).parents[2] / "docs"
COMMITTED = [name for name in reproduced.TABLES if reproduced.runs_of(name).is_dir()]


@pytest.mark.parametrize("name", COMMITTED)
def test_the_tables_in_the_docs_are_those_of_the_committed_runs(name: str) -> None:
    text = (DOCS / "reproduced.md").read_text()
    assert "\n".join(reproduced.TABLES[name](reproduced.runs_of(name))) in text


def test_steps_are_means_where_all_runs_reached_the_level(tmp_path: Path) -> None:
    columns = ["env", "agent", "level", "unit", "n_runs", "n_reached", "restricted_mean"]
    (tmp_path / "report").mkdir()
    with (tmp_path / "report" / "time_to_threshold.csv").open("w") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerow(["Swimmer-v5", "es", "41.97", "train_s", 3, 3, 7.5])
        table.writerow(["Swimmer-v5", "es", "41.97", "env_steps", 3, 3, 612345])
        table.writerow(["Swimmer-v5", "dqn", "41.97", "env_steps", 3, 2, 800000])
        table.writerow(["Swimmer-v5", "es", "70.73", "env_steps", 3, 3, 52345])
    head, rule, *rows = reproduced.mujoco(tmp_path)
    assert head.count("|") == rule.count("|") == 8
    assert rows == [
        "| Swimmer | 25 % | 42 | 1.04 M | 0.588 M | 0.612 M | 2 of 3 runs |",
        "| Swimmer | 50 % | 71 | 1.82 M | 0.852 M | 0.052 M |  |",
    ]


def test_returns_are_those_at_or_before_the_frames(tmp_path: Path) -> None:
    header = {"frame_skip": 4, "preprocessing": {"sticky_actions": 0.25}}
    for agent, per_s, status in (("es", 1000.0, "budget"), ("dqn", 100.0, "budget")):
        history = [(0.0, -21.0), (249.0, -20.5), (251.0, -19.0), (1000.0, -3.25)]
        RunFiles(agent=agent, env="ALE/Pong-v5", header=header, steps_per_s=per_s, status=status,
                 threshold=-3.0, history=history).write(tmp_path)  # fmt: skip
    head, _, *rows = reproduced.atari(tmp_path)
    assert head == "| game | frames | Dopamine's DQN | es here | dqn here |"
    assert rows == [
        "| Pong | 1 M | -20.3 (-20.6 to -20.2) | -20.5 |  |",
        "| Pong | 2 M | -19.1 (-20.7 to -18.0) | -19.0 |  |",
        "| Pong | 3 M | -17.6 (-20.3 to -15.1) | -19.0 |  |",
        "| Pong | 4 M | -16.6 (-20.1 to -14.5) | -3.2 |  |",
        "| Pong | at the end |  | -3.2 at 4 M | -3.2 at 0.4 M |",
    ]


def test_noise_is_timed_to_what_counts_as_solved(tmp_path: Path) -> None:
    columns = ["env", "group", "is_threshold", "unit", "n_runs", "n_reached", "restricted_mean"]
    values = {"train_s": 1.25, "env_steps": 123456}
    (tmp_path / "report").mkdir()
    with (tmp_path / "report" / "time_to_threshold.csv").open("w") as file:
        table = csv.writer(file)
        table.writerow(columns)
        for group, n in (("es (agent.noise=full)", 3), ("es (agent.noise=lowrank)", 2)):
            for unit, mean in values.items():
                table.writerow(["Acrobot-v1", group, "false", unit, 3, 3, 0])
                table.writerow(["Acrobot-v1", group, "true", unit, 3, n, mean])
    _, _, *rows = reproduced.noise(tmp_path)
    assert rows == [
        "| Acrobot-v1 | full | 3 of 3 | 1.25 | 0.123 M |",
        "| Acrobot-v1 | rank 1 | 2 of 3 | 1.25 | 0.123 M |",
    ]


def test_who_was_faster_is_what_the_reports_decide(tmp_path: Path) -> None:
    sooner = {"es": (1.0, 1.5, 2.0, 3.0), "dqn": (30.0, 33.0, 36.0, 40.0), "mine": (1, 9, 50, 60)}
    for agent, times in sooner.items():
        for seed, time in enumerate(times):
            history = ((0.0, 10.0), (0.9 * time, 20.0), (time, 480.0))
            RunFiles(agent=agent, seed=seed, history=history).write(tmp_path / "a set")
    _, _, *rows = reproduced.faster(tmp_path)
    assert rows == [
        "| a set | CartPole-v1 | DQN 4 of 4 | ES 4 of 4 | 20\u00d7 [9, 44] | ES |",
        "| a set | CartPole-v1 | DQN 4 of 4 | mine 4 of 4 | 1.6\u00d7 [0.45, 44] | not settled |",
    ]
