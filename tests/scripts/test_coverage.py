"""The simulation of coverage: what it counts, that it finds what is known, and a smoke run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rlbench.analysis.permutation import log_rank
from rlbench.analysis.survival import CensoredTimes
from simulations import ratios, table
from simulations.__main__ import all_trials, main, missing
from simulations.model import Condition, summary
from simulations.ratios import OURS, RATIO, log_rank_interval
from simulations.shapes import population, time_quantile, watched
from simulations.shares import SHARE, mean_interval
from simulations.verdicts import Verdicts, simulate

COMMITTED = Path(__file__).parents[2] / "results" / "coverage"
CONDITION = Condition(RATIO, OURS, "exponential", 0.0, 5)


def test_what_is_counted() -> None:
    drawn = [((1.0, 4.0), 2.0), ((1.0, 4.0), 0.5), ((1.0, 2.0), 3.0), ((1.0, None), 9.0),
             ((None, None), 1.0), ((2.0, 8.0), 2.0)]  # fmt: skip
    cell = summary(CONDITION, drawn)
    assert (cell.covered, cell.below, cell.above) == (4, 1, 1)
    assert (cell.open_ends, cell.without, cell.repetitions) == (1, 1, 6)
    assert cell.median_width == 4.0
    assert cell.coverage == pytest.approx(4 / 6)
    assert cell.error == pytest.approx(np.sqrt(5 / 8 * 3 / 8 / 6))
    mostly_open = summary(CONDITION, [((1.0, None), 2.0)] * 2 + [((1.0, 2.0), 1.5)])
    assert mostly_open.median_width is None


def test_an_exact_interval_covers_as_the_mathematics_has_it() -> None:
    trials = all_trials(4000)
    cell = trials[Condition(RATIO, OURS, "exponential", 0.0, 5).name].run()
    # It misses where 2 of 25 pairs or fewer are won, or lost: 4 of 252 orders on either side.
    assert cell.coverage == pytest.approx(1 - 8 / 252, abs=4 * cell.error)
    share = trials[Condition(SHARE, "Clopper-Pearson", "50%", 0.0, 5).name].run()
    assert share.coverage == 1.0  # five of five has [0.48, 1]
    none = trials[Condition(RATIO, OURS, "exponential", 0.0, 3).name].run()
    assert none.without == none.repetitions


def test_the_same_condition_gives_the_same_cell() -> None:
    one, again = (all_trials(20)[CONDITION.name].run() for _ in range(2))
    assert one == again


def test_the_log_rank_interval_holds_what_the_test_does_not_reject() -> None:
    generator = np.random.default_rng(8)
    slow, fast = 3.0 * generator.lognormal(0.0, 0.8, 5), generator.lognormal(0.0, 0.8, 5)
    horizon = 4.0
    low, high = log_rank_interval(watched(slow, horizon), watched(fast, horizon), horizon)

    def p(factor: float) -> float:
        cut = min(horizon, horizon / factor)
        found = log_rank(watched(slow / factor, cut), watched(fast, cut))
        return 1.0 if found is None else found

    assert low is not None
    assert p(low * 0.99) <= 0.05 < p(low * 1.01)
    assert high is None or p(high * 1.01) <= 0.05 < p(high * 0.99)


def test_means_to_compare_with_are_those_of_scipy() -> None:
    times = np.array([1.0, 2.0, 4.0, 9.0, 11.0])
    expected = stats.t.interval(0.95, 4, times.mean(), stats.sem(times))
    found = mean_interval(times, "Student's t", np.random.default_rng(0))
    assert expected[0] < 0.0  # where no time lies: the end is open
    assert found == (None, pytest.approx(expected[1]))
    low, high = mean_interval(times, "t of the logarithm", np.random.default_rng(0))
    assert low is not None
    assert high is not None
    assert low * high == pytest.approx(times.mean() ** 2)


def test_shapes_are_cut_where_they_should_be() -> None:
    until = time_quantile("two modes", 0.7)
    assert np.mean(population("time: two modes") <= until) == pytest.approx(0.7, abs=1e-3)
    assert time_quantile("two modes", 1.0) == np.inf
    found = watched(np.array([1.0, 5.0]), 3.0)
    assert isinstance(found, CensoredTimes)
    assert (found.time.tolist(), found.event.tolist()) == ([1.0, 3.0], [True, False])


def test_times_on_a_grid_lie_in_their_cells() -> None:
    times = np.random.default_rng(3).lognormal(0.0, 1.0, 500)
    seen = ratios.on_grid(times, np.random.default_rng(4))
    assert ((seen.previous < times) & (times <= seen.time)).all()
    np.testing.assert_allclose(seen.time / seen.previous, ratios.GRID_GROWTH)


def test_the_rule_is_applied_to_known_truths() -> None:
    far = simulate("lognormal 0.8", 10, 0.0, 120.0, 10_000.0, 20)
    assert (far.supported, far.not_supported) == (1.0, 0.0)
    none = simulate("lognormal 0.8", 10, 0.0, 1.0, 10_000.0, 20)
    assert (none.supported, none.not_supported) == (0.0, 1.0)
    # What cannot be seen is not refuted: the budget is a quarter of the claimed factor.
    short = simulate("exponential", 10, 0.0, 120.0, 6.0, 20)
    assert (short.supported, short.not_supported) == (0.0, 0.0)
    assert Verdicts("", 1, 0.0, 10.0, 1.0, 1, 0.25, 0.5).wrong == 0.25
    assert Verdicts("", 1, 0.0, 24.0, 1.0, 1, 0.25, 0.5).wrong == 0.5


def test_a_smoke_run_writes_all_and_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--quick", "--only", "lognormal 0.5", "--out", str(tmp_path)]
    assert main(words) == 0
    first = json.loads((tmp_path / "cells.json").read_text())["cells"]
    assert len(first) > 5
    text = (tmp_path / "table.md").read_text()
    assert "## Time ratio: rank-sum" in text
    assert str(tmp_path) in capsys.readouterr().out
    left = list(missing(table.load(tmp_path), 8))
    assert not set(left) & set(first)
    assert main(["--repetitions", "8", "--only", left[0], "--out", str(tmp_path)]) == 0
    second = json.loads((tmp_path / "cells.json").read_text())["cells"]
    assert second == first | {left[0]: second[left[0]]}


def test_the_committed_table_is_whole_and_that_of_its_cells(tmp_path: Path) -> None:
    cells = table.load(COMMITTED)
    assert list(missing(cells, 500)) == []
    table.write_table(tmp_path, cells)
    assert (tmp_path / "table.md").read_text() == (COMMITTED / "table.md").read_text()
    printed = [
        cell for cell in cells.values() if cell.get("condition", {}).get("kind") == RATIO
        and cell["condition"]["method"].startswith(OURS)
    ]  # fmt: skip
    assert len(printed) > 100
    assert min(cell["coverage"] for cell in printed) > 0.93
    wrong = [Verdicts(**c).wrong for c in cells.values() if "true_ratio" in c]
    assert len(wrong) > 100
    assert max(wrong) < 0.05


def test_how_often_the_rule_is_wrong_is_what_the_document_says() -> None:
    found = [Verdicts(**c) for c in table.load(COMMITTED).values() if "true_ratio" in c]
    supported = {
        ratio: max(v.supported for v in found if v.true_ratio == ratio)
        for ratio in (10.0, 20.0, 24.0)
    }
    assert supported == {10.0: 0.003, 20.0: 0.019, 24.0: 0.035}
    assert max(v.not_supported for v in found if v.true_ratio >= 24.0) == 0.035
    short = [v.supported for v in found if (v.true_ratio, v.budget) == (120.0, 25.0)]
    assert (round(min(short), 2), round(max(short), 2)) == (0.02, 0.29)
