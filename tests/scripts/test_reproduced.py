"""The tables of docs/reproduced.md are the ones that the committed runs give."""

import csv
import json
from pathlib import Path

import pytest

import reproduced
from reproductions import one_set, several_sets
from support.run_files import RunFiles

DOCS = Path(__file__).parents[2] / "docs"
COMMITTED = [name for name in reproduced.TABLES if reproduced.runs_of(name).is_dir()]
OF_THE_ANSWER = ("answer", "verdicts", "cores")


@pytest.mark.parametrize("name", [name for name in COMMITTED if name not in OF_THE_ANSWER[:2]])
def test_the_tables_in_the_docs_are_those_of_the_committed_runs(name: str) -> None:
    text = (DOCS / "reproduced.md").read_text()
    assert "\n".join(reproduced.table_of(name)) in text


@pytest.mark.parametrize("name", OF_THE_ANSWER)
def test_the_tables_of_the_answer_are_those_of_the_committed_runs(name: str) -> None:
    assert "\n".join(reproduced.table_of(name)) in (DOCS / "answer.md").read_text()


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
    head, rule, *rows = one_set.mujoco(tmp_path)
    assert head.count("|") == rule.count("|") == 8
    assert rows == [
        "| Swimmer | 25 % | 42 | 1.04 M | 0.588 M | 0.612 M | 2 of 3 runs |",
        "| Swimmer | 50 % | 71 | 1.82 M | 0.852 M | 0.052 M |  |",
    ]


def test_returns_are_those_nearest_to_the_frames(tmp_path: Path) -> None:
    header = {"frame_skip": 4, "preprocessing": {"sticky_actions": 0.25}}
    # The second seed of ES is slower: it ends after 3 M frames, the first after 4 M.
    for agent, seed, per_s in (("es", 0, 1000.0), ("es", 1, 750.0), ("dqn", 0, 100.0)):
        history = [(0.0, -21.0), (249.0, -20.5), (251.0, -19.0), (1000.0, -3.25 + seed)]
        RunFiles(agent=agent, env="ALE/Pong-v5", seed=seed, header=header, steps_per_s=per_s,
                 status="budget", threshold=5.0, history=history).write(tmp_path)  # fmt: skip
    head, _, *rows = one_set.atari(tmp_path)
    assert head == "| game | frames | Dopamine's DQN | ... with Adam | ES here | DQN here |"
    assert rows == [
        "| Pong | 1 M | -20.3 (-20.6 to -20.2) | -20.2 (-20.3 to -20.1) | -20.5, -19.0 |  |",
        "| Pong | 2 M | -19.1 (-20.7 to -18.0) | -18.5 (-19.5 to -17.3) | -19.0, -2.2 |  |",
        "| Pong | 3 M | -17.6 (-20.3 to -15.1) | -16.3 (-17.4 to -14.8) | -3.2, -2.2 |  |",
        "| Pong | 4 M | -16.6 (-20.1 to -14.5) | -13.9 (-16.2 to -9.5) | -3.2, \u2013 |  |",
        "| Pong | at the end |  |  | -3.2, -2.2 at 3 to 4 M | -3.2 at 0.4 M |",
    ]


def test_levels_are_reached_by_some_after_a_median_time(tmp_path: Path) -> None:
    header = {"frame_skip": 4, "preprocessing": {"observations": "ram", "sticky_actions": 0.25}}
    # 10 % of the way from -20.7 to 14.6 is -17.17, 25 % -11.88, 50 % -3.05.
    for agent, slow in (("es", 1.0), ("dqn", 10.0)):
        for seed in range(4):
            at, last = slow * (10.0 + seed), -11.0 if seed < 2 else -15.0
            history = [(0.0, -21.0), (0.95 * at, -20.0), (at, -17.0), (2 * at, last)]
            RunFiles(agent=agent, env="ALE/Pong-v5", seed=seed, header=header, history=history,
                     levels=(-17.17, -11.88, -3.05, 14.6), threshold=-3.05, status="budget",
                     budget_train_s=2 * at).write(tmp_path)  # fmt: skip
    _, _, ten, quarter, half, _ = one_set.levels(tmp_path)
    assert ten.startswith("| Pong | 10% | -17.2 | 4 of 4 | 4 of 4 | 11 s | 110 s | 10\u00d7 [")
    assert quarter.startswith("| Pong | 25% | -11.9 | 2 of 4 | 2 of 4 |")
    assert half == "| Pong | 50% | -3.0 | 0 of 4 | 0 of 4 |  |  | no ratio |"


