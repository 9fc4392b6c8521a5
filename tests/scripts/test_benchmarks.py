"""What `scripts/bench` decides and writes, without measuring anything."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.cartpole_dqn import ZOO
from benchmarks.measure import MeasurementError, alternate, run
from benchmarks.model import Benchmark, Goal, Plan, Result, ratio
from benchmarks.table import figure, save, write_table

FACTS = {
    "date": "2026-01-02 03:04 UTC",
    "cpu": "a CPU",
    "cores": 2,
    "memory_gb": 8.0,
    "system": "Linux x86_64",
    "python": "3.11.7",
    "packages": {"numpy": "2.4.6"},
    "peers": {},
    "commit": "0123456789ab",
    "load_average_before": [0.1, 0.2, 0.3],
}


@pytest.mark.parametrize(
    ("measured", "limit", "sense", "met"),
    [
        (2.5, 2.5, "at least", True),
        (2.49, 2.5, "at least", False),
        (2.9, 3.0, "under", True),
        (3.0, 3.0, "under", False),
        (None, 3.0, "under", False),  # what could not be measured is not met
        (7.0, None, "at least", None),  # for information
    ],
)
def test_a_goal_is_met_exactly_from_its_limit_on(
    measured: float, limit: float, sense: str, met: bool
) -> None:
    assert Goal("a goal", measured, limit, sense).met is met


def test_ratio_is_the_median_over_the_rounds() -> None:
    assert ratio([1.0, 100.0, 6.0], [2.0, 2.0, 1.0]) == 6.0
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0, 2.0], [1.0])


def test_sides_are_measured_in_turn_and_every_second_round_backwards() -> None:
    order = []

    def side(name: str) -> Callable[[int], float]:
        return lambda number: order.append((name, number)) or float(number)

    samples = alternate({"a": side("a"), "b": side("b")}, 3)
    assert order == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    assert samples == {"a": [0.0, 1.0, 2.0], "b": [0.0, 1.0, 2.0]}


def test_a_program_that_fails_is_named_with_its_last_words() -> None:
    with pytest.raises(MeasurementError, match=r"exit status 3\nno luck"):
        run(["bash", "-c", "echo no luck >&2; exit 3"])


def test_the_table_has_every_record_in_order_and_says_what_is_not_met(tmp_path: Path) -> None:
    def found(name: str, *goals: Goal) -> None:
        benchmark = Benchmark(name, f"title of {name}", lambda plan: Result(goals))
        result = Result(goals, {"side": [3.0, 1.0, 2.0]}, {"side": "s"}, ("a note",))
        save(tmp_path, benchmark, result, FACTS, Plan(repeats=3, quick=False))

    found("second", Goal("slow", 4.0, 3.0, "under", "s"), Goal("absent", None, 1, remark="no runs"))
    found("first", Goal("fast", 1234567.8, 500_000, unit="steps/s"))
    lines = write_table(tmp_path, ["first", "second", "never run"]).read_text().splitlines()
    goals = [line for line in lines if line.startswith("| ") and line.count("|") == 5]
    assert goals[1:4] == [
        "| fast | at least 500,000 steps/s | 1,234,568 steps/s | yes |",
        "| slow | under 3 s | 4 s | **no** |",
        "| absent | at least 1 | no runs | **no** |",
    ]
    assert "| side | 2 s | 1 s | 3 s | 3 |" in lines
    assert not any("smoke run" in line for line in lines)


def test_a_smoke_run_says_so(tmp_path: Path) -> None:
    benchmark = Benchmark("a", "A", lambda plan: Result(()))
    save(tmp_path, benchmark, Result(()), FACTS, Plan(repeats=1, quick=True))
    assert "smoke run" in write_table(tmp_path, ["a"]).read_text()


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(0.8449, "", "0.845"), (12.345, "x", "12.3x"), (1499.6, "steps/s", "1,500 steps/s")],
)
def test_figures(value: float, unit: str, shown: str) -> None:
    assert figure(value, unit) == shown


def test_rl_zoos_hyperparameters_are_settings_of_our_dqn() -> None:
    from rlbench.agents.dqn.settings import DQNSettings

    names = {word.removeprefix("agent.").split("=")[0] for word in ZOO}
    assert names <= set(DQNSettings.model_fields)
