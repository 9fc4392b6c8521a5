"""Environments of dm_env: specs as spaces, ends, seeds; bsuite's and dm_control's with agents."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.config.compose import compose
from rlbench.envs.make import family_of, plan_env
from rlbench.envs.pictured import stage
from rlbench.envs.suite_tasks import BENCHMARK
from rlbench.errors import ConfigError, RunError
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run
from rlbench.settings import EnvSettings

ONE = np.array([0])
KINDS = "dm_env:support.dm_envs:Kinds"
CATCH = "dm_env:bsuite.environments.catch:Catch"
SWINGUP = "dm_control/cartpole-swingup-v0"


def test_the_benchmarks_tasks_are_listed() -> None:
    suite = pytest.importorskip("dm_control.suite")
    assert set(BENCHMARK) == {f"{domain}-{task}" for domain, task in suite.BENCHMARKING}


def test_specs_become_a_vector_in_the_order_of_names() -> None:
    pytest.importorskip("dm_env")
    plan = plan_env(EnvSettings(id=KINDS))
    assert plan.facts.observation_shape == (8,) and plan.facts.id == KINDS
    assert plan.facts.action.kind == "box"
    assert plan.facts.action.low == (-1, -2) and plan.facts.action.high == (2, 2)
    lanes = plan.lanes(1)
    first = lanes.reset(ONE, np.array([4]))[0]
    drawn = np.random.default_rng(4).standard_normal((4, 2))
    # bits, choice (one-hot), height, velocity
    assert first.tolist() == [1, 0, 0, 0, 1, 0, *drawn[0].astype(np.float32)]
    obs, rewards, *_ = lanes.step(ONE, np.array([[0.5, -1.5]]))
    assert obs[0].tolist() == [1, 0, 0, 0, 1, 1, *drawn[1].astype(np.float32)]
    assert rewards.tolist() == [-1.5]
    assert np.array_equal(lanes.reset(ONE, np.array([4]))[0], first)


@pytest.mark.parametrize(("discount", "ends"), [(0.0, (True, False)), (1.0, (False, True))])
def test_a_last_step_without_discount_terminates_and_another_truncates(
    discount: float, ends: tuple[bool, bool]
) -> None:
    pytest.importorskip("dm_env")
    settings = EnvSettings(id=KINDS, kwargs={"discount": discount, "length": 2})
    lanes = plan_env(settings).lanes(1)
    lanes.reset(ONE, np.array([0]))
    steps = [lanes.step(ONE, np.zeros((1, 2)))[2:] for _ in range(2)]
    assert [(bool(t[0]), bool(c[0])) for t, c in steps] == [(False, False), ends]


@pytest.mark.parametrize(
    ("env_id", "takes"),
    [
        ("dm_env:support.dm_envs", "dm_env:MODULE:NAME, as dm_env:my.module:MyEnv"),
        ("dm_env:no_such_module:X", "importing no_such_module failed: ModuleNotFoundError"),
        ("dm_env:support.dm_envs:Kind", "there is no 'Kind'"),
        ("dm_env:support.dm_envs:unseeded", "'unseeded' has no argument 'seed'"),
        ("dm_env:support.dm_envs:Texts", "an environment of numbers"),
        ("dm_control/cartpole-swingdown-v0", "one of the tasks .*cartpole-swingup"),
    ],
)
def test_what_cannot_be_made_is_named(env_id: str, takes: str) -> None:
    pytest.importorskip("dm_control" if "control" in env_id else "dm_env")
    with pytest.raises(ConfigError, match=rf"env: got '{re.escape(env_id)}'; takes .*{takes}"):
        plan_env(EnvSettings(id=env_id))


def test_a_task_of_the_suite_is_its_own_step_for_step() -> None:
    suite = pytest.importorskip("dm_control.suite")
    own = suite.load("cartpole", "swingup", task_kwargs={"random": 7})
    plan = plan_env(EnvSettings(id=SWINGUP))
    assert plan.facts.observation_shape == (5,) and plan.facts.max_episode_steps == 1000
    assert not plan.fresh_each_episode
    lanes = plan.lanes(1)
    for _ in range(2):  # the second time after an episode that was left
        want = own.reset()
        assert lanes.reset(ONE, np.array([7]))[0].tobytes() == _flat(want).tobytes()
        for action in np.random.default_rng(0).uniform(-1, 1, (30, 1)):
            obs, rewards, terminated, truncated = lanes.step(ONE, action[None])
            want = own.step(action)
            assert obs[0].tobytes() == _flat(want).tobytes() and rewards[0] == want.reward
            assert not terminated[0] and not truncated[0]
        own = suite.load("cartpole", "swingup", task_kwargs={"random": 7})


def test_the_suites_last_step_truncates() -> None:
    pytest.importorskip("dm_control")
    settings = EnvSettings(id=SWINGUP, kwargs={"time_limit": 0.03})
    lanes = plan_env(settings).lanes(1)
    lanes.reset(ONE, np.array([0]))
    ends = [lanes.step(ONE, np.zeros((1, 1)))[2:] for _ in range(3)]
    assert [(bool(t[0]), bool(c[0])) for t, c in ends] == [(False, False)] * 2 + [(False, True)]


@pytest.mark.parametrize("env_id", [CATCH, SWINGUP])
@pytest.mark.parametrize("agent", ["es", "dqn"])
def test_agents_learn_on_them(agent: str, env_id: str, tmp_path: Path) -> None:
    pytest.importorskip("bsuite" if env_id == CATCH else "dm_control")
    words = [f"agent={agent}", f"env={env_id}", "cores=1", "eval.episodes=2"]
    words += ["env.max_episode_steps=50", "budget.train_seconds=null", "budget.env_steps=600"]
    words += [f"results_dir={tmp_path}"]
    words += ["agent.population=8"] if agent == "es" else ["agent.learning_starts_steps=100"]
    settings = compose(words)
    assert run(settings) == 0
    directory = name_run(settings).directory
    summary = json.loads((directory / "summary.json").read_text())
    assert summary["status"] == "budget" and summary["env_steps"] >= 600
    rows = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    evaluated = [row for row in rows if row["kind"] == "eval"]
    lengths = {length for row in evaluated for length in row["lengths"]}
    assert lengths == {9 if env_id == CATCH else 50}  # the ball falls nine rows


def _flat(step: Any) -> Any:
    parts = (step.observation[name] for name in sorted(step.observation))
    return np.concatenate([np.ravel(part) for part in parts]).astype(np.float32)


def test_a_board_of_numbers_is_a_picture_and_others_have_none() -> None:
    pytest.importorskip("dm_env")
    families = [
        family_of(EnvSettings(id=f"dm_env:support.dm_envs:{n}")) for n in ("Board", "Kinds")
    ]
    board, plain = (stage(family, family.plan(), 9) for family in families)
    assert (board.per_s, plain.per_s) == (20.0, 30.0)  # steps of 0.05 s; and nothing said
    board.lanes.reset(ONE, np.array([0]))
    picture = board.lanes.picture(0)
    assert picture.shape == (318, 212, 3)
    assert picture[::106, ::106, 0].tolist() == [[0, 255], [255, 0], [128, 0]]
    plain.lanes.reset(ONE, np.array([0]))
    with pytest.raises(RunError, match="Kinds has no pictures: neither a camera of MuJoCo"):
        plain.lanes.picture(0)
