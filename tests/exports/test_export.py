"""`rlbench export` as a user types it, and its files played again."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlbench
from rlbench.cli.main import main
from rlbench.errors import ConfigError, ReportError
from rlbench.exports.facts import exported, properties
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.source import read_source
from rlbench.runs.directory import write_policy
from support.bad_input import refusal

onnx = pytest.importorskip("onnx", reason="rlbench[onnx] is not installed")
pytest.importorskip("onnxruntime", reason="rlbench[onnx] is not installed")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> rlbench.Run:
    return rlbench.run(
        "es", seed=2, cores=1, progress=False, in_process=True,
        results_dir=tmp_path_factory.mktemp("runs"),
        **{
            "budget.env_steps": 1000, "agent.population": 8, "agent.normalize_observations": True,
            "eval.episodes": 6, "env.max_episode_steps": 450,
        },
    )  # fmt: skip


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def test_an_onnx_file_plays_as_its_run_does(
    run: rlbench.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, ours, theirs = (tmp_path / name for name in ("policy.onnx", "ours.csv", "theirs.csv"))
    said(capsys, "export", run.directory, "--out", out, "--licence", "CC0-1.0")
    known = {p.key: p.value for p in onnx.load(out).metadata_props}
    assert (known["environment"], known["agent"]) == ("CartPole-v1", "es")
    assert (known["version"], known["licence"]) == (f"rlbench {rlbench.__version__}", "CC0-1.0")
    assert json.loads(known["rlbench"])["conditions"]["seed"] == 2
    said(capsys, "evaluate", run.directory, "--csv", ours)
    assert "6 episodes of seed 2, at most 450" in said(capsys, "evaluate", out, "--csv", theirs)
    assert ours.read_bytes() == theirs.read_bytes()
    obs = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    actions = [rlbench.load_policy(file).act(obs, np.random.default_rng(0)) for file in (run, out)]
    assert np.array_equal(*actions) and len(set(actions[0].tolist())) == 2


def test_a_file_that_does_not_say_its_environment_is_told_it(
    run: rlbench.Run, tmp_path: Path
) -> None:
    out = tmp_path / "policy.onnx"
    assert main(["export", str(run.directory), "--out", str(out)]) == 0
    model = onnx.load(out)
    del model.metadata_props[:]
    onnx.save(model, out)
    with pytest.raises(ReportError, match="does not say its environment"):
        rlbench.load_policy(out)
    played = rlbench.evaluate(rlbench.load_policy(out, env="CartPole-v1"), episodes=3, seed=2)
    own = rlbench.evaluate(rlbench.load_policy(run), episodes=3, seed=2)
    assert played.returns.tolist() == own.returns.tolist()
    with pytest.raises(ConfigError, match="takes a model for Acrobot-v1"):
        rlbench.load_policy(out, env="Acrobot-v1")
    with pytest.raises(ConfigError, match="env: got 'CartPole-v1'; takes no value here"):
        rlbench.load_policy(run, env="CartPole-v1")


def test_the_card_says_what_the_file_is(
    run: rlbench.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "policy.onnx"
    written = said(capsys, "export", run.directory, "--out", out).splitlines()
    assert written == [str(out), f"{out}.md"]
    text = (tmp_path / "policy.onnx.md").read_text()
    assert text.startswith("# `es` on `CartPole-v1`\n")
    mean = run.evaluations.return_mean[-1]
    assert f"Mean return {mean:,.1f} (95 % interval over episodes " in text
    assert "over 6 whole episodes" in text
    assert f"{run.end.train_s:,.1f} s of training, {run.end.env_steps:,} environment steps" in text
    policy = rlbench.load_policy(run)
    assert isinstance(policy, NetworkPolicy)
    assert f"; {policy.network.size:,} parameters" in text
    assert "| licence | `Apache-2.0` |" in text
    assert "| environment | `CartPole-v1`; steps of an episode at most `450` |" in text
    assert "Seed 2, on 1 core of `" in text
    program = text.split("```python\n")[1].split("\n```")[0]
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)


def test_nothing_of_it_imports_tensorflow(run: rlbench.Run, tmp_path: Path) -> None:
    program = (
        "import sys; from rlbench.cli.main import main\n"
        "run, out = sys.argv[1:]\n"
        "status = main(['export', run, '--out', out]) or main(['evaluate', out])\n"
        "sys.exit(status or str({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(run.directory), str(tmp_path / "policy.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == "set()\n"


@pytest.mark.parametrize("name", ["policy.keras", "policy"])
def test_keras_and_saved_model(
    name: str,
    run: rlbench.Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / name
    said(capsys, "export", run.directory, "--out", out)
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    exec((tmp_path / f"{name}.md").read_text().split("```python\n")[1].split("\n```")[0], found)
    policy = rlbench.load_policy(run)
    ours = policy.act(found["observation"], np.random.default_rng(0))
    assert np.array_equal(found["action"], ours)
    known = properties(exported(read_source(run.directory), "Apache-2.0"))
    if out.is_dir():
        text = (out / "assets.extra/rlbench.json").read_text()
        assert main(["export", str(run.directory), "--out", str(out)]) == 2
        assert "takes the name of a folder that is not there yet" in capsys.readouterr().err
    else:
        with zipfile.ZipFile(out) as archive:
            text = archive.read("rlbench.json").decode()
        observation = found["observation"]
        assert rlbench.load_policy(out).act(observation, np.random.default_rng(0)) == ours
    assert json.loads(text) == known


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["RUN", "--out", "policy.pt"], "takes a name that ends in .onnx or .keras, or --format"),
        (["RUN", "--out", "p.h5", "--format", "keras"], "takes a name that ends in .keras"),
        (
            ["RUN", "--out", "p.keras", "--format", "onnx"],
            "the ending says keras, and --format onnx",
        ),
        (["RUN", "--out", "no/policy.onnx"], "--out no/policy.onnx: cannot be written"),
        (["RUN", "--out", "."], "--out .: takes the name of a file"),
        (["RUN"], "the following arguments are required: --out"),
        (["RANDOM", "--out", "policy.onnx"], "its policy is a UniformPolicy; takes one with a"),
        (["absent.npz", "--out", "policy.onnx"], "absent.npz: no policy that rlbench can load"),
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
    with rlbench.make_agent("random") as agent:
        write_policy(run.directory / "random.npz", agent.policy().arrays())
    places = {"RUN": str(run.directory), "RANDOM": str(run.directory / "random.npz")}
    asked = ["export", *(places.get(word, word) for word in words)]
    assert message in refusal(asked, tmp_path, monkeypatch, capsys)


def test_a_file_of_somebody_else_in_the_cards_place_is_kept(
    run: rlbench.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["export", str(run.directory), "--out", str(tmp_path / "policy.onnx")]
    card = tmp_path / "policy.onnx.md"
    card.write_text("# Notes\n\nof mine\n")
    assert main(asked) == 2
    assert (
        "policy.onnx.md is there already, and rlbench has not written it" in capsys.readouterr().err
    )
    assert card.read_text() == "# Notes\n\nof mine\n" and not (tmp_path / "policy.onnx").exists()
    card.unlink()
    assert main(asked) == 0 and main(asked) == 0  # an earlier card is replaced
