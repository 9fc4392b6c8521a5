"""What an algorithm of Stable-Baselines3 is given and how it is named. None of it needs PyTorch."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from rlbench.agents import with_algorithm
from rlbench.agents.sb3.agent import SB3
from rlbench.agents.sb3.settings import ACTIONS, SB3Settings
from rlbench.config.compose import compose
from rlbench.config.folders import conf_dir
from rlbench.errors import ConfigError
from rlbench.harness.plan import load_agent, name_run, plan_run
from rlbench.interfaces import ActionSpec, EnvFacts

CHOICE = EnvFacts("One", (3,), ActionSpec("discrete", (2,)), 10)
CHOICES = EnvFacts("Several", (3,), ActionSpec("multi_discrete", (2, 3)), 10)
BOX = EnvFacts("Box", (3,), ActionSpec("box", (), (-2.0,), (2.0,)), 10)
ENDLESS = EnvFacts("Endless", (3,), ActionSpec("box", (), (-float("inf"),), (1.0,)), 10)
BOARDS = EnvFacts("Boards", (4, 10, 10), ActionSpec("discrete", (2,)), 10, stacked=False)
FRAMES = EnvFacts("Frames", (4, 84, 84), ActionSpec("discrete", (2,)), 10)


def sb3(*words: str) -> SB3Settings:
    """The settings that words on the command line come to."""
    settings = load_agent(compose([*words]))[1]
    assert isinstance(settings, SB3Settings)
    return settings


def test_tuned_settings_are_those_of_the_algorithm() -> None:
    ppo = sb3("agent=sb3:PPO", "env=CartPole-v1").chosen
    assert (ppo.num_lanes, ppo.schedule_steps) == (8, 100_000)
    assert ppo.kwargs["n_steps"] == 32 and ppo.kwargs["learning_rate"] == "lin_0.001"
    dqn = sb3("agent=sb3", "agent.algorithm=DQN", "env=CartPole-v1").chosen
    assert (dqn.num_lanes, dqn.kwargs["train_freq"]) == (1, 256)
    assert sb3("agent=sb3:PPO", "env=FrozenLake-v1").chosen.kwargs == {}


def test_what_is_given_wins_over_what_is_tuned() -> None:
    chosen = sb3(
        "agent=sb3:DQN", "env=CartPole-v1", "agent.num_lanes=4", "+agent.kwargs.gamma=0.5",
        "+agent.kwargs.policy_kwargs.activation_fn=Tanh", "budget.env_steps=777",
    ).chosen  # fmt: skip
    assert (chosen.num_lanes, chosen.kwargs["gamma"], chosen.schedule_steps) == (4, 0.5, 777)
    assert chosen.kwargs["policy_kwargs"] == {"net_arch": [256, 256], "activation_fn": "Tanh"}
    assert chosen.kwargs["batch_size"] == 64


def test_one_way_to_choose_an_algorithm_is_as_good_as_the_other() -> None:
    names = [
        name_run(compose([*words, "env=CartPole-v1"]))
        for words in (["agent=sb3:A2C"], ["agent=sb3", "agent.algorithm=A2C"], ["agent=sb3-A2C"])
    ]
    assert names[0] == names[1] == names[2]
    assert names[0].directory.parts[-4] == "sb3-A2C"


def test_an_algorithm_of_a_package_is_tuned_by_the_same_file() -> None:
    bare = sb3("agent=sb3:PPO", "env=ALE/Pong-v5").chosen
    assert sb3("agent=sb3:PPO", "env=ALE/Pong-v5").threads_of(4) == 4
    assert sb3("agent=sb3:PPO", "env=CartPole-v1").threads_of(4) == 1
    assert bare.num_lanes == 8 and bare.clip_rewards and bare.life_loss_ends_episode
    package = sb3("agent=sb3:PPO", "env=gymnasium:CartPole-v1").chosen
    assert package.kwargs["n_steps"] == 32


def test_every_tuned_file_names_algorithms_and_arguments_as_json_values() -> None:
    files = sorted((conf_dir() / "tuned" / "sb3").glob("*.yaml"))
    assert len(files) == 20
    for file in files:
        env = {"ALE": "ALE/Pong-v5"}.get(file.stem, file.stem)
        settings = sb3("agent=sb3", f"env={env}")
        assert set(settings.tuned) <= set(ACTIONS)
        assert json.loads(json.dumps(settings.model_dump(mode="json")))


@pytest.mark.parametrize(
    ("word", "same"),
    [
        ("agent.num_lanes=8", True),
        ("+agent.kwargs.n_steps=32", True),
        ("agent.num_lanes=2", False),
        ("+agent.kwargs.n_steps=64", False),
        ("agent.network=nature", True),
        ("agent.network=a3c", False),
        ("agent.threads=1", True),
        ("agent.threads=2", False),
        ("budget.env_steps=100000", True),  # as long as the tuned schedule is
        ("budget.env_steps=200000", False),  # the schedule of the learning rate is another
    ],
)
def test_the_name_says_what_the_algorithm_is_given(word: str, same: bool) -> None:
    words = ["agent=sb3:PPO", "env=CartPole-v1"]
    before, after = sb3(*words).identity(2), sb3(*words, word).identity(2)
    assert (before == after) is same


def test_a_longer_budget_is_the_same_run_where_nothing_follows_a_schedule() -> None:
    words = ["agent=sb3:A2C", "env=CartPole-v1"]
    short, long = (sb3(*words, f"budget.env_steps={n}").identity(1) for n in (1000, 2000))
    assert short == long == {
        "algorithm": "A2C", "kwargs": {"ent_coef": 0.0}, "num_lanes": 8, "threads": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("sb3:PPO", ("sb3", "PPO")), ("sb3-PPO", ("sb3", "PPO")), ("sb3", ("sb3", "")),
        ("mine-too", ("mine-too", "")), ("es", ("es", "")),
    ],
)  # fmt: skip
def test_a_name_is_an_agent_and_its_algorithm(name: str, parts: tuple[str, str]) -> None:
    assert with_algorithm(name) == parts


@pytest.mark.parametrize(
    ("env", "settings", "message"),
    [
        (BOX, {"algorithm": "DQN"},
         "agent.algorithm: got 'DQN'; takes A2C, PPO, TRPO, SAC, TD3, TQC or ARS: Box takes "
         "continuous actions"),
        (CHOICE, {"algorithm": "SAC"},
         "agent.algorithm: got 'SAC'; takes A2C, PPO, TRPO, DQN, QRDQN or ARS: One takes one of "
         "several actions"),
        (CHOICES, {"algorithm": "ARS"},
         "agent.algorithm: got 'ARS'; takes A2C, PPO or TRPO: Several takes several choices at "
         "once"),
        (ENDLESS, {}, "env: got 'Endless'; takes actions with bounds, which Stable-Baselines3 "
         "needs"),
        (FRAMES, {"policy": "MlpPolicy"},
         "agent.policy: got 'MlpPolicy'; takes CnnPolicy, which suits Frames"),
        (CHOICE, {"policy": "LinearPolicy"},
         "agent.policy: got 'LinearPolicy'; takes it for agent.algorithm=ARS only"),
        (FRAMES, {"normalize_observations": True},
         "agent.normalize_observations: got true; takes false: frames are scaled, not normalized"),
        (CHOICE, {"network": "nature"},
         "agent.network: got 'nature'; takes auto: nature and a3c are networks for frames, and One "
         "has none"),
        (CHOICE, {"algorithm": "DQN", "kwargs": {"train_freq": 0}},
         "agent.kwargs.train_freq: got 0; takes a number of steps from 1 on, or of episodes, as "
         "[1,episode]"),
        (CHOICE, {"algorithm": "DQN", "kwargs": {"train_freq": [1, "week"]}},
         "agent.kwargs.train_freq: got [1, 'week']; takes a number of steps from 1 on, or of "
         "episodes, as [1,episode]"),
        (CHOICE, {"algorithm": "DQN", "num_lanes": 2, "kwargs": {"train_freq": [1, "episode"]}},
         "agent.num_lanes: got 2; takes 1 where agent.kwargs.train_freq is in episodes"),
        (BOARDS, {}, "env: got 'Boards'; takes vectors or stacked frames with agent=sb3: its "
         "networks are too large for boards"),
    ],
)  # fmt: skip
def test_an_algorithm_that_does_not_suit_is_refused(
    env: EnvFacts, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        SB3.memory_mb(env, SB3Settings(**settings), workers=1)
    assert str(caught.value) == message


@pytest.mark.parametrize("missing", ["torch", "stable_baselines3", "sb3_contrib"])
def test_a_missing_package_is_one_line_with_the_command_that_installs_it(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("torch", "stable_baselines3", "sb3_contrib"):
        monkeypatch.setitem(sys.modules, name, None if name == missing else pytest)
    words = ["agent=sb3:ARS", "env=CartPole-v1", f"results_dir={tmp_path}/runs"]
    with pytest.raises(ConfigError) as caught:
        plan_run(compose(words))
    line = str(caught.value)
    assert line.startswith(f"agent: got 'sb3'; takes {missing}, not installed here: pip install ")
    assert not (tmp_path / "runs").exists()


def test_an_argument_that_belongs_to_the_run_is_refused() -> None:
    for where in ("+agent.kwargs", "+agent.tuned.PPO.kwargs"):
        with pytest.raises(ConfigError, match="no value here: seed is the run's"):
            sb3("agent=sb3", "env=FrozenLake-v1", f"{where}.seed=3")


@pytest.mark.parametrize(
    ("given", "least"),
    [({"buffer_size": 1e6}, 1), ({"learning_starts": "abc"}, 0), ({"n_steps": [1]}, 1),
     ({"n_steps": 0}, 1), ({"buffer_size": True}, 1)],
)  # fmt: skip
def test_what_is_needed_to_plan_a_run_is_a_whole_number(given: dict[str, Any], least: int) -> None:
    ((name, value),) = given.items()
    for values in ({"kwargs": given}, {"tuned": {"PPO": {"kwargs": given}}}):
        with pytest.raises(ConfigError) as caught:
            SB3Settings(**values)
        takes = f"takes a whole number from {least} on"
        assert str(caught.value) == f"agent.kwargs.{name}: got {value!r}; {takes}".replace(
            "True", "true"
        )


def test_a_mistyped_key_is_explained_with_a_name_that_works() -> None:
    with pytest.raises(ConfigError) as caught:
        compose(["agent=sb3:A2C", "env=CartPole-v1", "agent.numlanes=3"])
    assert str(caught.value) == (
        "agent.numlanes: there is no such key for sb3-A2C; did you mean agent.num_lanes?"
    )
    assert compose(["agent=sb3-A2C", "env=CartPole-v1"]).agent.name == "sb3-A2C"


def test_memory_is_that_of_the_replay() -> None:
    settings = SB3Settings(algorithm="SAC", kwargs={"buffer_size": 2**20})
    lanes = BOX.lane_bytes / 2**20
    assert SB3Settings.for_probe(settings).kwargs["buffer_size"] == 10_000
    try:
        memory = SB3.memory_mb(BOX, settings, workers=1)
    except ConfigError:
        pytest.skip("Stable-Baselines3 is not installed")
    assert memory == pytest.approx(2 * 3 * 4 + 4 * 7 + lanes)
