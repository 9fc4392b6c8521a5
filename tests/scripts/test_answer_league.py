"""What docs/answer.md and docs/reproduced.md say in words holds of the committed runs:
the league."""

from __future__ import annotations

import itertools
import json
from statistics import median

from omegaconf import OmegaConf

from rlbench.analysis.decision import decide
from rlbench.analysis.speed_ratios import speed_ratio, speed_ratios
from rlbench.analysis.suite_statistics import across_environments
from support.committed_runs import REFERENCE, environments, runs

LEAGUE = REFERENCE / "league"
OURS = ("es", "dqn")
THEIRS = ("evosax-CMA_ES", "sb3-A2C", "sb3-DQN", "sb3-PPO")
SB3 = THEIRS[1:]
TASKS = ("Acrobot-v1", "CartPole-v1", "LunarLander-v3", "MountainCar-v0")


def winners(env: str, agent: str) -> list[str | None]:
    """Who of `agent` and each of ours was clearly faster."""
    (one,) = (one for one in environments("league") if one.env == env)
    groups = {group.agent: group for group in one.contenders}
    level = groups[agent].threshold
    assert level is not None
    return [
        decide(speed_ratio(groups[mine], groups[agent], level, "train_s")).winner_label
        for mine in OURS
    ]


def test_nobody_was_clearly_faster_than_es_or_dqn_and_few_are_not_told_apart() -> None:
    alike = {
        (agent, env)
        for agent, env in itertools.product(THEIRS, TASKS)
        if winners(env, agent) == [None, None]
    }
    assert alike == {
        ("evosax-CMA_ES", "CartPole-v1"), ("evosax-CMA_ES", "Acrobot-v1"),
        ("sb3-A2C", "Acrobot-v1"), ("sb3-PPO", "Acrobot-v1"),
    }  # fmt: skip
    for agent, env in set(itertools.product(THEIRS, TASKS)) - alike:
        assert winners(env, agent) == list(OURS), (agent, env)


def test_es_is_clearly_faster_than_dqn_on_mountaincar_alone() -> None:
    assert {env: winners(env, "es")[1] for env in TASKS} == {
        **dict.fromkeys(TASKS, None), "MountainCar-v0": "es"
    }  # fmt: skip


def test_of_six_agents_one_had_the_threshold_untrained_and_many_at_first() -> None:
    untrained = {
        (run.agent, run.env, run.seed)
        for agent in (*OURS, *THEIRS)
        for run in runs("league", agent)
        if run.solved_at is not None and run.solved_at.at.env_steps == 0
    }
    assert untrained == {("sb3-A2C", "CartPole-v1", 5), ("sb3-PPO", "CartPole-v1", 5)}
    for agent in (*OURS, *THEIRS):
        at_first = [
            run
            for run in runs("league", agent)
            if run.env == "Acrobot-v1"
            and run.solved_at is not None
            and run.solved_at.at.env_steps == run.evaluations.clocks[1].env_steps
        ]
        assert at_first, agent
        assert agent != "evosax-CMA_ES" or len(at_first) == 8


def test_cma_es_and_es_are_alike_on_two_tasks_and_cma_es_fails_on_mountaincar() -> None:
    for one in environments("league"):
        groups = {group.agent: group for group in one.contenders}
        level = groups["es"].threshold
        assert level is not None
        ratio = speed_ratio(groups["evosax-CMA_ES"], groups["es"], level, "train_s")
        if one.env in ("CartPole-v1", "Acrobot-v1"):
            assert not decide(ratio).is_settled
        elif one.env == "LunarLander-v3":
            found = [round(x or 0, 1) for x in (ratio.ratio, ratio.low, ratio.high)]
            assert found == [4.4, 2.3, 10.1]
    cars = [run for run in runs("league", "evosax-CMA_ES") if run.env == "MountainCar-v0"]
    statuses = sorted(run.status for run in cars)
    assert statuses == ["budget"] * 2 + ["failed"] * 7 + ["solved"]
    errors = [run.error or "" for run in cars if run.status == "failed"]
    generations = {int(error.split("generation ")[1].split()[0]) for error in errors}
    assert (min(generations), max(generations)) == (412, 415)
    sigmas = {
        agent: OmegaConf.load(next(LEAGUE.glob(f"{agent}/MountainCar-v0/*/seed0/config.yaml")))
        for agent in ("es", "evosax-CMA_ES")
    }
    values = {agent: round(config.agent.sigma, 2) for agent, config in sigmas.items()}
    assert values == {"es": 0.63, "evosax-CMA_ES": 0.1}


