"""What installed packages add to the configuration, and YAML files for ids with a package."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from rlbench.cli.main import main
from rlbench.config.compose import compose
from rlbench.config.packages import conf_folders
from rlbench.errors import ConfigError
from rlbench.harness.plan import load_agent
from support.packages import install

AGENT = """
from rlbench.agents.random import RandomAgent
from rlbench.interfaces import AgentParameters

class Patient(RandomAgent):
    class Settings(AgentParameters):
        num_lanes: int = 3
        depths: tuple[int, ...] = (4, 5)
        patience: float
"""
ENVIRONMENT = """
import gymnasium
gymnasium.register("Own-v0", "gymnasium.envs.classic_control:CartPoleEnv")
"""
Shown = Callable[..., dict]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(
        tmp_path / "site", monkeypatch, "patience",
        {
            "rlbench.agents": ["patient = patience.agent:Patient", "broken = patience.agent:No"],
            "rlbench.conf": ["patience = patience.conf"],
        },
        {
            "patience/__init__.py": "",
            "patience/agent.py": AGENT,
            "patience/conf/experiment/calm.yaml": "# @package _global_\nseed: 41",
            "patience/conf/tuned/patient/CartPole-v1.yaml": "agent: {num_lanes: 9}",
        },
    )  # fmt: skip
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "patience"]:
        del sys.modules[name]


@pytest.fixture
def shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shown:
    """The configuration that words amount to with files in --config-dir."""

    def shown(files: dict[str, str], *words: str) -> dict:
        for name, text in files.items():
            path = tmp_path / "conf" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert main(["--config-dir", str(tmp_path / "conf"), *words, "--cfg", "job"]) == 0
        return yaml.safe_load(capsys.readouterr().out)

    return shown


@pytest.mark.usefixtures("package")
def test_an_agent_of_a_package_needs_no_yaml() -> None:
    settings = compose(["agent=patient", "agent.patience=0.5", "env=Acrobot-v1"])
    assert settings.agent.name == "patient"
    assert settings.agent.params == {"num_lanes": 3, "depths": [4, 5], "patience": 0.5}
    agent_class, checked = load_agent(settings)
    assert agent_class.__name__ == "Patient"
    assert checked.model_dump() == {"num_lanes": 3, "depths": (4, 5), "patience": 0.5}


@pytest.mark.usefixtures("package")
def test_a_setting_without_a_default_must_be_given() -> None:
    with pytest.raises(ConfigError, match=r"agent\.patience"):
        compose(["agent=patient", "env=Acrobot-v1"])


@pytest.mark.usefixtures("package")
def test_a_mistyped_setting_of_a_package_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"did you mean agent\.num_lanes"):
        compose(["agent=patient", "agent.num_lane=3"])


@pytest.mark.usefixtures("package")
def test_an_agent_that_cannot_be_imported_is_an_error_that_names_the_package() -> None:
    with pytest.raises(ConfigError, match=r"'broken'.*patience 1\.5 fails when it is imported"):
        compose(["agent=broken"])


@pytest.mark.usefixtures("package")
def test_an_unknown_agent_lists_those_of_packages_too() -> None:
    with pytest.raises(
        ConfigError, match="takes broken, dqn, es, evosax, evotorch, patient, random, sb3 or sbx"
    ):
        compose(["agent=nobody"])
    assert "patience" not in sys.modules


@pytest.mark.usefixtures("package")
def test_yaml_files_of_a_package_are_found_without_importing_it() -> None:
    assert [folder.parts[-2:] for folder in conf_folders()] == [("patience", "conf")]
    assert compose(["experiment=calm"]).seed == 41
    assert "patience" not in sys.modules
    tuned = compose(["agent=patient", "agent.patience=1", "env=CartPole-v1"])
    assert tuned.agent.params["num_lanes"] == 9


@pytest.mark.usefixtures("package")
def test_a_file_in_config_dir_wins_over_one_of_a_package(shown: Shown) -> None:
    files = {
        "tuned/patient/CartPole-v1.yaml": "agent: {num_lanes: 7}",
        "agent/patient.yaml": "{name: patient, _target_: x.Y, num_lanes: 5}",
    }
    agent = shown(files, "agent=patient", "env=CartPole-v1")["agent"]
    assert (agent["_target_"], agent["num_lanes"]) == ("x.Y", 7)


@pytest.mark.usefixtures("package")
def test_help_lists_what_packages_add(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines if line.startswith("    ") and line[4] != " "]
    assert names[:7] == ["broken", "dqn", "es", "evosax", "evotorch", "patient", "random"]
    assert "calm" in names
    assert "patience" not in sys.modules


@pytest.mark.parametrize("written", ["Foo-v0", "a_package:Foo-v0", "other:Foo-v0"])
def test_a_file_for_the_bare_id_is_used_for_the_id_with_a_package(
    shown: Shown, written: str
) -> None:
    files = {"env/Foo-v0.yaml": f"id: {written}\nthreshold: 90.0"}
    env = shown(files, "env=a_package:Foo-v0")["env"]
    assert (env["id"], env["threshold"]) == ("a_package:Foo-v0", 90.0)
    env = shown(files, "env=a_package:Foo-v0", "env.threshold=80")["env"]
    assert env["threshold"] == 80


def test_a_file_for_the_id_with_its_package_wins(shown: Shown) -> None:
    files = {
        "env/Foo-v0.yaml": "{id: Foo-v0, threshold: 90.0, max_episode_steps: 5}",
        "env/a_package:Foo-v0.yaml": "{id: a_package:Foo-v0, threshold: 70.0}",
    }
    env = shown(files, "env=a_package:Foo-v0")["env"]
    assert (env["threshold"], env["max_episode_steps"]) == (70.0, "auto")


def test_tuned_settings_follow_the_bare_id_and_its_namespace(shown: Shown) -> None:
    files = {
        "tuned/es/Foo-v0.yaml": "agent: {sigma: 0.5}",
        "tuned/es/Space.yaml": "agent: {sigma: 0.6, population: 6}",
        "tuned/es/Space/Bar-v0.yaml": "agent: {sigma: 0.7}",
        "env/Space/Foo-v0.yaml": "{id: Space/Foo-v0, threshold: 91.0}",
    }
    assert shown(files, "env=a_package:Foo-v0")["agent"]["sigma"] == 0.5
    found = shown(files, "env=a_package:Space/Foo-v0")
    assert found["agent"]["sigma"] == 0.6 and found["env"]["threshold"] == 91.0
    assert found["env"]["id"] == "a_package:Space/Foo-v0"
    for env_id in ("Space/Bar-v0", "a_package:Space/Bar-v0"):
        agent = shown(files, f"env={env_id}")["agent"]
        assert (agent["sigma"], agent["population"]) == (0.7, 6)
    assert shown(files, "env=a_package:Foo-v0", "agent=dqn")["agent"]["name"] == "dqn"


def test_the_threshold_of_the_file_reaches_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path / "site", monkeypatch, "own_envs", {}, {"own_envs.py": ENVIRONMENT})
    (tmp_path / "conf" / "env").mkdir(parents=True)
    (tmp_path / "conf" / "env" / "Own-v0.yaml").write_text("{id: Own-v0, threshold: 90.0}")
    words = ["--config-dir", str(tmp_path / "conf"), "env=own_envs:Own-v0", "dry_run=quick"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "es on own_envs:Own-v0" in out and "solved at   90.0" in out
