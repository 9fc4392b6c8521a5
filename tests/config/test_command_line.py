"""One run or a sweep: who says so, and how often it is composed to find out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import DictConfig

from rlbench.cli.main import main
from rlbench.config.folders import conf_dir


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Hydra was asked to compose, one after the other."""
    found: list[str] = []
    load = ConfigLoaderImpl.load_configuration

    def load_and_count(self: ConfigLoaderImpl, *given: Any, **named: Any) -> DictConfig:
        found.append(named["run_mode"].name)
        return load(self, *given, **named)

    monkeypatch.setattr(ConfigLoaderImpl, "load_configuration", load_and_count)
    return found


@pytest.mark.parametrize(
    ("line", "status", "times"),
    [
        ("seed=3", 0, ["RUN"]),
        ("--config-dir own agent=mine hydra.mode=RUN", 0, ["RUN"]),  # a job of a sweep
        ("experiment=zoo_dqn_cartpole hydra.mode=RUN", 0, ["RUN"]),
        ("seed=-1", 2, ["RUN"]),
        ("sed=1", 2, ["RUN", "RUN"]),  # the second time for the keys that there are
        ("-m seed=3,4", 0, ["MULTIRUN", "RUN", "RUN"]),
        ("hydra.mode=MULTIRUN seed=3,4", 0, ["MULTIRUN", "MULTIRUN", "RUN", "RUN"]),
    ],
)
def test_what_is_said_by_words_alone_is_composed_once(
    line: str,
    status: int,
    times: list[str],
    composed: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "agent").mkdir(parents=True)
    (tmp_path / "own" / "agent" / "mine.yaml").write_text(
        "{name: mine, _target_: rlbench.agents.random.RandomAgent}"
    )
    assert main([*line.split(), "dry_run=quick"]) == status
    assert composed == times


def test_only_experiments_of_rlbench_say_that_they_are_sweeps() -> None:
    """What is said anywhere else would not be heard."""
    files = {path: yaml.safe_load(path.read_text()) for path in conf_dir().rglob("*.yaml")}
    saying = {
        path.parent.name for path, values in files.items() if "mode" in (values.get("hydra") or {})
    }
    assert saying == {"experiment"}


@pytest.mark.parametrize(
    ("group", "folder"),
    [("experiment", "conf"), ("experiment", "own"), ("env", "own"), ("agent", "conf")],
)
def test_a_file_of_ones_own_can_ask_for_a_sweep(
    group: str,
    folder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / folder / group).mkdir(parents=True)
    needs = {
        "env": "env: {id: CartPole-v1}",
        "agent": "agent: {name: mine, _target_: rlbench.agents.random.RandomAgent}",
    }
    (tmp_path / folder / group / "mine.yaml").write_text(
        f"# @package _global_\nhydra: {{mode: MULTIRUN}}\n{needs.get(group, '')}\n"
    )
    words = ["--config-dir", "own"] if folder == "own" else []
    assert main([*words, f"{group}=mine", "seed=3,4", "dry_run=quick"]) == 0
    assert "2 jobs: 2 waiting" in capsys.readouterr().out
    assert main([*words, f"{group}=mine", "hydra.mode=RUN", "seed=3", "dry_run=quick"]) == 0
    assert "jobs" not in capsys.readouterr().out
