"""`rlbench evaluate` as a user types it, on a run of a second and on files that are not as they
should be."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rlbench
from rlbench.cli.main import main
from support.bad_input import refusal

REFERENCE = Path(__file__).parents[2] / "results" / "reference"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> rlbench.Run:
    """ES after some generations on a CartPole whose episodes are short and whose evaluations are
    shorter."""
    return rlbench.run(
        "es", seed=3, cores=1, progress=False, in_process=True,
        results_dir=tmp_path_factory.mktemp("runs"),
        **{
            "budget.env_steps": 3000, "agent.population": 8, "eval.episodes": 7,
            "env.max_episode_steps": 120, "eval.max_episode_steps": 90,
        },
    )  # fmt: skip


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main(["evaluate", *map(str, words)]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main(["evaluate", *map(str, words)]) == 2
    out, error = capsys.readouterr()
    assert out == "" and error.count("\n") == 1
    return error


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open()))


def test_it_is_the_run_s_own_evaluation(
    run: rlbench.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, run.directory, "--csv", tmp_path / "returns.csv")
    log = [json.loads(line) for line in (run.directory / "log.jsonl").read_text().splitlines()]
    last = [row for row in log if row["kind"] == "eval"][-1]
    found = rows(tmp_path / "returns.csv")
    assert [float(row["return"]) for row in found] == last["returns"]
    assert [int(row["length"]) for row in found] == last["lengths"]
    assert [row["truncated"] == "true" for row in found] == last["truncated"]
    mean = f"{last['return_mean']:,.2f}"
    assert text.splitlines()[0] == "es on CartPole-v1"
    assert "7 episodes of seed 3, at most 90 steps each" in text
    assert f"mean return {mean} (95 % interval " in text
    assert f"last evaluation, of the same episodes: {mean}" in text


def test_python_says_the_same(run: rlbench.Run, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, run.directory / "policy.npz", "--episodes", "9", "--seed", "5")
    policy = rlbench.load_policy(run)
    settings = {"env.max_episode_steps": 120, "eval.max_episode_steps": 90}
    found = rlbench.evaluate(policy, episodes=9, seed=5, **settings)
    assert f"mean return {found.return_mean:,.2f} (" in text
    assert "9 episodes of seed 5, at most 90 steps each" in text
    assert "own last evaluation" not in text


def test_a_file_alone_is_told_its_environment(
    run: rlbench.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = tmp_path / "mine.npz"
    shutil.copy(run.directory / "policy.npz", alone)
    assert f"{alone}: does not say its environment; env=ID names it" in refused(capsys, alone)
    text = said(capsys, "env=CartPole-v1", alone, "--episodes", "4")
    assert text.startswith("mine.npz on CartPole-v1\n4 episodes of seed 0, at most 500 steps each")
    assert "no interval from fewer than 5 episodes" in text
    assert "takes a policy for Acrobot-v1" in refused(capsys, alone, "env=Acrobot-v1")


def test_its_own_environment_by_name_is_as_in_the_run_and_with_settings_as_they_say(
    run: rlbench.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    own = said(capsys, run.directory)
    assert said(capsys, run.directory, "env=CartPole-v1") == own
    other = said(capsys, run.directory, "env=CartPole-v1", "env.max_episode_steps=50")
    assert "7 episodes of seed 3, at most 50 steps each" in other
    said_before = "env.max_episode_steps: got '5'; takes env=ID before it"
    assert said_before in refused(capsys, run.directory, "env.max_episode_steps=5")
    assert "agent.sigma: got '1'" in refused(capsys, run.directory, "agent.sigma=1")
    assert "command line: got '=1'; takes RUN, FILE" in refused(capsys, run.directory, "=1")


def test_a_package_is_imported_only_where_it_is_named(
    run: rlbench.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "run"
    shutil.copytree(run.directory, place)
    for file in ("run.json", "config.yaml"):
        text = (place / file).read_text().replace("CartPole-v1", "this:CartPole-v1")
        (place / file).write_text(text)
    before = set(sys.modules)
    assert "imported only where it is named: env=this:CartPole-v1" in refused(capsys, place)
    assert "this" not in set(sys.modules) - before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["RUN", "--episodes", "0"], "argument --episodes: got 0, takes a whole number from 1 to"),
        (["RUN", "--seed", "-1"], "argument --seed: "),
        ([], "got none; takes one RUN or FILE"),
        (["RUN", "RUN"], "takes one RUN or FILE"),
        (["absent.npz"], "absent.npz: no policy that rlbench can load: it is missing"),
        (["absent"], "absent: takes the directory of a run, or a file that ends in .npz"),
        (["."], ".: run.json is missing"),
        (["RUN", "--csv", "no/where.csv"], "--csv no/where.csv: cannot be written"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str],
    message: str,
    run: rlbench.Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["evaluate", *(w if w != "RUN" else str(run.directory) for w in words)]
    assert message in refusal(asked, tmp_path, monkeypatch, capsys)


def with_parameters(place: Path, value: complex) -> None:
    """Put a number into all parameters of a run's policy."""
    with np.load(place / "policy.npz") as file:
        arrays = dict(file)
    arrays["parameters"] = np.full(arrays["parameters"].shape, value)
    np.savez(place / "policy.npz", **arrays)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        lambda place: (place / "policy.npz").write_bytes(b"torn"),
        lambda place: (place / "policy.npz").unlink(),
        lambda place: (place / "config.yaml").write_text("env: 3"),
        lambda place: (place / "config.yaml").write_text("env: {id: CartPole-v1, kwargs: 4}"),
        lambda place: (place / "run.json").write_text("{}"),
        lambda place: np.savez(place / "policy.npz", architecture=np.array("{}")),
        lambda place: with_parameters(place, np.nan),
        lambda place: with_parameters(place, 1e300),
        lambda place: with_parameters(place, 1j),
    ],
)
def test_damaged_runs_are_one_line(
    change: object, run: rlbench.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "run"
    shutil.copytree(run.directory, place)
    change(place)  # type: ignore[operator]
    assert str(place) in refused(capsys, place)


def test_a_run_of_an_older_version_plays_as_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    place = next((REFERENCE / "classic" / "es" / "CartPole-v1").glob("*/seed1"))
    assert "in the run's own last evaluation" in said(capsys, place)


def test_tensorflow_stays_out(run: rlbench.Run) -> None:
    program = (
        "import sys; from rlbench.cli.main import main\n"
        "status = main(['evaluate', sys.argv[1]])\n"
        "sys.exit(status or str({'tensorflow', 'keras', 'hydra'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(run.directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == "set()\n"
