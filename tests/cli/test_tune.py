"""`rlbench tune` as a user types it: what it finds is used, and where it was stopped it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlbench.cli.main import main
from rlbench.config.compose import compose
from rlbench.config.words import as_text

optuna = pytest.importorskip("optuna", reason="rlbench[tune] is not installed")

AS_IT_IS = as_text(compose(["agent=es", "env=CartPole-v1"]).agent.params["sigma"])
SIGMAS = ("0.07", AS_IT_IS, "0.3")
SMALL = ["agent=es", "env=CartPole-v1", f"agent.sigma={','.join(SIGMAS)}", "seeds=1", "cores=1"]
SHORT = ["budget.env_steps=400", "eval.episodes=2"]
ENDLESS = ["budget.env_steps=1000000000", "stop_at_threshold=false", "eval.episodes=1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place := tmp_path_factory.mktemp("tuned"))
        yield place


@pytest.fixture(scope="module")
def first(folder: Path) -> Path:
    """The study of two trials; the file with what they found is there."""
    assert main(["tune", *SMALL, *SHORT, "trials=2", "dry_run=0"]) == 0
    (study,) = folder.glob("results/tune/es/CartPole-v1/*/study.db")
    return study


def trials(study: Path) -> list[tuple[str, dict[str, str]]]:
    loaded = optuna.load_study(study_name="rlbench", storage=f"sqlite:///{study}")
    return [(trial.state.name, trial.params) for trial in loaded.trials]


def tried(study: Path) -> list[str]:
    """The sigmas of complete trials."""
    return [params["agent.sigma"] for state, params in trials(study) if state == "COMPLETE"]


def test_the_next_run_has_what_was_found(first: Path, folder: Path) -> None:
    file = folder / "conf/tuned/es/CartPole-v1.yaml"
    sigma = yaml.safe_load(file.read_text())["agent"]["sigma"]
    assert sigma in map(float, SIGMAS)
    assert compose(["agent=es", "env=CartPole-v1"]).agent.params["sigma"] == sigma
    told = " ".join(line.removeprefix("#").strip() for line in file.read_text().splitlines())
    assert "2 trials of es on CartPole-v1" in told and "on tuning seeds 1000 (" in told
    assert "Objective: time_to_threshold." in told and "and 400 steps, cores=1" in told
    assert f"agent.sigma: {','.join(SIGMAS)}" in told


def test_its_runs_are_runs_on_tuning_seeds_and_leave_no_checkpoints(first: Path) -> None:
    runs = sorted(first.parent.glob("runs/es/CartPole-v1/*/seed*"))
    assert {run.name for run in runs} == {"seed1000"}
    sigmas = {yaml.safe_load((run / "config.yaml").read_text())["agent"]["sigma"] for run in runs}
    assert sigmas == set(map(float, tried(first)))
    assert not [run for run in runs if (run / "checkpoint").exists()]


def test_the_same_command_does_nothing_again_and_more_trials_go_on_while_there_are_any(
    first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(first)[0] == AS_IT_IS and len(set(tried(first))) == 2  # as it is, and a new one
    before = trials(first)
    logs = {log: log.stat().st_size for log in first.parent.rglob("log.jsonl")}
    assert main(["tune", *SMALL, *SHORT, "trials=2"]) == 0
    assert trials(first) == before
    assert main(["tune", *SMALL, *SHORT, "trials=9"]) == 0
    assert set(tried(first)) == set(SIGMAS) and len(tried(first)) == 3
    out = capsys.readouterr().out
    assert "[3/9] es sigma=" in out and "[4/9]" not in out
    assert logs == {log: log.stat().st_size for log in logs}


def test_the_file_of_somebody_else_is_not_replaced(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "es" / "CartPole-v1.yaml"
    mine.parent.mkdir()
    mine.write_text("# @package _global_\n# by hand\n")
    assert main(["tune", *SMALL, *SHORT, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "which rlbench tune has not written" in said and "--out DIR puts it elsewhere" in said
    assert mine.read_text() == "# @package _global_\n# by hand\n"


def test_a_trial_that_the_effort_ends_goes_on_with_more_of_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def end_after(effort_s: float) -> dict[str, Any]:
        """The last row of the one run."""
        words = [*SMALL, *ENDLESS, f"results_dir={tmp_path}"]
        assert main(["tune", *words, f"effort={effort_s}"]) == 1
        assert "no trial of an agent was completed" in capsys.readouterr().err
        (log,) = tmp_path.rglob("log.jsonl")
        end = json.loads(log.read_text().splitlines()[-1])
        assert end["status"] == "interrupted" and spent_s(end) >= effort_s
        return end

    def spent_s(row: dict[str, float]) -> float:
        return row["train_s"] + row["lost_train_s"]

    end = end_after(1.0)
    assert end_after(1.0) == end  # there is none left
    more = end_after(spent_s(end) + 0.2)
    assert (end["attempt"], more["attempt"]) == (1, 2)
    (study,) = tmp_path.rglob("study.db")
    cut, again = trials(study)
    assert (cut[0], again[0], cut[1]) == ("FAIL", "RUNNING", again[1])


BAD = {
    "seeds=0,1": "seeds: got '0,1'; takes up to 100 seeds from 100 to 2147483647: those below are "
    "reported, and settings that were chosen on them would look too good",
    "seeds=0": "seeds: got '0'; takes a number from 1 to 100, or the seeds themselves, as "
    "1000,1001",
    "seed=1": "seed: got '1'; takes no value in tune; seeds= is its word",
    "agent.algorithm=PPO": "agent.algorithm: got 'PPO'; takes no value in tune; "
    "agent=NAME:ALGORITHM is its word",
    "trials=0": "trials: got '0'; takes a whole number from 1 to 10,000",
    "effort=x": "effort: got 'x'; takes a number of seconds from 1 to 1,000,000,000",
    "objective=x": "objective: got 'x'; takes auto, time_to_threshold or final_return",
    "prune=x": "prune: got 'x'; takes true or false",
    "space=nix.yaml": "nix.yaml: is missing",
    "agent.sigma=interval(2,1)": "agent.sigma: got 'interval(2,1)'; takes interval(LOW,HIGH) with "
    "LOW below HIGH",
    "agent.sigmoid=1,2": "agent.sigmoid: there is no such key for es; `rlbench agent=es --help` "
    "lists its keys",
    "env.threshold=1,2": "env.threshold: got '1,2'; takes one value; a search varies keys of the "
    "agent, agent.KEY",
    "nix=1": "nix: there is no such key; `rlbench --help` lists the keys",
}


@pytest.mark.parametrize("agents", ["es,es", "es,"])
def test_each_agent_is_named_once(agents: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", f"agent={agents}", "env=CartPole-v1"]) == 2
    said = f"rlbench: agent: got '{agents}'; takes one agent or several, as agent=es,dqn"
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize("word", BAD)
def test_a_bad_word_is_one_line_and_writes_nothing(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tune", "agent=es", "env=CartPole-v1", "--out", "tuned", word]) == 2
    assert capsys.readouterr().err == f"rlbench: {BAD[word]}\n"
    assert list(tmp_path.iterdir()) == []
