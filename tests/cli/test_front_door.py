"""Help, version and subcommands: what they print, and what they must not import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rlbench as package
from rlbench.cli.main import main
from support.wheels import REPOSITORY, install_wheel

Rlbench = Callable[..., subprocess.CompletedProcess[str]]
HEAVY = ("numpy", "pandas", "gymnasium", "tensorflow", "matplotlib", "pydantic", "scipy")


def test_help_shows_a_newcomer_what_to_type(rlbench: Rlbench, tmp_path: Path) -> None:
    result = rlbench("--help")
    assert (result.returncode, result.stderr) == (0, "")
    for text in (
        "rlbench -m experiment=classic",
        "rlbench report [DIR] [--out DIR]",
        "any id that Gymnasium can make",
        "budget.train_seconds=600",
        "Exit status: 0 done",
    ):
        assert text in result.stdout
    assert "env: Pendulum-v1" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert list(tmp_path.iterdir()) == []


def test_help_of_another_agent_shows_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agent=random", "--help"]) == 0
    out = capsys.readouterr().out
    assert "Agent random: Acts at random" in out
    assert "agent.num_lanes=8              environments that step together" in out
    assert "agent.sigma=0.1" not in out


@pytest.mark.parametrize(
    "words", [("--help",), ("help", "agent.sigma"), ("--version",), ("--cfg", "job")]
)
def test_the_front_door_imports_nothing_heavy(words: tuple[str, ...], tmp_path: Path) -> None:
    assert imported(words, tmp_path) & set(HEAVY) == set()


def imported(words: tuple[str, ...], directory: Path) -> set[str]:
    """The modules that `python -m rlbench WORDS` has imported when it ends."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "rlbench", *words],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rlbench {package.__version__}\n"


def test_envs_lists_by_family_with_levels_and_caps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["envs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  ")}
    assert rows["CartPole-v1"][:2] == ["475", "500"]
    assert rows["Pendulum-v1"][:2] == ["-200", "200"]  # conf/env's level; Gymnasium has none
    assert rows["ALE/Pong-v5"][:2] == ["-3.05", "-"]  # halfway from random play to a human
    assert rows["phys2d/CartPole-v1"][2:] == ["needs", "package", "jax"]
    assert "LunarLander-v2" not in rows
    assert lines.index("Classic control") < lines.index("Box2D") < lines.index("MuJoCo")
    assert "" not in (lines[0], lines[-1])
    atari = lines.index("Atari")
    assert lines[atari + 1] == (
        "solved at: halfway from the score of random play to that of a human"
    )


def test_envs_takes_a_word_and_says_when_nothing_matches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["envs", "LUNAR"]) == 0
    rows = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "-v" in line]
    assert rows == ["LunarLander-v3", "LunarLanderContinuous-v3"]
    assert main(["envs", "no-such-thing"]) == 1
    assert capsys.readouterr().err == (
        "rlbench: no environment here has 'no-such-thing' in its id or family\n"
    )


def test_a_wheel_carries_its_configuration_and_works_elsewhere(tmp_path: Path) -> None:
    """Built, unpacked and run with nothing of the checkout on the path."""
    installed, elsewhere = tmp_path / "installed", tmp_path / "cwd"
    elsewhere.mkdir()
    install_wheel(REPOSITORY, installed)
    assert (installed / "rlbench" / "conf" / "env" / "Pendulum-v1.yaml").is_file()
    assert (installed / "rlbench" / "py.typed").is_file()  # type checkers of users ask for it
    probe = (
        f"import sys; sys.path = [{str(installed)!r}, *(p for p in sys.path if p != {SRC!r})]\n"
        "from rlbench.config.folders import conf_dir; print(conf_dir())\n"
        "from rlbench.cli.main import main; sys.exit(main(['-m', 'env=Pendulum-v1,ALE/Pong-v5', "
        "'agent=random', 'dry_run=quick']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    where, _, first, second, *_ = result.stdout.splitlines()
    assert where == str(installed / "rlbench" / "conf")
    assert first.split()[:2] == ["random", "Pendulum-v1"]
    assert second.split()[:2] == ["random", "ALE/Pong-v5"]
    assert list(elsewhere.iterdir()) == []


SRC = str(REPOSITORY / "src")
