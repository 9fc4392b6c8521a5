"""A run from its start to its end, and every way in which it can be cut short."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.config.compose import compose
from rlbench.errors import ConfigError, RunError
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run, plan_run
from rlbench.harness.stopping import finished
from rlbench.runs import checkpoint
from rlbench.settings import BudgetSettings, Settings

TESTS = Path(__file__).parents[1]
COUNTING = "probe_envs:Counting-v0"
CLOCK = ["wall_s", "train_s", "eval_s", "startup_s", "checkpoint_s", "unattributed_s", "cpu_s"]


def words(tmp_path: Path, *more: str, agent: str = "es", env: str = COUNTING) -> list[str]:
    return [
        f"agent={agent}",
        f"env={env}",
        f"results_dir={tmp_path}",
        "eval.episodes=5",
        "eval.confirmation_episodes=6",
        "executor=serial",
        "budget.train_seconds=30",
        *(["agent.population=12", "agent.hidden=[8]"] if agent == "es" else []),
        *more,
    ]


def settings(tmp_path: Path, *more: str, **kwargs: str) -> Settings:
    return compose(words(tmp_path, *more, **kwargs))


def read(asked: Settings) -> tuple[Path, list[dict[str, Any]], dict[str, Any]]:
    directory = name_run(asked).directory
    rows = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    return directory, rows, json.loads((directory / "summary.json").read_text())


def done_before(asked: Settings) -> str | None:
    """What a run prints in place of running; None where there is something left to do."""
    return finished(asked, name_run(asked).directory)


def start(tmp_path: Path, *more: str, **kwargs: str) -> subprocess.Popen[str]:
    """The run in a new process."""
    return subprocess.Popen(
        [sys.executable, "-m", "rlbench", *words(tmp_path, *more, **kwargs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
    )


def wait_for_line(process: subprocess.Popen[str], part: str) -> None:
    """Read the process's output up to a line with `part`."""
    for line in process.stdout:
        if part in line:
            return
    raise AssertionError(f"{part!r} never came: {process.stderr.read()}")


def test_a_run_leaves_the_files_of_the_design(tmp_path: Path) -> None:
    asked = settings(tmp_path, "budget.env_steps=3000", "stop_at_threshold=false")
    assert run(asked) == 0
    directory, rows, summary = read(asked)
    assert directory == tmp_path / "es" / COUNTING / name_run(asked).setup / "seed0"
    names = {path.name for path in directory.iterdir()} - {".lock"}
    assert names == {
        "config.yaml",
        "run.json",
        "log.jsonl",
        "checkpoint",
        "policy.npz",
        "policy-best.npz",
        "summary.json",
    }
    kinds = [row["kind"] for row in rows]
    assert kinds[:2] == ["start", "eval"] and kinds[-1] == "end"
    evals = [row for row in rows if row["kind"] == "eval"]
    assert evals[0]["env_steps"] == 0 and evals[0]["previous_train_s"] is None
    assert evals[-1]["env_steps"] == summary["env_steps"] >= 3000
    for before, row in itertools.pairwise(evals):
        assert row["previous_env_steps"] == before["env_steps"]
        assert row["return_mean"] == np.mean(row["returns"]) and len(row["lengths"]) == 5
    for column in ["seq", "env_steps", "episodes", *CLOCK]:
        values = [row[column] for row in rows]
        assert values == sorted(values) or column == "unattributed_s", column
    for row in rows:
        parts = sum(row[c] for c in CLOCK[1:6])
        assert parts == pytest.approx(row["wall_s"], abs=1e-4)
    facts = json.loads((directory / "run.json").read_text())
    assert facts["threshold"] == 8.0 and facts["cores"] == len(facts["cpu_affinity"])
    assert (
        facts["schema"] == 2
        and facts["version"] == 2
        and facts["packages"]["numpy"] == np.__version__
    )
    assert summary["status"] == "solved" or summary["solved_at"] is None
    assert summary["env_steps_per_s"] == pytest.approx(
        summary["env_steps"] / summary["train_s"], rel=1e-4
    )


