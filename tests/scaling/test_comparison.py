"""Published figures beside the model, and what ES would need."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rlbench.scaling.comparison import at_limit, comparisons, paper_humanoid, speed_up
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.work import ESWork, Stretch, fitted_es

pytest.importorskip("simpy", reason="rlbench[scale] is not installed")

STRETCH = Stretch(10.0, 10 * 128 * 100.0, 10 * 128.0, 30.0, np.array([50.0, 150.0]))
EMPTY = ESWork(128, 1, 8, 1000, 10.0, 1000.0, (STRETCH,), 0.0, 0.0)
HARDWARE = Hardware(weighed_s=0.0, added_s=0.0)


def humanoid() -> ESWork:
    return fitted_es(EMPTY, (STRETCH,), HARDWARE)


def test_the_paper_has_its_own_population_and_network() -> None:
    early, late = paper_humanoid(humanoid())
    # 376 inputs, two layers of 256, 17 outputs.
    assert early.parameters == 376 * 256 + 256 + 256 * 256 + 256 + 256 * 17 + 17
    assert (early.population, early.block_members) == (10_000, 2)
    assert late.stretches[0].lengths.tolist() == [1000.0]
    assert late.round_s == pytest.approx(early.step_s * 10_000 * 1000)


def test_speed_up_is_the_workers_where_nothing_is_lost() -> None:
    free = dataclasses.replace(HARDWARE, message_s=0.0, latency_s=0.0, bandwidth_bytes_s=1e30)
    free = dataclasses.replace(free, copied_bytes_s=1e30, large_copied_bytes_s=1e30)
    work = at_limit(dataclasses.replace(humanoid(), block_members=1))
    assert speed_up(work, 2, 128, "relay", free) == pytest.approx(64.0)


def test_every_figure_has_its_error() -> None:
    found = comparisons(humanoid(), HARDWARE)
    assert [each.published for each in found] == [pytest.approx(65.7), 1.6, 3.7, 512.0, 12.5]
    for each in found:
        assert each.predicted[0] <= each.predicted[1]
        assert each.errors[0] == pytest.approx(each.predicted[0] / each.published - 1)
    assert found[-1].errors == (pytest.approx(0.28), pytest.approx(0.28))
