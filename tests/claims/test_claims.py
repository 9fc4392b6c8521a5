"""The claims: published numbers, the decision rule on made-up runs of each kind, the command."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from rlbench.analysis.return_differences import ReturnDifference
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.claims.evidence import Evidence, mean_over
from rlbench.claims.examine import ExaminedClaim, examine
from rlbench.claims.files import as_json, claims_files
from rlbench.claims.scores import EarlyScores, ShareAhead, SharePower, share_power
from rlbench.claims.statements import MINIMUM_GAMES, all_claims, family_of
from rlbench.claims.text import examination_lines
from rlbench.claims.verdict import early_lines, untrained_text
from rlbench.cli.claims import examine_runs_below, main
from rlbench.cli.report import main as report
from rlbench.errors import ReportError
from rlbench.published.levels import published_levels
from rlbench.published.papers import (
    atari_record,
    humanoid_record,
    step_ratios,
    trimmed_mean,
)
from rlbench.reports.figures.draw import draw_claims
from rlbench.reports.figures.looks import DQN, ES, Looks
from rlbench.reports.figures.ratios import claim_lines
from rlbench.reports.figures.registry import FIGURES
from rlbench.reports.figures.style import MUTED, styled
from support.run_files import RunFiles

GAMES = [
    f"ALE/{name}-v5"
    for name in ("Pong", "Breakout", "Freeway", "Seaquest", "Qbert", "Boxing", "Enduro", "Alien",
                 "Amidar", "Assault", "Asterix", "Krull")
]  # fmt: skip
ROBOTS = ["HalfCheetah-v5", "Hopper-v5", "Swimmer-v5", "Walker2d-v5"]
SPREAD = (0.8, 0.9, 1.0, 1.1, 1.2)  # of the seeds' times around their mean


def write(root: Path, agent: str, env: str, mean_s: float, seeds: int = 5, **more: object) -> float:
    """Runs of one agent that reach the level after about `mean_s`; returns the level."""
    levels = published_levels(env)
    level = 475.0 if levels is None else levels.threshold
    for seed in range(seeds):
        solved = mean_s * SPREAD[seed % len(SPREAD)]
        asked: dict[str, object] = {
            "agent": agent, "env": env, "seed": seed, "threshold": level,
            "history": ((0.0, level - 100.0), (0.95 * solved, level - 50.0), (solved, level + 1.0)),
            "budget_train_s": 1e4,
        }  # fmt: skip
        RunFiles(**(asked | more)).write(root)  # type: ignore[arg-type]
    return level


def never(root: Path, agent: str, env: str, budget_s: float, seeds: int = 5) -> None:
    """Runs that used up their budget in vain."""
    levels = published_levels(env)
    level = 475.0 if levels is None else levels.threshold
    for seed in range(seeds):
        RunFiles(
            agent=agent, env=env, seed=seed, threshold=level, status="budget",
            history=((0.0, level - 100.0), (budget_s + 0.01 * seed, level - 50.0)),
            budget_train_s=budget_s,
        ).write(root)  # fmt: skip


def pair(root: Path, env: str, factor: float, seeds: int = 5) -> None:
    write(root, "es", env, 10.0, seeds)
    write(root, "dqn", env, 10.0 * factor, seeds)


def examined(root: Path) -> dict[str, ExaminedClaim]:
    return {e.claim.key: e for e in examine_runs_below(root).claims}


def mean_of(found: ExaminedClaim) -> MeanRatio:
    mean = found.evidence.means["train_s"]
    assert mean is not None
    return mean


# --- what was published -------------------------------------------------------------------------


def test_the_published_counts_are_those_of_the_papers() -> None:
    record = atari_record()
    assert len(record.games) == 51
    against = record.against_a3c
    assert (against.won, against.lost, against.tied) == (23, 28, 0)
    against = record.against_a2c
    assert (against.won, against.lost, against.tied) == (15, 25, 1)
    against = record.against_dqn
    assert (against.won, against.lost, against.tied) == (17, 33, 1)
    assert round(record.es_iqm, 2) == 0.44
    assert round(record.dqn_iqm, 2) == 0.98
    assert (record.es.core_hours, record.a3c.core_hours) == (720.0, 384.0)
    assert record.time_factor == 24.0
    assert round(record.core_hour_factor, 2) == 0.53
    assert (record.es_frames, record.a3c_frames, record.dqn_frames) == (1e9, 3.2e8, 2e8)
    pong = next(game for game in record.games if game.name == "Pong")
    # From -20.7 (random) to 14.6 (human): 41.7 of 35.3 points.
    assert (pong.es, pong.a3c) == (21.0, 11.4)
    assert pong.es_place == pytest.approx(41.7 / 35.3)


def test_the_humanoid_is_657_minutes_on_18_cores_and_10_on_1440() -> None:
    record = humanoid_record()
    assert record.few.hours * 60 == pytest.approx(657)
    assert (record.few.cores, record.many.cores, record.score) == (18, 1440, 6000)
    assert record.few.core_hours == pytest.approx(197.1)
    assert record.many.core_hours == pytest.approx(240.0)
    assert round(record.parallel_efficiency, 2) == 0.82
    assert (record.runs, record.rl_hours) == (7, 24.0)


def test_step_ratios_agree_with_the_papers_own_column() -> None:
    ratios = {(r.task, r.percent): r.ratio for r in step_ratios()}
    assert len(ratios) == 24
    assert ratios["Hopper", 100] == pytest.approx(6.94, abs=0.02)
    assert ratios["HalfCheetah", 25] == pytest.approx(0.15, abs=0.005)


def test_the_lines_of_the_ratio_figure_are_the_claims() -> None:
    claims = all_claims()
    lines = {line.name: line.ratio for line in claim_lines()}
    atari, robotics = claims
    # What the paper reports of the second compares ES with itself: no line on equal cores.
    assert lines == {
        "claim: 24\u00d7": atari.factor,
        "claim: 60\u00d7": robotics.factor,
        "per core: 0.53\u00d7": atari.core_hour_factor,
    }


def test_the_trimmed_mean_cuts_a_quarter_rounded_down() -> None:
    assert trimmed_mean([100.0, 1.0, 2.0, 3.0, -50.0]) == 2.0  # one from either end
    assert trimmed_mean([1.0, 2.0, 6.0]) == 3.0


@pytest.mark.parametrize(
    ("env", "family"),
    [
        ("ALE/Pong-v5", "atari"),
        ("PongNoFrameskip-v4", "atari"),
        ("MontezumaRevenge-v4", "other"),  # spelt otherwise in the tables: not guessed
        ("Humanoid-v5", "robotics"),
        ("Walker2d-v4", "robotics"),
        ("CartPole-v1", "other"),
        ("mine:ALE/Pong-v5", "other"),
        ("Humanoid-v5x", "other"),
    ],
)
def test_family(env: str, family: str) -> None:
    assert family_of(env) == family


# --- the verdict changes with the runs ----------------------------------------------------------


def test_no_runs_are_not_testable_and_say_what_it_would_take(tmp_path: Path) -> None:
    for found in examined(tmp_path / "absent").values():
        assert found.verdict.outcome == "not testable here"
        assert found.verdict.needs
    atari = examined(tmp_path)["atari"].verdict
    assert atari.reason == "No Atari game was run here."
    assert "720 core-hours" in " ".join(atari.needs)


def test_es_a_hundred_times_faster_on_many_games_is_supported(tmp_path: Path) -> None:
    for game in GAMES:
        pair(tmp_path, game, 100.0)
    found = examined(tmp_path)
    verdict, mean = found["atari"].verdict, mean_of(found["atari"])
    assert verdict.outcome == "supported"
    assert "12 Atari games" in verdict.reason
    assert mean.ratio == pytest.approx(100.0)
    assert mean.low is not None
    assert 24 < mean.low < 100.1
    assert verdict.needs == ()
    assert found["robotics"].verdict.outcome == "not testable here"


def test_equal_agents_do_not_support_it(tmp_path: Path) -> None:
    for game in GAMES:
        pair(tmp_path, game, 1.0)
    verdict = examined(tmp_path)["atari"].verdict
    assert verdict.outcome == "not supported"
    assert "24\u00d7 lies above all of that" in verdict.reason


@pytest.mark.parametrize("middle", [20.0, 30.0])
def test_an_interval_around_the_claim_decides_nothing(tmp_path: Path, middle: float) -> None:
    for index, game in enumerate(GAMES):
        pair(tmp_path, game, middle * (4.0 if index % 2 else 0.25))
    verdict = examined(tmp_path)["atari"].verdict
    assert verdict.outcome == "not testable here"
    assert verdict.reason.startswith("Undecided: ")


def test_too_few_games_or_seeds_decide_nothing(tmp_path: Path) -> None:
    for game in GAMES[: MINIMUM_GAMES - 1]:
        pair(tmp_path / "games", game, 100.0)
    verdict = examined(tmp_path / "games")["atari"].verdict
    assert verdict.outcome == "not testable here"
    assert verdict.reason == "Only 9 of the at least 10 Atari games that are needed count."
    for game in GAMES:
        pair(tmp_path / "seeds", game, 100.0, seeds=4)
    verdict = examined(tmp_path / "seeds")["atari"].verdict
    assert verdict.outcome == "not testable here"
    assert verdict.reason.startswith("No Atari game counts here (ALE/Alien-v5: 4 of 5 seeds; ")
    assert verdict.reason.endswith("); at least 10 are needed.")


def test_one_game_more_tips_the_balance(tmp_path: Path) -> None:
    for game in GAMES[: MINIMUM_GAMES - 1]:
        pair(tmp_path, game, 1.0)
    assert examined(tmp_path)["atari"].verdict.outcome == "not testable here"
    pair(tmp_path, GAMES[MINIMUM_GAMES], 1.0)
    assert examined(tmp_path)["atari"].verdict.outcome == "not supported"


def test_where_dqn_never_reached_it_the_mean_is_a_bound(tmp_path: Path) -> None:
    for game in GAMES:
        write(tmp_path, "es", game, 1.0, budget_train_s=100.0)
        never(tmp_path, "dqn", game, 100.0)
    found = examined(tmp_path)["atari"]
    assert (mean_of(found).bound, mean_of(found).high) == (">=", None)
    assert found.verdict.outcome == "supported"
    assert "\u2265 100\u00d7 [" in found.verdict.reason


def test_a_bound_below_the_claim_does_not_refute_it(tmp_path: Path) -> None:
    for game in GAMES:
        write(tmp_path, "es", game, 50.0, budget_train_s=100.0)
        never(tmp_path, "dqn", game, 100.0)
    verdict = examined(tmp_path)["atari"].verdict
    assert verdict.outcome == "not testable here"
    assert "\u2265 2\u00d7 [" in verdict.reason
    assert verdict.needs[0].startswith("Larger budgets, in which DQN solves more")


def test_unsolved_runs_of_dqn_may_have_needed_any_time(tmp_path: Path) -> None:
    # Three of five unsolved after ten times as long as ES took: the claim may be true of them.
    for game in GAMES:
        write(tmp_path, "es", game, 10.0, budget_train_s=100.0)
        level = write(tmp_path, "dqn", game, 50.0, seeds=2, budget_train_s=100.0)
        for seed in (2, 3, 4):
            RunFiles(
                agent="dqn", env=game, seed=seed, threshold=level, status="budget",
                history=((0.0, level - 100.0), (100.0 + 0.01 * seed, level - 50.0)),
                budget_train_s=100.0,
            ).write(tmp_path)  # fmt: skip
    found = examined(tmp_path)["atari"]
    assert found.verdict.outcome == "not testable here"
    assert (mean_of(found).bound, mean_of(found).high) == (">=", None)


@pytest.mark.parametrize("seed", range(2))
def test_a_true_claim_is_not_found_unsupported(tmp_path: Path, seed: int) -> None:
    # ES needs 10 s, DQN exponential times with mean 400 s (40 times as long), budget 250 s.
    generator = np.random.default_rng(seed)
    for game in GAMES[:10]:
        level = write(tmp_path, "es", game, 10.0, budget_train_s=250.0)
        for number, solved in enumerate(generator.exponential(400.0, 5)):
            end = min(solved, 250.0 + 0.01 * number)
            RunFiles(
                agent="dqn", env=game, seed=number, threshold=level,
                history=(
                    (0.0, level - 100.0), (0.95 * end, level - 50.0),
                    (end, level + (1.0 if solved < 250.0 else -50.0)),
                ),
                status="solved" if solved < 250.0 else "budget", budget_train_s=250.0,
            ).write(tmp_path)  # fmt: skip
    assert examined(tmp_path)["atari"].verdict.outcome != "not supported"


@pytest.mark.parametrize(("at_once", "bound"), [("dqn", "<="), ("es", ">=")])
def test_solved_before_any_training(tmp_path: Path, at_once: str, bound: str) -> None:
    # A policy that never moves solves some games: all of one agent's runs at step 0.
    for game in GAMES:
        level = published_levels(game)
        assert level is not None
        for seed in range(5):
            history = ((0.0, level.threshold + 1.0),)
            RunFiles(
                agent=at_once, env=game, seed=seed, threshold=level.threshold, history=history
            ).write(tmp_path)
        write(tmp_path, "es" if at_once == "dqn" else "dqn", game, 100.0)
    examination = examine_runs_below(tmp_path)
    found = next(each for each in examination.claims if each.claim.key == "atari")
    (head,) = {c.ratios["train_s"].bound for c in found.evidence.comparisons}
    assert (head, mean_of(found).bound) == (bound, bound)
    # Less than until the first evaluation, at 114 s in the slowest run: nothing settles 24 times.
    expected = "not supported" if at_once == "dqn" else "not testable here"
    assert found.verdict.outcome == expected
    as_json(examination)


def test_the_power_of_the_budget_is_stated(tmp_path: Path) -> None:
    for game in GAMES:
        pair(tmp_path / "long", game, 1.0)
    examination = examine_runs_below(tmp_path / "long")
    found = next(each for each in examination.claims if each.claim.key == "atari")
    assert found.verdict.power is not None
    assert found.verdict.power.supported_at_double > 0.95
    assert found.verdict.power.refuted_at_one > 0.95
    assert found.verdict.power.refuted_at_claim < 0.05
    text = " ".join("\n".join(examination_lines(examination, 100)).split())
    assert "the rule would find the claim supported in 100% of such experiments" in text
    # DQN was watched for three times as long as ES took: 48 times could not have been seen.
    for game in GAMES:
        write(tmp_path / "short", "es", game, 10.0, budget_train_s=30.0)
        never(tmp_path / "short", "dqn", game, 30.0)
    power = examined(tmp_path / "short")["atari"].verdict.power
    assert power is not None
    assert (power.supported_at_double, power.refuted_at_claim) == (0.0, 0.0)


def test_where_es_never_reached_it_it_is_not_supported(tmp_path: Path) -> None:
    for game in GAMES:
        write(tmp_path, "dqn", game, 50.0, budget_train_s=100.0)
        never(tmp_path, "es", game, 100.0)
    found = examined(tmp_path)["atari"]
    assert mean_of(found).low is None
    assert found.verdict.outcome == "not supported"


def test_bounds_of_both_kinds_leave_the_mean_unknown(tmp_path: Path) -> None:
    for game in GAMES[:6]:
        write(tmp_path, "dqn", game, 50.0, budget_train_s=100.0)
        never(tmp_path, "es", game, 100.0)
    for game in GAMES[6:]:
        write(tmp_path, "es", game, 1.0, budget_train_s=100.0)
        never(tmp_path, "dqn", game, 100.0)
    found = examined(tmp_path)["atari"]
    assert mean_of(found).ratio is None
    assert found.verdict.outcome == "not testable here"
    assert "nothing bounds the mean" in found.verdict.reason


def test_games_that_no_agent_solved_do_not_count(tmp_path: Path) -> None:
    for game in GAMES:
        never(tmp_path, "dqn", game, 100.0)
        never(tmp_path, "es", game, 100.0)
    verdict = examined(tmp_path)["atari"].verdict
    assert verdict.outcome == "not testable here"
    assert "neither reached the level" in verdict.reason


def test_an_easier_level_than_the_published_one_does_not_count(tmp_path: Path) -> None:
    for game in GAMES:
        for agent, mean in (("es", 1.0), ("dqn", 100.0)):
            write(tmp_path, agent, game, mean, threshold=-900.0,
                  history=((0.0, -1000.0), (mean, -800.0)))  # fmt: skip
    verdict = examined(tmp_path)["atari"].verdict
    assert verdict.outcome == "not testable here"
    assert "below the published level" in verdict.reason


def from_memory(root: Path, game: str, factor: float, *, seeds: int = 5) -> None:
    for agent, mean in (("es", 10.0), ("dqn", 10.0 * factor)):
        write(
            root, agent, game, mean, seeds=seeds,
            header={"preprocessing": {"observations": "ram", "sticky_actions": 0.25},
                    "setup": f"{agent}ram", "fingerprint": "ram"},
            configuration={"env.kwargs": {"obs_type": "ram"}},
        )  # fmt: skip


def test_a_verdict_on_games_from_memory_says_so(tmp_path: Path) -> None:
    for game in GAMES:
        from_memory(tmp_path, game, 1.0)
    found = examined(tmp_path)["atari"]
    assert found.verdict.outcome == "not supported"
    assert found.verdict.stated == "not supported from memory"
    assert found.evidence.speeds == ()  # published lengths are of steps that show pixels
    assert found.verdict.reason.startswith(
        "On 12 Atari games seen as the emulator's memory, not as pixels, equal cores "
    )
    lines = list(examination_lines(examine_runs_below(tmp_path), 200))
    assert "1. NOT SUPPORTED FROM MEMORY: Atari in one hour instead of a day" in lines
    written = as_json(examine_runs_below(tmp_path))["claims"][0]
    assert written["verdict"]["condition"] == "from memory"
    assert written["measured"]["observations"] == "ram"
    table = claims_files(examine_runs_below(tmp_path))["claims.csv"].decode().splitlines()
    of_claim = [row for row in csv.DictReader(table) if row["claim"] == "atari"]
    assert {(row["outcome"], row["condition"]) for row in of_claim} == {
        ("not supported", "from memory")
    }


def test_too_few_games_from_memory_say_what_was_seen(tmp_path: Path) -> None:
    for game in GAMES[: MINIMUM_GAMES - 1]:
        from_memory(tmp_path, game, 1.0)
    assert examined(tmp_path)["atari"].verdict.reason == (
        "Only 9 of the at least 10 Atari games seen as memory that are needed count."
    )
    from_memory(tmp_path / "seeds", "ALE/Alien-v5", 1.0, seeds=4)
    assert examined(tmp_path / "seeds")["atari"].verdict.reason == (
        "No Atari game seen as memory counts here (ALE/Alien-v5: 4 of 5 seeds); "
        "at least 10 are needed."
    )


def test_pixels_decide_where_enough_were_run_and_never_together_with_memory(
    tmp_path: Path,
) -> None:
    for game in GAMES:
        from_memory(tmp_path, game, 1.0)
    for game in GAMES[: MINIMUM_GAMES - 1]:
        pair(tmp_path, game, 100.0)
    found = examined(tmp_path)["atari"]
    assert found.verdict.stated == "not supported from memory"
    left_out = {c.left_out for c in found.evidence.comparisons if not c.observations}
    assert left_out == {"the verdict is of games seen as memory"}
    pair(tmp_path, GAMES[MINIMUM_GAMES], 100.0)
    found = examined(tmp_path)["atari"]
    assert found.verdict.stated == "supported" and len(found.evidence.counted) == 10
    left_out = {c.left_out for c in found.evidence.comparisons if c.observations}
    assert left_out == {"the verdict is of games seen as pixels"}


# --- by scores, in runs that go on when solved ---------------------------------------------------


def scored(
    root: Path, game: str, early: float, late: float, *,
    early_s: float = 9.9, after: float | None = None, budget_s: float = 240.0,
    untrained: float = 0.0, **header: object,
) -> None:  # fmt: skip
    """ES, which has come `early` of the way to a human tester at `early_s`, `after` at the next
    evaluation and all of it later, and DQN, which has come `late` of it after 240 s. The networks
    of ES have come `untrained` of it before any training."""
    levels = published_levels(game)
    assert levels is not None
    start = levels.levels[0] - (levels.levels[-1] - levels.levels[0]) / 9.0  # random play
    way = (levels.levels[-1] - levels.levels[0]) / 0.9
    after = early if after is None else after
    histories = {
        "es": ((early_s, early), (10.1, after), (12.0, 1.0), (240.1, 1.0)),
        "dqn": ((120.0, 0.0), (200.0, 1.0), (240.1, late)),
    }
    for agent, history in histories.items():
        for seed in range(5):
            shift = 0.001 * seed
            RunFiles(
                agent=agent, env=game, seed=seed, threshold=levels.threshold, status="budget",
                levels=levels.levels, budget_train_s=budget_s,
                history=[(0.0, start + way * (untrained if agent == "es" else 0.0))]
                + [(time + shift, start + way * (part + shift)) for time, part in history],
                header={"stop_at_threshold": False, **header},
            ).write(root)  # fmt: skip


@pytest.mark.parametrize(
    ("behind", "outcome"),
    [(0, "supported"), (1, "supported"), (2, "not testable here"), (8, "not testable here"),
     (9, "not supported"), (10, "not supported")],
)  # fmt: skip
def test_who_scored_more_on_most_games_decides(tmp_path: Path, behind: int, outcome: str) -> None:
    for number, game in enumerate(GAMES[:10]):
        early, late = (0.3, 0.6) if number < behind else (0.6, 0.3)
        scored(tmp_path, game, early, late)
    found = examined(tmp_path)["atari"]
    assert found.verdict.outcome == outcome
    assert found.evidence.share == ShareAhead(10 - behind, behind, 0, 0)
    assert (
        f"ES after 10 s of training, a 24th of the time, had scored more than DQN after 240 s on "
        f"{10 - behind} of 10 ("
    ) in found.verdict.reason


def test_returns_are_those_after_the_two_times(tmp_path: Path) -> None:
    # ES is at a human tester's score from 12 s on, DQN was there at 200 s: neither plays a part.
    for game in GAMES[:10]:
        scored(tmp_path, game, 0.3, 0.6)
    found = examined(tmp_path)["atari"]
    (pong,) = [scores for c, scores in found.evidence.scores if c.env == "ALE/Pong-v5"]
    assert (pong.returns.challenger_s, pong.returns.baseline_s) == (10.0, 240.0)
    # From -20.7 to 14.6: 0.302 and 0.602 of 35.3 points with the median seed.
    assert pong.returns.challenger_return == pytest.approx(-20.7 + 0.302 * 35.3, abs=0.02)
    assert pong.returns.baseline_return == pytest.approx(-20.7 + 0.602 * 35.3, abs=0.02)
    assert pong.returns.difference == pytest.approx(-0.3 * 35.3, abs=0.02)
    assert pong.further == "baseline"


def test_games_on_which_nobody_came_far_are_left_out_of_the_share(tmp_path: Path) -> None:
    for number, game in enumerate(GAMES[:10]):
        early, late = (0.05, 0.02) if number < 4 else (0.2, 0.4)
        scored(tmp_path, game, early, late)
    found = examined(tmp_path)["atari"]
    assert found.evidence.share == ShareAhead(ahead=0, behind=6, open=0, neither=4)
    assert found.verdict.outcome == "not supported"  # 6 of 6: at most 46 %
    assert "on 4 more neither had come a tenth of the way" in found.verdict.reason
    # Where one of the two came far, the game counts, whoever it was.
    scored(tmp_path, GAMES[10], 0.2, 0.05)
    assert examined(tmp_path)["atari"].evidence.share == ShareAhead(1, 6, 0, 4)


@pytest.mark.parametrize(
    ("decided", "others"), [(6, "5 alone would not settle it"), (10, "9 alone would say the same")]
)
def test_games_on_which_untrained_networks_come_far_are_named(
    tmp_path: Path, decided: int, others: str
) -> None:
    for number, game in enumerate(GAMES[:10]):
        untrained = 0.15 if number == 0 else 0.05
        early, late = (0.2, 0.4) if number < decided else (0.05, 0.02)
        scored(tmp_path, game, early, late, untrained=untrained)
    found = examined(tmp_path)["atari"]
    assert found.verdict.outcome == "not supported"  # the rule counts them, and says so
    far = "that far" if decided < 10 else "a tenth of the way from random play to a human tester"
    said = f"on 1 of the {decided} ({GAMES[0]}) untrained networks had come {far} already"
    assert f"{said}, and the other {others}" in found.verdict.reason
    lines = [line for line in early_lines(found.evidence) if "untrained" in line]
    assert len(lines) == 1 and lines[0].startswith(f"{GAMES[0]}: ES ")


def test_what_a_trained_network_had_at_its_first_evaluation_is_not_untrained(
    tmp_path: Path,
) -> None:
    for game in GAMES[:10]:
        scored(tmp_path, game, 0.2, 0.4, untrained=0.15)
    for log in tmp_path.glob("es/*/*/*/log.jsonl"):
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        kept = [row for row in rows if row["kind"] != "eval" or row["train_s"] > 0.0]
        log.write_text("".join(f"{json.dumps(row)}\n" for row in kept))
    found = examined(tmp_path)["atari"]
    assert not any(scores.begins_far for _, scores in found.evidence.scores)
    written = as_json(examine_runs_below(tmp_path))["claims"][0]["measured"]["environments"][0]
    assert written["early_scores"]["untrained_challenger_return"] is None


@pytest.mark.parametrize(
    ("rest", "alone"), [((0.2, 0.4), "the opposite"), ((0.4, 0.2), "the same")]
)
def test_the_other_games_may_say_the_opposite(rest: tuple[float, float], alone: str) -> None:
    def found(early: float, late: float, untrained: float) -> EarlyScores:
        returns = ReturnDifference(
            "dqn", "es", late, early, early - late, None, None, 5, 5, 240.0, 10.0
        )
        return EarlyScores(returns, returns, 0.1, (0.0, untrained), 0)

    comparison = SimpleNamespace(env="ALE/Pong-v5")
    scores = [found(0.4, 0.2, 0.15)] * 20 + [found(*rest, 0.0)] * 6
    evidence = cast(Evidence, SimpleNamespace(scores=[(comparison, one) for one in scores]))
    text = untrained_text(evidence, "supported", "that far")
    assert text.endswith(f"and the other 6 alone would say {alone}")


def test_games_on_which_es_had_finished_no_generation_are_counted_and_named(tmp_path: Path) -> None:
    for number, game in enumerate(GAMES[:10]):
        scored(tmp_path, game, 0.2, 0.4, early_s=10.05 if number < 3 else 9.9)
    found = examined(tmp_path)["atari"]
    assert [scores.n_untrained for _, scores in found.evidence.scores].count(5) == 3
    said = "on 3 of the 10 ES had finished no generation by then, so its untrained networks were"
    assert said in found.verdict.reason
    assert sum("s (untrained), DQN" in line for line in early_lines(found.evidence)) == 3
    written = as_json(examine_runs_below(tmp_path))["claims"][0]["measured"]["environments"]
    assert sorted(e["early_scores"]["n_challenger_untrained"] for e in written) == [0] * 7 + [5] * 3


def test_untrained_networks_that_are_ahead_support_the_claim_and_the_verdict_says_so(
    tmp_path: Path,
) -> None:
    for game in GAMES[:10]:
        scored(tmp_path, game, 0.6, 0.3, early_s=10.05, untrained=0.6)
    verdict = examined(tmp_path)["atari"].verdict
    assert verdict.outcome == "supported"
    assert "on all 10 ES had finished no generation by then" in verdict.reason
    assert "on all 10 (" in verdict.reason and "alone would" not in verdict.reason


def test_where_all_deciding_games_begin_far_none_are_left(tmp_path: Path) -> None:
    for game in GAMES[:10]:
        scored(tmp_path, game, 0.2, 0.4, untrained=0.15)
    reason = examined(tmp_path)["atari"].verdict.reason
    assert "on all 10 (ALE/" in reason and " and 2 more) untrained networks had come" in reason
    assert reason.endswith(
        "had come a tenth of the way from random play to a human tester already."
    )


def test_the_figure_of_early_scores_shows_each_game_in_points(tmp_path: Path) -> None:
    scored(tmp_path, GAMES[0], 0.6, 0.3)
    for number, game in enumerate(GAMES[1:10]):
        scored(tmp_path, game, *((0.05, 0.02) if number < 3 else (0.2, 0.4)), untrained=0.15)
    scored(tmp_path, GAMES[10], 0.6, 0.3, early_s=10.05)  # untrained, and as good as DQN later
    examination = examine_runs_below(tmp_path)
    groups = [
        g for c in examination.claims[0].evidence.comparisons for g in (c.baseline, c.challenger)
    ]
    figure_of = FIGURES["early-scores"]
    with styled():
        figure = figure_of.draw(examination, Looks(groups))
        assert figure_of.draw(examine([]), Looks([])) is None  # times decide, or nothing does
    assert figure is not None
    (axes,) = figure.axes
    marks = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    at = [line.get_xdata()[0] for line in marks]  # type: ignore[index]
    assert at == pytest.approx([30.0, *[3.0] * 3, *[-20.0] * 6, -30.2], abs=0.1)  # ES's best first
    colours = [line.get_markerfacecolor() for line in marks]
    assert colours == [ES.colour, *[MUTED] * 3, *[DQN.colour] * 7]  # grey: left out
    words = [text.get_text() for text in (*axes.texts, *figure.texts)]
    assert words.count("DQN had more") == 6 and words.count("left out: below a tenth") == 3
    assert words.count("ES had more") == words.count("open") == 1 and "ES had more \u2192" in words
    assert "score of ES after 10 s less that of DQN after 240 s" in words
    assert sum(word.endswith("; untrained ones pass a tenth") for word in words) == 6
    assert sum("(untrained), DQN" in word for word in words) == 1
    assert any("ES had more on 1 of the 8 games" in " ".join(word.split()) for word in words)
    assert figure_of.words(examination).count("; ES less DQN") == 11


def test_the_figure_of_early_scores_has_few_ticks_and_grey_ties(tmp_path: Path) -> None:
    for number, game in enumerate(GAMES[:10]):
        scored(tmp_path, game, 5000.0 if number else 0.4, 0.4)
    examination = examine_runs_below(tmp_path)
    groups = [
        g for c in examination.claims[0].evidence.comparisons for g in (c.baseline, c.challenger)
    ]
    with styled():
        figure = FIGURES["early-scores"].draw(examination, Looks(groups))
    assert figure is not None
    (axes,) = figure.axes
    assert list(axes.get_xticks()) == [-1e5, -1e3, -10.0, 0.0, 10.0, 1e3, 1e5]
    marks = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    assert [line.get_markerfacecolor() for line in marks] == [*[ES.colour] * 9, "white"]
    assert marks[-1].get_markeredgecolor() == MUTED


def test_too_few_games_on_which_somebody_came_far_decide_nothing(tmp_path: Path) -> None:
    for number, game in enumerate(GAMES):  # six of twelve are half of them
        scored(tmp_path, game, *((0.05, 0.02) if number < 6 else (0.2, 0.4)))
    assert examined(tmp_path)["atari"].verdict.outcome == "not supported"
    scored(tmp_path, "ALE/Tennis-v5", 0.05, 0.02)
    verdict = examined(tmp_path)["atari"].verdict
    assert (verdict.outcome, verdict.power) == ("not testable here", None)
    said = "neither ES after 10 s of training, a 24th of the time, nor DQN after 240 s had come"
    assert said in verdict.reason
    as_json(examine_runs_below(tmp_path))


def test_where_the_next_evaluation_of_es_says_otherwise_it_is_open(tmp_path: Path) -> None:
    for number, game in enumerate(GAMES[:10]):
        scored(tmp_path, game, 0.3, 0.6, after=0.7 if number < 2 else 0.4)
    found = examined(tmp_path)["atari"]
    assert found.evidence.share == ShareAhead(ahead=0, behind=8, open=2, neither=0)
    # As if ES were behind on them, and as if it were ahead: 0 of 10 and 2 of 10.
    assert found.evidence.share.interval == pytest.approx((0.0, 0.556), abs=1e-3)
    assert found.verdict.outcome == "not testable here"
    assert "on 2 of these it is open who had" in found.verdict.reason


def test_equal_scores_are_open() -> None:
    def returns(value: float) -> ReturnDifference:
        return ReturnDifference("dqn", "es", 21.0, 21.0, value, None, None, 5, 5, 240.0, 10.0)

    def scores(now: float, later: float, first_level: float = -17.2) -> EarlyScores:
        return EarlyScores(returns(now), returns(later), first_level, (-21.0, -20.0), 0)

    assert scores(0.0, 0.0).further == "open"
    assert scores(0.5, 1.5).further == "challenger"
    assert scores(0.5, 1.5, 22.0).further == "neither"
    assert (scores(0.5, 1.5, -20.0).begins_far, scores(0.5, 1.5, -19.9).begins_far) == (True, False)


def test_runs_that_stop_when_solved_leave_the_verdict_to_times(tmp_path: Path) -> None:
    for game in GAMES[:9]:
        scored(tmp_path, game, 0.3, 0.6)
    scored(tmp_path, GAMES[9], 0.3, 0.6, stop_at_threshold=True)
    found = examined(tmp_path)["atari"]
    assert found.evidence.share is None and "neither reached the level" in found.verdict.reason
    scored(tmp_path, GAMES[10], 0.3, 0.6)
    found = examined(tmp_path)["atari"]
    assert found.evidence.share is not None and found.evidence.share.decided == 10
    left_out = {c.env: c.left_out for c in found.evidence.comparisons if not c.counts}
    assert left_out == {GAMES[9]: "dqn, seed 0: was to stop when solved"}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"early_s": 0.1}, ""),  # it may have finished no generation since
        ({"budget_s": 250.0}, "dqn, seed 0: was not evaluated at the end of 250 s"),
        (
            {"budget": {"train_seconds": None}},
            "its runs had not one budget in seconds",
        ),
    ],
)
def test_returns_that_are_not_known_at_the_two_times(
    tmp_path: Path, more: dict[str, Any], why: str
) -> None:
    scored(tmp_path, "ALE/Pong-v5", 0.3, 0.6, **more)
    (comparison,) = examined(tmp_path)["atari"].evidence.comparisons
    assert (comparison.scores if isinstance(comparison.scores, str) else "") == why


def test_budgets_that_differ_have_no_scores(tmp_path: Path) -> None:
    scored(tmp_path, "ALE/Pong-v5", 0.3, 0.6)
    (file,) = tmp_path.glob("es/*/*/seed3/run.json")
    header = json.loads(file.read_text()) | {"budget": {"train_seconds": 100.0}}
    file.write_text(json.dumps(header))
    (comparison,) = examined(tmp_path)["atari"].evidence.comparisons
    assert comparison.scores == "its runs had not one budget in seconds"


def test_the_rule_by_scores_is_wrong_in_at_most_one_of_forty(tmp_path: Path) -> None:
    for decided in range(1, 52):
        power = share_power(decided)
        assert power.wrong_at_half <= 0.025
    # Of five games even all of them may be chance; of six not; of ten nine are enough.
    assert share_power(5) == SharePower(0.0, 0.0, 0.0)
    assert share_power(6).supported_at_most == pytest.approx(0.9**6)
    assert share_power(6).wrong_at_half == pytest.approx(0.5**6)
    assert share_power(10).supported_at_most == pytest.approx(0.9**10 + 10 * 0.9**9 * 0.1)
    assert share_power(10).refuted_at_few == pytest.approx(0.9**10 + 10 * 0.9**9 * 0.1)
    for game in GAMES[:10]:
        scored(tmp_path, game, 0.3, 0.6)
    text = " ".join("\n".join(examination_lines(examine_runs_below(tmp_path), 100)).split())
    assert "supported in 74% of such experiments if ES scored more on nine of ten" in text
    assert "wrongly be found not supported in 1.1%" in text
    assert "ALE/Pong-v5: ES -10 after 10 s, DQN 0.551 after 240 s; ES less DQN" in text
    assert "-10.6 [-10.7, -10.5]: DQN" in text
    written = as_json(examine_runs_below(tmp_path))["claims"][0]
    assert written["measured"]["share"]["behind"] == 10
    assert written["measured"]["environments"][0]["early_scores"]["further"] == "baseline"


def test_the_page_lists_the_scores_that_decide(tmp_path: Path) -> None:
    for game in GAMES[:10]:
        scored(tmp_path / "runs", game, 0.3, 0.6)
    assert report([str(tmp_path / "runs"), "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "index.html").read_text()
    line = "<li>ALE/Pong-v5: ES -10 after 10 s, DQN 0.551 after 240 s; ES less DQN -10.6 ["
    assert page.count(line) == 1


def test_by_the_rule_the_papers_own_games_settle_nothing() -> None:
    against = atari_record().against_a3c
    low, high = ShareAhead(against.won, against.lost, against.tied, neither=0).interval
    assert (round(low, 2), round(high, 2)) == (0.31, 0.6)


def test_one_claim_each_way(tmp_path: Path) -> None:
    for game in GAMES:
        pair(tmp_path, game, 100.0)
    for task in ROBOTS:
        pair(tmp_path, task, 2.0)
    found = examined(tmp_path)
    assert found["atari"].verdict.outcome == "supported"
    assert found["robotics"].verdict.outcome == "not supported"
    assert "4 MuJoCo tasks" in found["robotics"].verdict.reason


def test_the_humanoid_alone_decides_the_second_claim(tmp_path: Path) -> None:
    for task in ROBOTS:
        pair(tmp_path, task, 2.0)
    pair(tmp_path, "Humanoid-v5", 500.0)
    found = examined(tmp_path)["robotics"]
    assert found.verdict.outcome == "supported"
    assert [c.env for c in found.evidence.counted] == ["Humanoid-v5"]
    assert "Humanoid-v5" in found.verdict.reason
    left_out = {c.left_out for c in found.evidence.comparisons if not c.counts}
    assert left_out == {"the claim's task was measured"}


def test_small_tasks_are_shown_and_decide_nothing(tmp_path: Path) -> None:
    for index in range(12):
        pair(tmp_path, f"Small-v{index}", 100.0)
    found = examine_runs_below(tmp_path)
    assert {e.verdict.outcome for e in found.claims} == {"not testable here"}
    assert len(found.other.comparisons) == 12
    text = "\n".join(examination_lines(found, 100))
    assert "can neither confirm nor refute the claims" in " ".join(text.split())
    assert "geometric mean" not in text  # the report has one, over seeds alone


def test_the_mean_over_environments_is_geometric(tmp_path: Path) -> None:
    pair(tmp_path, "One-v0", 2.0)
    pair(tmp_path, "Two-v0", 8.0)
    pooled = mean_over(examine_runs_below(tmp_path).other.counted, "train_s")
    assert pooled is not None
    assert pooled.ratio == pytest.approx(math.sqrt(2.0 * 8.0))
    # Drawn anew, both environments may be the slower or the faster one.
    assert pooled.low is not None and pooled.low < 2.2
    assert pooled.high is not None and pooled.high > 7.3


def test_core_hours_follow_from_the_measured_speed(tmp_path: Path) -> None:
    for agent in ("es", "dqn"):
        write(tmp_path, agent, "ALE/Pong-v5", 400.0, header={"frame_skip": 4, "cores": 2})
        # Too short to say anything of hours: DQN may not have begun to learn.
        write(tmp_path, agent, "ALE/Qbert-v5", 10.0, header={"frame_skip": 4, "cores": 1})
    needs = " ".join(examined(tmp_path)["atari"].verdict.needs)
    # 1000 steps/s on 2 cores: 10^9 frames / 4 / 500 / 3600 = 139 core-hours, DQN's fifth 27.8.
    assert "at the 500 steps/s a core measured here they would take 139 core-hours" in needs
    assert "27.8 core-hours" in needs
    assert "8,333 core-hours" in needs  # 50 runs of each


# --- the command --------------------------------------------------------------------------------


def test_the_command_without_runs_states_what_was_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "72")
    assert main([]) == 0
    printed, noted = capsys.readouterr()
    assert noted == ""
    words = " ".join(printed.split())
    assert "better than A3C on 23 of 51 games and worse on 28" in words
    assert "Of the 41 games of which its score is known here ES wins 15, loses 25" in words
    assert "wins 17 games, loses 33 and ties 1" in words
    assert words.count("What was measured here: nothing") == 2
    assert max(map(len, printed.splitlines())) <= 72
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_data_and_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for game in GAMES:
        pair(tmp_path / "runs", game, 100.0)
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text('{"schema": 1, "files": ["kept.csv"]}')
    (out / "kept.csv").write_text("mine")
    assert main([str(tmp_path / "runs"), "--out", str(out)]) == 0
    assert "1. SUPPORTED: Atari" in capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {
        "report.json", "kept.csv", "claims.json", "claims.csv", "published-atari.png",
        "published-atari.svg", "published-mujoco.png", "published-mujoco.svg",
    }  # fmt: skip
    data = json.loads((out / "claims.json").read_text())
    assert data == json.loads(json.dumps(as_json(examine_runs_below(tmp_path / "runs"))))
    assert [claim["verdict"]["outcome"] for claim in data["claims"]] == [
        "supported", "not testable here"
    ]  # fmt: skip
    assert data["claims"][0]["measured"]["pooled"]["train_s"]["ratio"] == pytest.approx(100.0)
    assert len(data["published"]["atari"]["games"]) == 51
    # The paper timed ES alone on the Humanoid: nothing is compared per core.
    assert [claim["core_hour_factor"] for claim in data["claims"]] == [384 / 720, None]
    assert data["claims"][1]["per_core"] == ""
    with (out / "claims.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    pong = next(r for r in rows if r["env"] == "ALE/Pong-v5" and r["unit"] == "train_s")
    assert (pong["claim"], pong["outcome"], pong["counts"]) == ("atari", "supported", "true")
    assert float(pong["ratio"]) == pytest.approx(100.0)


def test_a_named_directory_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="absent: no such directory"):
        main([str(tmp_path / "absent")])


def test_text_needs_no_drawing_and_help_has_an_example() -> None:
    code = (
        "import sys\nfrom rlbench.cli.main import main\n"
        "assert main(['claims']) == 0\n"
        "heavy = {'tensorflow', 'gymnasium', 'hydra', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "main(['claims', '--help'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "rlbench claims results/reference --out claims" in done.stdout


# --- the figures --------------------------------------------------------------------------------


def test_the_figure_of_the_games_counts_and_names_them_all() -> None:
    record = atari_record()
    with styled():
        figure = FIGURES["published-atari"].draw(examine([]), Looks([]))
    assert figure is not None
    (axes,) = figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert sorted(names) == sorted(game.name for game in record.games)
    assert names[:2] == ["Atlantis", "Double Dunk"] and names[-1] == "Q*Bert"
    assert [names.index(name) < 23 for name in ("Pitfall!", "Video Pinball")] == [True, False]
    words = {text.get_text() for text in (*axes.texts, *figure.texts)}
    assert {"A3C\n\u25b2 23\n\u25bd 28", "DQN\n\u25b2 17\n\u25bd 33\n= 1"} <= words
    assert any(text.startswith("The starts differ") for text in words)
    marks = [line for line in axes.lines if line.get_marker() in ("^", "v")]
    assert [len(line.get_xdata()) for line in marks] == [23, 28, 17, 33]  # type: ignore[arg-type]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "ES: 1 hour on 720 cores = 720 core-hours",
        "A3C: 24 hours on 16 cores = 384 core-hours",
        "DQN: 200 million frames, about 8 days on a GPU",
    ]
    es = next(line for line in axes.lines if line.get_marker() == "o")
    assert es.get_xdata()[0] == pytest.approx(100 * 77.5468, rel=1e-3)  # type: ignore[index]


def test_the_figures_are_the_same_bytes_each_time() -> None:
    once, again = (draw_claims(examine([])) for _ in range(2))
    assert [figure.stem for figure in once.figures] == ["published-atari", "published-mujoco"]
    assert once == again
