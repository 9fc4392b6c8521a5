"""Mean curves: step functions on real timestamps, carried forward only where that is true."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from rlbench.analysis.curves import (
    common_end,
    environment_curves,
    evaluated,
    group_curve,
    group_end,
    random_return,
    run_values,
)
from rlbench.analysis.groups import EnvironmentGroups, group_runs
from rlbench.analysis.level_times import horizon_of
from rlbench.analysis.mean_curves import MAX_POINTS
from rlbench.analysis.normalized_scores import returns_at
from rlbench.runs.load import load_runs
from support.run_files import RunFiles


def environment(root: Path, *runs: RunFiles) -> EnvironmentGroups:
    for run in runs:
        run.write(root)
    (found,) = group_runs(load_runs(root).runs)
    return found


def test_the_last_evaluation_holds_until_the_next(tmp_path: Path) -> None:
    run = environment(
        tmp_path, RunFiles(history=((0.0, 1.0), (2.0, 5.0), (4.0, 480.0)))
    ).groups[0].runs[0]  # fmt: skip
    grid = np.array([0.0, 1.9, 2.0, 3.0, 4.0, 100.0])
    assert run_values(run, "train_s", grid).tolist() == [1.0, 1.0, 5.0, 5.0, 480.0, 480.0]
    assert run_values(run, "env_steps", np.array([2000.0])).tolist() == [5.0]


@pytest.mark.parametrize(
    ("status", "after"),
    [("solved", 480.0), ("failed", 480.0), ("interrupted", None), (None, None), ("budget", None)],
)
def test_what_stands_for_the_time_after_the_last_evaluation(
    tmp_path: Path, status: str | None, after: float | None
) -> None:
    run = environment(tmp_path, RunFiles(status=status)).groups[0].runs[0]
    (value,) = run_values(run, "train_s", np.array([5.0]))
    assert math.isnan(value) if after is None else value == after


GOES_ON = {"stop_at_threshold": False}
TO_LEVELS = {"stop_at_threshold": False, "stop_at_levels": True}


@pytest.mark.parametrize(
    ("header", "levels", "stopped"),
    [({}, (475.0,), True), (GOES_ON, (475.0,), False), (TO_LEVELS, (475.0, 478.0), True),
     (TO_LEVELS, (475.0, 490.0), False)],
)  # fmt: skip
def test_a_solved_run_is_carried_forward_only_where_that_ended_it(
    tmp_path: Path, header: dict[str, bool], levels: tuple[float, ...], stopped: bool
) -> None:
    history = ((0.0, 1.0), (4.0, 480.0))
    group = environment(tmp_path, RunFiles(history=history, levels=levels, header=header)).groups[0]
    assert group.runs[0].stopped_when_solved == stopped
    (after,) = run_values(group.runs[0], "train_s", np.array([5.0]))
    assert (after == 480.0) if stopped else math.isnan(after)
    assert group_end(group, "train_s") == (600.0 if stopped else 4.0)  # its budget was 600 s


def test_the_horizon_of_a_level_ends_where_a_solved_run_that_missed_it_did(tmp_path: Path) -> None:
    missed = RunFiles(seed=0, history=((0.0, 1.0), (4.0, 480.0)), levels=(475.0, 490.0))
    came = RunFiles(seed=1, history=((0.0, 1.0), (8.0, 495.0)), levels=(475.0, 490.0))
    missed.header = came.header = TO_LEVELS
    group = environment(tmp_path, missed, came).groups[0]
    assert horizon_of(group, 490.0, "env_steps") == 4000.0
    assert horizon_of(group, 475.0, "env_steps") == math.inf


def test_null_returns_are_skipped(tmp_path: Path) -> None:
    run = environment(
        tmp_path, RunFiles(history=((0.0, None), (1.0, 5.0), (2.0, None), (3.0, 480.0)))
    ).groups[0].runs[0]  # fmt: skip
    values = run_values(run, "train_s", np.array([0.5, 1.0, 2.5, 3.0]))
    assert math.isnan(values[0])
    assert values[1:].tolist() == [5.0, 5.0, 480.0]


def test_mean_on_the_union_of_real_times(tmp_path: Path) -> None:
    found = environment(
        tmp_path,
        RunFiles(seed=0, history=((0.0, 0.0), (1.0, 100.0), (3.0, 480.0))),
        RunFiles(seed=1, history=((0.0, 20.0), (2.0, 480.0))),
    )
    curve = group_curve(found.groups[0], "train_s", 10.0)
    assert curve is not None
    assert curve.x.tolist() == [0.0, 1.0, 2.0, 3.0, 10.0]
    assert curve.mean.tolist() == [10.0, 60.0, 290.0, 480.0, 480.0]
    assert curve.low.tolist() == [0.0, 20.0, 100.0, 480.0, 480.0]
    assert curve.high.tolist() == [20.0, 100.0, 480.0, 480.0, 480.0]
    assert curve.n.tolist() == [2.0] * 5
    assert curve.live_until == 3.0


def test_an_unfinished_seed_leaves_the_mean_where_it_ends(tmp_path: Path) -> None:
    found = environment(
        tmp_path,
        RunFiles(seed=0, history=((0.0, 0.0), (4.0, 480.0))),
        RunFiles(seed=1, history=((0.0, 20.0), (1.0, 40.0)), status=None),
    )
    curve = group_curve(found.groups[0], "train_s", 5.0)
    assert curve is not None
    assert curve.x.tolist() == [0.0, 1.0, 4.0, 5.0]
    assert curve.mean.tolist() == [10.0, 20.0, 480.0, 480.0]
    assert curve.n.tolist() == [2.0, 2.0, 1.0, 1.0]
    assert curve.low.tolist() == [0.0, 0.0, 480.0, 480.0]
    assert curve.high.tolist() == [20.0, 40.0, 480.0, 480.0]


def test_curves_end_at_the_common_horizon(tmp_path: Path) -> None:
    found = environment(
        tmp_path,
        RunFiles(agent="es", history=((0.0, 0.0), (100.0, 1.0)), status="budget",
                 budget_train_s=100.0, steps_per_s=1e6),
        RunFiles(agent="dqn", history=((0.0, 0.0), (300.0, 1.0)), status="budget",
                 budget_train_s=300.0, steps_per_s=1e3),
        RunFiles(agent="random", history=((0.0, 7.0), (2.0, 9.0)), status="budget",
                 budget_train_s=2.0),
    )  # fmt: skip
    assert common_end(found, "train_s") == 100.0
    assert common_end(found, "env_steps") == 300_000.0
    ends = {(c.agent, c.unit): c.x[-1] for c in environment_curves(found)}
    assert ends["dqn", "train_s"] == 100.0
    assert ends["es", "env_steps"] == 300_000.0
    assert random_return(found) == 9.0  # what its last evaluation showed
    assert random_return(found, "another fingerprint") is None


@pytest.mark.parametrize(
    ("end_s", "at_budget"), [(99.0, 7.0), (100.0, 7.0), (104.0, 7.0), (106.0, 1.0)]
)
def test_the_evaluation_at_the_end_of_a_budget_counts_as_made_at_it(
    tmp_path: Path, end_s: float, at_budget: float
) -> None:
    history = ((0.0, 0.0), (60.0, 1.0), (end_s, 7.0))
    ended = RunFiles(history=history, status="budget", budget_train_s=100.0)
    ended.end_train_s = max(end_s, 100.0)
    group = environment(tmp_path, ended).groups[0]
    assert returns_at(group, "train_s", np.array([60.0, 100.0])).tolist() == [[1.0, at_budget]]
    curve = group_curve(group, "train_s", 100.0)
    assert curve is not None
    assert (curve.x[-1], curve.mean[-1]) == (100.0, at_budget)


def test_who_ends_a_moment_before_the_budget_does_not_take_the_end_from_the_others(
    tmp_path: Path,
) -> None:
    cut = RunFiles(history=((0.0, 0.0), (3.99, 5.0)), end_train_s=4.01)
    whole = RunFiles(agent="dqn", history=((0.0, 0.0), (3.0, 1.0), (4.02, 9.0)))
    for run in (cut, whole):
        run.status, run.budget_train_s = "budget", 4.0
    found = environment(tmp_path, cut, whole)
    assert common_end(found, "train_s") == 4.0
    times = np.array([3.995, 4.0])  # the one stands until the budget, the other was made at it
    values = {group.agent: returns_at(group, "train_s", times).tolist() for group in found.groups}
    assert values == {"es": [[5.0, 5.0]], "dqn": [[1.0, 9.0]]}


def test_what_an_interrupted_run_had_trained_since_is_not_known_at_its_budget(
    tmp_path: Path,
) -> None:
    run = RunFiles(history=((0.0, 0.0), (98.0, 7.0)), status="interrupted", end_train_s=100.1)
    run.budget_train_s = 100.0
    group = environment(tmp_path, run).groups[0]
    assert np.isnan(returns_at(group, "train_s", np.array([100.0]))).all()


@pytest.mark.parametrize(
    ("budget_s", "budget_steps", "ends"),
    [(99.0, None, (99.0, 98000.0)), (100.0, 98900, (98.0, 98900.0)), (None, 96000, (98.0, 96000.0)),
     (99.0, 200_000, (99.0, 98000.0))],
)  # fmt: skip
def test_of_two_budgets_the_one_that_ended_the_run_is_where_its_last_evaluation_counts(
    tmp_path: Path, budget_s: float | None, budget_steps: int | None, ends: tuple[float, float]
) -> None:
    run = RunFiles(history=((0.0, 0.0), (98.0, 7.0)), status="budget", end_train_s=99.0)
    run.budget_train_s, run.budget_env_steps = budget_s, budget_steps
    (read,) = environment(tmp_path, run).groups[0].runs
    assert tuple(evaluated(read, unit)[0][-1] for unit in ("train_s", "env_steps")) == ends
    assert read.was_ended_by_budget("core_s") == read.was_ended_by_budget("train_s")


def test_an_evaluation_without_a_return_at_the_end_moves_no_other(tmp_path: Path) -> None:
    history = ((0.0, 0.0), (60.0, 1.0), (100.5, None))
    run = RunFiles(history=history, status="budget", budget_train_s=100.0)
    (read,) = environment(tmp_path, run).groups[0].runs
    assert evaluated(read, "train_s")[0].tolist() == [0.0, 60.0]


def test_a_run_solved_right_after_its_budget_counts_as_its_level_at_it(tmp_path: Path) -> None:
    history = ((0.0, 0.0), (100.1, 480.0), (100.2, 490.0))
    solved = RunFiles(history=history, status="solved", budget_train_s=100.0)
    group = environment(tmp_path, solved).groups[0]
    assert evaluated(group.runs[0], "train_s")[0].tolist() == [0.0, 100.0, 100.0]
    assert returns_at(group, "train_s", np.array([100.0])).tolist() == [[475.0]]


def test_where_all_stopped_early_the_axis_does_not_run_to_an_empty_budget(tmp_path: Path) -> None:
    found = environment(tmp_path, RunFiles(agent="es"), RunFiles(agent="dqn", seed=1))
    assert common_end(found, "train_s") == pytest.approx(1.25)


def test_long_logs_are_thinned_to_real_times(tmp_path: Path) -> None:
    times = [(float(t), float(t)) for t in range(1000)]
    found = environment(tmp_path, RunFiles(history=times, status="budget"))
    curve = group_curve(found.groups[0], "train_s", 999.0)
    assert curve is not None
    assert len(curve.x) == MAX_POINTS
    assert (curve.x == curve.mean).all()
    assert (curve.x[0], curve.x[-1]) == (0.0, 999.0)


def test_nothing_but_nulls_gives_no_curve(tmp_path: Path) -> None:
    found = environment(tmp_path, RunFiles(history=((0.0, None), (1.0, None)), status="failed"))
    assert list(environment_curves(found)) == []