def test_solved_is_confirmed_and_stops(tmp_path: Path) -> None:
    asked = settings(tmp_path, "env.threshold=4", "env.levels=[1,2,99]")
    assert run(asked) == 0
    _, rows, summary = read(asked)
    solved = [row for row in rows if row["kind"] == "solved"]
    assert [row["confirmed"] for row in solved] == [False] * (len(solved) - 1) + [True]
    assert solved[-1]["confirmation_mean"] >= 4 and solved[-1]["confirmation_episodes"] == 6
    assert summary["status"] == "solved"
    at = summary["solved_at"]
    evals = [row for row in rows if row["kind"] == "eval"]
    assert at["env_steps"] == solved[-1]["env_steps"] == evals[-1]["env_steps"]
    assert at["train_s"] == evals[-1]["train_s"]
    assert set(summary["reached"]) == {"1.0", "2.0", "4.0", "99.0"}
    assert summary["reached"]["99.0"] is None and summary["reached"]["4.0"] == at
    first = next(row for row in evals if row["return_mean"] >= 2)
    assert summary["reached"]["2.0"]["env_steps"] == first["env_steps"]


def test_a_run_can_go_on_past_the_threshold_to_its_highest_level(tmp_path: Path) -> None:
    levels = ("env.threshold=7", "env.levels=[1,7,8]")
    asked = settings(tmp_path, *levels, "stop_at_levels=true")
    assert run(asked) == 0
    directory, rows, summary = read(asked)
    assert summary["status"] == "solved" and summary["env_steps"] > 0
    last = [row for row in rows if row["kind"] == "eval"][-1]
    assert last["return_mean"] >= 8 and summary["reached"]["8.0"]["env_steps"] == last["env_steps"]
    assert summary["solved_at"]["env_steps"] <= last["env_steps"]
    assert json.loads((directory / "run.json").read_text())["stop_at_levels"] is True
    # It is done as it is, and has more to do where there is no level to stop at.
    assert done_before(asked).startswith("solved already: ")
    assert done_before(settings(tmp_path, *levels, "stop_at_threshold=false")) is None
    beyond = settings(
        tmp_path, "env.threshold=2", "env.levels=[2,99]", "stop_at_levels=true",
        "budget.env_steps=2000",
    )  # fmt: skip
    run(beyond)  # solved from the start
    assert read(beyond)[2]["solved_at"]["env_steps"] == 0
    assert read(beyond)[2]["env_steps"] >= 2000


def test_a_finished_run_is_left_and_overwrite_starts_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = settings(tmp_path, "budget.env_steps=500", "env.threshold=99")
    run(asked)
    directory, rows, _ = read(asked)
    assert done_before(asked).startswith("budget already: ")
    capsys.readouterr()
    assert run(asked) == 0
    assert "budget already" in capsys.readouterr().out
    assert read(asked)[1] == rows
    again = settings(tmp_path, "budget.env_steps=500", "env.threshold=99", "overwrite=true")
    assert done_before(again) is None
    run(again)
    _, new, summary = read(asked)
    assert new[0]["seq"] == 1 and summary["attempts"] == 1
    assert new[0]["wall_s"] != rows[0]["wall_s"]
    more = settings(tmp_path, "budget.env_steps=900", "env.threshold=99")
    assert name_run(more).directory == directory and done_before(more) is None
    run(more)
    assert read(asked)[2]["env_steps"] >= 900


def test_the_time_budget_ends_a_run(tmp_path: Path) -> None:
    asked = settings(tmp_path, "budget.train_seconds=0.3", "env.threshold=99", agent="random")
    run(asked)
    _, _, summary = read(asked)
    assert summary["status"] == "budget" and 0.3 <= summary["train_s"] < 1.3


