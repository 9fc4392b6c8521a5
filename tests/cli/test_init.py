"""Agents, environments and experiments of one's own, without a checkout: `rlbench init`, ./conf and
--config-dir, from a wheel in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rlbench.cli.main import main
from rlbench.config.folders import own_folder, template_dir
from support.wheels import REPOSITORY, install_wheel

Result = subprocess.CompletedProcess[str]
FILES = sorted(
    path.relative_to(template_dir()).as_posix()
    for path in template_dir().rglob("*")
    if path.suffix in (".md", ".py", ".sh", ".yaml")
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    """Runs `rlbench WORDS` of a built wheel, as the script that pip makes would: the working
    directory is not on the path."""
    installed = tmp_path_factory.mktemp("wheel") / "installed"
    install_wheel(REPOSITORY, installed)
    script = installed / "rlbench_script.py"
    script.write_text("import sys\nfrom rlbench.cli.main import main\nsys.exit(main())\n")

    def run(directory: Path, *words: str) -> Result:
        variables = {**os.environ, "PYTHONPATH": str(installed)}
        return subprocess.run(
            [sys.executable, str(script), *words],
            cwd=directory,
            capture_output=True,
            text=True,
            env=variables,
            timeout=110,
            check=False,
        )

    return run


def test_the_template_runs_as_it_is_written(wheel: Callable[..., Result], tmp_path: Path) -> None:
    made = wheel(tmp_path, "init", "mine")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.splitlines()[-1] == "try them: cd mine && rlbench experiment=first"
    mine = tmp_path / "mine"
    found = sorted(path.relative_to(mine).as_posix() for path in mine.rglob("*") if path.is_file())
    assert found == FILES

    swept = wheel(mine, "experiment=first", "seed=0", "-m")
    assert swept.returncode == 0, swept.stdout + swept.stderr
    assert swept.stderr == f"note: the files in {mine / 'conf'} are used, too\n"
    runs = [json.loads(path.read_text()) for path in mine.rglob("run.json")]
    assert {(run["agent"], run["env"], run["threshold"]) for run in runs} == {
        ("climber", "my_env:Reach-v0", 17.5),
        ("es", "my_env:Reach-v0", 17.5),
    }
    summaries = [json.loads(path.read_text()) for path in mine.rglob("summary.json")]
    assert [summary["status"] for summary in summaries] == ["solved"] * 2
    assert "Reach-v0 (solved at 17.5)" in swept.stdout

    assert "Reach-v0" in wheel(mine, "envs").stdout
    explained = wheel(mine, "help", "agent.episodes")
    assert "episodes that a change is tried for" in explained.stdout
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    words = ("agent=climber", "env=Reach-v0", "budget.env_steps=1000", "results_dir=found")
    named = wheel(elsewhere, "--config-dir", str(mine / "conf"), *words)
    assert named.returncode == 0, named.stderr
    assert [path.name for path in elsewhere.iterdir()] == ["found"]
    folder = ("--config-dir", "../mine/conf")
    assert "Reach-v0" in wheel(elsewhere, "envs", "reach", *folder).stdout
    explained = wheel(elsewhere, "help", *folder, "agent.episodes", "agent=climber")
    assert "  value    10   with agent=climber" in explained.stdout


def test_the_agent_of_the_template_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(template_dir()))
    from rlbench.testing import check_agent

    check_agent("my_agent:Climber")


def test_nothing_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my_agent.py").write_text("mine")
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 2
    assert capsys.readouterr().err == (
        "rlbench: init: got '.'; takes a folder without my_agent.py: nothing is overwritten\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["my_agent.py"]
    assert (tmp_path / "my_agent.py").read_text() == "mine"
    assert main(["init", "my_agent.py"]) == 2
    (tmp_path / "link").symlink_to("nowhere")
    capsys.readouterr()
    assert main(["init", "link"]) == 2
    takes = "takes a folder, and this is a link that leads nowhere"
    assert capsys.readouterr().err == f"rlbench: init: got 'link'; {takes}\n"
    assert main(["init", "other"]) == 0
    assert main(["init", "other"]) == 2


def test_a_conf_of_another_program_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert own_folder() is None
    conf = tmp_path / "conf"
    conf.mkdir()
    assert own_folder() is None  # an empty one
    (conf / "env").mkdir()
    assert own_folder() == conf.resolve()
    (conf / "model").mkdir()
    assert own_folder() is None
    (conf / "model").rmdir()
    (conf / "config.yaml").write_text("")
    assert own_folder() is None


def test_the_checkouts_own_folder_is_not_taken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert own_folder() is None
