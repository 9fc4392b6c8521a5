"""Who scored more: differences of returns at the common horizon, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.analysis.groups import group_runs
from rlbench.analysis.return_differences import ReturnDifference, return_difference
from rlbench.runs.load import load_runs
from rlbench.wording import difference_text
from support.run_files import RunFiles


def difference(root: Path, es: list[float], dqn: list[float]) -> ReturnDifference | None:
    """Of runs that ended with these returns after nine seconds."""
    for agent, returns in (("es", es), ("dqn", dqn)):
        for seed, value in enumerate(returns):
            history = ((0.0, 0.0), (9.0, value), (12.0, 400.0))
            RunFiles(
                agent=agent, seed=seed, history=history, status="budget", budget_train_s=10.0
            ).write(root)
    (environment,) = group_runs(load_runs(root).runs)
    by_agent = {group.agent: group for group in environment.groups}
    return return_difference(by_agent["dqn"], by_agent["es"])


def test_the_median_and_the_interval_of_all_pairs_at_the_horizon(tmp_path: Path) -> None:
    found = difference(tmp_path, [10.0, 20.0, 30.0, 40.0], [100.0, 101.0, 102.0, 103.0])
    # The horizon is the budget of 10 s: what came at 12 s does not count. Of 4 and 4 runs no pair
    # is left out: 10 - 103 to 40 - 100.
    assert found == ReturnDifference(
        baseline="dqn", challenger="es", baseline_return=101.5, challenger_return=25.0,
        difference=-76.5, low=-93.0, high=-60.0, n_baseline=4, n_challenger=4,
        baseline_s=10.0, challenger_s=10.0,
    )  # fmt: skip
    assert found.is_settled and found.ahead == "dqn"
    assert difference_text(found) == (
        "DQN scored more: 102 against 25 (clear: 95 % interval of the difference 60 to 93)"
    )


@pytest.mark.parametrize(
    ("es", "dqn", "said"),
    [
        (
            [1.0, 9.0, 5.0, 7.0],
            [2.0, 8.0, 4.0, 6.0],
            "not settled: 95 % interval of the difference",
        ),
        ([3.0], [2.0], "from so few seeds that there is no 95 % interval: this may be chance"),
        ([3.0], [3.0], "both scored the same"),
    ],
)
def test_what_is_not_settled_is_said_to_be_so(
    tmp_path: Path, es: list[float], dqn: list[float], said: str
) -> None:
    found = difference(tmp_path, es, dqn)
    assert found is not None and not found.is_settled
    assert said in difference_text(found)
