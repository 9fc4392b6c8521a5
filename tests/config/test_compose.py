"""Configuration: what composes, what wins over what, and that every file of conf is sound."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest
import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir

from rlbench.agents import with_algorithm
from rlbench.cli.main import main
from rlbench.config.compose import compose, composer, known_keys
from rlbench.config.folders import conf_dir
from rlbench.config.source import register
from rlbench.envs.catalogue import EXTRAS, find_spec
from rlbench.errors import ConfigError
from rlbench.harness.plan import load_agent
from rlbench.settings import (
    BudgetSettings,
    CheckpointSettings,
    EnvSettings,
    EvalSettings,
    Settings,
)

AGENTS = sorted(path.stem for path in (conf_dir() / "agent").glob("*.yaml"))
TUNED = sorted((conf_dir() / "tuned").rglob("*.yaml"))
EXPERIMENTS = sorted(path.stem for path in (conf_dir() / "experiment").glob("*.yaml"))
GAMES = "env=ALE/Freeway-v5,ALE/Skiing-v5"  # for what would plan fifty of them


@pytest.mark.parametrize("env_id", ["CartPole-v1", "FrozenLake-v1", "ALE/Breakout-v5"])
def test_any_id_composes_without_a_file(env_id: str) -> None:
    assert not (conf_dir() / "env" / f"{env_id}.yaml").exists()
    assert compose([f"env={env_id}"]).env == EnvSettings(id=env_id)


@pytest.mark.parametrize("word", ["env=a_package:Foo-v0", "env=a_package\\:Foo-v0"])
def test_an_id_of_another_package_composes_and_imports_it(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_package.py").write_text(
        "import gymnasium\n"
        "gymnasium.register('Foo-v0', 'gymnasium.envs.classic_control:CartPoleEnv')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert compose([word]).env.id == "a_package:Foo-v0"


def test_a_file_wins_over_the_bare_id() -> None:
    assert compose(["env=Pendulum-v1"]).env == EnvSettings(id="Pendulum-v1", threshold=-200)


def test_what_is_tuned_in_a_folder_of_the_users_wins_over_what_rlbench_has(tmp_path: Path) -> None:
    files = {
        "es/CartPole-v1": "{sigma: 0.2}",
        "es/ALE": "{sigma: 0.3}",
        "sb3-PPO/CartPole-v1": "{kwargs: {gamma: 0.4}}",
    }
    for name, agent in files.items():
        file = tmp_path / "tuned" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# @package _global_\nagent: {agent}\n")
    chosen = compose(["agent=es", "env=CartPole-v1"], tmp_path).agent.params
    ours = yaml.safe_load((conf_dir() / "tuned" / "es" / "CartPole-v1.yaml").read_text())["agent"]
    assert chosen["sigma"] == 0.2 != ours["sigma"]
    assert chosen["population"] == ours["population"]
    assert compose(["agent=es", "env=CartPole-v1"]).agent.params["sigma"] == ours["sigma"]
    on_command_line = compose(["agent=es", "env=CartPole-v1", "agent.sigma=0.9"], tmp_path)
    assert on_command_line.agent.params["sigma"] == 0.9
    assert compose(["agent=es", "env=ALE/Pong-v5"], tmp_path).agent.params["sigma"] == 0.3
    ppo, a2c = (compose([f"agent=sb3:{name}"], tmp_path).agent.params for name in ("PPO", "A2C"))
    assert (ppo["kwargs"], a2c["kwargs"]) == ({"gamma": 0.4}, {})


def test_the_defaults_are_those_of_the_design() -> None:
    settings = compose([])
    assert settings.agent.name == "es"
    assert settings.env == EnvSettings(id="CartPole-v1")
    plain = Settings(agent=settings.agent, env=settings.env)
    untuned = {"budget", "eval", "stop_at_threshold"}  # which conf/tuned may set for the pair
    assert settings.model_dump(exclude=untuned) == plain.model_dump(exclude=untuned)


def test_config_yaml_repeats_the_defaults_of_the_settings_exactly() -> None:
    values = yaml.safe_load((conf_dir() / "config.yaml").read_text())
    assert BudgetSettings(**values["budget"]) == BudgetSettings()
    assert EvalSettings(**values["eval"]) == EvalSettings()
    assert CheckpointSettings(**values["checkpoint"]) == CheckpointSettings()
    assert EnvSettings(**{**values["env"], "id": "X-v0"}) == EnvSettings(id="X-v0")
    keys = set(values) - {"defaults", "hydra"} | {"agent"}
    assert keys == set(Settings.model_fields)


def test_precedence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line over the experiment over the tuned pair over the agent's own file."""
    for name, text in {
        "agent/mine.yaml": "{name: mine, _target_: rlbench.agents.random.RandomAgent, a: 0, "
        "b: 0, c: 0, d: 0}",
        "tuned/mine/ALE/Pong-v5.yaml": "{agent: {b: 1, c: 1, d: 1}, eval: {episodes: 7}}",
        "experiment/mine.yaml": "# @package _global_\n{agent: {c: 2, d: 2}}",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    words = ["agent=mine", "env=ALE/Pong-v5", "experiment=mine", "agent.d=3"]
    assert main(["--config-dir", str(tmp_path), *words, "--cfg", "job"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert [shown["agent"][key] for key in "abcd"] == [0, 1, 2, 3]
    assert shown["eval"]["episodes"] == 7
    assert shown["env"]["id"] == "ALE/Pong-v5"


@pytest.mark.parametrize(
    "line",
    ["seed=3 --config-dir {} agent=mine", "seed=3 agent=mine --config-dir={}",
     "--config-dir {} seed=3 --cfg=job agent=mine"],
)  # fmt: skip
def test_the_folder_may_stand_anywhere_between_the_words(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "mine.yaml").write_text("{name: mine, _target_: a.B, own: 7}")
    assert main([*line.format(tmp_path).split(), "--cfg", "job"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert (shown["agent"]["own"], shown["seed"]) == (7, 3)


def test_a_mistake_in_a_file_names_the_file_from_python_too(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    file = tmp_path / "experiment" / "mine.yaml"
    file.write_text("# @package _global_\nseed: -1")
    with pytest.raises(ConfigError) as caught:
        compose(["experiment=mine"], tmp_path)
    assert str(caught.value).startswith(f"{file}: seed: got -1; takes a whole number")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("network: a3c", "network: the name of this key is agent.network now"),
        ("env: {thresholds: [1]}", "env.thresholds: the name of this key is env.levels now"),
        ("agent: {num_envs: 2}", "agent.num_envs: there is no such key"),
        ("agent: {normalise_observations: true}", "agent.normalise_observations: the name of this "
         "key is agent.normalize_observations now"),
        ("cores: null", "cores: got null; takes auto or a whole number from 1 up"),
        ("eval: {every_steps: null}", "eval.every_steps: got null; takes auto or a whole number "
         "from 1 to 1000000000000000"),
    ],
)  # fmt: skip
def test_old_spellings_in_a_file_of_a_users_name_the_new_one(
    text: str, error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "experiment" / "mine.yaml"
    path.parent.mkdir()
    path.write_text(f"# @package _global_\n{text}")
    assert main(["--config-dir", str(tmp_path), "experiment=mine"]) == 2
    assert capsys.readouterr().err == f"rlbench: {path}: {error}\n"


def test_the_games_of_the_paper_are_51_and_swept_by_both_experiments() -> None:
    games = yaml.safe_load((conf_dir() / "games" / "es_paper.yaml").read_text())["env"].split(",")
    assert len({game.strip() for game in games}) == 51
    for name in ("atari", "paper_es_atari"):
        register()
        with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
            words = [f"experiment={name}"]
            config = hydra_compose("config", words, return_hydra_config=True)
        assert config.hydra.sweeper.params["env"].split(",") == games


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agents_file_names_all_its_parameters(agent: str) -> None:
    """Else a parameter needed a plus sign, and a mistyped one would not be refused."""
    settings = compose([f"agent={agent}"])
    assert with_algorithm(settings.agent.name)[0] == agent
    agent_class, checked = load_agent(settings)
    assert set(settings.agent.params) == set(type(checked).model_fields), agent_class


def need_package(name: str) -> None:
    """Skip where what is called so, an experiment or a namespace, needs a package that is not
    here."""
    if name.lower() in EXTRAS:
        pytest.importorskip(name.lower())
    if name in ("a3c_atari", "league"):
        pytest.importorskip("stable_baselines3")
    if name == "league":
        pytest.importorskip("evosax")


@cache
def keys_with(agent: str) -> set[str]:
    return set(known_keys([f"agent={agent}", "env=Blackjack-v1"], composer(None)).names)


@pytest.mark.parametrize("path", TUNED, ids=lambda path: str(path.relative_to(conf_dir())))
def test_a_tuned_file_sets_keys_that_exist_for_a_pair_that_exists(path: Path) -> None:
    agent, _, env_id = (
        path.relative_to(conf_dir() / "tuned").with_suffix("").as_posix().partition("/")
    )
    whole = {"ALE": "ALE/Pong-v5", "MinAtar": "MinAtar/Breakout-v1"}  # files for a namespace
    env_id = whole.get(env_id, env_id)
    need_package(env_id.partition("/")[0])
    words = [f"agent={agent}", f"env={env_id}"]
    load_agent(compose(words))
    values = yaml.safe_load(path.read_text())
    keys = {f"{top}.{key}" for top, inner in values.items() for key in inner}
    assert keys <= keys_with(agent)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_every_job(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need_package(name)
    monkeypatch.chdir(tmp_path)
    games = [GAMES] if name in ("atari", "paper_es_atari") else []
    assert main(["-m", f"experiment={name}", "seed=0", "dry_run=quick", *games]) == 0
    head, *plan, total, reason = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["agent", "environment", "jobs"]
    assert plan and all(row.split()[2] == "1" for row in plan)
    jobs = f"{len(plan)} job" + ("s" if len(plan) > 1 else "")
    assert total.startswith(f"{jobs}: {len(plan)} waiting; ") and "core-hours" in total
    assert reason == "not measured: dry_run=quick measures nothing"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_environment_of_an_experiment_is_there(name: str) -> None:
    need_package(name)
    values = yaml.safe_load((conf_dir() / "experiment" / f"{name}.yaml").read_text())
    sweeps = values.get("hydra", {}).get("sweeper", {}).get("params", {})
    asked = sweeps.get("env", "ALE/Pong-v5")
    if {"/games": "es_paper"} in values.get("defaults", []):
        asked = yaml.safe_load((conf_dir() / "games" / "es_paper.yaml").read_text())["env"]
    ids = [env_id.strip() for env_id in asked.split(",")]
    assert len(set(ids)) == len(ids)
    for env_id in ids:
        find_spec(env_id)


def test_a_namespace_has_settings_for_all_its_ids_and_the_command_line_wins() -> None:
    pong = compose(["agent=dqn", "env=ALE/Pong-v5", "agent.num_lanes=4"])
    assert pong.agent.params["replay_capacity_steps"] == 1_000_000
    assert pong.agent.params["overlap"] is True and pong.agent.params["num_lanes"] == 4
    other = compose(["agent=dqn", "env=LunarLanderContinuous-v3"])  # for which nothing was tuned
    assert other.agent.params["overlap"] == "auto"


def test_the_name_of_one_agent_on_another_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"agent\.name: got .dqn.; takes .*agent=dqn chooses"):
        compose(["agent=es", "agent.name=dqn"])
    with pytest.raises(ConfigError, match=r"agent\.name"):
        compose(["agent=es", "agent.name=.."])


def test_the_id_of_an_environment_is_not_set_beside_its_choice() -> None:
    with pytest.raises(ConfigError, match=r"env\.id: got .Acrobot-v1.; takes .*env=Acrobot-v1"):
        compose(["agent=es", "env.id=Acrobot-v1"])


def test_levels_that_would_not_be_read_back_are_refused() -> None:
    most = ",".join(map(str, range(31)))
    assert len(compose([f"env.levels=[{most}]"]).env.levels or ()) == 31
    with pytest.raises(ConfigError, match=r"env\.levels: got .*32 of them.*; takes at most 31"):
        compose([f"env.levels=[{most},99]"])
    with pytest.raises(ConfigError, match=r"env\.threshold: got 1e\+40; takes auto, a number"):
        compose(["env.threshold=1e40"])


def test_a_module_in_the_working_directory_is_found_without_a_folder_of_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `python -m rlbench` finds it, the script that pip makes does, too."""
    (tmp_path / "beside_env.py").write_text(
        "import gymnasium\n"
        "gymnasium.register('Beside-v0', 'gymnasium.envs.classic_control:CartPoleEnv',\n"
        "    max_episode_steps=9)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    assert compose(["agent=es", "env=beside_env:Beside-v0"]).env.id == "beside_env:Beside-v0"
    assert sys.path[-1] == str(tmp_path)
