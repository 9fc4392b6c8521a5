"""`rlbench dream` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.agents.random import UniformPolicy
from rlbench.cli.main import main
from rlbench.dreams.play import play
from rlbench.interfaces import ActionSpec, Array
from rlbench.nets.build import A3C, SMALL, NetworkOptions
from rlbench.nets.heads import ArgmaxHead
from rlbench.nets.mlp import MLP
from rlbench.nets.network import Network
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.conditions import Conditions
from rlbench.runs.directory import write_policy
from rlbench.settings import EnvSettings

PIL = pytest.importorskip("PIL.Image", reason="rlbench[video] is not installed")
BREAKOUT = "MinAtar/Breakout-v1"
QUICK = ["--steps", "4", "--seed", "3"]


def save(network: Network, parameters: Array, actions: int, path: Path) -> Path:
    head = ArgmaxHead((actions,), single=True)
    write_policy(path, NetworkPolicy(network, head, parameters).arrays())
    return path


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fresh but for its first layer, whose kernels are pieces of boards around the ball, less what
    stands still."""
    pytest.importorskip("minatar", reason="rlbench[minatar] is not installed")
    conditions = Conditions(env=EnvSettings(id=BREAKOUT))
    frames = play(UniformPolicy(ActionSpec("discrete", (3,))), conditions, None).frames / 255
    rng = np.random.default_rng(0)
    network = SMALL.build((4, 10, 10), 3, NetworkOptions())
    parameters = network.initial_uniform(rng)
    (kernel, _), *_ = network.layers(parameters)
    for channel in range(16):
        board = frames[rng.integers(len(frames))]
        ball = np.argwhere(board[1])[0]
        row, column = np.clip(ball - 1, 0, 7)
        piece = (board - frames.mean(axis=0))[:, row : row + 3, column : column + 3]
        kernel[:, channel] = np.moveaxis(piece, 0, -1).ravel()
    return save(network, parameters, 3, tmp_path_factory.mktemp("policy") / "policy.npz")


def dream(*words: str | Path) -> int:
    try:
        return main(["dream", *map(str, words)])
    except SystemExit as ended:
        return int(ended.code or 0)


def read(out: Path) -> Any:
    return json.loads((out / "dream.json").read_text())


def test_structure_is_found_where_there_is_some(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [policy, f"env={BREAKOUT}", "--layer", "conv1", "--steps", "24", "--seed", "3"]
    assert dream(*words, "--out", tmp_path) == 0
    assert (
        "The game is more in trained dreams than in untrained ones: conv1."
        in capsys.readouterr().out
    )
    ((layer,),) = (run["layers"] for run in read(tmp_path)["runs"])
    compared = layer["compared"]["likeness"]
    assert compared["verdict"] == "more" and compared["ratio"]["low"] > 1
    values = layer["trained"]["likeness"]
    assert len(values) == 16
    assert compared["trained"]["value"] == pytest.approx(np.mean(values), abs=1e-3)
    assert compared["untrained"]["value"] == pytest.approx(1.0, abs=0.4)


def test_all_layers_have_a_picture(
    policy: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert dream(policy, f"env={BREAKOUT}", "--steps", "1", "--out", tmp_path) == 0
    assert capsys.readouterr().err == "" and caplog.records == []
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "actions.png", "before-after.png", "conv1.png", "dense1.png", "dream.json",
    ]  # fmt: skip
    (run,) = read(tmp_path)["runs"]
    conv, dense, actions = run["layers"]
    assert run["channels"] == ["paddle", "ball", "trail", "brick"]
    assert (len(conv["units"]), len(dense["units"]), dense["units_in_all"]) == (16, 64, 128)
    assert actions["units"] == ["NOOP", "LEFT", "RIGHT"]


def test_two_policies_stand_side_by_side_and_the_seed_decides(policy: Path, tmp_path: Path) -> None:
    words = [f"env={BREAKOUT}", *QUICK, "--action", "left", "--out", tmp_path]
    assert dream(policy, policy, *words) == 0
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["actions.png", "before-after.png", "dream.json"]
    one, other = read(tmp_path)["runs"]
    assert one == other and one["layers"][0]["units"] == ["LEFT"]
    with PIL.open(tmp_path / "actions.png") as picture:
        pixels = np.asarray(picture)[:, 6:-6]
    left, right = pixels[:, :660], pixels[:, -660:]
    assert pixels.shape[1] == 2 * 660 + 24 and np.array_equal(left, right)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--layer", "conv7"], "--layer conv7: takes one of conv1, dense1, actions"),
        (["--layer", "conv1", "--channel", "16"], "takes a channel of conv1 from 0 to 15"),
        (["--action", "FIRE"], "--action FIRE: takes NOOP, LEFT, RIGHT"),
        (["--channel", "3"], "--channel: takes --layer NAME beside it"),
        (["--action", "LEFT", "--layer", "conv1"], "--action: takes no --layer beside it"),
        (["--smoothing", "nan"], "argument --smoothing: got nan, takes a number from 0 to 10"),
        (["--from", "sleep"], "argument --from: invalid choice"),
    ],
)
def test_bad_input_is_one_line(
    policy: Path,
    words: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    assert dream(policy, f"env={BREAKOUT}", *QUICK, *words, "--out", out) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not out.exists()


def test_other_policies_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vector = MLP(4, (8,), 2, "tanh")
    saved = save(vector, np.zeros(vector.size, np.float32), 2, tmp_path / "vector.npz")
    uniform = tmp_path / "uniform.npz"
    write_policy(uniform, UniformPolicy(ActionSpec("discrete", (2,))).arrays())
    frames: Any = A3C.build((4, 84, 84), 6, NetworkOptions())
    other = save(frames, np.zeros(frames.size, np.float32), 6, tmp_path / "frames.npz")
    for path, message in (
        (saved, "its network sees 4 numbers, which are no picture"),
        (uniform, "its policy is a UniformPolicy; takes a policy of es or dqn on pixels"),
        (other, "policy: got 'one that takes 4 images of 84 x 84 pixels'; takes a policy for"),
    ):
        assert dream(path, "env=CartPole-v1", "--out", tmp_path / "out") == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_place_that_is_no_folder_is_refused_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.write_bytes(b"before")
    assert dream(tmp_path / "absent.npz", "--out", taken) == 2
    assert f"--out {taken}: cannot be written (is not a directory)\n" in capsys.readouterr().err
    assert taken.read_bytes() == b"before"
