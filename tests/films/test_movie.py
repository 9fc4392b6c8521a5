"""Films as files: their length, and no film where there is no room for one."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rlbench.errors import OutputError
from rlbench.films.movie import check_can_write, write_film
from rlbench.films.scene import steps_by
from rlbench.interfaces import Array

PIL = pytest.importorskip("PIL.Image", reason="rlbench[video] is not installed")
imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="rlbench[video] is not installed")


def noise(count: int) -> Iterator[Array]:
    rng = np.random.default_rng(0)
    return (rng.integers(0, 256, (40, 60, 3)).astype(np.uint8) for _ in range(count))


@pytest.mark.parametrize("per_s", [15.0, 30.0, 60.0])
def test_a_gif_is_as_long_as_what_it_shows(per_s: float, tmp_path: Path) -> None:
    out = tmp_path / "film.gif"
    assert write_film(noise(60), per_s, out) == 60
    lasted_ms = 0
    with PIL.open(out) as film:
        for number in range(film.n_frames):
            film.seek(number)
            lasted_ms += film.info["duration"]
    assert lasted_ms == 60_000 / per_s


def test_a_film_that_ffmpeg_cannot_finish_is_none(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    out.write_bytes(b"before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # as on a disk that is full
    try:
        with pytest.raises(OutputError, match=r"film.mp4: cannot be written \(ffmpeg: ended with"):
            write_film(noise(200), 50.0, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == [out] and out.read_bytes() == b"before"


def test_a_place_that_is_none_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match=r"folder.mp4: cannot be written \(is a directory\)"):
        check_can_write(tmp_path / "folder.mp4")
    with pytest.raises(OutputError, match=r"cannot be written \(.*/no: no such folder\)"):
        check_can_write(tmp_path / "no" / "film.mp4")
    os.mkfifo(tmp_path / "pipe.gif")
    with pytest.raises(OutputError, match=r"pipe.gif: cannot be written \(is a pipe\)"):
        check_can_write(tmp_path / "pipe.gif")
    check_can_write(tmp_path / "film.mp4")


def test_a_folder_with_a_colon_is_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = Path("run:1") / "film.mp4"
    out.parent.mkdir()
    assert write_film(noise(3), 50.0, out) == 3
    assert imageio_ffmpeg.count_frames_and_secs(str(out.absolute()))[0] == 3


@pytest.mark.parametrize("per_s", [15.0, 30.0, 50.0, 1 / 0.03])
def test_each_frame_is_one_step_further(per_s: float) -> None:
    assert [steps_by(count, per_s, per_s) for count in range(300)] == list(range(300))
    assert [steps_by(count, 60.0, 15.0) for count in range(8)] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert [steps_by(count, 60.0, 240.0) for count in range(3)] == [0, 4, 8]