def test_dqn_of_sb3_makes_few_steps_a_second_and_needs_as_many_but_on_cartpole() -> None:
    speed = {
        (agent, env): median(
            run.end.env_steps / run.end.train_s for run in runs("league", agent) if run.env == env
        )
        for agent in ("dqn", "sb3-DQN")
        for env in TASKS
    }
    theirs, ours = ([speed[agent, env] for env in TASKS] for agent in ("sb3-DQN", "dqn"))
    assert (round(min(theirs), -1), round(max(theirs), -1)) == (290, 610)
    assert (round(min(ours), -3), round(max(ours), -2)) == (8000, 13500)
    for one in environments("league"):
        groups = {group.agent: group for group in one.contenders}
        level = groups["dqn"].threshold
        assert level is not None
        found = speed_ratio(groups["dqn"], groups["sb3-DQN"], level, "env_steps")
        if one.env == "CartPole-v1":
            assert decide(found).winner_label == "dqn" and round(1 / (found.ratio or 1)) == 7
        else:
            assert not decide(found).is_settled


def test_on_lunarlander_a2c_makes_many_more_steps_than_its_schedule_has() -> None:
    found = [run for run in runs("league", "sb3-A2C") if run.env == "LunarLander-v3"]
    steps = [run.end.env_steps / 1e6 for run in found]
    assert (round(min(steps), 1), round(max(steps), 1)) == (1.4, 1.6)
    best = [run.evaluations.return_mean.max() for run in found]
    assert (round(min(best)), round(max(best))) == (4, 111)
    unsolved = sorted(
        run.end.env_steps
        for run in runs("league", "sb3-DQN")
        if run.env == "LunarLander-v3" and run.solved_at is None
    )
    assert (len(unsolved), round(unsolved[0], -3), round(unsolved[-1], -3)) == (4, 80_000, 88_000)
    for agent in ("sb3-A2C", "sb3-PPO"):  # about as long as RL Zoo trains on MountainCar
        made = [run.end.env_steps for run in runs("league", agent) if run.env == "MountainCar-v0"]
        assert 0.9e6 < median(made) < 1.1e6


def test_from_the_command_es_is_clearly_faster_than_dqn() -> None:
    found = [ratio for one in environments("league") for ratio in speed_ratios(one)]
    means = {
        mean.challenger: mean
        for suite in across_environments(environments("league"), found)
        for mean in suite.ratios
        if mean.unit == "command_s"
    }
    mean = means.pop("es")
    assert {agent: decide(one).winner_label for agent, one in means.items()} == dict.fromkeys(
        THEIRS, "dqn"
    )
    assert [round(x or 0, 1) for x in (mean.ratio, mean.low, mean.high)] == [2.4, 1.8, 3.4]
    waits = [
        round(median(run.end.startup_s for agent in agents for run in runs("league", agent)), 1)
        for agents in (("es",), ("dqn",), ("evosax-CMA_ES",), SB3)
    ]
    assert waits == [0.9, 5.2, 5.9, 7.8]


def test_each_run_of_es_and_dqn_takes_the_steps_of_the_classic_set_in_more_time() -> None:
    before = {(run.agent, run.env, run.seed): run for agent in OURS for run in
              runs("classic-one-core", agent)}  # fmt: skip
    ratios = []
    for run in (run for agent in OURS for run in runs("league", agent)):
        now, then = run.solved_at, before[run.agent, run.env, run.seed].solved_at
        assert now is not None and then is not None
        assert now.at.env_steps == then.at.env_steps
        ratios.append(now.at.train_s / then.at.train_s)
    found = [round(x, 1) for x in (min(ratios), median(ratios), max(ratios))]
    assert (len(ratios), found) == (80, [1.3, 1.6, 3.1])


def test_all_runs_of_the_league_had_one_machine_and_a_core_each() -> None:
    files = [LEAGUE.glob(f"{agent}/*/*/seed*/summary.json") for agent in (*OURS, *THEIRS)]
    folders = [file.parent for one in files for file in one]
    headers = [json.loads((folder / "run.json").read_text()) for folder in folders]
    assert len(folders) == 240 and not any(header["git_dirty"] for header in headers)
    assert len({header["git_commit"] for header in headers}) == 2
    found = {(header["cpu_model"], header["rlbench"]) for header in headers}
    assert found == {("Intel(R) Xeon(R) Processor", "0.3.0")}
    shares = [json.loads((f / "summary.json").read_text())["contention"] for f in folders]
    lost = [s["others_share"] - s["siblings_share"] + s["stolen_share"] for s in shares if s]
    assert round(max(lost), 3) == 0.032
