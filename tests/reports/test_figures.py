"""Figures: what a reader must find in them, and that nothing is written over anything else."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Annotation
from PIL import Image

from rlbench.published.dopamine import ADAM, dopamine_curve
from rlbench.reports.figures.looks import DQN, ES, Looks
from rlbench.reports.figures.registry import FIGURES, EnvironmentFigure, ReportFigure, SuiteFigure
from rlbench.reports.figures.style import DPI, log_ticks, render, styled
from support.figures import (
    assert_readable,
    draw,
    drawn,
    findings_at,
    pair,
    random_run,
    runs_of,
    texts_of,
)
from support.run_files import RunFiles

LONG = "some_package.with.a.long.path:AVeryLongEnvironmentNameIndeed-v0"
SIGMAS = {"es agent.sigma=0.02": 4.0, "es agent.sigma=0.1": 9.0, "es agent.sigma=0.5": None}
MANY: dict[str, float | None] = {f"agent_{i}_with_a_name": 2.0 + i for i in range(7)}
OF_ENVIRONMENTS = [name for name in FIGURES if isinstance(FIGURES[name], EnvironmentFigure)]
OF_SUITES = [name for name in FIGURES if isinstance(FIGURES[name], SuiteFigure)]


def test_every_figure_is_complete() -> None:
    names = list(FIGURES)
    assert names[:10] == [
        "curves", "reached", "time", "speed-ratio", "aggregate", "aggregate-curves", "profiles",
        "early-scores", "published-atari", "published-mujoco",
    ]  # fmt: skip
    for name in names:
        figure = FIGURES[name]
        assert isinstance(figure, ReportFigure)
        assert figure.title and callable(figure.draw)


def test_a_png_file_is_small_and_looks_like_the_figure(tmp_path: Path) -> None:
    figure = drawn("curves", findings_at(tmp_path, pair("CartPole-v1", 1.0, 30.0)))
    with styled():
        png, _ = render(figure)
        whole = io.BytesIO()
        figure.savefig(whole, format="png", dpi=DPI)
    with Image.open(io.BytesIO(png)) as small, Image.open(whole) as full:
        assert small.mode == "P"
        seen, true = (np.asarray(picture.convert("RGB"), dtype=int) for picture in (small, full))
    away = np.abs(seen - true).max(axis=2)
    assert (away > 16).mean() < 0.001 and away.max() < 64  # of 255
    assert len(png) < 0.5 * len(whole.getvalue())


@pytest.mark.parametrize(
    "runs",
    [
        pair("CartPole-v1", 1.0, 30.0),
        pair(LONG, 100.0, 150.0),
        pair("MountainCar-v0", 40.0, None),
        pair("One-v0", 1.0, 2.0, seeds=1),
        runs_of("Three-v0", {"es": 1.0, "dqn": 30.0, "mine": 7.0}),
        runs_of("Variants-v0", SIGMAS),
        [RunFiles(agent=name, header={"cores": i + 1}) for i, name in enumerate(MANY)],
    ],
    ids=["apart", "long-name", "censored", "one-seed", "three", "variants", "seven-agents"],
)
def test_no_text_meets_another(tmp_path: Path, runs: list[RunFiles]) -> None:
    found = findings_at(tmp_path, [*runs, random_run(runs[0].env)])
    for name in OF_ENVIRONMENTS:
        assert_readable(drawn(name, found))


@pytest.mark.parametrize("name", ["published-atari", "published-mujoco"])
def test_no_text_meets_another_in_what_was_published(tmp_path: Path, name: str) -> None:
    assert_readable(drawn(name, findings_at(tmp_path, pair("Hopper-v5", 1.0, 30.0))))


@pytest.mark.parametrize("agents", [SIGMAS, MANY, {"es": 1.0, "dqn": None, "mine": 7.0}])
def test_no_text_meets_another_where_other_agents_are_compared(
    tmp_path: Path, agents: dict[str, float | None]
) -> None:
    runs = [run for env in ("A-v0", LONG) for run in (*runs_of(env, agents), random_run(env))]
    found = findings_at(tmp_path, runs)
    assert len(found.suites) == len(agents) - 1  # each challenger against the baseline
    assert_readable(drawn("speed-ratio", found))
    for name in OF_SUITES:
        figure = draw(name, found)
        if figure is not None:  # some have no scores that differ
            assert_readable(figure)


def test_the_ratio_figure_of_es_and_dqn(tmp_path: Path) -> None:
    runs = [
        *pair("CartPole-v1", 1.0, 24.0),
        *pair(LONG, 100.0, 53.0),
        *pair("MountainCar-v0", 40.0, None, seeds=5),
        *pair("ALE/Pong-v5", 0.01, 590.0),
        *pair("Hopper-v5", 400.0, 0.05),
        *pair("One-v0", 1.0, 60.0, seeds=1),
    ]
    figure = drawn("speed-ratio", findings_at(tmp_path / "all", runs))
    assert_readable(figure)
    texts = texts_of(figure)
    for said in (
        "Who solves it sooner?", "times as fast, log scale", "← DQN faster", "ES faster →",
        "720 cores", "A3C on 16", "384/720", "1,440 cores", "657 minutes on 18 cores",
        "claim: 24×", "claim: 60×", "per core: 0.53×", "ES 5/5, DQN 0/5 solved",
        "2 cores of Example", "ES ≥ 9.4× [6.8, ∞)", "ES 60× (not settled)", "ES 24× (",
    ):  # fmt: skip
        assert said in texts, said
    assert_readable(drawn("speed-ratio", findings_at(tmp_path / "one", runs[:6])))


def test_a_ratio_figure_of_other_agents_has_no_claims_and_a_row_for_each(tmp_path: Path) -> None:
    agents = {"sac": 2.0, "ppo": 3.0, "td3": 6.0}
    found = findings_at(tmp_path, runs_of("A-v0", agents))
    texts = texts_of(drawn("speed-ratio", found))
    assert "← ppo faster the challenger faster →" in texts
    assert "A-v0 1.5× (not settled) sac 3/3, ppo 3/3 solved" in texts
    assert "A-v0 2× (not settled) td3 3/3, ppo 3/3 solved" in texts
    assert "claim" not in texts
    figure = FIGURES["speed-ratio"]
    assert "the challenger on the right, ppo on the left" in figure.caption(found)
    assert figure.words(found).startswith("A-v0, sac against ppo: not settled (estimate: sac 1.5×)")


def test_a_ratio_that_is_not_settled_is_a_hollow_mark_with_every_open_end_drawn(
    tmp_path: Path,
) -> None:
    """Where both agents have unsolved runs, where one has nothing else, and from one seed each."""
    half = runs_of("A-v0", {"es": None, "dqn": None}, seeds=4)
    for run, end in zip(half, (100.0, 300.0, 130.0, 310.0, 160.0), strict=False):
        run.status, run.history = "solved", ((0.0, 10.0), (end, 480.0))
    found = findings_at(
        tmp_path, [*half, *pair("B-v0", 1.0, None, seeds=5), *pair("C-v0", 1.0, 2.0, seeds=1)]
    )
    ratios = [a.comparisons[0]["train_s"] for a in found.analyses]
    assert [(r.low is None, r.high is None) for r in ratios] == [
        (True, True), (False, True), (True, True)
    ]  # fmt: skip
    figure = drawn("speed-ratio", found)
    axes = figure.axes[0]
    marks = [line for line in axes.lines if line.get_marker() in {DQN.marker, ES.marker}]
    assert [mark.get_markerfacecolor() for mark in marks[:3]] == ["white", ES.colour, "white"]
    arrows = [text for text in axes.texts if isinstance(text, Annotation) and not text.get_text()]
    rightwards = [arrow.xy[0] > arrow.xyann[0] for arrow in arrows]
    assert rightwards[:5] == [False, True, True, False, True]
    # Without an interval they cross the whole axis: none seems to lie on one side of 1.
    assert [arrows[i].xy[0] for i in (0, 1, 3, 4)] == [*axes.get_xlim()] * 2
    texts = texts_of(figure)
    assert "hollow: these seeds do not settle who is faster" in texts
    assert "arrows: unsolved runs leave this end open" in texts
    assert "grey arrows both ways: there is no interval" in texts
    assert_readable(figure)


def test_an_end_is_open_too_where_runs_were_solved_by_their_first_evaluation(
    tmp_path: Path,
) -> None:
    soon = pair("A-v0", 1.0, 2.0, seeds=5)
    for run in soon:
        if run.agent == "es":
            run.history = ((0.0, 10.0), run.history[-1])
    assert (
        "arrows: runs solved by their first evaluation in training leave this end open"
        in texts_of(drawn("speed-ratio", findings_at(tmp_path, soon)))
    )


def test_ticks_are_as_far_apart_on_either_side_of_equal(tmp_path: Path) -> None:
    far = [*pair("A-v0", 1.0, 0.01, seeds=5), *pair("B-v0", 1.0, 8.0, seeds=5)]
    figure = drawn("speed-ratio", findings_at(tmp_path, far))
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["100×", "10×", "1×", "10×"]
    assert_readable(figure)


def test_rows_without_a_ratio_come_last_and_are_lower(tmp_path: Path) -> None:
    runs = [
        *runs_of("A-v0", {"es": None, "dqn": None}),
        *pair("B-v0", 1.0, 2.0),
        *runs_of("C-v0", {"es": None, "dqn": None}),
        *pair("D-v0", 1.0, 3.0),
    ]
    figure = drawn("speed-ratio", findings_at(tmp_path, runs))
    names = {t.get_text(): t.get_position()[1] for t in figure.axes[0].texts
             if t.get_fontweight() == "bold"}  # fmt: skip
    rows = [name for name in names if "faster" not in name]
    mean = "2 environments: geometric mean"
    assert rows == ["B-v0", "D-v0", mean, "A-v0", "C-v0"]
    heights = -np.diff([*(names[name] for name in rows)])
    np.testing.assert_allclose(heights, [1.0, 1.0, 1.0, 0.66])
    low, high = figure.axes[0].get_ylim()
    assert high - low == pytest.approx(3 + 2 * 0.66)
    assert_readable(figure)
    assert "bars: 95 %" in texts_of(figure)
    without = findings_at(tmp_path / "without", runs_of("A-v0", {"es": None, "dqn": None}))
    assert "bars:" not in texts_of(drawn("speed-ratio", without))


def test_without_a_comparison_there_is_no_ratio_figure(tmp_path: Path) -> None:
    assert draw("speed-ratio", findings_at(tmp_path, [RunFiles(agent="es")])) is None


def test_looks_differ_in_colour_and_in_marker_and_belong_to_an_agent(tmp_path: Path) -> None:
    runs = [RunFiles(agent=agent) for agent in ("es", "dqn", "a", "b", "c", "d")]
    runs.append(RunFiles(agent="es", header={"setup": "x", "learning": "y"}))
    runs += [RunFiles(agent=agent, env="Other-v0") for agent in ("d", "dqn")]
    looks = Looks(findings_at(tmp_path, runs).groups)
    here = looks.on("CartPole-v1")
    assert len(here) == 7
    assert len({v.colour for v in here.values()}) == len({v.marker for v in here.values()}) == 7
    assert [here["dqn"], looks.over_environments("es")] == [DQN, ES]
    assert looks.on("Other-v0") == {"dqn": DQN, "d": here["d"]}


def test_thirty_looks_are_distinct(tmp_path: Path) -> None:
    runs = [RunFiles(agent=f"agent{i:02}") for i in range(30)]
    looks = Looks(findings_at(tmp_path, runs).groups).on("CartPole-v1")
    assert len({(look.colour, look.marker) for look in looks.values()}) == 30


def test_a_fast_and_a_slow_agent_share_a_readable_axis(tmp_path: Path) -> None:
    figure = drawn("curves", findings_at(tmp_path / "far", pair("CartPole-v1", 1.0, 100.0)))
    # CPU time is one and a half times training time here: it has no panel.
    assert [axes.get_xscale() for axes in figure.axes] == ["log", "log"]
    figure = drawn("curves", findings_at(tmp_path / "near", pair("Near-v0", 1.0, 3.0)))
    assert [axes.get_xscale() for axes in figure.axes] == ["linear", "linear"]


def test_panels_of_one_figure_have_one_kind_of_axis_and_cpu_time_where_it_differs(
    tmp_path: Path,
) -> None:
    runs = pair("Near-v0", 10.0, 30.0)
    for run in runs:
        run.steps_per_s = 10.0 if run.agent == "es" else 1000.0  # steps alone need a log axis
        run.cpu_per_train_s = 2.0 if run.agent == "es" else 1.0
    figure = drawn("curves", findings_at(tmp_path, runs))
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "training time (s), log scale", "environment steps, log scale",
        "CPU time in training (CPU-s), log scale",
    ]  # fmt: skip
    assert {axes.get_xscale() for axes in figure.axes} == {"log"}


def test_many_seeds_are_a_median_in_a_band_and_few_are_drawn_too(tmp_path: Path) -> None:
    def run(seed: int, value: float) -> RunFiles:
        history = ((0.0, 0.0), (10.0, value))
        return RunFiles(seed=seed, history=history, status="budget", threshold=None)

    for name, values, thin in (("few", (1.0, 2.0, 9.0), 1), ("many", (1.0, 2.0, 9.0, 4.0), 0)):
        found = findings_at(tmp_path / name, [run(i, value) for i, value in enumerate(values)])
        lines = drawn("curves", found).axes[0].lines
        faint = [line for line in lines if line.get_alpha() is not None]
        (middle,) = [line for line in lines if line.get_marker() == ES.marker]
        assert len(faint) == thin
        assert float(middle.get_ydata()[-1]) == {"few": 2.0, "many": 3.0}[name]  # type: ignore[index, arg-type]


def test_an_axis_that_ends_before_some_runs_do_says_where_and_why(tmp_path: Path) -> None:
    es = RunFiles(agent="es", history=((0.0, 10.0), (10.0, 480.0)), steps_per_s=1000.0)
    dqn = RunFiles(
        agent="dqn", status="budget", history=((0.0, 10.0), (60.0, 200.0)), budget_train_s=60.0,
        steps_per_s=10.0,
    )  # fmt: skip
    texts = texts_of(drawn("curves", findings_at(tmp_path / "cut", [es, dqn])))
    assert (
        "the axis of environment steps ends at 600 steps, where the budget of DQN ended; other "
        "runs went on"
    ) in texts
    assert "the axis of training time" not in texts  # ES was done before DQN's budget
    dqn.steps_per_s = 1000.0
    texts = texts_of(drawn("curves", findings_at(tmp_path / "whole", [es, dqn])))
    assert "other runs went on" not in texts


def test_a_return_far_below_random_play_is_cut_off_and_the_figure_says_so(tmp_path: Path) -> None:
    acting_at_random = RunFiles(agent="random", env="E-v0", history=((0.0, 25.0), (1.0, 25.0)),
                                status="budget")  # fmt: skip
    runs = [*pair("E-v0", 30.0, 60.0), acting_at_random]
    runs[0].history = [(0.0, -9000.0), *runs[0].history[1:]]
    figure = drawn("curves", findings_at(tmp_path, runs))
    for axes in figure.axes:
        low, high = axes.get_ylim()
        # Random play is 450 below the threshold of 475; the axis goes 450 further, and a margin.
        assert low == pytest.approx(-425 - 0.06 * (480 + 425)) and high > 480
    assert "returns below -425 are cut off" in texts_of(figure)


def test_a_game_is_shown_beside_dopamines_curve_and_the_conditions_are_said(tmp_path: Path) -> None:
    header = {"frame_skip": 4, "preprocessing": {"sticky_actions": 0.25}, "eval_episodes": 10}
    runs = [
        RunFiles(
            agent=agent, env="ALE/Pong-v5", status="budget", header=header, threshold=-3.0,
            history=[(0.0, -21.0), (300.0, -20.0), (600.0, -17.0)],
        )
        for agent in ("es", "dqn")
    ]  # fmt: skip
    found = findings_at(tmp_path / "pixels", runs)
    frame_skip = found.analyses[0].groups.frame_skip
    assert frame_skip == 4
    curve = dopamine_curve("ALE/Pong-v5", frame_skip)
    assert curve is not None and curve.runs == 5
    # The first million frames of the table, 250,000 decisions: mean, worst and best run.
    first = (curve.env_steps, curve.mean, curve.lowest, curve.highest)
    assert [values[0] for values in first] == [250_000, -20.349, -20.559, -20.181]
    figure = drawn("curves", found)
    assert_readable(figure)
    adam = dopamine_curve("ALE/Pong-v5", frame_skip, ADAM)
    assert adam is not None and round(float(adam.mean[0]), 1) == -20.2
    published = [line for line in figure.axes[1].lines if len(np.asarray(line.get_xdata())) == 199]
    starts = [float(np.asarray(line.get_ydata())[0]) for line in published]
    assert starts == [-20.349, float(adam.mean[0])]
    assert figure.axes[1].get_xlim()[1] < 700_000  # and not the 200 million frames of the curve
    texts = texts_of(figure)
    for optimizer in ("RMSProp", "Adam"):
        assert f"Dopamine's DQN ({optimizer}): mean, range of 5 runs" in texts
    assert "sticky actions 0.25, and 0 in the published scores" in texts
    small = [dataclasses.replace(run, env="MinAtar/Pong-v1", threshold=None) for run in runs]
    texts_of_small = texts_of(drawn("curves", findings_at(tmp_path / "small", small)))
    assert "sticky actions 0.25" in texts_of_small and "Dopamine" not in texts_of_small
    assert_readable(drawn("speed-ratio", found))
    for run in runs:
        run.steps_per_s = 300.0
    short = texts_of(drawn("curves", findings_at(tmp_path / "short", runs)))
    assert "Dopamine" not in short, "its first point is beyond the 180,000 steps shown"
    for run in runs:  # vectors of the game's memory, say: nothing published is like it
        run.header = {"frame_skip": 4}
    assert findings_at(tmp_path / "vectors", runs).analyses[0].groups.frame_skip is None


def test_levels_that_no_seed_reached_have_no_panel_and_no_row(tmp_path: Path) -> None:
    history = ((0.0, 0.0), (10.0, 120.0), (20.0, 150.0))
    runs = [
        RunFiles(agent=agent, threshold=475.0, levels=(100.0, 475.0), history=history,
                 status="budget")
        for agent in ("es", "dqn")
    ]  # fmt: skip
    found = findings_at(tmp_path / "some", runs)
    texts = texts_of(drawn("reached", found))
    assert "return of 100 or more" in texts and "return of 475" not in texts
    assert "training time to a return of 100" in texts_of(drawn("time", found))
    for run in runs:
        run.history = ((0.0, 0.0), (10.0, 20.0))
    nothing = findings_at(tmp_path / "none", runs)
    assert draw("reached", nothing) is None and draw("time", nothing) is None


def test_the_name_of_a_mean_stays_within_its_figure(tmp_path: Path) -> None:
    figure = drawn("time", findings_at(tmp_path, pair("A-v0", 250.0, 300.0, seeds=1)))
    (axes,) = figure.axes
    sides = {
        text.get_text(): text.get_ha() for text in axes.texts if text.get_text().startswith("mean")
    }
    assert sorted(sides.values()) == ["left", "right"]  # early and late on the axis
    assert_readable(figure)


@pytest.mark.parametrize("stops", [True, False])
def test_only_a_run_that_stopped_when_solved_has_a_star(tmp_path: Path, stops: bool) -> None:
    runs = pair("A-v0", 1.0, 2.0, seeds=2)
    for run in runs:
        run.header = {**run.header, "stop_at_threshold": stops}
    figure = drawn("curves", findings_at(tmp_path, runs))
    said = " ".join(texts_of(figure).split())
    assert ("star: solved, confirmed, stopped" in said) == stops
    assert ("carried forward" in said) == stops
    stars = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "*"]
    assert bool(stars) == stops


def test_log_ticks_are_few_and_round() -> None:
    assert log_ticks(0.08, 500.0) == pytest.approx([0.1, 1, 10, 100])
    assert log_ticks(1.0, 9.0) == pytest.approx([1, 2, 5])
    assert log_ticks(3.1, 3.4) == [3.1, 3.4]
    assert len(log_ticks(1e-6, 1e12)) <= 7


@pytest.mark.parametrize("last", ["budget", "solved"])
def test_a_curve_that_ends_at_100_percent_says_of_which_seeds(tmp_path: Path, last: str) -> None:
    """One seed ended before the other reached the level: the estimate jumps to 100 %."""
    first_s = 1.0 if last == "budget" else 3.0
    early = RunFiles(
        seed=0, status="budget", budget_train_s=first_s, history=((0.0, 10.0), (first_s, 20.0))
    )
    late = RunFiles(seed=1, history=((0.0, 10.0), (2.0, 480.0)))
    figure = drawn("reached", findings_at(tmp_path, [early, late]))
    texts = texts_of(figure)
    is_estimate = last == "budget"
    assert ("100 % is of the seeds still under way then, not of all" in texts) == is_estimate
    assert ("thin: an estimate from there on, as a seed had ended" in texts) == is_estimate
    thick, thin = (line for line in figure.axes[0].lines if line.get_linestyle() != "None")
    assert thick.get_linewidth() > 2 * thin.get_linewidth()
    points = [np.column_stack(line.get_data()).tolist() for line in (thick, thin)]
    if is_estimate:  # from where the first seed ended, which had not reached it
        assert points[0] == [[0.0, 0.0], [1.0, 0.0]] and points[1][:2] == [[1.0, 0.0], [2.0, 1.0]]
    else:
        assert points[0][:3] == [[0.0, 0.0], [2.0, 0.5], [3.0, 0.5]] and len(points[1]) == 1
