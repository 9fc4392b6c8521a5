"""DQN on frames as a whole, and the order of acting and learning where they overlap."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from probe_envs import ShownLanes
from rlbench.agents.dqn.agent import DQN
from rlbench.envs.make import plan_env
from rlbench.interfaces import Array, EnvFacts
from rlbench.nets.conv import ConvNet
from rlbench.runs import checkpoint
from rlbench.settings import EnvSettings
from support.agents import LanesPlan, build_dqn
from support.states import assert_same

GAME = {
    "num_lanes": 2,
    "learning_starts_steps": 32,
    "train_every_steps": 16,
    "updates_per_train": 2,
    "batch_size": 4,
    "replay_capacity_steps": 600,
    "clip_rewards": True,
    "overlap": True,
}


def play(game: str, should_stop: Callable[[], bool] = lambda: False, **changes: Any) -> DQN:
    plan = plan_env(EnvSettings(id=f"ALE/{game}-v5", max_episode_steps=30))
    return build_dqn(plan, should_stop=should_stop, network="a3c", **{**GAME, **changes})[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"n_step": 3, "prioritized": True, "dueling": True, "life_loss_ends_episode": True},
        {"n_step": 3, "prioritized": True, "actors": 2},
    ],
)
def test_a_game_goes_on_exactly_from_its_checkpoint(changes: dict[str, Any], tmp_path: Any) -> None:
    """Without any of these it does so in tests/harness/test_resume.py."""
    whole = play("Breakout", **changes)
    whole.advance(58)  # within a block of 16 steps, with updates of its beginning made meanwhile
    checkpoint.save(tmp_path, 1, whole.get_state())
    resumed = play("Breakout", **changes)
    state = checkpoint.load(tmp_path)
    assert state is not None
    resumed.set_state(state)
    assert_same(resumed.get_state(), whole.get_state())
    whole.advance(42)
    resumed.advance(42)
    assert_same(resumed.get_state(), whole.get_state())
    assert whole.get_state()["learner"]["updates"] == 2 * ((100 - 32) // 16 + 1)
    for agent in (whole, resumed):
        agent.close()


@pytest.mark.parametrize("changes", [{}, {"prioritized": True, "n_step": 2, "num_lanes": 2}])
def test_where_they_overlap_cuts_change_nothing_either(changes: dict[str, Any]) -> None:
    whole, again = (build_dqn("Counting-v0", overlap=True, **changes)[0] for _ in range(2))
    whole.advance(300)
    for steps in (2, 40, 62, 4, 192):
        again.advance(steps)
    assert_same(again.get_state(), whole.get_state())


def acting(overlap: bool) -> tuple[list[Array], list[Array]]:
    """After each block of 8 steps from the first learning at 40 on: the parameters that acted in
    the next step, and those that the updates left."""
    agent, _ = build_dqn("Counting-v0", overlap=overlap)
    agent.advance(40)
    acted, left = [], []
    for _ in range(5):
        acted.append(agent.get_state()["acting"])
        left.append(agent.get_state()["learner"]["parameters"])
        agent.advance(8)
    return acted, left


def test_lanes_wait_for_the_newest_parameters_or_act_with_those_before() -> None:
    acted, left = acting(overlap=False)
    assert_same(dict(enumerate(acted)), dict(enumerate(left)))
    acted, left = acting(overlap=True)
    assert_same(dict(enumerate(acted[1:])), dict(enumerate(left[:-1])))
    assert not np.array_equal(acted[1], left[1])


def test_memory_is_estimated_beforehand() -> None:
    facts: EnvFacts = plan_env(EnvSettings(id="ALE/Pong-v5")).facts
    settings = DQN.Settings(replay_capacity_steps=1_000_000)
    asked = {"workers": 1}
    assert 6750 < DQN.memory_mb(facts, settings, **asked) < 6850
    prioritized = settings.model_copy(update={"prioritized": True})
    assert DQN.memory_mb(facts, prioritized, **asked) < 6950


def test_a_policy_acts_in_numpy_as_the_learner_values() -> None:
    agent = play("Pong", dueling=True)
    agent.advance(64)
    policy = agent.policy()
    assert isinstance(policy.network, ConvNet) and policy.network.hidden == (512,)
    obs = np.random.default_rng(0).integers(0, 256, (3, 4, 84, 84), np.uint8)
    learner = agent._learner
    weights = learner._weights.split(learner._parameters)
    utilities = np.asarray(learner._compiled.utilities(weights, obs))[:, 0]
    np.testing.assert_allclose(policy.outputs(obs), utilities, rtol=1e-3, atol=1e-5)
    state = copy.deepcopy(agent.get_state())
    assert state["learner"]["parameters"].size < policy.parameters.size
    agent.close()


def share_right(agent: DQN) -> float:
    """The share of 400 greedy actions that name the lit half."""
    lanes, policy, total = ShownLanes(20), agent.policy(), 0.0
    every = np.arange(20)
    obs = lanes.reset(every, every + 1000)
    for _ in range(20):
        obs, rewards, _, _ = lanes.step(every, policy.act(obs, np.random.default_rng(0)))
        total += float(rewards.sum())
    return total / 400


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"prioritized": True, "dueling": True, "n_step": 2}])
def test_learns_to_name_what_it_sees(changes: dict[str, Any]) -> None:
    learn = {"learning_rate": 5e-4, "discount": 0.5, "batch_size": 16, "num_lanes": 4}
    changes = {**GAME, **learn, "epsilon_decay_steps": 400, **changes}
    agent, _ = build_dqn(LanesPlan(ShownLanes.facts, ShownLanes), network="a3c", **changes)
    assert 0.3 < share_right(agent) < 0.7
    agent.advance(1600)
    assert share_right(agent) > 0.95
    agent.close()
