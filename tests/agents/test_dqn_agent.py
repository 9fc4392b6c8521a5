"""DQN as a whole: what it takes, that it repeats itself exactly, and that it learns."""

import copy
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import probe_envs  # noqa: F401  (registers the environments)
from rlbench.agents.dqn.agent import DQN
from rlbench.agents.dqn.replay import Replay
from rlbench.checking import check
from rlbench.envs.make import plan_env
from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import Array, Lanes, State
from rlbench.saving import Rows
from rlbench.settings import EnvSettings
from support.agents import SMALL_DQN, LanesPlan, build_dqn
from support.states import assert_same


def build(env: str | LanesPlan, **changes: Any) -> DQN:
    return build_dqn(env, **changes)[0]


VARIANTS = [
    ("Counting-v0", {"compile": True}),
    ("Counting-v0", {"num_lanes": 4, "n_step": 3, "double": False, "optimizer": "rmsprop"}),
    ("CartPole-v1", {"num_lanes": 4, "n_step": 2}),
    ("Mixed-v0", {"num_lanes": 2, "n_step": 4}),
    ("Pendulum-v1", {"bins": 5}),
    ("Mixed-v0", {"num_lanes": 2, "n_step": 2, "prioritized": True, "dueling": True}),
    ("Pendulum-v1", {"bins": 2, "layer_norm": True, "activation": "elu", "prioritized": True,
                     "overlap": True, "clip_rewards": True}),
    ("Mixed-v0", {"actors": 4, "num_lanes": 2, "n_step": 3, "prioritized": True}),
    ("Counting-v0", {"actors": 2, "overlap": False}),
]  # fmt: skip


@pytest.mark.parametrize(("env", "changes"), VARIANTS)
def test_goes_on_exactly_from_its_state_wherever_it_was_cut(
    env: str, changes: dict[str, Any]
) -> None:
    whole = build(env, **changes)
    whole.advance(217)
    resumed, resources = build_dqn(env, **changes)
    resumed.set_state(copy.deepcopy(whole.get_state()))
    assert_same(resumed.get_state(), whole.get_state())
    assert resources.counts().env_steps == 0  # what was played again was counted before
    whole.advance(183)
    resumed.advance(183)
    assert_same(resumed.get_state(), whole.get_state())
    assert whole.get_state()["learner"]["updates"] > 50


@pytest.mark.parametrize("changes", [{}, {"actors": 4, "n_step": 2}])
def test_what_is_learned_depends_on_the_seed_and_not_on_the_cuts(changes: dict[str, Any]) -> None:
    whole, again = (build("Counting-v0", **changes) for _ in range(2))
    other = build("Counting-v0", seed=1, **changes)
    whole.advance(300)
    calls = iter(range(10**6))
    stopped = build("Counting-v0", should_stop=lambda: next(calls) % 7 == 6, **changes)
    for goal in (1, 40, 100, 103, 300):
        again.advance(goal - again.get_state()["env_steps"])
    while (done := stopped.get_state()["env_steps"]) < 300:
        stopped.advance(300 - done)
    other.advance(300)
    assert_same(again.get_state(), whole.get_state())
    assert_same(stopped.get_state(), whole.get_state())
    assert not np.array_equal(other.policy().parameters, whole.policy().parameters)


def test_refuses_to_go_on_where_the_environment_does_not_repeat_itself() -> None:
    agent = build("Counting-v0")
    agent.advance(57)
    state = agent.get_state()
    state["actors"][0]["episodes"][0] += 1  # another reset seed
    with pytest.raises(RunError, match="cannot go on from the checkpoint"):
        build("Counting-v0").set_state(state)


def target_moves(agent: DQN) -> list[int]:
    """Steps at which the target network has become another."""
    moved, before = [], agent.get_state()["learner"]["target"]
    while (steps := agent.get_state()["env_steps"]) < 120:
        agent.advance(1)
        target = agent.get_state()["learner"]["target"]
        if not np.array_equal(target, before):
            moved.append(steps + 1)
        before = target
    return moved


def test_the_target_moves_at_the_first_learning_after_a_multiple() -> None:
    # Learning at 40, 48, ..., 120; before the first, online and target are the same. Multiples of
    # 20 are passed at 40 (nothing new yet), 60, 80, 100 and 120.
    assert target_moves(build("Counting-v0", target_update_steps=20)) == [64, 80, 104, 120]


