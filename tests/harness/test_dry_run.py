"""What a dry run says: measured speeds, evaluation included, and nothing written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rlbench.cli.main import main
from rlbench.config.compose import compose
from rlbench.envs.family import EvalSchedule
from rlbench.harness.dry_run import Cost, cost, evaluations
from rlbench.harness.experiment import run
from rlbench.harness.plan import plan_run
from rlbench.harness.speed import Speed, recorded

SMALL = ["agent=random", "env=probe_envs:Counting-v0", "cores=1", "eval.episodes=2"]


def planned(*words: str) -> Cost:
    speed = Speed(steps_per_s=100.0, startup_s=2.0, eval_s=3.0, eval_steps=50.0)
    return cost(plan_run(compose([*SMALL, *words])), speed)


def test_a_budget_in_steps_has_a_time() -> None:
    # 1,000 steps at 100 a second. Evaluations are due at 0, 500 (then 1,000) and at the end.
    words = ["budget.env_steps=1000", "budget.train_seconds=null", "eval.gap_per_step=0"]
    words += ["eval.first_steps=500", "eval.growth=2", "eval.max_episode_steps=25"]
    most = planned(*words)
    assert (most.train_s, most.env_steps, most.eval_s) == (10.0, 1000, 9.0)
    assert most.wall_s == 21.0 and most.core_hours == pytest.approx(21 / 3600)


def test_the_time_of_evaluation_is_bounded_by_the_longest_episodes() -> None:
    words = [*SMALL, "budget.env_steps=1000", "budget.train_seconds=null", "eval.gap_per_step=0"]
    words += ["eval.first_steps=500", "eval.growth=2"]
    plan = plan_run(compose([*words, "eval.max_episode_steps=250"]))
    # Three evaluations. The probe's policy, which had not learned, played 25 steps an episode.
    probed = Speed(steps_per_s=100.0, startup_s=2.0, eval_s=3.0, eval_steps=50.0)
    most = cost(plan, probed)
    assert (most.least_eval_s, most.eval_s, most.wall_s) == (9.0, 90.0, 102.0)
    known = cost(plan, Speed(steps_per_s=100.0, startup_s=2.0, eval_share=0.5))
    assert (known.least_eval_s, known.eval_s) == (5.0, 5.0)  # what runs of this setup took


def test_the_budget_that_is_used_up_first_counts() -> None:
    words = ["budget.train_seconds=5", "eval.first_steps=100000", "eval.every_steps=100000"]
    assert planned(*words).env_steps == 500
    assert planned(*words, "budget.env_steps=400").train_s == 4.0
    assert planned(*words, "budget.env_steps=600").train_s == 5.0


def test_evaluations_are_counted_by_the_schedule() -> None:
    even = EvalSchedule(first_steps=100, growth=1.1, every_steps=100, gap_per_step=0.0)
    assert evaluations(even, 1000, 0) == 11  # 0, 100, ... 900 and the end
    assert evaluations(even, 100, 0) == 2
    assert evaluations(even, 10**15, 0) == 10**13 + 1
    gap = EvalSchedule(first_steps=100, growth=1.1, every_steps=100, gap_per_step=2.0)
    assert evaluations(gap, 1000, 100) == 6  # 0, 200, 400, 600, 800 and the end
    # The example of test_a_long_evaluation_is_followed_by_more_training: 0, 506, 1139, 1650.
    grown = EvalSchedule(first_steps=100, growth=1.5, every_steps=100_000, gap_per_step=2.0)
    assert evaluations(grown, 1650, 250) == 4


def test_a_dry_run_measures_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["budget.env_steps=1000000", "budget.train_seconds=null"]
    assert main([*SMALL, *words, "dry_run=true"]) == 0
    said = capsys.readouterr().out
    found = re.search(r"speed +([\d,]+) steps of training a second \(a probe of a few", said)
    assert found is not None and int(found[1].replace(",", "")) > 100
    assert re.search(r"core-hours +at most about 0\.\d+, evaluation included", said)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_believes_runs_of_the_same_setup(tmp_path: Path) -> None:
    words = [*SMALL, f"results_dir={tmp_path}", "env.threshold=null", "eval.first_steps=100000"]
    assert recorded(plan_run(compose(words))) is None
    run(compose([*words, "budget.train_seconds=1.2"]))
    speed = recorded(plan_run(compose([*words, "seed=7"])))
    assert speed is not None and speed.source == "what 1 run of this setup took here"
    assert speed.steps_per_s > 100 and speed.eval_share is not None
    assert recorded(plan_run(compose([*words, "agent.num_lanes=3"]))) is None


def test_a_total_says_of_how_many_jobs_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlbench.sweeps.dry_run.MEASURING_S", 0.2)  # the first row takes longer
    words = ["agent=random", "env=CartPole-v1,Acrobot-v1", "seed=0,1,2", "cores=1"]
    assert main(["-m", *words, "dry_run=true"]) == 0
    *_, total, reason = capsys.readouterr().out.splitlines()
    assert "core-hours for the 3 that were measured, evaluation included; " in total
    assert "; not known for 3" in total
    assert reason == "not measured: the first rows took 0 s"


def test_a_sweep_that_is_done_costs_nothing_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-m", "agent=random", "env=CartPole-v1", "seed=0,1", "budget.env_steps=100",
             f"results_dir={tmp_path}"]  # fmt: skip
    assert main(words) == 0
    capsys.readouterr()
    assert main([*words, "dry_run=true"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 jobs: 2 done before"


def test_a_sweep_is_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["agent=es,random", "env=CartPole-v1,Acrobot-v1", "seed=range(5)", "cores=1"]
    assert main(["-m", *words, "dry_run=quick"]) == 0
    head, *rows, total, reason = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["agent", "environment", "jobs", "cores"]
    assert sorted(row.split()[:4] for row in rows) == [
        ["es", "Acrobot-v1", "5", "1"], ["es", "CartPole-v1", "5", "1"],
        ["random", "Acrobot-v1", "5", "1"], ["random", "CartPole-v1", "5", "1"],
    ]  # fmt: skip
    assert total.startswith("20 jobs: 20 waiting; at most 3.3 core-hours of training")
    assert reason == "not measured: dry_run=quick measures nothing"