def write_without_threshold(results: Path, env: str, es: tuple[float, float]) -> None:
    """ES with these returns after 20 and 60 s, a tenth more with each seed, and DQN with 0.5 and 1
    at a twentieth of the speed."""
    for agent, (early, late) in {"es": es, "dqn": (0.5, 1.0)}.items():
        for seed in range(5):
            history = [(0.0, 0.0), (20.0, early + 0.1 * seed), (60.0, late + 0.1 * seed)]
            RunFiles(agent=agent, env=env, seed=seed, threshold=None, levels=(), history=history,
                     steps_per_s=2000.0 if agent == "es" else 100.0, status="budget",
                     budget_train_s=60.0).write(results)  # fmt: skip


def test_ends_are_compared_where_nothing_counts_as_solved(tmp_path: Path) -> None:
    write_without_threshold(tmp_path, "MinAtar/Asterix-v1", (1.0, 3.0))
    _, _, row = one_set.ends(tmp_path)
    assert row == "| Asterix | 3.2 | 1.2 | 2 [1.7, 2.3] | ES |"


def test_who_scored_more_had_the_score_of_the_other_earlier(tmp_path: Path) -> None:
    # DQN's median in the end is 1.2. ES's seeds 2, 3 and 4 have that after 20 s, 0 and 1 after 60.
    write_without_threshold(tmp_path, "MinAtar/Asterix-v1", (1.0, 3.0))
    # ES's median in the end is 0.2: seeds 0 to 4 of DQN have 0.5 and more after 20 s.
    write_without_threshold(tmp_path, "MinAtar/Breakout-v1", (0.0, 0.0))
    write_without_threshold(tmp_path, "MinAtar/Freeway-v1", (1.0, 1.1))
    RunFiles(agent="random", env="MinAtar/Freeway-v1", threshold=None, levels=(), status="budget",
             history=[(0.0, 0.3), (1.0, 0.25)], budget_train_s=None).write(tmp_path)  # fmt: skip
    head, rule, *rows = one_set.minatar(tmp_path)
    assert head.count("|") == rule.count("|") == 10
    assert rows == [
        "| Asterix | 3.2 | 1.2 | 2 [1.7, 2.3] | ES | 20 s | 0.12 M | 0.006 M |  |",
        "| Breakout | 0.2 | 1.2 | -1 [-1.3, -0.7] | DQN | 20 s | 0.12 M | 0.006 M |  |",
        "| Freeway | 1.3 | 1.2 | 0.1 [-0.2, 0.4] | not settled |  | 0.12 M | 0.006 M | 0.25 |",
    ]


def test_a_league_has_the_places_of_all_and_the_times_of_each_task(tmp_path: Path) -> None:
    sooner = {"es": (1.0, 1.1, 1.2, 1.3), "dqn": (30.0, 33.0, 36.0, 40.0), "mine": (1, 9, 50, 60)}
    for env in ("CartPole-v1", "Acrobot-v1"):
        for agent, times in sooner.items():
            for seed, time in enumerate(times):
                is_solved = env == "CartPole-v1" or agent != "mine" or seed == 0
                history = ((0.0, -500.0), (0.9 * time, -400.0), (time, 480.0 if is_solved else 0))
                RunFiles(agent=agent, env=env, seed=seed, history=history, levels=(),
                         status="solved" if is_solved else "budget").write(tmp_path)  # fmt: skip
    head, rule, *rows = one_set.league(tmp_path)
    assert head.count("|") == rule.count("|") == 6
    # On one task alone a run of `mine` was as soon as ES, another later than all of DQN.
    assert [row.split(" | ")[3:] for row in rows] == [
        ["1 to 2; 4 of 4, 1.1 s", "1 to 2; 4 of 4, 1.1 s |"],
        ["1 to 3; 1 of 4", "1 to 3; 4 of 4, 9 s |"],
        ["2 to 3; 4 of 4, 33 s", "2 to 3; 4 of 4, 33 s |"],
    ]
    assert [row.split(" | ")[:3] for row in rows] == [
        ["| 1", "ES", "30\u00d7 (95 % interval 24 to 39)"],
        ["| 2 to 3", "mine", "at most 1.6\u00d7 (95 % interval 21 or less)"],
        ["| 2 to 3", "DQN", "the baseline"],
    ]