@pytest.mark.parametrize("executor", ["serial", "process"])
def test_the_time_budget_ends_es_within_a_generation(tmp_path: Path, executor: str) -> None:
    """A generation takes 20 s of a core; it is thrown away, and its steps stay counted."""
    asked = settings(
        tmp_path, "+env.kwargs.seconds=0.003", "budget.train_seconds=1", "env.threshold=99",
        "agent.population=640", f"executor={executor}", env="probe_envs:Slow-v0",
    )  # fmt: skip
    run(asked)
    directory, _, summary = read(asked)
    assert summary["status"] == "budget" and 1 <= summary["train_s"] < 2
    assert summary["env_steps"] > 50
    assert checkpoint.load(directory / "checkpoint")["agent"]["generation"] == 0


def test_ctrl_c_checkpoints_and_the_same_command_goes_on(tmp_path: Path) -> None:
    more = ["env.threshold=99", "budget.env_steps=6000"]
    slow = [*more, "checkpoint.every_seconds=0.05"]
    process = start(tmp_path, *[w for w in slow if "env_steps" not in w])
    wait_for_line(process, " steps | ")
    wait_for_line(process, " steps | ")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted: " in out and out.endswith("; the same command goes on\n")
    asked = settings(tmp_path, *slow)
    directory, rows, summary = read(asked)
    assert summary["status"] == "interrupted" and rows[-1]["kind"] == "end"
    steps = summary["env_steps"]
    bigger = settings(tmp_path, *slow, f"budget.env_steps={steps + 2000}")
    assert run(bigger) == 0
    _, rows, summary = read(asked)
    assert summary["attempts"] == 2 and summary["env_steps"] >= steps + 2000
    whole = settings(tmp_path / "whole", *slow, f"budget.env_steps={steps + 2000}")
    run(whole)
    one = checkpoint.load(directory / "checkpoint")["agent"]
    other = checkpoint.load(name_run(whole).directory / "checkpoint")["agent"]
    assert one["generation"] == other["generation"]
    assert one["theta"].tobytes() == other["theta"].tobytes()


