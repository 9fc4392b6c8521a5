"""Figures over several environments: nothing is written over anything else, all is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.reports.figures.registry import FIGURES
from rlbench.reports.findings import Findings
from support.figures import (
    assert_readable,
    draw,
    drawn,
    findings_at,
    pair,
    random_run,
    texts_of,
)

TIMES = {"Fast-v0": (1.0, 90.0), "Slow-v0": (300.0, 20.0), "Hard-v0": (9.0, None)}


def suite(root: Path, seeds: int, *, random: bool = True) -> Findings:
    runs = [run for env, (es, dqn) in TIMES.items() for run in pair(env, es, dqn, seeds)]
    return findings_at(root, [*runs, *([random_run(env) for env in TIMES] if random else [])])


@pytest.mark.parametrize("seeds", [1, 5])
@pytest.mark.parametrize("name", ["aggregate", "profiles", "aggregate-curves"])
def test_no_text_meets_another_and_the_uncertainty_is_named(
    tmp_path: Path, name: str, seeds: int
) -> None:
    found = suite(tmp_path, seeds)
    figure = drawn(name, found)
    assert_readable(figure)
    texts = texts_of(figure)
    said = "95 % intervals over seeds"
    if seeds == 1 and name != "profiles":
        said = "1 of 5 seeds of es on Fast-v0, so no"
    assert said in texts
    assert "better" in texts
    assert "2 cores of Example CPU" in texts
    assert f"{seeds} seed{'s' if seeds > 1 else ''} of each agent on each environment" in texts


def test_without_scores_only_the_chance_of_being_sooner_is_drawn(tmp_path: Path) -> None:
    found = suite(tmp_path, 3, random=False)
    assert draw("profiles", found) is None
    assert draw("aggregate-curves", found) is None
    figure = drawn("aggregate", found)
    assert_readable(figure)
    assert len(figure.axes) == 1


def test_words_have_rounded_numbers_and_both_agents(tmp_path: Path) -> None:
    (found,) = suite(tmp_path, 5).suites
    words = FIGURES["aggregate"].words(found)
    estimate = next(e for e in found.estimates if (e.statistic, e.agent) == ("mean", "dqn"))
    assert f"{estimate.value:.6f}" == "0.666667"  # nothing on the hard one
    # Each task's five seeds of DQN ended alike: that is no certainty, and there is no interval.
    assert "DQN mean 0.667;" in words
    assert "ES mean 0.992 [0.97, 1]" in words
    assert "ES probability of sooner" in words


def test_the_geometric_mean_has_a_row_beside_the_ratios(tmp_path: Path) -> None:
    texts = texts_of(drawn("speed-ratio", suite(tmp_path, 3)))
    assert "3 environments: geometric mean" in texts
    assert "ES 9/9, DQN 6/9 solved" in texts