def test_a_second_core_is_worth_the_time_on_one_over_that_on_two(tmp_path: Path) -> None:
    for name, cores in (("classic-one-core", 1), ("classic", 2)):
        for seed in range(5):
            at = (20.0 + seed) / (1.0 if cores == 1 else 2.0 + seed)
            steps_per_s = 1000.0 * 20.0 / at if seed < 3 else 1000.0
            is_solved = seed > 0 or cores == 2
            history = ((0.0, 10.0), (0.95 * at, 20.0), (at, 480.0 if is_solved else 30.0))
            RunFiles(
                seed=seed,
                history=history,
                header={"cores": cores},
                levels=(),
                steps_per_s=steps_per_s,
                status="solved" if is_solved else "budget",
            ).write(tmp_path / name)
    _, _, row = several_sets.cores(tmp_path)
    # Seed 0 is solved on two cores only. The others are 3, 4, 5 and 6 times as fast there.
    assert row == "| CartPole-v1 | ES | 4 of 5 | 5 of 5 | 4.50\u00d7 | 3.00 to 6.00 | 2 of 4 |"


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
    _, _, *rows = one_set.noise(tmp_path)
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
    _, _, *rows = several_sets.faster(tmp_path)
    assert rows == [
        "| a set | CartPole-v1 | DQN 4 of 4 | ES 4 of 4 | 20\u00d7 [9, 44] | ES |",
        "| a set | CartPole-v1 | DQN 4 of 4 | mine 4 of 4 | 1.6\u00d7 [0.45, 44] | not settled |",
    ]


def test_the_answer_names_who_was_faster_on_what_and_over_all_of_it(tmp_path: Path) -> None:
    sooner = {"es": (1.0, 1.1, 1.2, 1.3), "dqn": (30.0, 33.0, 36.0, 40.0)}
    for env in ("CartPole-v1", "Acrobot-v1"):
        for agent, times in sooner.items():
            for seed, time in enumerate(times):
                history = ((0.0, -500.0), (0.9 * time, -400.0), (time, 480.0))
                RunFiles(
                    agent=agent,
                    env=env,
                    seed=seed,
                    history=history,
                    levels=(),
                    steps_per_s=4000.0 if agent == "es" else 100.0,
                ).write(tmp_path / "classic")
    head, rule, row = several_sets.answer(tmp_path)
    assert head.count("|") == rule.count("|") == row.count("|") == 9
    kind, es, dqn, open_, neither, time, _, steps = (cell.strip() for cell in row.split("|")[1:-1])
    assert kind == "classic control, 2 cores each"
    assert (es, dqn, open_, neither) == ("Acrobot, CartPole", "", "", "")
    assert time.startswith("30\u00d7 [") and steps.startswith("0.75\u00d7 [")
    assert time.endswith("]")
    for agent in ("es", "dqn"):
        for seed in range(4):
            history = ((0.0, -200.0), (600.0, -150.0))
            RunFiles(agent=agent, env="LunarLander-v3", seed=seed, history=history, levels=(),
                     status="budget").write(tmp_path / "classic")  # fmt: skip
    *_, row = several_sets.answer(tmp_path)
    _, es, _, _, neither, time, _, steps = (cell.strip() for cell in row.split("|")[1:-1])
    assert (es, neither) == ("Acrobot, CartPole", "LunarLander")
    assert time.endswith("], 2 of 3") and steps.endswith("], 2 of 3")
    for env in ("MountainCar-v0", "Pendulum-v1"):
        for agent in ("es", "dqn"):
            for seed in range(4):
                history = ((0.0, -200.0), (600.0, -150.0))
                RunFiles(agent=agent, env=env, seed=seed, history=history, levels=(),
                         status="budget").write(tmp_path / "classic")  # fmt: skip
    *_, row = several_sets.answer(tmp_path)
    assert row.endswith("| LunarLander, MountainCar, Pendulum |  |  |  |")


def test_verdicts_are_those_of_the_reports(tmp_path: Path) -> None:
    report = tmp_path / "ram" / "report"
    report.mkdir(parents=True)
    claims = [
        {"key": key, "title": key.title(), "verdict": verdict}
        for key, verdict in (
            ("robotics", {"outcome": "x", "condition": "", "reason": "y"}),
            ("atari", {"outcome": "no", "condition": "from memory", "reason": "So."}),
        )
    ]  # fmt: skip
    (report / "claims.json").write_text(json.dumps({"claims": claims}))
    _, _, *rows = several_sets.verdicts(tmp_path)
    assert rows == ["| Atari | Atari from memory | no from memory | So. |"]
