"""Environments that misbehave: one line that names them, with traceback.txt where a run began."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest
from tests.cli.conftest import Rlbench

from rlbench.cli.main import main

SMALL = ["agent=random", "budget.env_steps=50", "cores=1", "eval.episodes=2"]
REFUSED = {  # before a run begins
    "HugeDiscreteObservation": "env: got 'ID'; takes observations of 1 to 10000000 numbers, and "
    "Discrete(10000000000) has 10000000000",
    "EmptyObservation": "env: got 'ID'; takes observations of 1 to 10000000 numbers, and "
    "Box([], [], (0,), float32) has 0",
    "NoSpace": "env: got 'ID'; takes observations of a fixed size, not None",
    "NoSpaces": "env: got 'ID'; takes an environment with observation_space and action_space "
    "('NoSpaces' object has no attribute 'observation_space')",
    "Image": "env: got 'ID'; takes Atari's frames or observations that an MLP suits; these are "
    "images (96 x 96 x 3 bytes), which a wrapper may make smaller: see docs/environments.md",
    "EmptyAction": "env: got 'ID'; takes actions of 1 to 100000 numbers, and "
    "Box([], [], (0,), float32) has 0",
    "ThresholdText": "env.threshold: got 'high'; takes a number in the environment's registration; "
    "env.threshold=NUMBER sets another",
    "ThresholdInfinite": "env.threshold: got inf; takes a number in the environment's "
    "registration; env.threshold=NUMBER sets another",
    "BuiltOdd": "env: got 'ID'; takes an id Gymnasium can make: Odd: odd",
    "BuiltExits": "env: got 'ID'; takes an id Gymnasium can make: SystemExit: 0",
}
FAILED = {  # while the run goes on
    "RewardText": "environment ID gave a reward of type str, and a number is taken",
    "RewardNone": "environment ID gave a reward of type NoneType, and a number is taken",
    "RewardArray": "environment ID gave a reward of type ndarray, and a number is taken",
    "RewardHuge": "environment ID gave a reward that no float holds",
    "ObservationWide": "environment ID gave an observation that is not finite: inf",
    "ObservationScalar": "environment ID gave an observation of shape (), and its space says (4,)",
    "ObservationRow": "environment ID gave an observation of shape (1, 4), and its space says (4,)",
    "ObservationLong": "environment ID gave an observation of shape (5,), and its space says (4,)",
    "TerminatedText": "environment ID gave terminated of type str, and true or false is taken",
    "TerminatedNone": "environment ID gave terminated of type NoneType, and true or false is taken",
    "FourValues": "environment ID raised ValueError in step: not enough values to unpack "
    "(expected 5, got 4)",
    "StepOdd": "environment ID raised Odd in step: odd",
    "StepExits": "environment ID raised SystemExit in step: 0",
    "ResetExits": "environment ID raised SystemExit in reset: 0",
    "BuiltOnce": "environment ID raised ValueError in its constructor: one is enough",
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_before_anything_is_written(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env_id = f"stray_envs:{name}-v0"
    assert main([f"env={env_id}", *SMALL]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"rlbench: {REFUSED[name].replace('ID', env_id)}\n"
    assert captured.out == "" and list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FAILED)
def test_fails_with_a_line_and_a_traceback(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env_id = f"stray_envs:{name}-v0"
    assert main([f"env={env_id}", *SMALL]) == 1
    said = FAILED[name].replace("ID", env_id)
    assert capsys.readouterr().err == f"rlbench: {said}\n"
    (trace,) = tmp_path.rglob("traceback.txt")
    assert said in trace.read_text()


@pytest.mark.parametrize("agent", ["es", "dqn"])
@pytest.mark.parametrize("name", ["HugeDiscreteAction", "ManyBits"])
def test_actions_that_no_head_holds_are_refused_before_anything_is_written(
    name: str,
    agent: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([f"env=stray_envs:{name}-v0", f"agent={agent}"]) == 2
    assert "outputs in all" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "agent"), [("WideAction", "es"), ("ScalarAction", "random"), ("CloseRaises", "es")]
)
def test_trains_without_a_word_beside_its_own(
    name: str, agent: str, rlbench: Rlbench, tmp_path: Path
) -> None:
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    words = [f"env=stray_envs:{name}-v0", f"agent={agent}", "budget.env_steps=50", "cores=1"]
    result = rlbench(*words, "eval.episodes=2", PYTHONPATH=path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "budget: " in result.stdout


def test_rewards_that_overflow_are_one_line_in_the_process_too(rlbench: Rlbench) -> None:
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    words = ["env=stray_envs:RewardWide-v0", "agent=es", "budget.env_steps=50", "cores=1"]
    result = rlbench(*words, PYTHONPATH=path)
    assert result.returncode == 1
    assert result.stderr == (
        "rlbench: environment stray_envs:RewardWide-v0 gave a reward that is not finite: values "
        "that overflow when added\n"
    )


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("rate", ["1e39", "1e308"])
def test_es_that_diverges_fails_with_one_line(rate: str, here: Rlbench) -> None:
    result = here(f"agent.learning_rate={rate}", "budget.env_steps=5000", "cores=1")
    assert result.returncode == 1
    assert result.stderr == (
        "rlbench: ES diverged in generation 1 (its parameters are not finite): try a smaller "
        "agent.learning_rate\n"
    )


def test_a_gpu_that_is_not_there_is_refused(here: Rlbench, tmp_path: Path) -> None:
    result = here("agent=random", "device=gpu", "budget.env_steps=10")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "rlbench: device: got 'gpu'; takes cpu here: TensorFlow sees no GPU on this machine\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_envs_lists_what_was_registered_with_a_threshold_that_is_no_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    importlib.import_module("stray_envs")
    assert main(["envs", "Threshold"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split()[1] for line in lines if "-v0" in line}
    assert rows["ThresholdText-v0"] == rows["ThresholdInfinite-v0"] == "-"
