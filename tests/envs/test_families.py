"""Which family an environment belongs to, known before anything is built."""

from __future__ import annotations

from collections.abc import Iterator

import gymnasium as gym
import pytest
from gymnasium.envs.classic_control import CartPoleEnv

from rlbench.envs.make import FAMILIES, family_of, plan_env
from rlbench.envs.single import SingleEnvs
from rlbench.settings import EnvSettings


@pytest.mark.parametrize(
    ("settings", "family", "native_vector", "every_steps"),
    [
        (EnvSettings(id="CartPole-v1"), "CartPoleFamily", True, 100_000),
        (EnvSettings(id="CartPole-v0"), "CartPoleFamily", True, 100_000),
        (
            EnvSettings(id="CartPole-v1", kwargs={"sutton_barto_reward": True}),
            "GymnasiumFamily",
            False,
            100_000,
        ),
        (EnvSettings(id="Acrobot-v1"), "GymnasiumFamily", False, 100_000),
        (EnvSettings(id="LunarLander-v3"), "Box2DFamily", False, 100_000),
        (EnvSettings(id="probe_envs:Counting-v0"), "GymnasiumFamily", False, 100_000),
        (EnvSettings(id="ALE/Pong-v5"), "AtariFamily", False, 250_000),
        (
            EnvSettings(id="ALE/Pong-v5", kwargs={"obs_type": "ram"}),
            "AtariObservationsFamily",
            False,
            250_000,
        ),
    ],
)
def test_the_family_of_an_id(
    settings: EnvSettings, family: str, native_vector: bool, every_steps: int
) -> None:
    found = family_of(settings)
    assert type(found).__name__ == family
    assert found.native_vector is native_vector
    assert found.evaluation.every_steps == every_steps


@pytest.mark.parametrize("version", [4, 5])
def test_mujoco_is_one_family_in_all_versions(version: int) -> None:
    pytest.importorskip("mujoco")
    found = family_of(EnvSettings(id=f"Hopper-v{version}"))
    assert type(found).__name__ == "MujocoFamily" and found.evaluation.every_steps == 100_000


def test_a_game_that_is_not_seen_as_frames_says_what_is_seen() -> None:
    asked = EnvSettings(id="ALE/Pong-v5", kwargs={"obs_type": "ram"})
    assert plan_env(asked).preprocessing == {"observations": "ram", "sticky_actions": 0.25}
    kwargs = {"obs_type": "ram", "repeat_action_probability": 0.5}
    assert plan_env(EnvSettings(id="ALE/Pong-v5", kwargs=kwargs)).preprocessing == {
        "observations": "ram"  # env.sticky_actions stays auto, as it is where such a run goes on
    }


def test_the_emulator_does_not_greet(capfd: pytest.CaptureFixture[str]) -> None:
    import ale_py

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Info)
    plan = plan_env(EnvSettings(id="ALE/Pong-v5", kwargs={"obs_type": "ram"}))
    assert capfd.readouterr() == ("", "")
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Info)
    plan.builder.lanes(1, 10, None).close()
    assert capfd.readouterr() == ("", "")


def test_every_built_in_family_can_be_imported() -> None:
    assert [FAMILIES[name].__name__ for name in FAMILIES] == [
        "AtariFamily",
        "AtariObservationsFamily",
        "CartPoleFamily",
        "MujocoFamily",
        "DmControlFamily",
        "DmEnvFamily",
        "MinAtarFamily",
        "Box2DFamily",
    ]


@pytest.fixture
def own_ids() -> Iterator[None]:
    """What a test registers is gone after it."""
    before = dict(gym.registry)
    yield
    gym.registry.clear()
    gym.registry.update(before)


@pytest.mark.usefixtures("own_ids")
def test_a_cartpole_registered_with_arguments_keeps_them() -> None:
    gym.register(
        "PunishedCartPole-v0",
        "gymnasium.envs.classic_control.cartpole:CartPoleEnv",
        kwargs={"sutton_barto_reward": True},
    )
    plan = plan_env(EnvSettings(id="PunishedCartPole-v0"))
    assert not plan.facts.native_vector and isinstance(plan.builder, SingleEnvs)


@pytest.mark.usefixtures("own_ids")
def test_an_environment_registered_as_a_class_is_found_by_its_module() -> None:
    gym.register("ClassCartPole-v0", CartPoleEnv, max_episode_steps=50)
    plan = plan_env(EnvSettings(id="ClassCartPole-v0"))
    assert isinstance(plan.builder, SingleEnvs) and plan.facts.max_episode_steps == 50


def test_conditions_leave_the_levels_out() -> None:
    asked = EnvSettings(id="CartPole-v1", threshold=100.0, levels=(50.0,), max_episode_steps=300)
    conditions = family_of(asked).conditions()
    assert conditions["id"] == "CartPole-v1" and conditions["max_episode_steps"] == 300
    assert "threshold" not in conditions and "levels" not in conditions


def test_conditions_of_a_game_are_what_they_amount_to() -> None:
    default = family_of(EnvSettings(id="ALE/Pong-v5")).conditions()
    spelled = EnvSettings(id="ALE/Pong-v5", kwargs={"frameskip": 4}, sticky_actions=0.25)
    assert family_of(spelled).conditions() == default
    assert family_of(EnvSettings(id="ALE/Pong-v5", noop_max=0)).conditions() != default
