"""What a film shows is what an evaluation plays, in every family of environments."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlbench
from rlbench.agents.random import UniformPolicy
from rlbench.errors import RunError
from rlbench.films.episodes import Theatre
from rlbench.interfaces import ActionSpec
from rlbench.playing.conditions import Conditions
from rlbench.playing.evaluation import judge
from rlbench.settings import EnvSettings

TESTS = Path(__file__).parents[1]
CASES: dict[str, tuple[dict[str, Any], float]] = {
    "CartPole-v1": ({}, 50.0),
    "Acrobot-v1": ({"max_episode_steps": 20}, 15.0),
    "LunarLander-v3": ({}, 50.0),
    "BipedalWalker-v3": ({"max_episode_steps": 30}, 50.0),
    "HalfCheetah-v5": ({"max_episode_steps": 20}, 20.0),
    "dm_control/cartpole-swingup-v0": ({"max_episode_steps": 20}, 100.0),
    "ALE/Pong-v5": ({"max_episode_steps": 40}, 15.0),
    "ALE/DoubleDunk-v5": ({"max_episode_steps": 20}, 15.0),
}


def conditions(env: str) -> Conditions:
    settings, _ = CASES[env]
    return Conditions(env=EnvSettings(id=env, **settings), episodes=2, seed=4)


MUJOCO = "HalfCheetah-v5"
DRAWN = {MUJOCO: "mujoco", "dm_control/cartpole-swingup-v0": "dm_control"}  # by MuJoCo


@pytest.mark.parametrize("env", [env for env in CASES if env not in DRAWN])
def test_episodes_are_those_of_the_evaluation(env: str) -> None:
    check(env)


@pytest.mark.skipif(not Path("/usr/share/glvnd/egl_vendor.d").exists(), reason="no EGL here")
@pytest.mark.parametrize("env", DRAWN)
def test_episodes_on_mujoco_are_those_of_the_evaluation(env: str) -> None:
    """In a process of its own, where no test has loaded TensorFlow."""
    pytest.importorskip(DRAWN[env], reason=f"rlbench[{DRAWN[env]}] is not installed")
    program = f"from films.test_episodes import check; check({env!r})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_mujoco_without_a_screen_is_refused_beside_tensorflow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("mujoco", reason="rlbench[mujoco] is not installed")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    with pytest.raises(RunError, match="MuJoCo draws nothing without a screen where TensorFlow"):
        Theatre(conditions(MUJOCO))


def check(env: str) -> None:
    """The episodes of a film beside those of the evaluation."""
    asked = conditions(env)
    with contextlib.closing(Theatre(asked)) as theatre:
        policy = UniformPolicy(theatre.facts.action)
        played = judge(policy, asked).played
        assert theatre.per_s == CASES[env][1]
        if env == MUJOCO:
            (made,) = theatre._stage.lanes._envs  # type: ignore[attr-defined]
            assert made.unwrapped.mujoco_renderer.camera_id >= 0, "it does not follow"
        for episode in (1, 0):
            shots = list(theatre.play(policy, episode))
            assert shots[-1].step.returned == played.returns[episode]
            assert len(shots) == 1 + played.lengths[episode] == 1 + shots[-1].step.steps
            assert [shot.step.is_over for shot in shots] == [False] * (len(shots) - 1) + [True]
            first, last = shots[0].picture, shots[-1].picture
            assert first.dtype == np.uint8 and first.shape[2] == 3 and min(first.shape[:2]) >= 84
            assert not np.array_equal(first, last)


def test_a_policy_of_another_environment_is_refused() -> None:
    with rlbench.make_agent("es", "Acrobot-v1") as agent:
        policy = agent.policy()
    with (
        contextlib.closing(Theatre(conditions("CartPole-v1"))) as theatre,
        pytest.raises(rlbench.ConfigError, match="takes a policy for CartPole-v1"),
    ):
        next(theatre.play(policy, 0))


def test_an_environment_without_pictures_is_one_line() -> None:
    asked = Conditions(env=EnvSettings(id="probe_envs:Endless-v0"))
    policy = UniformPolicy(ActionSpec("discrete", (2,)))
    with (
        pytest.raises(RunError, match="environment probe_envs:Endless-v0 ") as caught,
        contextlib.closing(Theatre(asked)) as theatre,
    ):
        next(theatre.play(policy, 0))
    assert "\n" not in str(caught.value)
