"""DQN with actors on the workers of an executor: the same as one process, whatever becomes of the
workers."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import probe_envs  # noqa: F401  (registers the environments)
from rlbench.agents.dqn.agent import DQN
from rlbench.agents.dqn.memory import Completed
from rlbench.agents.dqn.replay import Transitions
from rlbench.config.compose import compose
from rlbench.envs.family import EnvPlan
from rlbench.envs.make import plan_env
from rlbench.errors import ConfigError, RunError
from rlbench.executors.serial import SerialExecutor
from rlbench.harness.plan import plan_run
from rlbench.harness.resources import Resources
from rlbench.interfaces import Worker
from rlbench.settings import EnvSettings
from rlbench.testing import check_agent
from support.agents import SMALL_DQN, build_dqn
from support.states import assert_same

SPREAD = {"actors": 4, "num_lanes": 2, "n_step": 3, "prioritized": True}


@pytest.mark.parametrize(
    ("env", "changes"),
    [
        ("CartPole-v1", {"num_lanes": 4, "n_step": 2}),
        ("Mixed-v0", {"num_lanes": 2, "n_step": 4, "prioritized": True, "dueling": True}),
        ("Counting-v0", {"overlap": True, "prioritized": True, "clip_rewards": True}),
        ("Mixed-v0", {"num_lanes": 2, "n_step": 3, "prioritized": True, "new_priority": "error"}),
        ("Pendulum-v1", {"bins": 5, "replay_capacity_steps": 41, "train_every_steps": 100}),
    ],
)
def test_one_actor_on_an_executor_is_the_agent_alone(env: str, changes: dict[str, Any]) -> None:
    alone, its = build_dqn(env, **changes)
    spread, theirs = build_dqn(env, **changes, actors=1)
    for steps in (1, 39, 60, 3, 97):
        assert spread.advance(steps) == alone.advance(steps)
        assert_same(spread.get_state(), alone.get_state())
    assert theirs.counts() == its.counts() and its.counts().env_steps >= 200
    assert alone.get_state()["learner"]["updates"] > 0
    for agent in (alone, spread):
        agent.close()


def test_one_actor_on_frames_is_the_agent_alone() -> None:
    plan = plan_env(EnvSettings(id="ALE/Breakout-v5", max_episode_steps=30))
    changes = {"network": "a3c", "num_lanes": 2, "n_step": 3, "life_loss_ends_episode": True}
    alone, spread = (build_dqn(plan, **changes, actors=actors)[0] for actors in (None, 1))
    for steps in (50, 14, 40):
        alone.advance(steps)
        spread.advance(steps)
        assert_same(spread.get_state(), alone.get_state())


def test_workers_change_nothing_of_what_is_learned() -> None:
    small = {**SMALL_DQN, "actors": 3, "train_every_steps": 12, "n_step": 2}
    check_agent("dqn", "probe_envs:Counting-v0", settings=small, env_steps=240)


class OneForMany(SerialExecutor):
    """One worker that gets the tasks of several, so that each takes the place of another."""

    def __init__(self, plan: EnvPlan, workers: int = 1) -> None:
        super().__init__(plan)
        self.workers = workers


class Forgetful(SerialExecutor):
    """Its worker is now and then a new one, of which nothing is known before a task is sent."""

    calls = itertools.count()

    def map(
        self,
        fn: Callable[[Any, Any, Any], Any],
        tasks: Iterable[Any],
        shared: Any = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Generator[Any, None, None]:
        if next(self.calls) % 3 == 0:
            self._worker.cache.clear()
        yield from super().map(fn, tasks, shared, should_stop)


def build_on(make: Callable[[EnvPlan], SerialExecutor], env: str) -> tuple[DQN, SerialExecutor]:
    plan = plan_env(EnvSettings(id=env))
    executor = make(plan)
    context = replace(Resources(plan).context(0), make_executor=lambda: executor)
    return DQN(context, DQN.Settings(**{**SMALL_DQN, **SPREAD})), executor


@pytest.mark.parametrize("env", ["Counting-v0", "CartPole-v1"])
@pytest.mark.parametrize("make", [lambda plan: OneForMany(plan, 2), Forgetful])
def test_an_actor_goes_on_where_another_worker_left_it(
    make: Callable[[EnvPlan], SerialExecutor], env: str
) -> None:
    usual, its = build_on(SerialExecutor, env)
    moved, theirs = build_on(make, env)
    for steps in (40, 56, 104):
        usual.advance(steps)
        moved.advance(steps)
        assert_same(moved.get_state(), usual.get_state())
    # What is played again to bring an actor back is not counted.
    assert theirs.counts() == its.counts() and its.counts().env_steps == 200


def test_an_actor_that_is_not_where_it_was_ends_the_run() -> None:
    agent, _ = build_dqn("Counting-v0", **SPREAD)
    agent.advance(56)
    state = agent.get_state()
    state["actors"][1]["episodes"][0] += 1  # another reset seed
    with pytest.raises(RunError, match="cannot go on from the checkpoint"):
        build_dqn("Counting-v0", **SPREAD)[0].set_state(state)


@pytest.mark.parametrize("overlap", [False, True])
def test_the_ratio_of_updates_to_steps_is_kept_exactly(overlap: bool) -> None:
    agent, resources = build_dqn("Counting-v0", **SPREAD, overlap=overlap)
    for steps in (8, 24, 8, 8, 64, 128, 8):
        scalars = agent.advance(steps)
        done = resources.counts().env_steps
        assert scalars["updates"] == max(0, 2 * ((done - 40) // 8 + 1))
    assert done == 248
    agent.close()


def test_actors_explore_less_and_less() -> None:
    settings = DQN.Settings(actors=4, epsilon_initial=0.4, epsilon_final=0.4, train_every_steps=32)
    at = [settings.actor_epsilon(actor, 10_000) for actor in range(4)]
    assert at == pytest.approx([0.4, 0.4 ** (10 / 3), 0.4 ** (17 / 3), 0.4**8])
    alike = settings.model_copy(update={"epsilon_spread": 0.0})
    assert [alike.actor_epsilon(actor, 0) for actor in range(4)] == [0.4] * 4
    falling = DQN.Settings(actors=2, epsilon_final=0.1, epsilon_decay_steps=100)
    assert falling.actor_epsilon(1, 0) == 1.0
    assert falling.actor_epsilon(1, 50) == pytest.approx(0.55**8)
    assert DQN.Settings(epsilon_final=0.1).actor_epsilon(0, 10**6) == pytest.approx(0.1)


def completed(values: list[float], counts: tuple[int, ...]) -> Completed:
    column = np.array(values)
    return Completed(
        Transitions(column[:, None], column[:, None], column, column, column[:, None]), counts
    )


def test_experience_comes_in_the_order_of_steps_and_then_of_actors() -> None:
    first = Completed.joined([completed([1.0], (1,)), completed([], (0,)), completed([3.0], (1,))])
    second = completed([10.0, 20.0, 21.0], (1, 2, 0))
    assert first.counts == (1, 0, 1)
    both = Completed.merged([first, second])
    assert both.counts == (2, 2, 1)
    assert both.transitions.rewards_t.tolist() == [1.0, 10.0, 20.0, 21.0, 3.0]
    assert both.transitions.obs_t[:, 0].tolist() == [1.0, 10.0, 20.0, 21.0, 3.0]


def test_each_actor_plays_and_explores_by_itself() -> None:
    agent, _ = build_dqn("Mixed-v0", **SPREAD)
    agent.advance(40)  # all actions are random at first
    choices = [state["choices"].tolist() for state in agent.get_state()["actors"]]
    digests = [state["digest"] for state in agent.get_state()["actors"]]
    assert all(choices[0] != other for other in choices[1:])
    assert len(set(digests)) == 4


@pytest.mark.parametrize(
    ("words", "executor"),
    [
        ([], "serial"),
        (["agent.actors=2"], "process"),
        (["agent.actors=2", "executor=serial"], "serial"),
        (["executor=process"], "serial"),
    ],
)
def test_workers_are_there_for_actors_alone(words: list[str], executor: str) -> None:
    asked = ["agent=dqn", "env=probe_envs:Counting-v0", "cores=2", *words]
    assert plan_run(compose(asked)).executor == executor


def test_what_learns_the_same_has_one_name() -> None:
    def identity(**changes: Any) -> dict[str, Any]:
        return DQN.Settings(**changes).identity(1)

    assert identity() == identity(actors=1) == identity(overlap=False) == {}
    assert identity(overlap=True) == identity(actors=1, overlap=True) == {"overlap": True}
    assert identity(actors=2) == identity(actors=2, overlap=True) == {"actors": 2}
    assert identity(actors=2, overlap=False) == {"actors": 2, "overlap": False}


def test_a_new_transition_counts_by_its_own_error() -> None:
    agent, _ = build_dqn("Mixed-v0", **SPREAD, new_priority="error", learning_starts_steps=200)
    agent.advance(160)  # nothing is learned yet, so the parameters that acted are still there
    state, policy = agent.get_state()["memory"], agent.policy()
    rows, nvec = state["replay"]["rows"], agent._head.nvec
    assert rows.kept == rows.end > 100
    kept = {name: column[: rows.kept] for name, column in rows.columns.items()}
    by_dimension = np.split(policy.outputs(kept["obs_tm1"]), np.cumsum(nvec)[:-1], axis=1)
    following = np.split(policy.outputs(kept["obs_t"]), np.cumsum(nvec)[:-1], axis=1)
    best = np.mean([part.max(axis=1) for part in following], axis=0)
    every = np.arange(rows.kept)
    chosen = np.mean(
        [part[every, kept["actions_tm1"][:, d]] for d, part in enumerate(by_dimension)], axis=0
    )
    errors = np.abs(kept["rewards_t"] + kept["discounts_t"] * best - chosen)
    leaves = state["priorities"]["leaves"][: rows.kept]
    np.testing.assert_allclose(leaves, (errors + 1e-6) ** 0.6, rtol=1e-3)
    assert len(set(leaves)) > 20


def test_errors_of_new_transitions_are_not_known_on_frames() -> None:
    facts = plan_env(EnvSettings(id="ALE/Pong-v5")).facts
    settings = DQN.Settings(new_priority="error", prioritized=True)
    with pytest.raises(ConfigError, match=r"agent\.new_priority.*greatest"):
        DQN.memory_mb(facts, settings, workers=1)


def process_of(worker: Worker, shared: None, task: int) -> int:
    return os.getpid()


def test_a_lost_actor_goes_on_on_another_worker() -> None:
    """That of a lost node of Ray does so in tests/executors/test_cluster.py."""
    plan = plan_env(EnvSettings(id="CartPole-v1"))
    usual, its = build_dqn(plan, **SPREAD)
    theirs = Resources(plan, executor="process", workers=2)
    context = theirs.context(0)
    executor = context.make_executor()
    agent = DQN(context, DQN.Settings(**{**SMALL_DQN, **SPREAD}))
    for steps in (96, 8, 104):
        usual.advance(steps)
        agent.advance(steps)
        first, second = executor.map(process_of, range(2))
        os.kill(first if steps == 8 else second, signal.SIGKILL)
    usual.advance(48)
    agent.advance(48)
    assert_same(agent.get_state(), usual.get_state())
    # What is played again to bring an actor back is not counted.
    assert theirs.counts() == its.counts() and its.counts().env_steps == 256
    agent.close()
    theirs.close()
