"""The figure of `rlbench scale`: what stands where."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.reports.figures.scaling import (
    draw_forecast,
    figure_caption,
    measured_points,
    published_points,
)
from rlbench.reports.figures.style import styled
from rlbench.scaling.forecast import forecast
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.measured import read_measured
from support.scaled_run import write_run

pytest.importorskip("simpy", reason="rlbench[scale] is not installed")


def test_measured_runs_and_published_figures_are_drawn_where_they_are(tmp_path: Path) -> None:
    # 40 CPU-seconds in 80 s on a busy core; and in 25 s on two.
    one = read_measured(write_run(tmp_path / "one", cpu_per_s=0.5), Hardware())
    two = read_measured(write_run(tmp_path / "two", cores=2, cpu_per_s=1.6), Hardware())
    found = forecast(one, Hardware(), "central", (1, 2, 4), (two,))
    assert measured_points(found) == [(1, pytest.approx(0.5)), (2, pytest.approx(1.6))]
    assert "a measured run by the clock: on a busy machine it lies lower" in figure_caption(found)
    # 657 minutes on 18 cores, 10 on 1,440, the first as if 18 cores were perfectly used.
    assert published_points(found) == [(18, 18.0), (1440, pytest.approx(18 * 65.7))]
    with styled():
        (axes,) = draw_forecast(found).axes
    low, high = axes.get_ylim()
    assert low < 0.5
    assert high > 4


def test_a_run_of_dqn_has_no_published_figure_of_es(tmp_path: Path) -> None:
    run = read_measured(write_run(tmp_path / "run", agent="dqn"), Hardware())
    assert published_points(forecast(run, Hardware(), "central", (1, 2))) == []
