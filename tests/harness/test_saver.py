"""How far apart checkpoints are."""

import pytest

from rlbench.harness.saver import apart_s
from rlbench.runs.checkpoint import Saved


@pytest.mark.parametrize(
    ("cost_s", "saved", "seconds"),
    [
        (0.01, Saved(1000, 0), 5.0),  # at least
        (0.2, Saved(1000, 0), 20.0),  # 1 % of the time
        (0.8, Saved(1000, 750), 20.0),  # three quarters are rows, which are not written again
        (9.0, Saved(1000, 1000), 5.0),
    ],
)
def test_checkpoints_cost_one_percent_beside_rows_that_are_written_once(
    cost_s: float, saved: Saved, seconds: float
) -> None:
    assert apart_s(cost_s, saved) == pytest.approx(seconds)
