"""README and its neighbours: commands run, links lead somewhere, versions agree."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import rlbench
from rlbench.cli.main import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "src" / "rlbench" / "published" / "README.md",
    ROOT / "tests" / "example_package" / "README.md",
]
COMMAND = "python -m rlbench "
READERS = ("report", "claims")  # subcommands that only read runs: they run as they stand
PLAYERS = {"evaluate": "numpy", "watch": "imageio_ffmpeg", "export": "onnx"}  # and what they need
SINGLE_RUN = "python -m rlbench agent=es env=CartPole-v1"

Run = Callable[..., str]


def fenced(document: Path, language: str) -> list[str]:
    """The fenced blocks of a document in one language; "" for those that name none."""
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.findall(pattern, document.read_text(), re.MULTILINE | re.DOTALL)


def example_commands() -> list[str]:
    lines = "".join(fenced(ROOT / "README.md", "")).splitlines()
    commands = [line.split("#")[0].strip() for line in lines]
    return [command for command in commands if command.startswith(COMMAND)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a short run."""
    folder = tmp_path_factory.mktemp("readme")
    words = [*SINGLE_RUN.split()[1:], "budget.env_steps=500"]
    subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, check=True)
    assert [path.name for path in folder.iterdir()] == ["results"]
    return folder


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command of rlbench there, in this process; what it printed."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")

    def rlbench(*words: str) -> str:
        status = main(words)
        out, err = capsys.readouterr()
        assert status == 0, f"{words}: {err}"
        return out

    return rlbench


def test_readme_has_an_example_of_each_use() -> None:
    subcommands = [command.removeprefix(COMMAND).split()[0] for command in example_commands()]
    assert subcommands.count("-m") == 3
    assert subcommands.count("report") == 2
    assert subcommands.count("claims") == 1
    assert subcommands.count("compare") == 2
    assert set(PLAYERS) < set(subcommands) and len(subcommands) == 13
    assert SINGLE_RUN in example_commands()


@pytest.mark.parametrize("command", example_commands())
def test_an_example_runs(command: str, run: Run) -> None:
    """Trainings are only planned: every word is checked and every environment is built."""
    words = command.removeprefix(COMMAND).split()
    if "mujoco" in command:
        pytest.importorskip("mujoco")
    if words[0] in PLAYERS:
        pytest.importorskip(PLAYERS[words[0]])
        (place,) = Path("results").glob("runs/es/*/*/seed0")
        run(*(word if word != "RUN" else str(place) for word in words))
    elif words[0] in READERS:
        assert "CartPole-v1" in run(*words) or words[0] == "claims"
    else:
        one_seed = "seeds=1" if words[0] == "compare" else "seed=0"
        words = [word for word in words if not word.startswith("seeds=")]
        assert "core-hours" in run(*words, one_seed, "dry_run=quick")


def test_the_python_example_runs(folder: Path) -> None:
    (program,) = fenced(ROOT / "README.md", "python")
    asked = "seed=range(5)"
    assert asked in program
    reduced = program.replace(asked, 'seed=0, budget={"env_steps": 500}, progress=False')
    done = subprocess.run(
        [sys.executable, "-c", reduced], cwd=folder, capture_output=True, text=True, check=True
    )
    *table, mean_return = done.stdout.splitlines()
    assert "baseline" in "".join(table)
    assert 1 <= float(mean_return) <= 500


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_lead_to_files(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    relative = {target.partition("#")[0] for target in targets if "://" not in target}
    assert [name for name in relative if not (document.parent / name).exists()] == []


def test_two_commands_are_scripts() -> None:
    scripts = re.findall(r"^bash (\S+)", "".join(fenced(ROOT / "README.md", "")), re.MULTILINE)
    assert scripts == ["scripts/demo", "scripts/test"]
    assert all((ROOT / script).is_file() for script in scripts)


def test_citation_and_changelog_name_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    # What the Citation File Format 1.2.0 requires.
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert all("name" in author or "family-names" in author for author in citation["authors"])
    assert citation["version"] == rlbench.__version__
    newest = re.search(r"^## (\S+) – (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest.groups() == (citation["version"], citation["date-released"])
