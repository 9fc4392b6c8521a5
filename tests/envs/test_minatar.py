"""MinAtar: the package's own games byte for byte, episodes of their seeds alone, ends, settings."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.config.compose import compose
from rlbench.envs.make import family_of, plan_env
from rlbench.envs.pictured import stage
from rlbench.errors import ConfigError
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run
from rlbench.settings import EnvSettings

GAMES = {"Asterix": 4, "Breakout": 4, "Freeway": 7, "Seaquest": 10, "SpaceInvaders": 6}  # channels
ONE = np.array([0])


def lanes_of(game: str, cap: int = 300, **settings: Any) -> Any:
    pytest.importorskip("minatar")
    plan = plan_env(EnvSettings(id=f"MinAtar/{game}-v1", **settings))
    return plan.lanes(1, cap)


def episode(lanes: Any, seed: int, actions: Any) -> list[tuple[bytes, float, bool, bool]]:
    rows = [(lanes.reset(ONE, np.array([seed])).tobytes(), 0.0, False, False)]
    for action in actions:
        obs, rewards, terminated, truncated = lanes.step(ONE, np.array([action]))
        rows.append((obs.tobytes(), rewards[0], bool(terminated[0]), bool(truncated[0])))
        if terminated[0] or truncated[0]:
            break
    return rows


@pytest.mark.parametrize("game", GAMES)
def test_lanes_play_the_games_of_the_package(game: str) -> None:
    minatar = pytest.importorskip("minatar")
    plan = plan_env(EnvSettings(id=f"MinAtar/{game}-v1"))
    assert plan.facts.observation_shape == (GAMES[game], 10, 10) and plan.facts.pixels
    assert not plan.facts.frames and not plan.fresh_each_episode
    name = {"SpaceInvaders": "space_invaders"}.get(game, game.lower())
    own = minatar.Environment(name, sticky_action_prob=0.1, difficulty_ramping=True)
    own.seed(7)
    own.reset()
    choices = own.minimal_action_set()
    assert plan.facts.action.nvec == (len(choices),)
    actions = np.random.default_rng(0).integers(len(choices), size=300)
    rows = episode(plan.lanes(1, 300), 7, actions)
    assert len(rows) > 10
    for action, (obs, reward, terminated, _) in zip(actions, rows[1:], strict=False):
        assert (reward, terminated) == own.act(choices[action])
        assert obs == (np.moveaxis(own.state(), -1, 0).astype(np.uint8) * 255).tobytes()


@pytest.mark.parametrize("game", GAMES)
def test_an_episode_depends_on_its_seed_and_actions_alone(game: str) -> None:
    lanes, actions = lanes_of(game), np.random.default_rng(1).integers(3, size=200)
    fresh = episode(lanes, 5, actions)
    episode(lanes, 6, actions[:4])  # left in the middle, its last action not "none"
    for left in (1, 2):
        episode(lanes, 8, [left] * 3)
        assert episode(lanes, 5, actions) == fresh
    assert episode(lanes, 9, actions) != fresh


def test_no_episode_begins_with_the_last_action_of_another() -> None:
    lanes = lanes_of("Breakout", sticky_actions=0.5)
    for seed in range(10):
        episode(lanes, seed, [1, 1, 1])  # to the left
        lanes.reset(ONE, np.array([seed]))
        paddle = lanes.step(ONE, np.array([0]))[0][0, 0]
        assert np.flatnonzero(paddle) == [94] and paddle.max() == 255  # row 9, column 4: unmoved
    lanes.reset(ONE, np.array([1]))
    rows = [np.flatnonzero(lanes.step(ONE, np.array([1]))[0][0, 0])[0] for _ in range(3)]
    assert rows[-1] in (91, 92, 93, 94) and sorted(rows, reverse=True) == rows


def test_a_cap_truncates_and_a_lost_ball_terminates() -> None:
    rows = episode(lanes_of("Breakout", cap=5), 0, [0] * 20)
    assert [row[2:] for row in rows[1:]] == [(False, False)] * 4 + [(False, True)]
    ends = episode(lanes_of("Breakout", cap=10_000, sticky_actions=0.0), 0, [1] * 1000)[-1]
    assert ends[2:] == (True, False)


def test_a_picture_shows_each_thing_in_its_colour() -> None:
    pytest.importorskip("minatar")
    settings = EnvSettings(id="MinAtar/Breakout-v1")
    shown = stage(family_of(settings), plan_env(settings), 100)
    shown.lanes.reset(ONE, np.array([0]))
    picture = shown.lanes.picture(0)
    assert picture.shape == (320, 320, 3) and picture.dtype == np.uint8
    squares = picture[::32, ::32]
    assert np.array_equal(picture[31::32, 31::32], squares)
    assert not squares[5].any() and squares[1:4].any(axis=-1).all()  # three rows of bricks
    assert np.flatnonzero(squares[9].any(axis=-1)) == [4]  # the paddle


def test_actions_and_channels_have_names() -> None:
    pytest.importorskip("minatar")
    names = family_of(EnvSettings(id="MinAtar/Breakout-v1")).names()
    assert names.actions == ("NOOP", "LEFT", "RIGHT")
    assert names.channels == ("paddle", "ball", "trail", "brick")
    every = family_of(EnvSettings(id="MinAtar/SpaceInvaders-v0")).names()
    assert every.actions == ("NOOP", "LEFT", "UP", "RIGHT", "DOWN", "FIRE")


def test_settings_are_conditions_and_what_cannot_be_had_is_refused() -> None:
    pytest.importorskip("minatar")
    conditions = family_of(EnvSettings(id="MinAtar/Breakout-v1")).conditions()
    assert conditions == {
        "id": "MinAtar/Breakout-v1",
        "max_episode_steps": 10_000,
        "preprocessing": {"sticky_actions": 0.1, "difficulty_ramping": True},
    }
    spelled = EnvSettings(
        id="MinAtar/Breakout-v1", sticky_actions=0.1, kwargs={"difficulty_ramping": True}
    )
    assert family_of(spelled).conditions() == conditions
    other = plan_env(EnvSettings(id="MinAtar/Breakout-v1", kwargs={"difficulty_ramping": False}))
    assert other.preprocessing == {"sticky_actions": 0.1, "difficulty_ramping": False}
    for name, value, takes in [
        ("sticky_action_prob", 0.5, "env.sticky_actions sets it"),
        ("difficulty_ramping", 3, "true or false"),
        ("game", "asterix", "difficulty_ramping only"),
    ]:
        with pytest.raises(ConfigError, match=rf"env\.kwargs\.{name}: got .*{takes}"):
            family_of(EnvSettings(id="MinAtar/Breakout-v1", kwargs={name: value}))


@pytest.mark.parametrize("agent", ["es", "dqn"])
def test_agents_learn_the_same_by_all_executors_and_in_two_halves(
    agent: str, tmp_path: Path
) -> None:
    pytest.importorskip("minatar")
    words = [f"agent={agent}", "env=MinAtar/Breakout-v1", "eval.episodes=2", "cores=1"]
    words += ["eval.first_steps=200", "eval.growth=3", "budget.train_seconds=null"]
    budgets = {"serial": [600], "serial/halves": [300, 600]}
    if agent == "es":
        words += ["agent.population=8", "agent.block_members=2"]
        budgets["process"] = [600]
    else:
        words += ["agent.learning_starts_steps=100", "agent.n_step=3", "agent.threads=1"]
        words += ["agent.batch_size=8", "agent.updates_per_train=4", "agent.compile=false"]
    parameters = []
    for name, ends in budgets.items():
        for steps in ends:
            asked = [*words, f"budget.env_steps={steps}", f"executor={name.partition('/')[0]}"]
            settings = compose([*asked, f"results_dir={tmp_path / name}"])
            assert run(settings) == 0
            done = name_run(settings).directory
        with np.load(done / "policy.npz") as policy:
            parameters.append(policy["parameters"])
            network = json.loads(str(policy["architecture"]))["network"]
    assert network["inputs"] == [4, 10, 10] and network["convs"] == [[16, 3, 1]]
    assert network["hidden"] == [128] and network["outputs"] == 3
    assert {learned.tobytes() for learned in parameters} == {parameters[0].tobytes()}


def test_without_the_package_one_line_says_what_to_install() -> None:
    if importlib.util.find_spec("minatar") is not None:
        pytest.skip("minatar is installed")
    with pytest.raises(ConfigError, match=r"MinAtar/Breakout-v1.*pip install .*(minatar|MinAtar)"):
        family_of(EnvSettings(id="MinAtar/Breakout-v1"))
