"""Figures over several environments: nothing is written over anything else, all is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.analysis.groups import group_runs
from rlbench.analysis.speed_ratios import speed_ratios
from rlbench.analysis.suite_statistics import SuiteStatistics, across_environments
from rlbench.reports.figures.across import draw_aggregate, draw_profiles, draw_score_curves
from rlbench.reports.figures.ratios import draw_ratios
from rlbench.reports.figures.style import styled
from rlbench.runs.load import load_runs
from support.figures import assert_readable, boxes, pair
from support.run_files import RunFiles


def suite(root: Path, seeds: int, *, random: bool = True) -> SuiteStatistics:
    times = {"Fast-v0": (1.0, 90.0), "Slow-v0": (300.0, 20.0), "Hard-v0": (9.0, None)}
    for env, (es_s, dqn_s) in times.items():
        runs = pair(env, es_s, dqn_s, seeds)
        if random:
            runs.append(RunFiles(agent="random", env=env, history=((0.0, 9.0),), status="budget"))
        for run in runs:
            run.write(root)
    environments = group_runs(load_runs(root).runs)
    ratios = [ratio for e in environments for ratio in speed_ratios(e)]
    (found,) = across_environments(environments, ratios)
    return found


@pytest.mark.parametrize("seeds", [1, 3])
def test_no_text_meets_another_and_the_uncertainty_is_named(tmp_path: Path, seeds: int) -> None:
    found = suite(tmp_path, seeds)
    with styled():
        for draw in (draw_aggregate, draw_profiles, draw_score_curves):
            figure = draw(found)
            assert figure is not None
            assert_readable(figure)
            texts = " ".join(" ".join(content for content, _ in boxes(figure)).split())
            said = "stratified bootstrap" if seeds > 1 else "one seed of es on Fast-v0, so no"
            assert said in texts
            assert "better" in texts
            assert "2 cores of Example CPU" in texts


def test_without_scores_only_the_chance_of_being_sooner_is_drawn(tmp_path: Path) -> None:
    found = suite(tmp_path, 3, random=False)
    with styled():
        assert draw_profiles(found) is None
        assert draw_score_curves(found) is None
        figure = draw_aggregate(found)
        assert figure is not None
        assert_readable(figure)
    assert len(figure.axes) == 1


def test_the_geometric_mean_has_a_row_beside_the_ratios(tmp_path: Path) -> None:
    found = suite(tmp_path, 3)
    with styled():
        figure = draw_ratios([r for r in found.ratios if r.unit == "train_s"], ["2 cores"])
        assert figure is not None
        texts = " ".join(content for content, _ in boxes(figure))
    assert "3 environments (geometric mean)" in texts
    assert "DQN 6/9, ES 9/9 solved" in texts