def test_every_learning_draws_its_own_minibatches(monkeypatch: pytest.MonkeyPatch) -> None:
    states, draw = list[int](), Replay.draw

    def note(self: Replay, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        states.append(rng.bit_generator.state["state"]["state"])
        return draw(self, rng, shape)

    monkeypatch.setattr(Replay, "draw", note)
    build("Counting-v0").advance(200)
    assert len(states) == len(set(states)) == (200 - 40) // 8 + 1


def test_scalars_are_finite_and_mean_what_they_say() -> None:
    agent = build("Counting-v0")
    first = agent.advance(1)
    assert first == {"epsilon": pytest.approx(1 - 0.95 / 200), "updates": 0, "episodes_train": 0}
    later = agent.advance(299)
    assert later["updates"] == 2 * ((300 - 40) // 8 + 1)
    assert later["epsilon"] == pytest.approx(0.05)
    assert later["episodes_train"] > 20
    assert 5 <= later["length_train_mean"] <= 14
    assert 0 <= later["return_train_mean"] <= later["length_train_mean"]
    assert all(np.isfinite(value) for value in later.values())


def test_a_transition_written_while_updates_run_keeps_the_priority_of_new_ones() -> None:
    agent = build(
        "Counting-v0", prioritized=True, overlap=True, replay_capacity_steps=40,
        learning_starts_steps=40, train_every_steps=32, updates_per_train=8,
    )  # fmt: skip
    agent.advance(96)
    # Minibatches of all 40 rows were drawn at step 64; the steps up to 96 went over 32 of them
    # before the TD errors took effect.
    memory = agent.get_state()["memory"]
    assert memory["replay"]["rows"].end == 96
    newest = np.arange(96 - 32, 96) % 40
    old = np.setdiff1d(np.arange(40), newest)
    leaves = memory["priorities"]["leaves"]
    assert len(set(leaves[newest])) == 1
    assert len(set(leaves[old])) > 1
    agent.close()


def test_epsilon_falls_in_a_straight_line_to_its_end() -> None:
    settings = DQN.Settings(epsilon_initial=0.9, epsilon_final=0.1, epsilon_decay_steps=80)
    assert [settings.epsilon(n) for n in (0, 20, 80, 10_000)] == pytest.approx([0.9, 0.7, 0.1, 0.1])
    later = settings.model_copy(update={"epsilon_decay_starts_steps": 50})
    assert [later.epsilon(n) for n in (0, 50, 70, 130, 10_000)] == pytest.approx(
        [0.9, 0.9, 0.7, 0.1, 0.1]
    )


def mean_return(env: str, agent: DQN) -> float:
    """Mean return of 30 greedy episodes on fresh seeds."""
    lanes = plan_env(EnvSettings(id=env)).lanes(30)
    policy, alive, total = agent.policy(), np.arange(30), 0.0
    obs = lanes.reset(alive, alive + 10_000)
    while len(alive):
        actions = policy.act(obs, np.random.default_rng(0))
        obs, rewards, terminated, truncated = lanes.step(alive, actions)
        total += float(rewards.sum())
        going = ~(terminated | truncated)
        alive, obs = alive[going], obs[going]
    return total / 30


@pytest.mark.parametrize(
    ("env", "best", "changes"),
    [("Counting-v0", 9.5, {}), ("Mixed-v0", 20.0, {"num_lanes": 4, "n_step": 2})],
)
def test_learns_what_a_fresh_network_cannot(env: str, best: float, changes: dict[str, Any]) -> None:
    learn = {"learning_rate": 0.01, "updates_per_train": 8, "batch_size": 32, "discount": 0.5}
    agent = build(env, **{**learn, **changes, "learning_starts_steps": 64, "hidden": (32,)})
    assert mean_return(env, agent) < 0.75 * best
    agent.advance(2000)
    assert mean_return(env, agent) > 0.9 * best


@pytest.mark.parametrize(
    ("changes", "key", "takes"),
    [
        ({"batch_size": 400}, "agent.batch_size", "replay_capacity_steps"),
        ({"learning_starts_steps": 7}, "agent.learning_starts_steps", "at least 8"),
        ({"n_step": 5, "num_lanes": 8, "learning_starts_steps": 39}, "agent.learning_starts_steps",
         "at least 40"),
        ({"num_lanes": 3}, "agent.train_every_steps", "multiple of agent.num_lanes (3)"),
        ({"num_lanes": 2, "actors": 3}, "agent.train_every_steps",
         "multiple of agent.num_lanes x agent.actors (6)"),
        ({"actors": 0}, "agent.actors", "whole number from 1 up"),
        ({"replay_capacity_steps": 8, "n_step": 9}, "agent.replay_capacity_steps", "n_step"),
        ({"epsilon_initial": 0.01}, "agent.epsilon_final", "at most"),
        ({"learning_rate": -1}, "agent.learning_rate", "a number above 0"),
        ({"discount": 1.5}, "agent.discount", "a number from 0 to 1"),
        ({"optimizer": "sgd"}, "agent.optimizer", "adam or rmsprop"),
        ({"hidden": (16, 0)}, "agent.hidden", "whole number from 1 up"),
        ({"hidden": (), "dueling": True}, "agent.dueling", "false where agent.hidden is empty"),
        ({"learning_rat": 1}, "agent.learning_rat", "no such key"),
    ],
)  # fmt: skip
def test_impossible_settings_name_the_key(changes: dict[str, Any], key: str, takes: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check(DQN.Settings, {**SMALL_DQN, **changes}, "agent")
    assert raised.value.key == key and takes in str(raised.value)


def test_too_many_bins_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"agent\.bins"):
        build("Pendulum-v1", bins=10_000)


def test_checking_settings_needs_no_tensorflow() -> None:
    code = (
        "import sys; from rlbench.agents.dqn.agent import DQN; DQN.Settings();"
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras', 'gymnasium')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_state_is_arrays_and_json_values() -> None:
    def check_plain(value: State | Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                assert isinstance(key, str)
                check_plain(inner)
        elif isinstance(value, np.ndarray):
            assert value.dtype != object
        elif isinstance(value, list):
            for inner in value:
                check_plain(inner)
        elif isinstance(value, Rows):
            assert all(not column.dtype.hasobject for column in value.columns.values())
        else:
            assert type(value) in (int, float, str, bool, type(None))

    agent = build("Mixed-v0", num_lanes=2, n_step=2)
    agent.advance(70)
    check_plain(agent.get_state())


class Losing:
    """Two lanes of an environment with three lives, of which the second loses one at its third
    step, and whose rewards are five times as large."""

    def __init__(self, lanes: Lanes) -> None:
        self._inner, self._steps = lanes, 0
        self.num_lanes, self.counts = lanes.num_lanes, lanes.counts
        self.uncounted, self.close = lanes.uncounted, lanes.close
        self.lives: Any = np.array([3, 3])

    def reset(self, lanes: Any, seeds: Any) -> Any:
        self.lives[lanes] = 3
        return self._inner.reset(lanes, seeds)

    def step(self, lanes: Any, actions: Any) -> Any:
        self._steps += 1
        if self._steps == 3:
            self.lives[1] = 2
        obs, rewards, terminated, truncated = self._inner.step(lanes, actions)
        return obs, rewards * 5, terminated, truncated


@pytest.mark.parametrize("ends", [False, True])
def test_a_lost_life_ends_an_episode_in_learning_alone(ends: bool) -> None:
    plan = plan_env(EnvSettings(id="Counting-v0"))
    losing = LanesPlan(plan.facts, lambda n: Losing(plan.lanes(n)))
    agent = build(losing, num_lanes=2, life_loss_ends_episode=ends, clip_rewards=True)
    agent.advance(8)  # 4 steps of both lanes; Counting-v0's episodes are longer
    rows = agent.get_state()["memory"]["replay"]["rows"]
    replay = {name: column[: rows.kept] for name, column in rows.columns.items()}
    expected = np.full((4, 2), 0.99, np.float32)
    expected[2, 1] = 0.0 if ends else 0.99
    np.testing.assert_array_equal(replay["discounts_t"], expected.ravel())
    assert set(replay["rewards_t"].tolist()) == {0.0, 1.0}
    assert agent.get_state()["actors"][0]["episodes"] == [0, 0]
