"""Figures: what a reader must find in them, and that nothing is written over anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.analysis.environment import EnvironmentAnalysis, analyze
from rlbench.analysis.groups import group_runs
from rlbench.analysis.speed_ratios import threshold_ratios
from rlbench.published.dopamine import dopamine_curve
from rlbench.reports.figures.learning import draw_learning
from rlbench.reports.figures.ratios import draw_ratios, ratio_text
from rlbench.reports.figures.reaching import draw_reaching
from rlbench.reports.figures.share import draw_share
from rlbench.reports.figures.style import log_ticks, looks, machine, styled
from rlbench.runs.load import load_runs
from support.figures import assert_readable, boxes, pair
from support.run_files import RunFiles


def analysis_of(root: Path, *runs: RunFiles) -> EnvironmentAnalysis:
    for run in runs:
        run.write(root)
    (environment,) = group_runs(load_runs(root).runs)
    return analyze(environment)


LONG = "some_package.with.a.long.path:AVeryLongEnvironmentNameIndeed-v0"


@pytest.mark.parametrize(
    "runs",
    [
        pair("CartPole-v1", 1.0, 30.0),
        pair(LONG, 100.0, 150.0),
        pair("MountainCar-v0", 40.0, None),
        pair("One-v0", 1.0, 2.0, seeds=1),
        [RunFiles(agent=f"agent_{i}_with_a_name", header={"cores": i + 1}) for i in range(7)],
    ],
    ids=["apart", "long-name", "censored", "one-seed", "seven-agents"],
)
def test_no_text_meets_another(tmp_path: Path, runs: list[RunFiles]) -> None:
    found = analysis_of(tmp_path, *runs)
    with styled():
        assert_readable(draw_learning(found.groups, found.curves))
        reaching = draw_reaching(found.groups, found.times)
        assert reaching is not None
        assert_readable(reaching)
        share = draw_share(found.groups, found.reached, found.times)
        assert share is not None
        assert_readable(share)


def test_no_text_of_the_ratio_figure_meets_another(tmp_path: Path) -> None:
    parts = [
        analysis_of(tmp_path / str(index), *runs)
        for index, runs in enumerate(
            (
                pair("CartPole-v1", 1.0, 24.0),
                pair(LONG, 100.0, 53.0),
                pair("MountainCar-v0", 40.0, None),
                pair("Fast-v0", 0.01, 590.0),
                pair("Slow-v0", 400.0, 0.05),
                pair("One-v0", 1.0, 60.0, seeds=1),
            )
        )
    ]
    ratios = threshold_ratios([ratio for part in parts for ratio in part.ratios])
    assert len(ratios) == 6
    with styled():
        figure = draw_ratios(ratios, machine(parts[0].groups.groups))
        assert figure is not None
        assert_readable(figure)
        alone = draw_ratios(ratios[:1], machine(parts[0].groups.groups))
        assert alone is not None
        assert_readable(alone)
        texts = " ".join(content for content, _ in boxes(figure))
    claims = ("720 cores", "A3C on 16", "1,440 cores", "657 minutes on 18 cores", "0.53", "0.82")
    for said in (*claims, "claim: 24", "claim: 60", "DQN 0/3, ES 3/3 solved", "2 cores of Example"):
        assert said in texts, said


def test_ratios_are_written_as_bounds_and_intervals(tmp_path: Path) -> None:
    def text(name: str, *args: float | None, seeds: int = 3) -> str:
        (ratio,) = threshold_ratios(
            analysis_of(tmp_path / name, *pair(name, *args, seeds=seeds)).ratios
        )  # type: ignore[arg-type]
        return ratio_text(ratio)

    assert text("a", 1.0, None) == "\u2265 462\u00d7 [375, \u221e)"
    assert text("b", 2.0, 30.0, seeds=1) == "15\u00d7 (no interval)"
    assert text("c", 2.0, 30.0).startswith("15\u00d7 [")


def test_agents_differ_in_colour_and_in_marker(tmp_path: Path) -> None:
    runs = [RunFiles(agent=agent) for agent in ("es", "dqn", "a", "b", "c", "d")]
    runs.append(RunFiles(agent="es", header={"cores": 1, "setup": "x"}))
    look = looks(analysis_of(tmp_path, *runs).groups)
    assert len({(v.colour) for v in look.values()}) == len({v.marker for v in look.values()}) == 7


def test_a_fast_and_a_slow_agent_share_a_readable_axis(tmp_path: Path) -> None:
    found = analysis_of(tmp_path, *pair("CartPole-v1", 1.0, 100.0))
    with styled():
        figure = draw_learning(found.groups, found.curves)
    assert [axes.get_xscale() for axes in figure.axes] == ["log", "log", "log"]
    near = analysis_of(tmp_path / "near", *pair("Near-v0", 1.0, 3.0))
    with styled():
        figure = draw_learning(near.groups, near.curves)
    assert [axes.get_xscale() for axes in figure.axes] == ["linear", "linear", "linear"]


def test_a_return_far_below_random_play_is_cut_off_and_the_figure_says_so(tmp_path: Path) -> None:
    acting_at_random = RunFiles(agent="random", env="E-v0", history=((0.0, 25.0), (1.0, 25.0)),
                                status="budget")  # fmt: skip
    runs = [*pair("E-v0", 30.0, 60.0), acting_at_random]
    runs[0].history = [(0.0, -9000.0), *runs[0].history[1:]]
    found = analysis_of(tmp_path, *runs)
    with styled():
        figure = draw_learning(found.groups, found.curves)
        low, high = figure.axes[0].get_ylim()
        # Random play is 450 below the threshold of 475; the axis goes 450 further, and a margin.
        assert low == pytest.approx(-425 - 0.06 * (480 + 425)) and high > 480
        assert any("returns below -425 are cut off" in text for text, _ in boxes(figure))


def test_a_game_is_shown_beside_dopamines_curve_and_the_conditions_are_told(tmp_path: Path) -> None:
    header = {"frame_skip": 4, "preprocessing": {"sticky_actions": 0.25}, "eval_episodes": 10}
    runs = [
        RunFiles(
            agent=agent, env="ALE/Pong-v5", status="budget", header=header, threshold=-3.0,
            history=[(0.0, -21.0), (300.0, -20.0), (600.0, -17.0)],
        )
        for agent in ("es", "dqn")
    ]  # fmt: skip
    found = analysis_of(tmp_path / "pixels", *runs)
    curve = dopamine_curve(found.env, found.groups.frame_skip)
    assert curve is not None and curve.runs == 5
    # The first million frames of the table, 250,000 decisions: mean, worst and best run.
    first = (curve.env_steps, curve.mean, curve.lowest, curve.highest)
    assert [values[0] for values in first] == [250_000, -20.349, -20.559, -20.181]
    with styled():
        figure = draw_learning(found.groups, found.curves)
        assert_readable(figure)
        said = " ".join(" ".join(content for content, _ in boxes(figure)).split())
        drawn = [line for line in figure.axes[1].lines if line.get_linestyle() == "-."]
        reaching = draw_reaching(found.groups, found.times)
        assert reaching is not None
        assert_readable(reaching)
        ratios = draw_ratios(threshold_ratios(found.ratios), machine(found.groups.groups))
        assert ratios is not None
        assert_readable(ratios)
    assert len(drawn) == 1 and drawn[0].get_ydata()[0] == -20.349  # type: ignore[index]
    assert figure.axes[1].get_xlim()[1] < 700_000  # and not the 200 million frames of the curve
    assert "DQN of Dopamine, published: mean and range of 5 runs" in said
    assert "sticky actions 0.25, and 0 in the published scores" in said
    for run in runs:
        run.steps_per_s = 300.0
    short = analysis_of(tmp_path / "short", *runs)
    with styled():
        figure = draw_learning(short.groups, short.curves)
        said = " ".join(content for content, _ in boxes(figure))
    assert "Dopamine" not in said, "its first point is beyond the 180,000 steps shown"
    for run in runs:  # vectors of the game's memory, say: nothing published is like it
        run.header = {"frame_skip": 4}
    assert analysis_of(tmp_path / "vectors", *runs).groups.frame_skip is None


def test_log_ticks_are_few_and_round() -> None:
    assert log_ticks(0.08, 500.0) == pytest.approx([0.1, 1, 10, 100])
    assert log_ticks(1.0, 9.0) == pytest.approx([1, 2, 5])
    assert log_ticks(3.1, 3.4) == [3.1, 3.4]
    assert len(log_ticks(1e-6, 1e12)) <= 7
