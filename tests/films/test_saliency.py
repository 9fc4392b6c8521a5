"""What a policy looks at, where it is known what it looks at."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from rlbench.cli.main import main
from rlbench.films.episodes import Shot, Theatre
from rlbench.films.saliency import Gaze, gaze
from rlbench.interfaces import Array
from rlbench.nets.build import NATURE, SMALL, NetworkOptions
from rlbench.nets.conv import ConvNet
from rlbench.nets.heads import ArgmaxHead, ContinuousHead
from rlbench.nets.mlp import MLP
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.conditions import Conditions
from rlbench.playing.episode import Step
from rlbench.runs.directory import write_policy
from rlbench.settings import EnvSettings

pytest.importorskip("PIL", reason="rlbench[video] is not installed")
HEAD = ArgmaxHead((3,), single=True)


def looking_at(network: ConvNet, row: int, column: int, common: float = 0.0) -> NetworkPolicy:
    """A policy whose first output is the brightness at one place of the last convolution, and all
    of whose outputs grow with the whole picture by `common`."""
    parameters = np.zeros(network.size, np.float32)
    *convs, (dense, _), (last, _) = network.layers(parameters)
    for kernel, _ in convs:
        kernel[:] = 1 / len(kernel)
    units = network.convs[-1][0]
    dense.reshape(*network.grids[-1], units, -1)[row, column, 0, 0] = 1
    dense[:, 1] = common
    last[0, 0], last[1, :] = 1, 1
    return NetworkPolicy(network, HEAD, parameters)


def small() -> ConvNet:
    network = SMALL.build((4, 10, 10), 3, NetworkOptions())
    assert isinstance(network, ConvNet)
    return network


def test_on_a_board_it_is_the_squares_that_change_the_choice() -> None:
    board = np.full((4, 10, 10), 255, np.uint8)
    board[:, 3, 4] = 0  # emptied already
    for common in (0.0, 2.0):  # what moves all outputs alike is no choice
        found = Gaze(looking_at(small(), 2, 3, common), False).saliency(board)
        seen = np.zeros((10, 10), bool)
        seen[2:5, 3:6] = True
        seen[3, 4] = False
        assert (found[seen] > 1e-4).all() and np.allclose(found[~seen], 0, atol=1e-9)
    # One of nine squares, of brightness 1: an output falls by 1/9, the others less the mean by less
    assert found[2, 3] == pytest.approx(0.5 * (2 / 3) / 81, rel=1e-3)


def test_of_a_single_number_it_is_what_changes_it() -> None:
    network = SMALL.build((4, 10, 10), 1, NetworkOptions())
    assert isinstance(network, ConvNet)
    parameters = looking_at(network, 2, 3).parameters
    policy = NetworkPolicy(network, ContinuousHead((-1.0,), (1.0,)), parameters)
    found = Gaze(policy, False).saliency(np.full((4, 10, 10), 255, np.uint8))
    assert found[2, 3] == pytest.approx(0.5 / 81, rel=1e-3) and found[0, 0] == 0


def test_on_frames_it_is_near_what_is_looked_at() -> None:
    network = NATURE.build((4, 84, 84), 3, NetworkOptions())
    assert isinstance(network, ConvNet)
    frames = np.random.default_rng(0).integers(0, 256, (4, 84, 84)).astype(np.uint8)
    found = Gaze(looking_at(network, 1, 5), True).saliency(frames)
    assert found.shape == (14, 14)
    # A place of the last convolution sees 36 pixels, 8 apart.
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert 8 <= 3 + 6 * row < 44 and 40 <= 3 + 6 * column < 76
    assert found[12, 1] == 0


def test_where_all_is_alike_nothing_is_looked_at() -> None:
    network = NATURE.build((4, 84, 84), 3, NetworkOptions())
    assert isinstance(network, ConvNet)
    grey = np.full((4, 84, 84), 130, np.uint8)
    # Blurred it is the same; a darker square would be another picture.
    assert (Gaze(looking_at(network, 3, 3), True).saliency(grey) == 0).all()


def test_what_it_looks_at_is_red_beside_the_game() -> None:
    board = np.zeros((4, 10, 10), np.uint8)
    board[1, 3, 4] = 255
    policy = looking_at(small(), 2, 3)
    game: Array = np.full((40, 30, 3), 7, np.uint8)
    whole = Gaze(policy, False, scale=1e-9).beside(Shot(game, 0, Step(board, 0, 0.0, False)))
    assert whole.shape == (40, 70, 3) and (whole[:, :30] == 7).all()
    assert (whole[12:16, 46:50] == [255, 60, 30]).all()
    assert (whole[:8, 30:] == 0).all()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "policy.npz"
    write_policy(path, looking_at(small(), 2, 3).arrays())
    return path


def test_the_scale_is_the_film_s() -> None:
    pytest.importorskip("minatar", reason="rlbench[minatar] is not installed")
    conditions = Conditions(env=EnvSettings(id="MinAtar/Breakout-v1"))
    policy = looking_at(small(), 0, 3)
    with contextlib.closing(Theatre(conditions)) as theatre:
        shots = list(theatre.play(policy, 0))[:21]
        trial = Gaze(policy, False)
        largest = [trial.saliency(shot.step.obs).max() for shot in shots[::10]]
        scale = gaze(policy, theatre, [0], len(shots))._scale
    assert scale == (pytest.approx(np.percentile(largest, 90)) if max(largest) else 1.0)


def test_watch_shows_it_beside_the_game(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("minatar", reason="rlbench[minatar] is not installed")
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    sizes = []
    for more in ([], ["--saliency"]):
        out = tmp_path / f"film{len(more)}.mp4"
        words = [str(saved), "env=MinAtar/Breakout-v1", "--seconds", "1", "--out", str(out)]
        assert main(["watch", *words, *more]) == 0
        sizes.append(next(imageio_ffmpeg.read_frames(str(out)))["size"])
    assert sizes[0] == (400, 462) and sizes[1] == (800, 462)
    vector = tmp_path / "vector.npz"
    mlp = MLP(4, (), 2, "tanh")
    parameters = np.zeros(mlp.size, np.float32)
    head = ArgmaxHead((2,), single=True)
    write_policy(vector, NetworkPolicy(mlp, head, parameters).arrays())
    capsys.readouterr()
    words = [str(vector), "env=CartPole-v1", "--out", str(tmp_path / "no.mp4"), "--saliency"]
    assert main(["watch", *words]) == 2
    assert "--saliency: takes a policy of es or dqn on pixels" in capsys.readouterr().err
