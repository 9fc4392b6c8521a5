"""From run directories to normalised scores, suites and the geometric mean of speed ratios."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rlbench.analysis.groups import group_runs
from rlbench.analysis.mean_ratios import interval_of_these
from rlbench.analysis.speed_ratios import speed_ratios
from rlbench.analysis.suite_ratios import MeanRatio, pairs_won
from rlbench.analysis.suite_statistics import SuiteStatistics, across_environments
from rlbench.analysis.survival import CensoredTimes
from rlbench.analysis.time_ratios import pair_ratios
from rlbench.reports.notes import suite_notes
from rlbench.runs.load import load_runs
from support.run_files import RunFiles


def contest(
    root: Path, env: str, es: list[float | None], dqn: list[float | None], **more: object
) -> None:
    """Runs of ES and DQN, see `write`."""
    write(root, env, {"es": es, "dqn": dqn}, **more)


def write(root: Path, env: str, ends_of: dict[str, list[float | None]], **more: object) -> None:
    """Runs that reach 475 after these seconds; None: at 10 + 232.5 when their 60 s are over."""
    for agent, ends in ends_of.items():
        for seed, end in enumerate(ends):
            top = 500.0 if end is not None else 242.5
            last = 60.0 if end is None else end
            RunFiles(
                agent=agent, env=env, seed=seed, history=((0.0, 10.0), (last, top)),
                status="solved" if end is not None else "budget", budget_train_s=60.0, **more,
            ).write(root)  # type: ignore[arg-type]  # fmt: skip


def acting_at_random(root: Path, env: str, **more: object) -> None:
    RunFiles(
        agent="random", env=env, history=((0.0, 30.0), (1.0, 10.0)), status="budget",
        budget_train_s=1.0, **more,
    ).write(root)  # type: ignore[arg-type]  # fmt: skip


def across(root: Path, baseline: str | None = None) -> tuple[list[SuiteStatistics], list[str]]:
    environments = group_runs(load_runs(root).runs)
    ratios = [r for e in environments for r in speed_ratios(e, baseline)]
    suites = across_environments(environments, ratios, baseline)
    return suites, list(suite_notes(environments, suites, baseline))


def overall(root: Path, unit: str = "train_s") -> MeanRatio:
    (suite,), _ = across(root)
    (found,) = [ratio for ratio in suite.ratios if ratio.unit == unit]
    return found


def test_scores_from_random_runs_and_threshold(tmp_path: Path) -> None:
    for env in ("A-v0", "B-v0"):
        contest(tmp_path, env, [10.0, None], [20.0, 30.0])
        acting_at_random(tmp_path, env)
    (suite,), missing = across(tmp_path)
    assert missing == []
    scores = suite.scores[0]
    # Random's final return is 10; half of the way to 475 is 242.5. A run that stopped when solved
    # counts as the threshold, whatever its last evaluation showed.
    assert (scores.scale.random, scores.scale.reference, scores.horizon) == (10.0, 475.0, 60.0)
    assert scores.challenger.tolist() == pytest.approx([1.0, 0.5])
    assert scores.baseline.tolist() == [1.0, 1.0]
    values = {(e.agent, e.statistic): e.value for e in suite.estimates}
    assert values["es", "mean"] == pytest.approx(0.75)
    assert values["es", "optimality_gap"] == pytest.approx(0.25)
    assert values["es", "probability_of_improvement"] == pytest.approx(0.25)
    # Of four pairs: 10 beats 20 and 30, the censored one is beaten by both.
    assert values["es", "probability_of_sooner"] == pytest.approx(0.5)


def test_a_run_that_stopped_at_its_highest_level_counts_as_that(tmp_path: Path) -> None:
    for env in ("A-v0", "B-v0"):
        header = {"stop_at_threshold": False, "stop_at_levels": True}
        contest(tmp_path, env, [10.0, None], [20.0, 30.0], levels=(475.0, 490.0), header=header)
        acting_at_random(tmp_path, env)
    (suite,), _ = across(tmp_path)
    # 490 and not the 500 of the last evaluation: (490 - 10) / (475 - 10).
    assert suite.scores[0].challenger.tolist() == pytest.approx([480 / 465, 0.5])


def test_score_curves_end_at_the_scores_and_step_on_real_times(tmp_path: Path) -> None:
    for env in ("A-v0", "B-v0"):
        contest(tmp_path, env, [10.0, 10.0, None, None], [20.0] * 4)
        acting_at_random(tmp_path, env)
    (suite,), _ = across(tmp_path)
    es = next(c for c in suite.curves if (c.agent, c.unit) == ("es", "train_s"))
    dqn = next(c for c in suite.curves if (c.agent, c.unit) == ("dqn", "train_s"))
    assert (es.x[0], es.x[-1]) == (10.0, 60.0)
    # From 10 s on half of ES's runs are at 1, the others at 0 until their end at one half.
    assert es.mean[0] == pytest.approx(0.5)
    assert es.mean[-1] == pytest.approx(0.75)
    assert dqn.mean[dqn.x < 20.0].tolist() == [0.0] * int((dqn.x < 20.0).sum())
    assert dqn.mean[dqn.x >= 20.0].tolist() == [1.0] * int((dqn.x >= 20.0).sum())


def test_atari_is_measured_between_published_scores(tmp_path: Path) -> None:
    for env, threshold in (("ALE/Pong-v5", -3.05), ("ALE/Breakout-v5", 16.1)):
        for agent in ("es", "dqn"):
            for seed in range(2):
                RunFiles(
                    agent=agent, env=env, seed=seed, threshold=threshold, status="budget",
                    history=((0.0, -20.7), (600.0, -3.05)),
                ).write(tmp_path)  # fmt: skip
    (suite,), missing = across(tmp_path)
    assert missing == []
    pong = next(s for s in suite.scores if s.env == "ALE/Pong-v5")
    assert (pong.scale.random, pong.scale.reference) == (-20.7, 14.6)
    assert pong.challenger.tolist() == pytest.approx([0.5, 0.5], abs=1e-3)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    contest(tmp_path / "one", "A-v0", [10.0], [20.0])
    suites, missing = across(tmp_path / "one")
    assert suites == []
    assert missing == [
        "no aggregate over environments: it takes two on which the same two agents ran under the "
        "same conditions"
    ]
    for env in ("A-v0", "B-v0"):
        contest(tmp_path / "two", env, [10.0, 20.0], [20.0, 30.0])
        acting_at_random(tmp_path / "two", env, header={"fingerprint": "another"})
    (suite,), missing = across(tmp_path / "two")
    assert missing == [
        "A-v0: no normalised score, no run of agent=random under the same conditions",
        "B-v0: no normalised score, no run of agent=random under the same conditions",
        "no aggregate of normalised scores: fewer than two environments have any",
    ]
    assert (suite.scores, suite.profiles, suite.curves) == ((), (), ())
    assert [e.statistic for e in suite.estimates] == ["probability_of_sooner"]
    assert len(suite.ratios) == 5


def test_geometric_mean_by_hand(tmp_path: Path) -> None:
    # Ratios 2 and 1/8: the geometric mean is 1/2, in every unit.
    contest(tmp_path, "A-v0", [10.0, 10.0], [20.0, 20.0])
    contest(tmp_path, "B-v0", [40.0, 40.0], [5.0, 5.0])
    for unit in ("train_s", "core_s", "train_cpu_s", "env_steps"):
        found = overall(tmp_path, unit)
        assert (found.ratio, found.bound) == (pytest.approx(0.5), "")
        assert (found.low, found.high) == (None, None)
        assert found.reason == "2 of 3 seeds of es on A-v0, so no interval"
    assert (found.n_challenger, found.n_challenger_reached, found.n_baseline) == (4, 4, 4)


def test_the_interval_of_the_geometric_mean(tmp_path: Path) -> None:
    # Each run is looked at a tenth of a second before, and before that at the start.
    times = {
        "A-v0": {"es": [10.0, 11.0, 13.0, 20.0, 24.0], "dqn": [20.0, 25.0, 27.0, 31.0, 40.0]},
        "B-v0": {"es": [3.0, 4.0, 4.5, 6.0, 9.0], "dqn": [2.0, 2.5, 3.0, 3.5, 5.0]},
    }
    for env, agents in times.items():
        for agent, found in agents.items():
            for seed, end in enumerate(found):
                history = ((0.0, 10.0), (end - 0.1, 90.0), (end, 500.0))
                RunFiles(agent=agent, env=env, seed=seed, history=history).write(tmp_path)
    pairs = [
        pair_ratios(
            *(
                CensoredTimes(times[env][agent], [True] * 5, np.array(times[env][agent]) - 0.1)
                for agent in ("dqn", "es")
            )
        )
        for env in times
    ]
    found = overall(tmp_path)
    assert (found.low, found.high) == pytest.approx(interval_of_these(pairs))
    assert found.low is not None
    assert found.ratio is not None
    assert found.high is not None
    assert 0.6 < found.low < found.ratio < found.high < 2.5


def test_bounds_stay_bounds(tmp_path: Path) -> None:
    contest(tmp_path, "A-v0", [10.0, 10.0], [None, None])  # at least 6
    contest(tmp_path, "B-v0", [10.0, 10.0], [15.0, 15.0])  # 1.5
    contest(tmp_path, "C-v0", [None, None], [None, None])  # says nothing
    found = overall(tmp_path)
    assert (found.ratio, found.bound, found.high) == (pytest.approx(3.0), ">=", None)
    assert found.env == "2 environments (geometric mean)"
    assert found.reason.endswith("left out, no ratio there: C-v0")
    contest(tmp_path, "D-v0", [None, None], [30.0, 30.0])  # at most 1/2
    both = overall(tmp_path)
    assert (both.ratio, both.low, both.high) == (None, None, None)
    assert both.reason.startswith(
        "bounds both ways, so no mean: too seldom solved by dqn on A-v0, es on D-v0"
    )


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    contest(tmp_path, "A-v0", [10.0], [20.0])
    contest(tmp_path, "B-v0", [10.0, 10.0], [80.0 / 10.0, 8.0])
    found = overall(tmp_path)
    assert (found.ratio, found.low, found.high) == (pytest.approx(math.sqrt(2 * 0.8)), None, None)
    assert found.reason == "1 of 3 seeds of es on A-v0, so no interval"


def test_machines_are_not_mixed_and_settings_not_guessed(tmp_path: Path) -> None:
    for env in ("A-v0", "B-v0"):
        for cores in (1, 2):
            contest(tmp_path, env, [10.0 / cores] * 2, [20.0] * 2,
                    header={"cores": cores, "setup": f"c{cores}"})  # fmt: skip
    suites, _ = across(tmp_path)
    assert [round(s.ratios[0].ratio or 0.0, 6) for s in suites] == [2.0, 4.0]
    assert [s.suite.label.split(" of ")[0] for s in suites] == ["1 cores", "2 cores"]
    contest(tmp_path, "A-v0", [10.0] * 2, [], header={"setup": "other", "learning": "other"})
    suites, missing = across(tmp_path)
    assert [len(s.suite.contests) for s in suites] == [2]
    assert (
        "A-v0: 2 pairs of dqn and es groups, so it is in no aggregate over environments" in missing
    )


def test_pairs_of_times() -> None:
    ours = CensoredTimes(np.array([1.0, 5.0, 5.0]), np.array([True, True, False]))
    theirs = CensoredTimes(np.array([1.0, 5.0, math.inf]), np.array([True, False, False]))
    assert pairs_won(ours, theirs).tolist() == [
        [0.5, 1.0, 1.0],  # there at 1
        [0.0, 1.0, 1.0],  # there at 5, when the second was lost
        [0.0, 0.5, 0.5],  # lost at 5
    ]


def test_pairs_without_censoring_agree_with_scipy() -> None:
    rng = np.random.default_rng(3)
    ours, theirs = rng.integers(1, 9, 7).astype(float), rng.integers(1, 9, 5).astype(float)
    won = pairs_won(CensoredTimes(ours, np.ones(7, bool)), CensoredTimes(theirs, np.ones(5, bool)))
    # Sooner is smaller, so the other side's statistic.
    u = stats.mannwhitneyu(theirs, ours, method="asymptotic").statistic
    assert won.mean() == pytest.approx(u / 35)


def test_every_challenger_has_its_aggregate(tmp_path: Path) -> None:
    for env, factor in (("A-v0", 2.0), ("B-v0", 8.0)):
        write(tmp_path, env, {"dqn": [20.0] * 2, "es": [20.0 / factor] * 2, "mine": [40.0] * 2})
        acting_at_random(tmp_path, env)
    suites, missing = across(tmp_path)
    assert missing == []
    assert [(s.suite.label, s.suite.challenger, s.suite.baseline) for s in suites] == [
        ("es against dqn", "es", "dqn"), ("mine against dqn", "mine", "dqn")
    ]  # fmt: skip
    assert [s.ratios[0].ratio for s in suites] == pytest.approx([4.0, 0.5])
    assert {e.agent for e in suites[1].estimates} == {"mine", "dqn"}
    first = next(e for e in suites[1].estimates if e.statistic == "probability_of_sooner")
    assert (first.agent, first.value) == ("mine", 0.0)
    # Another baseline: the same runs, the ratios inverted.
    mine = {s.suite.challenger: s for s in across(tmp_path, "mine")[0]}
    assert mine["dqn"].ratios[0].ratio == pytest.approx(2.0)
    assert mine["es"].ratios[0].ratio == pytest.approx(8.0)


def test_variants_of_one_agent_are_put_together_by_their_labels(tmp_path: Path) -> None:
    for env in ("A-v0", "B-v0"):
        for sigma, end in (("0.1", 10.0), ("0.2", 30.0)):
            header = {
                "setup": f"s{sigma}", "learning": f"l{sigma}", "argv": [f"agent.sigma={sigma}"]
            }  # fmt: skip
            write(tmp_path, env, {"es": [end] * 2}, header=header)
    (suite,), _ = across(tmp_path)
    assert (suite.suite.label, suite.suite.sides) == (
        "", ("es (agent.sigma=0.2)", "es (agent.sigma=0.1)")
    )  # fmt: skip
    assert suite.ratios[0].ratio == pytest.approx(1 / 3)


def test_runs_without_a_score_are_left_out(tmp_path: Path) -> None:
    for env in ("A-v0", "B-v0"):
        contest(tmp_path, env, [10.0, None], [20.0, 30.0])
        acting_at_random(tmp_path, env)
    RunFiles(
        agent="es", env="A-v0", seed=2, history=((0.0, 10.0), (5.0, 50.0)), status="interrupted",
        budget_train_s=60.0,
    ).write(tmp_path)  # fmt: skip
    (suite,), _ = across(tmp_path)
    (mean,) = [e for e in suite.estimates if (e.statistic, e.agent) == ("mean", "es")]
    assert (mean.n_environments, mean.n_runs) == (2, 4)
    assert mean.value == pytest.approx(0.75)


def test_one_seed_on_one_environment_leaves_no_interval_and_says_so(tmp_path: Path) -> None:
    for env, es in (("A-v0", [10.0]), ("B-v0", [10.0, None])):
        contest(tmp_path, env, es, [20.0, 30.0])
        acting_at_random(tmp_path, env)
    (suite,), _ = across(tmp_path)
    for found in suite.estimates:
        assert (found.low, found.high) == (None, None)
        assert found.reason == "1 of 5 seeds of es on A-v0, so no interval"
    assert all(np.isfinite(profile.low).all() for profile in suite.profiles)  # exact ones
    assert all(np.isnan(curve.low).all() for curve in suite.curves)
