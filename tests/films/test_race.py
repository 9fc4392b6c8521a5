"""`rlbench race` as a user types it."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any, cast

import pytest

import rlbench
from rlbench.cli.main import main
from rlbench.cli.race import runners_of
from rlbench.films.frames import HEADING_HEIGHT, ONE_OF_SEVERAL, STRIP_HEIGHT
from rlbench.films.race import Runner, stops
from rlbench.playing.snapshots import Snapshot, snapshots_of
from rlbench.runs.columns import Clock
from rlbench.runs.directory import snapshot_file, write_policy
from support.policies import constant
from support.run_files import RunFiles

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


def kept(place: Path, **changes: Any) -> str:
    """A run that kept its first policy."""
    run = RunFiles(**changes).write(place)
    write_policy(run / "policy.npz", constant(1.0).arrays())
    (run / "snapshots").mkdir()
    write_policy(snapshot_file(run, 0), constant(1.0).arrays())
    return str(run)


def test_a_race_is_under_the_same_conditions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = kept(tmp_path)
    for other, message in (
        (kept(tmp_path, env="Acrobot-v1"), "is of Acrobot-v1, and a race is on one: CartPole-v1"),
        (
            kept(tmp_path, seed=1, header={"max_episode_steps": 40}),
            f"is of CartPole-v1 under other conditions than {one}, and a race is under the same",
        ),
        (
            kept(tmp_path, seed=2, header={"eval_max_episode_steps": 40}),
            f"is of CartPole-v1 under other conditions than {one}, and a race is under the same",
        ),
    ):
        assert main(["race", one, other, "--out", str(tmp_path / "race.mp4")]) == 2
        assert f"{other}: {message}" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.mp4"))


def runner(*times: float) -> Runner:
    snapshots = [Snapshot(Clock(train_s=time), 0.0, Path(f"{time}.npz")) for time in times]
    return Runner("es", cast(Any, None), snapshots, end_s=times[-1])


def test_each_shows_what_it_could_do_by_then() -> None:
    found = runner(0.0, 0.7, 3.0)
    times = (0.0, 0.69, 0.7, 2.99, 3.0, 1000.0)
    assert [found.at(time).train_s for time in times] == [0.0, 0.0, 0.7, 0.7, 3.0, 3.0]
    assert runner(0.4).at(0.1).train_s == 0.4  # there is nothing earlier


def test_the_times_are_those_at_which_something_changes() -> None:
    assert stops([runner(0.0, 0.7, 3.0)]) == [0.1, 1.0, 5.0]
    assert stops([runner(0.0, 0.7, 3.0), runner(0.0, 15.0)]) == [0.1, 1.0, 5.0, 20.0]
    assert stops([runner(0.0)]) == [0.1]


def test_runs_that_go_on_race(tmp_path: Path) -> None:
    """They have no policy.npz yet, and have not ended."""
    runs = [kept(tmp_path, seed=seed, status=None) for seed in (0, 1)]
    for run in runs:
        (Path(run) / "policy.npz").unlink()
    with contextlib.ExitStack() as stack:
        found = runners_of([Path(run) for run in runs], stack)
        assert [one.end_s for one in found] == [math.inf, math.inf]
        assert [one.part(9.0).trained for one in found] == ["policy of 0.0 s"] * 2


def test_snapshots_behind_a_link_are_not_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = kept(tmp_path), kept(tmp_path, seed=1)
    (Path(other) / "snapshots").rename(tmp_path / "elsewhere")
    (Path(other) / "snapshots").symlink_to(tmp_path / "elsewhere")
    assert main(["race", one, other, "--out", str(tmp_path / "race.mp4")]) == 2
    assert f"{other}/snapshots: is a link, which is not followed" in capsys.readouterr().err
