"""`rlbench race` as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

import rlbench
from rlbench.cli.main import main
from rlbench.films.frames import HEADING_HEIGHT, ONE_OF_SEVERAL, STRIP_HEIGHT
from rlbench.playing.snapshots import snapshots_of

pytest.importorskip("PIL", reason="rlbench[video] is not installed")
imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="rlbench[video] is not installed")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("runs")
    settings = {
        "budget.env_steps": 8000, "eval.episodes": 2, "env.max_episode_steps": 40,
        "env.threshold": None, "cores": 1, "in_process": True, "progress": False,
    }  # fmt: skip
    return [
        rlbench.run(
            "es", seed=seed, results_dir=place, snapshots=seed < 2,
            **{"agent.population": 8, **settings},
        ).directory
        for seed in range(3)
    ]  # fmt: skip


def test_each_time_is_shown(runs: list[Path], tmp_path: Path) -> None:
    first, second, _ = runs
    out = tmp_path / "race.mp4"
    words = [str(first), str(second), "--out", str(out), "--at", "0,1000", "--seconds", "1"]
    assert main(["race", *words]) == 0
    frames = imageio_ffmpeg.read_frames(str(out))
    about = next(frames)
    assert about["size"][1] == HEADING_HEIGHT + STRIP_HEIGHT + ONE_OF_SEVERAL
    assert sum(1 for _ in frames) == 100  # two times of a second at 50 frames
    kept = snapshots_of(first)
    assert kept[0].train_s < kept[-1].train_s


def test_runs_that_cannot_race_are_one_line(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _, without = runs
    out = ["--out", str(tmp_path / "race.mp4")]
    for words, message in (
        ([str(first)], "takes 2 to 4 RUNs"),
        ([str(first), str(without)], "has no snapshots; takes a run that was made with snapshots"),
        ([str(first), str(first / "policy.npz")], "takes the directory of a run"),
    ):
        assert main(["race", *words, *out]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
