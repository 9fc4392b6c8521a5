"""`rlbench envs`, and thresholds in a user's files, from a checkout and from a wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rlbench.cli.envs import agents_tuned_for, thresholds_in
from rlbench.cli.main import main
from support.wheels import REPOSITORY, install_wheel

ENVIRONMENT = """
import gymnasium
gymnasium.register("YourEnv-v0", "gymnasium.envs.classic_control:CartPoleEnv")
"""


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """The printed lines by id."""
    assert main(["envs", *words]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    return {line.split()[0]: line for line in lines if line.split()[0] != "id"}


def test_tuned_lists_what_has_tuned_settings_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = listed(capsys, "tuned")
    assert rows["CartPole-v1"].endswith("tuned: dqn, es, sb3")
    assert rows["ALE/Pong-v5"].endswith("tuned: dqn, es, sb3")  # by conf/tuned/dqn/ALE.yaml
    assert sum(env_id.startswith("ALE/") for env_id in rows) > 95
    assert "FrozenLake-v1" not in rows
    assert all("tuned: " in row for row in rows.values())


def test_tasks_of_the_control_suite_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed(capsys, "control suite")
    assert len(rows) == 28
    present = importlib.util.find_spec("dm_control") is not None
    assert ("needs extra dm_control" in rows["dm_control/walker-walk-v0"]) != present
    assert rows["dm_control/walker-walk-v0"].split()[1:3] == ["-", "1000"]


def test_tuned_files_are_those_of_the_id_and_of_its_namespace(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for path in ("one/tuned/es/Foo-v0", "one/tuned/dqn/Space", "other/tuned/mine/Space/Foo-v0"):
        file = tmp_path / f"{path}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    assert agents_tuned_for("Foo-v0", [one, other]) == ["es"]
    assert agents_tuned_for("Space/Foo-v0", [one, other]) == ["dqn", "mine"]
    assert agents_tuned_for("Space/Bar-v0", [one]) == ["dqn"]
    assert agents_tuned_for("Bar-v0", [one, other, tmp_path / "nowhere"]) == []


def test_thresholds_are_those_of_the_first_folder_that_has_one(tmp_path: Path) -> None:
    for path, text in {
        "one/env/Foo-v0": "{id: foo:Foo-v0, threshold: 3}",
        "one/env/Bar-v0": "{id: Bar-v0, max_episode_steps: 5}",
        "two/env/Foo-v0": "{id: Foo-v0, threshold: 4}",
        "two/env/Space/Bar-v0": "{id: Space/Bar-v0, threshold: 5}",
    }.items():
        file = tmp_path / f"{path}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    folders = [tmp_path / "one", tmp_path / "two"]
    assert thresholds_in(folders) == {"Foo-v0": 3.0, "Space/Bar-v0": 5.0}


def planned(tmp_path: Path, paths: list[Path], *words: str) -> str:
    """What a dry run prints in an empty folder with `paths` in place of the checkout."""
    package = tmp_path / "site" / "package.py"
    package.parent.mkdir(exist_ok=True)
    package.write_text(ENVIRONMENT)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    found = [str(path) for path in (*paths, package.parent)]
    done = subprocess.run(
        [sys.executable, "-m", "rlbench", *words, "agent=random", "dry_run=quick"],
        cwd=elsewhere, env={**os.environ, "PYTHONPATH": os.pathsep.join(found)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list(elsewhere.iterdir()) == []
    return done.stdout


def test_a_threshold_in_conf_env_of_a_checkout(tmp_path: Path) -> None:
    """README's recipe, in a copy of the checkout's sources and configuration."""
    for part in ("src", "conf"):
        shutil.copytree(REPOSITORY / part, tmp_path / "checkout" / part)
    file = tmp_path / "checkout" / "conf" / "env" / "YourEnv-v0.yaml"
    file.write_text("id: YourEnv-v0\nthreshold: 90.0\n")
    shown = planned(tmp_path, [tmp_path / "checkout" / "src"], "env=package:YourEnv-v0")
    assert "random on package:YourEnv-v0, seed 0" in shown
    assert "solved at   90.0" in shown


def test_a_threshold_in_a_folder_beside_an_installed_wheel(tmp_path: Path) -> None:
    install_wheel(REPOSITORY, tmp_path / "installed")
    mine = tmp_path / "mine"
    (mine / "env").mkdir(parents=True)
    (mine / "env" / "YourEnv-v0.yaml").write_text("id: package:YourEnv-v0\nthreshold: 90.0\n")
    (mine / "tuned" / "random").mkdir(parents=True)
    (mine / "tuned" / "random" / "YourEnv-v0.yaml").write_text("budget: {train_seconds: 7}\n")
    words = ["--config-dir", str(mine), "env=package:YourEnv-v0"]
    shown = planned(tmp_path, [tmp_path / "installed"], *words)
    assert "random on package:YourEnv-v0, seed 0" in shown
    assert "solved at   90.0" in shown
    assert "ends at     7 s of training" in shown
