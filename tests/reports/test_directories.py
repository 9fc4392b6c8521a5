"""`rlbench report` and `rlbench claims` over several directories, and the page in a browser."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rlbench
from rlbench.cli.report import main
from rlbench.errors import ReportError
from rlbench.reports.build import build_report
from support.run_files import RunFiles

pytestmark = pytest.mark.usefixtures("blank_figures")


def names(report: Path) -> list[str]:
    """The names of all runs in a report's table."""
    with (report / "runs.csv").open(newline="") as file:
        return sorted(row["directory"] for row in csv.DictReader(file))


def two(root: Path) -> tuple[Path, Path]:
    """Two directories, each with a run of the same agent and environment, another seed."""
    for name, seed in (("mine", 0), ("theirs", 1)):
        RunFiles(seed=seed).write(root / name)
    return root / "mine", root / "theirs"


def test_runs_of_several_directories_are_in_one_report_each_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, theirs = two(tmp_path)
    assert main([str(mine), str(theirs)]) == 0
    said = capsys.readouterr().out
    assert "ES: 2 seeds, 2 solved it" in said
    assert f"open {mine / 'report' / 'index.html'} in a browser" in said
    below = "es/CartPole-v1/essetup/seed"
    assert names(mine / "report") == [f"mine/{below}0", f"theirs/{below}1"]
    page = (mine / "report" / "index.html").read_text()
    assert f'href="./../../theirs/{below}1/log.jsonl"' in page
    assert not (theirs / "report").exists()


def test_a_run_counts_once_however_often_its_directory_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, theirs = two(tmp_path)
    (tmp_path / "link").symlink_to(theirs)
    out = tmp_path / "out"
    given = [mine, tmp_path, theirs, mine / "..", tmp_path / "link", mine / "es"]
    assert main([*map(str, given), "--out", str(out)]) == 0
    below = "es/CartPole-v1/essetup/seed"
    assert names(out) == [f"mine/{below}0", f"theirs/{below}1"]
    assert capsys.readouterr().err == ""


def test_each_directory_has_to_be_there_and_one_of_them_needs_runs(tmp_path: Path) -> None:
    mine, _ = two(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReportError, match="nowhere: no such directory"):
        main([str(mine), str(tmp_path / "nowhere")])
    with pytest.raises(ReportError, match="empty: no run found"):
        main([str(tmp_path / "empty")] * 2)
    assert main([str(tmp_path / "empty"), str(mine)]) == 0
    assert names(tmp_path / "empty" / "report") == ["mine/es/CartPole-v1/essetup/seed0"]


def test_claims_take_several_directories(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rlbench.cli.claims import main as claims

    for agent in ("es", "dqn"):
        RunFiles(agent=agent, env="Hopper-v5", threshold=3374.0,
                 history=((0.0, 0.0), (1.0, 3400.0))).write(tmp_path / agent)  # fmt: skip
    assert claims([str(tmp_path / "es"), str(tmp_path / "dqn")]) == 0
    both = capsys.readouterr().out
    assert claims([str(tmp_path / "es")]) == 0
    assert "Hopper-v5" in both and "Hopper-v5" not in capsys.readouterr().out
    with pytest.raises(ReportError, match="nowhere: no such directory"):
        claims([str(tmp_path / "es"), str(tmp_path / "nowhere")])


def test_evaluations_are_those_of_the_python_frame(tmp_path: Path) -> None:
    two(tmp_path)
    main([str(tmp_path)])
    with (tmp_path / "report" / "evaluations.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    frame = rlbench.load_runs(tmp_path).evaluations()
    assert list(rows[0]) == list(frame.columns)
    assert [(int(row["seed"]), int(row["evaluation"]), float(row["train_s"]),
             float(row["return_mean"])) for row in rows] == [
        (0, 0, 0.0, 10.0), (0, 1, 1.0, 480.0), (1, 0, 0.0, 10.0), (1, 1, 1.0, 480.0)
    ]  # fmt: skip
    assert [row["directory"] for row in rows] == list(frame["directory"])


def opened(words: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """A command with `--open`, in an environment that has only these variables and PYTHONPATH."""
    kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    command = [sys.executable, "-m", "rlbench", *words, "--open"]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True, env=kept | environment
    )


def test_open_shows_the_page_in_the_browser(tmp_path: Path) -> None:
    mine, _ = two(tmp_path)
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" > {tmp_path / "shown"}\n')
    program.chmod(0o755)
    done = opened(["report", str(mine)], BROWSER=f"{program} %s")
    assert (tmp_path / "shown").read_text().strip() == (mine / "report" / "index.html").as_uri()
    assert done.stderr == ""


def test_open_says_so_where_there_is_no_browser(tmp_path: Path) -> None:
    mine, _ = two(tmp_path)
    done = opened(["report", str(mine)], PATH=str(tmp_path))
    assert done.stderr == f"note: no browser to open {mine / 'report' / 'index.html'} with\n"


def test_only_some_of_the_runs_and_how_many_others_there_are(tmp_path: Path) -> None:
    mine, _ = two(tmp_path)
    (asked,) = (path.parent for path in mine.rglob("run.json"))
    report = build_report(tmp_path, only=[asked])
    assert report.runs == 1
    assert report.problems == (
        "1 more run is here, of other settings or seeds: not in this report",
    )
    assert names(tmp_path / "report") == ["mine/es/CartPole-v1/essetup/seed0"]


@pytest.mark.parametrize("given", [["--out", ""], [""]])
def test_an_empty_name_is_not_the_working_directory(
    given: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    RunFiles().write(tmp_path / "results" / "runs")
    with pytest.raises(SystemExit, match="2"):
        main(given)
    assert "got nothing, takes a folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 kB."""
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=100k", "none", str(place)]
    try:
        done = subprocess.run(words, capture_output=True, check=False).returncode
    except OSError:
        done = 1
    if done:
        pytest.skip("nothing can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_nothing_that_looks_like_a_report(
    tmp_path: Path, small_disk: Path
) -> None:
    RunFiles().write(tmp_path / "runs")
    out = small_disk / "report"
    with pytest.raises(ReportError, match=r"report: cannot be written \(.*No space left on device"):
        build_report(tmp_path / "runs", out)
    assert list(out.iterdir()) == []


def test_what_is_in_the_way_of_a_page_leaves_nothing_that_looks_like_a_report(
    tmp_path: Path,
) -> None:
    RunFiles().write(tmp_path / "runs")
    (tmp_path / "out" / "index.html").mkdir(parents=True)
    with pytest.raises(ReportError, match="cannot be written"):
        build_report(tmp_path / "runs", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["index.html"]