def test_a_killed_run_goes_on_from_its_checkpoint_and_shows_what_was_lost(tmp_path: Path) -> None:
    more = ["env.threshold=99", "checkpoint.every_seconds=0.01", "agent.population=20"]
    process = start(tmp_path, *more)
    wait_for_line(process, " steps | ")
    wait_for_line(process, " steps | ")
    wait_for_line(process, " steps | ")
    process.kill()
    process.communicate(timeout=60)
    asked = settings(tmp_path, *more)
    directory = name_run(asked).directory
    assert not (directory / "summary.json").exists()
    lines = (directory / "log.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    bigger = settings(tmp_path, *more, f"budget.env_steps={last['env_steps'] + 500}")
    assert run(bigger) == 0
    _, rows, summary = read(asked)
    resume = next(row for row in rows if row["kind"] == "resume")
    saved = max(r["seq"] for r in rows if r["kind"] == "checkpoint" and r["attempt"] == 1)
    assert resume["from_seq"] == saved - 1 and resume["attempt"] == 2
    at = next(row for row in rows if row["seq"] == saved)
    assert resume["env_steps"] == at["env_steps"]
    assert resume["lost_env_steps"] == last["env_steps"] - at["env_steps"]
    assert resume["train_s"] == pytest.approx(at["train_s"], abs=1e-3)
    assert resume["lost_train_s"] == pytest.approx(last["train_s"] - resume["train_s"], abs=1e-3)
    assert resume["lost_cpu_s"] > 0
    assert summary["env_steps"] >= last["env_steps"] + 500
    assert summary["lost_env_steps"] == resume["lost_env_steps"]


def test_a_checkpoint_that_the_agent_cannot_use_is_refused_by_name_and_kept(tmp_path: Path) -> None:
    more = ["env.threshold=99", "agent.population=20"]
    first = settings(tmp_path, *more, "budget.env_steps=1000")
    run(first)
    folder = name_run(first).directory / "checkpoint"
    state = checkpoint.load(folder)
    del state["agent"]["optimizer"]
    next(folder.glob("checkpoint-*.json")).unlink()
    checkpoint.save(folder, state["seq"] + 2, state)
    index = next(folder.glob("checkpoint-*.json"))
    before = index.read_bytes()
    with pytest.raises(RunError, match=r"checkpoint: the agent cannot go on .*overwrite=true"):
        run(settings(tmp_path, *more, "budget.env_steps=2000"))
    assert index.read_bytes() == before


def test_what_was_learnt_before_the_first_checkpoint_and_lost_is_superseded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = settings(tmp_path, "cores=1", "+env.kwargs.fault=raise", "+env.kwargs.after=200",
                     env="probe_envs:Faulty-v0")  # fmt: skip
    for _ in range(2):
        with pytest.raises(RunError, match="the gears are stuck"):
            run(asked)
    _, rows, summary = read(asked)
    assert not any(row["kind"] == "checkpoint" for row in rows)
    resume = next(row for row in rows if row["kind"] == "resume")
    first_end = next(row for row in rows if row["kind"] == "end")
    assert resume["from_seq"] == 0 and resume["attempt"] == summary["attempts"] == 2
    assert resume["env_steps"] == resume["train_s"] == 0
    assert resume["lost_env_steps"] == first_end["env_steps"] > 0
    assert resume["lost_train_s"] == first_end["train_s"] > 0
    assert summary["lost_env_steps"] == first_end["env_steps"]
    assert capsys.readouterr().err == (
        f"note: no checkpoint in {name_run(asked).directory}/checkpoint: the run begins again, and "
        f"its {first_end['env_steps']:,} steps are lost\n"
    )


@pytest.mark.parametrize("executor", ["serial", "process"])
@pytest.mark.parametrize(
    ("fault", "message"),
    [("raise", "the gears are stuck"), ("reward_nan", "a reward that is not finite: nan")],
)
def test_a_run_that_fails_says_why_and_stays_readable(
    tmp_path: Path, executor: str, fault: str, message: str
) -> None:
    more = [f"+env.kwargs.fault={fault}", "+env.kwargs.after=200", f"executor={executor}"]
    asked = settings(tmp_path, *more, "cores=1", env="probe_envs:Faulty-v0")
    with pytest.raises(RunError, match=message):
        run(asked)
    directory, rows, summary = read(asked)
    assert summary["status"] == rows[-1]["status"] == "failed"
    assert message in summary["error"] and "\n" not in summary["error"]
    assert "Traceback" in (directory / "traceback.txt").read_text()
    assert rows[1]["kind"] == "eval"
    assert done_before(asked) is None


DIED = "a worker process of environment probe_envs:Faulty-v0 ended with exit status 7"


def test_a_task_whose_workers_die_fails_the_run(tmp_path: Path) -> None:
    more = ["+env.kwargs.fault=worker_dies", "+env.kwargs.after=5", "executor=process", "cores=1"]
    process = start(tmp_path, *more, env="probe_envs:Faulty-v0")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err == f"rlbench: {DIED} (3 in turn, at the same task)\n"


def test_workers_that_die_now_and_then_change_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each worker does in its 500th step in one of its environments, some 30 tasks."""
    more = ["agent.population=12", "agent.hidden=[8]", "budget.env_steps=6000", "env.threshold=99"]
    faults = ["+env.kwargs.fault=worker_dies", "+env.kwargs.after=500", "executor=process"]
    asked = settings(tmp_path / "faulty", *more, *faults, "cores=1", env="probe_envs:Faulty-v0")
    assert run(asked) == 0
    said = capsys.readouterr().out
    _, rows, summary = read(asked)
    undisturbed = settings(tmp_path / "whole", *more, "cores=1", env="probe_envs:Counting-v0")
    assert run(undisturbed) == 0
    _, expected, _ = read(undisturbed)
    compared = ("kind", "env_steps", "episodes", "scalars", "returns")
    kinds = ("train", "eval")
    assert [[row.get(key) for key in compared] for row in rows if row["kind"] in kinds] == [
        [row.get(key) for key in compared] for row in expected if row["kind"] in kinds
    ]
    assert f"note: {DIED}; what it was at is done again" in said.splitlines()
    assert summary["lost_env_steps"] > 0 and summary["env_steps"] == rows[-1]["env_steps"]


def test_no_room_is_one_line_and_keeps_what_was_there(tmp_path: Path) -> None:
    asked = settings(tmp_path, "budget.env_steps=300", "env.threshold=99")
    run(asked)
    directory, rows, _ = read(asked)
    summary = (directory / "summary.json").read_bytes()
    bigger = words(tmp_path, "budget.env_steps=90000", "env.threshold=99")
    size = (directory / "log.jsonl").stat().st_size
    limited = (
        "import resource, signal, sys; from rlbench.cli.main import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, -1))\n"
        f"sys.exit(main({bigger!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1 and "File too large" in done.stderr
    assert (directory / "summary.json").read_bytes() == summary
    kept = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    assert kept == rows


def test_two_processes_do_not_share_a_run(tmp_path: Path) -> None:
    process = start(tmp_path, "env.threshold=99")
    wait_for_line(process, " steps | ")
    asked = settings(tmp_path, "env.threshold=99")
    with pytest.raises(RunError, match="another process is running this run"):
        run(asked)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def test_an_endless_environment_ends_with_the_budget(tmp_path: Path) -> None:
    more = ["budget.env_steps=2000", "eval.max_episode_steps=50", "env.max_episode_steps=100"]
    asked = settings(tmp_path, *more, env="probe_envs:Endless-v0")
    assert run(asked) == 0
    _, rows, summary = read(asked)
    evaluated = next(row for row in rows if row["kind"] == "eval")
    assert evaluated["truncated"] == [True] * 5 and evaluated["lengths"] == [50] * 5
    assert summary["threshold"] is None and summary["reached"] == {}


def test_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = settings(tmp_path / "runs", "dry_run=true", "budget.env_steps=1000", "cores=1")
    assert run(asked) == 0
    out = capsys.readouterr().out
    assert "30 s of training or 1,000 environment steps, whichever comes first" in out
    assert re.search(r"core-hours +at most about 0\.\d+, evaluation included", out)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "evaluations", "evaluating"),
    [
        (
            ["env=MountainCar-v0", "budget.env_steps=null"],
            "20 episodes each, at 0 and 1,000 steps, then after each 10% more, later every "
            "100,000 steps",
            "at most 4,000 steps each time, and in all about one for each step of training",
        ),
        # 1,000,000 / 4 steps, and twice 10 episodes of 18,000 / 4.
        (
            ["env=ALE/Pong-v5", "budget.env_steps=1000000", "eval.episodes=10"],
            "10 episodes each, at 0 and 25,000 steps, then after each 10% more, later every "
            "250,000 steps",
            "at most 45,000 steps each time and 340,000 in all, 25% of the run's steps",
        ),
        (
            ["env=ALE/Pong-v5", "eval.episodes=10"],
            "10 episodes each, at 0 and 25,000 steps, then after each 10% more, later every "
            "250,000 steps",
            "at most 45,000 steps each time, and in all about one for 4 steps of training",
        ),
        # At 0, 1,000, 1,100, 1,210, and at the end, 5 of 20 episodes of 500.
        (
            ["env=CartPole-v1", "budget.env_steps=1300"],
            "20 episodes each, at 0 and 1,000 steps, then after each 10% more, later every "
            "100,000 steps",
            "at most 10,000 steps each time and 50,000 in all, 97% of the run's steps",
        ),
    ],
)
def test_a_dry_run_says_what_evaluation_can_cost(
    words: list[str], evaluations: str, evaluating: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(compose(["agent=random", "dry_run=quick", *words])) == 0
    lines = [line.strip().split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    said = dict(line for line in lines if len(line) == 2)
    assert said["evaluations"] == evaluations
    assert said["evaluating"] == f"{evaluating}; confirmations not counted"


def test_a_long_evaluation_is_followed_by_more_training(tmp_path: Path) -> None:
    asked = settings(
        tmp_path, "eval.first_steps=100", "eval.growth=1.5", "eval.max_episode_steps=50",
        "eval.gap_per_step=2", "budget.env_steps=1650", "agent.num_lanes=1", "env.threshold=null",
        agent="random", env="MountainCar-v0",
    )  # fmt: skip
    run(asked)
    _, rows, summary = read(asked)
    evals = [row for row in rows if row["kind"] == "eval"]
    assert all(row["lengths"] == [50] * 5 for row in evals)
    # Of 0, 100, 150, 225, 338, 506, 759, 1139 those at least 2 x 250 steps apart, and the end.
    assert [row["env_steps"] for row in evals] == [0, 506, 1139, 1650]
    assert summary["eval_share"] == pytest.approx(summary["eval_s"] / summary["wall_s"], rel=1e-3)
    # With more budget the evaluation at the end shifts none of those to come.
    longer = asked.model_copy(update={"budget": BudgetSettings(env_steps=2700)})
    run(longer)
    evals = [row for row in read(longer)[1] if row["kind"] == "eval"]
    assert [row["env_steps"] for row in evals] == [0, 506, 1139, 1650, 1709, 2563, 2700]


def test_a_confirmation_ends_when_its_outcome_is_settled(tmp_path: Path) -> None:
    # An episode of CartPole has a return of at least 1 and at most 100 here.
    asked = settings(
        tmp_path, "env.threshold=8", "eval.max_episode_steps=100", "eval.confirmation_episodes=50",
        agent="random", env="CartPole-v1",
    )  # fmt: skip
    run(asked)
    solved = next(row for row in read(asked)[1] if row["kind"] == "solved")
    episodes = solved["confirmation_episodes"]
    total = solved["confirmation_mean"] * episodes
    assert solved["confirmed"] and episodes < 50
    assert total + (50 - episodes) * 1 >= 50 * 8


def test_evaluations_are_the_same_on_one_core_and_on_two(tmp_path: Path) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one core")
    found = []
    for cores in (1, 2):
        asked = compose(
            ["agent=random", "env=Acrobot-v1", f"results_dir={tmp_path}", f"cores={cores}",
             "budget.env_steps=8", "eval.episodes=20", "seed=3"]
        )  # fmt: skip
        run(asked)
        found.append([row["returns"] for row in read(asked)[1] if row["kind"] == "eval"])
    assert len(found[0]) == 2 and found[0] == found[1]


def test_impossible_plans_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    plain = settings(tmp_path / "runs")
    cores = plain.model_copy(update={"cores": 10_000})
    with pytest.raises(ConfigError, match=r"cores: got 10000; takes auto or 1"):
        plan_run(cores)
    agent = plain.agent.model_copy(update={"target": "rlbench.agents.nothing.Agent"})
    with pytest.raises(ConfigError, match=r"agent\._target_"):
        plan_run(plain.model_copy(update={"agent": agent}))
    assert not (tmp_path / "runs").exists()


def test_a_process_beside_a_run_is_noticed(tmp_path: Path) -> None:
    spin = [sys.executable, "-c", "while True: pass"]
    neighbour = subprocess.Popen(spin)
    try:
        more = ("budget.env_steps=30000", "stop_at_threshold=false")
        run(compose(words(tmp_path, *more, env="Acrobot-v1")))
    finally:
        neighbour.kill()
        neighbour.wait()
    (summary,) = tmp_path.rglob("summary.json")
    shared = json.loads(summary.read_text())["contention"]
    assert shared["others_share"] > 0.5 / (os.cpu_count() or 1)
