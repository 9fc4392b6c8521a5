"""Figures of installed packages: one that fails is left out and named, and the report goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.cli.claims import main as claims
from rlbench.cli.report import main
from rlbench.errors import ConfigError
from rlbench.reports.build import build_report
from rlbench.reports.figures import draw as drawing
from rlbench.reports.figures import learning
from rlbench.reports.figures.registry import EnvironmentFigure, figure_called
from support.packages import install
from support.run_files import RunFiles

pytestmark = pytest.mark.usefixtures("blank_figures")

MODULE = """
from matplotlib.figure import Figure
from rlbench.reports.figures.registry import EnvironmentFigure

def draw(analysis, looks):
    return Figure(figsize=(2, 2))

def fail(*_):
    raise ValueError("two\\nlines")

def leave(*_):
    raise SystemExit(3)

def say(analysis):
    return "said"

GOOD = EnvironmentFigure("Good", say, draw, say)
DRAWS = EnvironmentFigure("Draws", say, fail, say)
LEAVES = EnvironmentFigure("Leaves", say, leave, say)
AXES = EnvironmentFigure("Axes", say, lambda *_: 7, say)
CAPTION = EnvironmentFigure("Caption", fail, draw, say)
WORDS = EnvironmentFigure("Words", say, draw, fail)
NUMBER = EnvironmentFigure("Number", say, draw, lambda _: 7)
OTHER = 7
"""


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for agent in ("es", "dqn"):
        RunFiles(agent=agent).write(tmp_path / "runs")
    return tmp_path / "runs"


def register(
    place: Path, monkeypatch: pytest.MonkeyPatch, package: str, *points: str, text: str = MODULE
) -> None:
    groups = {"rlbench.figures": points}
    install(place / package, monkeypatch, package, groups, {f"{package}_figures.py": text})


FAULTS = {
    "DRAWS": "ValueError: two lines",
    "LEAVES": "SystemExit: 3",
    "AXES": "AttributeError: 'int' object has no attribute",
    "CAPTION": "ValueError: two lines",
    "WORDS": "ValueError: two lines",
    "NUMBER": "TypeError: its title, caption and words must be text",
    "OTHER": "takes an object of a class of rlbench.reports.figures",
    "NOTHING": "fails when it is imported (AttributeError",
}


def test_figures_that_fail_are_left_out_and_named(
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    points = [f"{thing.lower()} = shop_figures:{thing}" for thing in FAULTS]
    register(tmp_path, monkeypatch, "shop", *points, "good = shop_figures:GOOD")
    assert main([str(runs)]) == 0
    notes = capsys.readouterr().err.splitlines()
    written = {path.name for path in (runs / "report").iterdir()}
    assert {"CartPole-v1-good.png", "CartPole-v1-curves.png"} <= written
    page = (runs / "report" / "index.html").read_text()
    assert len(notes) == len(FAULTS)
    for thing, cause in FAULTS.items():
        name = thing.lower()
        said = f"note: figure '{name}' of shop 1.5 failed and is left out: "
        (note,) = (line for line in notes if line.startswith(said))
        assert cause in note
        assert f"CartPole-v1-{name}.png" not in written
        assert f"figure &#39;{name}&#39; of shop 1.5 failed and is left out" in page


def test_what_fails_on_every_environment_is_said_once_by_workers_too(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RunFiles(env="Other-v0").write(runs)
    register(tmp_path, monkeypatch, "mall", "bad = mall_figures:DRAWS")
    note = "figure 'bad' of mall 1.5 failed and is left out: ValueError: two lines"
    assert build_report(runs).problems.count(note) == 1
    monkeypatch.setattr(drawing, "PARALLEL_FROM", 2)
    monkeypatch.setattr(drawing, "_usable_cores", lambda: 2)
    assert build_report(runs).problems.count(note) == 1


def test_a_name_of_two_packages_and_a_name_that_leaves_the_folder(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(tmp_path, monkeypatch, "north", "bar = north_figures:GOOD")
    points = "bar = south_figures:GOOD", "../x = south_figures:GOOD"
    register(tmp_path, monkeypatch, "south", *points)
    problems = build_report(runs).problems
    assert [problem.partition(" failed")[0] for problem in problems] == [
        "figure '../x' of south 1.5",
        "figure 'bar' of north 1.5 and south 1.5",
    ]
    with pytest.raises(ConfigError, match=r"figure: got '../x'; takes a name of letters"):
        figure_called("../x")


def test_the_claims_are_written_beside_a_package_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    register(tmp_path, monkeypatch, "kiosk", "bad = kiosk_figures:A", text="raise OSError('gone')")
    monkeypatch.chdir(tmp_path)
    assert claims(["--out", "out"]) == 0
    assert "note: figure 'bad' of kiosk 1.5 failed and is left out" in capsys.readouterr().err
    assert (tmp_path / "out" / "published-atari.png").exists()


def test_a_figure_of_rlbench_that_fails_is_not_hidden(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a mistake")

    figure = EnvironmentFigure("Curves", learning.FIGURE.caption, fail, learning.FIGURE.words)
    monkeypatch.setattr(learning, "FIGURE", figure)
    with pytest.raises(ValueError, match="a mistake"):
        build_report(runs)
