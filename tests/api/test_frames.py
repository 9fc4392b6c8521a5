"""Runs as tables for pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rlbench
from support.run_files import RunFiles


@pytest.fixture
def runs(tmp_path: Path) -> rlbench.Runs:
    """Three seeds of ES, which solves it after 1, 1.5 and 2 s, and of DQN, ten times slower."""
    for seed in range(3):
        end = 1.0 + 0.5 * seed
        for agent, factor in (("es", 1), ("dqn", 10)):
            history = [(0.0, 20.0), (factor * end, 480.0)]
            RunFiles(agent=agent, seed=seed, history=history).write(tmp_path)
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "run.json").write_text("{")
    return rlbench.load_runs(tmp_path)


def test_a_row_a_run(runs: rlbench.Runs) -> None:
    frame = runs.frame()
    es = frame[frame.agent == "es"].sort_values("seed")
    assert es.solved_train_s.tolist() == [1.0, 1.5, 2.0]
    assert es.status.tolist() == ["solved"] * 3
    assert frame.threshold.dtype == np.float64 and frame.seed.dtype.kind in "iu"
    meanings = frame.attrs["columns"]
    assert list(meanings) == list(frame.columns) and all(meanings.values())
    assert len(runs) == len(frame) == 6 and runs[0].agent in ("es", "dqn")
    (problem,) = runs.problems
    assert problem.startswith("torn: run.json ")


def test_a_row_an_evaluation(runs: rlbench.Runs) -> None:
    frame = runs.evaluations()
    one = frame[(frame.agent == "dqn") & (frame.seed == 1)]
    assert one.train_s.tolist() == [0.0, 15.0]
    assert one.return_mean.tolist() == [20.0, 480.0]
    assert one.evaluation.tolist() == [0, 1]
    assert (one.core_s == 2 * one.train_s).all()
    assert list(frame.attrs["columns"]) == list(frame.columns)


def test_ratios_against_either_baseline(runs: rlbench.Runs) -> None:
    def headline(frame: object) -> object:
        (row,) = frame[frame.is_threshold & (frame.unit == "train_s")].itertuples()  # type: ignore[index, attr-defined]
        return row

    row = headline(runs.ratios())
    assert (row.baseline, row.challenger) == ("dqn", "es")  # type: ignore[attr-defined]
    assert row.ratio == pytest.approx(10)  # type: ignore[attr-defined]
    other = headline(runs.ratios(baseline="es"))
    assert (other.baseline, other.ratio) == ("es", pytest.approx(0.1))  # type: ignore[attr-defined]
    turned = headline(rlbench.load_runs(runs.directory, baseline="es").ratios())
    assert turned.ratio == pytest.approx(0.1)  # type: ignore[attr-defined]


def test_the_answer_is_that_of_the_report(runs: rlbench.Runs, tmp_path: Path) -> None:
    report = runs.report(tmp_path / "out")
    assert runs.answer.splitlines() == list(report.lines)[: len(runs.answer.splitlines())]
    assert "or DQN: 3 and 3 seeds are too few for a 95 % interval" in runs.answer
    assert report.page == tmp_path / "out" / "index.html" and report.page.is_file()
    same = rlbench.report(runs.directory, tmp_path / "again")
    assert same.page.read_bytes() == report.page.read_bytes()


def test_parts_of_runs_are_runs(runs: rlbench.Runs) -> None:
    assert isinstance(runs[:2], rlbench.Runs) and len(runs[:2]) == 2
    assert len(runs[:2].frame()) == 2
    assert repr(runs) == f"<Runs: 6 below {runs.directory}>"


def test_one_run_is_read_by_its_directory(runs: rlbench.Runs) -> None:
    one = rlbench.load_run(runs[0].directory)
    assert (one.agent, one.seed) == (runs[0].agent, runs[0].seed)
    assert one.solved_at is not None and one.solved_at.at.train_s == runs[0].solved_at.at.train_s  # type: ignore[union-attr]
    with pytest.raises(rlbench.ReportError, match=r"torn: run.json .*passed over"):
        rlbench.load_run(runs.directory / "torn")
    with pytest.raises(rlbench.ReportError, match="nowhere: no such directory"):
        rlbench.load_runs(runs.directory / "nowhere")


def test_no_runs_are_empty_tables(tmp_path: Path) -> None:
    runs = rlbench.load_runs(tmp_path)
    assert len(runs) == 0 and runs.answer == ""
    for frame in (runs.frame(), runs.evaluations(), runs.ratios()):
        assert len(frame) == 0 and len(frame.columns) > 10
