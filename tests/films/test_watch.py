"""`rlbench watch` as a user types it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlbench
from rlbench.cli.main import main
from rlbench.films.frames import PICTURE_HEIGHT, STRIP_HEIGHT
from rlbench.films.window import show
from support.bad_input import refusal

PIL = pytest.importorskip("PIL.Image", reason="rlbench[video] is not installed")
imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="rlbench[video] is not installed")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> rlbench.Run:
    return rlbench.run(
        "es", cores=1, progress=False, in_process=True, results_dir=tmp_path_factory.mktemp("r"),
        **{"budget.env_steps": 2000, "agent.population": 8, "env.max_episode_steps": 60},
    )  # fmt: skip


@pytest.fixture(autouse=True)
def without_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def steps_of(run: rlbench.Run, episode: int = 0) -> int:
    policy = rlbench.load_policy(run)
    played = rlbench.evaluate(policy, episodes=2, **{"env.max_episode_steps": 60})
    return int(played.lengths[episode])


def test_a_film_is_an_episode_long(
    run: rlbench.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "film.mp4"
    assert main(["watch", str(run.directory), "--out", str(out)]) == 0
    frames = imageio_ffmpeg.read_frames(str(out))
    about = next(frames)
    width, height = about["size"]
    pictures = [np.frombuffer(data, np.uint8).reshape(height, width, 3) for data in frames]
    assert (height, about["fps"]) == (STRIP_HEIGHT + PICTURE_HEIGHT, 50.0)
    # The first picture, one a step, and the last one for a second more.
    assert len(pictures) == 1 + steps_of(run) + 51
    assert f"{len(pictures)} frames" in capsys.readouterr().out
    assert not np.array_equal(pictures[0], pictures[-60])
    assert list(tmp_path.iterdir()) == [out]


def test_two_runs_and_two_episodes_as_a_gif(run: rlbench.Run, tmp_path: Path) -> None:
    out = tmp_path / "film.gif"
    words = [str(run.directory), str(run.directory / "policy-best.npz"), "--episodes", "2"]
    assert main(["watch", *words, "--out", str(out), "--seconds", "2"]) == 0
    with PIL.open(out) as film:
        assert film.width == 640 and film.is_animated
        assert film.info["duration"] == 80 and 10 < film.n_frames <= 25


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["RUN", "--out", "film.avi"], "--out film.avi: takes a name that ends in .mp4 or .gif"),
        (["RUN", "--out", "no/film.mp4"], "--out no/film.mp4: cannot be written"),
        (["RUN"], "no screen here to open a window on; --out FILE.mp4 writes a film"),
        (["--out", "film.mp4"], "got none; takes 1 to 4 RUNs or FILEs"),
        (["absent", "--out", "film.mp4"], "absent: takes the directory of a run"),
        (["RUN", "--out", "film.mp4", "--seconds", "0"], "argument --seconds: got 0, takes"),
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
    asked = ["watch", *(w if w != "RUN" else str(run.directory) for w in words)]
    assert message in refusal(asked, tmp_path, monkeypatch, capsys)


def test_a_window_shows_all_frames_unless_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    pygame: Any = pytest.importorskip("pygame", reason="rlbench[video] is not installed")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pictures = [np.full((20, 30, 3), value, np.uint8) for value in range(5)]
    assert show(iter(pictures), 1000.0, "five") == 5

    def closed_after_two() -> Any:
        for number, picture in enumerate(pictures):
            if number == 2:
                pygame.event.post(pygame.event.Event(pygame.QUIT))
            yield picture

    assert show(closed_after_two(), 1000.0, "two") == 2
