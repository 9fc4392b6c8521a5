"""Optuna's study: what is asked, told and repeated, and that anybody can open it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.config.spaces import Choice, Interval, Space
from rlbench.errors import RunError
from rlbench.tuning.outcome import Outcome

optuna = pytest.importorskip("optuna", reason="rlbench[tune] is not installed")

SPACE: Space = {
    "agent.sigma": Interval(0.01, 0.3, log=True),
    "agent.n": Interval(1, 4, whole=True),
    "agent.hidden": Choice(("[32]", "[64,64]")),
}
FIRST = {"agent.sigma": 0.1, "agent.n": 2, "agent.hidden": "[32]"}


def opened(place: Path, objective: str = "time_to_threshold"):  # noqa: ANN201
    from rlbench.tuning.study import Study

    return Study(place, SPACE, objective, {"agent": "es"})  # type: ignore[arg-type]


def solved(*seconds: float | None) -> Outcome:
    return Outcome(seconds, (100.0,) * len(seconds), (9.0,) * len(seconds))


def test_what_is_told_is_there_for_optuna_and_its_best_trial_is_ours(tmp_path: Path) -> None:
    study = opened(tmp_path)
    study.enqueue(FIRST)
    told = [solved(None, 1.0), solved(4.0, 6.0), solved(2.0, 2.0), solved(3.0, 1.0)]
    for number, outcome in enumerate(told):
        trial = study.ask()
        trial.report(12.5)
        study.tell(trial, outcome, behind=number == 3, runs=["a", "b"])
    best = study.best()
    assert best is not None and (best[0].number, best[1]) == (2, told[2])

    loaded = optuna.load_study(study_name="rlbench", storage=f"sqlite:///{tmp_path}/study.db")
    assert loaded.user_attrs == {"agent": "es"}
    assert loaded.trials[0].params == FIRST
    assert [trial.state.name for trial in loaded.trials] == ["COMPLETE"] * 3 + ["PRUNED"]
    assert [trial.value for trial in loaded.trials[:3]] == [5.0, 5.0, 2.0]  # 9 and 1: spent
    assert loaded.trials[0].constraints == {"unsolved": told[0].shortfall}
    assert loaded.best_trial.number == 2
    assert loaded.trials[1].intermediate_values == {1: 12.5}


def test_a_study_may_lie_anywhere(tmp_path: Path) -> None:
    place = tmp_path / "a%41 b?c#d'e{x}"
    place.mkdir()
    opened(place).ask()
    assert not opened(place).is_new
    assert [file.name for file in place.iterdir()] == ["study.db"]


def test_a_trial_that_was_cut_short_is_tried_again_once_and_counts_once(tmp_path: Path) -> None:
    study = opened(tmp_path)
    cut = study.ask()
    for _ in range(2):  # a second start that gets no further changes nothing
        study = opened(tmp_path)
        study.repeat_what_was_cut()
        assert study.over == []
    again = study.ask()
    assert again.chosen == cut.chosen
    study.tell(again, solved(1.0), behind=False, runs=["a"])
    assert len(study.over) == 1
    assert study.ask().chosen != cut.chosen


def test_a_search_that_is_started_again_tries_what_it_would_have_tried(tmp_path: Path) -> None:
    chosen = []
    for place, restarts in ((tmp_path / "one", False), (tmp_path / "other", True)):
        place.mkdir()
        study = opened(place)
        for _ in range(4):
            study = opened(place) if restarts else study
            trial = study.ask()
            study.tell(trial, solved(1.0), behind=False, runs=["a"])
            chosen.append(tuple(trial.chosen.items()))
    assert chosen[:4] == chosen[4:]
    assert len(set(chosen)) == 4


def test_numbers_have_few_digits_and_stay_in_the_space(tmp_path: Path) -> None:
    study = opened(tmp_path)
    trial = study.ask()
    assert 0.01 <= float(trial.chosen["agent.sigma"]) <= 0.3
    assert len(trial.chosen["agent.sigma"].strip("0.").replace("e-", "")) <= 6
    assert trial.chosen["agent.hidden"] in ("[32]", "[64,64]")
    assert 1 <= int(trial.chosen["agent.n"]) <= 4


def test_a_failed_trial_counts_and_is_not_tried_again(tmp_path: Path) -> None:
    study = opened(tmp_path, "final_return")
    study.failed(study.ask(), "no such thing")
    assert study.all_failed == 1
    trial = study.ask()
    study.tell(trial, solved(None), behind=False, runs=["a"])
    assert [found.state.name for found in study.over] == ["FAIL", "COMPLETE"]
    assert study.all_failed == 0
    assert study.best()[0].value == 100.0  # the return, where that is what counts


def test_values_of_a_stranger_are_seen(tmp_path: Path) -> None:
    study = opened(tmp_path)
    study.enqueue({**FIRST, "agent.sigma": 7.0})
    assert not study.ask().is_in


def test_trials_of_another_space_are_one_line(tmp_path: Path) -> None:
    study = opened(tmp_path)._study
    study.add_trial(
        optuna.create_trial(
            value=1.0,
            params={"agent.x": 1.0},
            distributions={"agent.x": optuna.distributions.FloatDistribution(0.0, 2.0)},
        )
    )
    with pytest.raises(RunError, match=r"study.db: it has trials of agent\.x, which is not varied"):
        opened(tmp_path)


@pytest.mark.parametrize("content", [b"no database", None])
def test_what_is_no_study_is_one_line(content: bytes | None, tmp_path: Path) -> None:
    if content is None:
        (tmp_path / "study.db").symlink_to(tmp_path / "elsewhere")
    else:
        (tmp_path / "study.db").write_bytes(content)
    with pytest.raises(RunError, match=r"study.db: (Optuna cannot use it|is a link)"):
        opened(tmp_path)
    assert not (tmp_path / "elsewhere").exists()
