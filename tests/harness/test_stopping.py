"""When a run ends, and what is said of one that has ended, by this version or another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlbench import __version__
from rlbench.config.compose import compose
from rlbench.errors import RunError
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run
from rlbench.harness.stopping import finished, reason_to_stop, time_is_up
from rlbench.runs.columns import Clock
from rlbench.runs.records import Mark
from rlbench.settings import Settings
from rlbench.sweeps.jobs import State, prepare

AT = Mark(Clock(env_steps=5, train_s=1.0), None)


def asked(tmp_path: Path, *more: str) -> Settings:
    return compose(
        ["agent=random", "env=probe_envs:Counting-v0", "cores=1", "budget.train_seconds=60",
         "budget.env_steps=200", "eval.episodes=2", "eval.confirmation_episodes=2",
         "env.threshold=99", f"results_dir={tmp_path}", *more]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "clock", "solved", "reached", "reason"),
    [
        ([], Clock(env_steps=199, train_s=59.9), None, {99.0: None}, None),
        ([], Clock(env_steps=200, train_s=0.0), None, {99.0: None}, "budget"),
        ([], Clock(env_steps=0, train_s=60.0), None, {99.0: None}, "budget"),
        ([], Clock(env_steps=200), AT, {99.0: AT}, "solved"),
        (["stop_at_threshold=false"], Clock(env_steps=5), AT, {99.0: AT}, None),
        (["stop_at_threshold=false"], Clock(env_steps=200), AT, {99.0: AT}, "budget"),
        (["stop_at_levels=true"], Clock(env_steps=5), AT, {9.0: AT, 99.0: None}, None),
        (["stop_at_levels=true"], Clock(env_steps=5), None, {9.0: AT, 99.0: AT}, "solved"),
        (["stop_at_levels=true"], Clock(env_steps=5), None, {}, None),
        (["budget.env_steps=null"], Clock(env_steps=10**9), None, {}, None),
    ],
)
def test_reasons_to_stop(
    tmp_path: Path,
    words: list[str],
    clock: Clock,
    solved: Mark | None,
    reached: dict[float, Mark | None],
    reason: str | None,
) -> None:
    settings = asked(tmp_path, *words)
    assert reason_to_stop(settings, clock, solved, reached) == reason
    # An interruption ends what would go on, and hides neither a solution nor its own cause.
    interrupted = "solved" if reason == "solved" else "interrupted"
    assert reason_to_stop(settings, clock, solved, reached, interrupted=True) == interrupted


def test_time_is_up_at_the_budget_and_never_without_one(tmp_path: Path) -> None:
    settings = asked(tmp_path)
    assert (time_is_up(settings, 59.9), time_is_up(settings, 60.0)) == (False, True)
    assert not time_is_up(asked(tmp_path, "budget.train_seconds=null"), 1e9)


def made_by(place: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Make run.json say that another version made it."""
    header = json.loads((place / "run.json").read_text())
    change(header)
    (place / "run.json").write_text(json.dumps(header))


OTHERS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (
        lambda header: header.update(rlbench="0.2.2", schema=1),
        r"rlbench 0\.2\.2 \(files of schema 1\)",
    ),
    (lambda header: header.update(rlbench="0.9.0"), r"rlbench 0\.9\.0"),
    (lambda header: header.update(rlbench=None), "rlbench of an unknown version"),
]


@pytest.mark.parametrize(("change", "named"), OTHERS)
def test_a_run_of_another_version_is_named_and_never_continued(
    tmp_path: Path,
    change: Callable[[dict[str, Any]], object],
    named: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings, more = asked(tmp_path), asked(tmp_path, "budget.env_steps=400")
    assert run(settings) == 0
    place = name_run(settings).directory
    made_by(place, change)
    before = {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}
    capsys.readouterr()
    assert run(settings) == 0  # finished, so that there is nothing to go on with
    said = capsys.readouterr().out
    assert re.match(rf"budget already by {named}: 0\.\d s of training", said)
    refusal = (
        rf"seed0: begun by {named}, and rlbench {__version__} does not go on with it; overwrite"
    )
    with pytest.raises(RunError, match=refusal) as error:
        run(more)
    assert "\n" not in str(error.value) and "another results_dir" in str(error.value)
    (job,) = prepare([["a sweep's job"]], lambda _: more, default_cores=1)
    assert job.state is State.FAILED and job.note == str(error.value)
    assert {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()} == before
    assert run(asked(tmp_path, "overwrite=true")) == 0
    assert json.loads((place / "run.json").read_text())["rlbench"] == __version__
    assert finished(more, place) is None


def test_a_run_whose_header_cannot_be_read_is_not_continued(tmp_path: Path) -> None:
    settings = asked(tmp_path)
    place = name_run(settings).directory
    place.mkdir(parents=True)
    (place / "run.json").write_text("hello")
    with pytest.raises(RunError, match=r"run\.json is not a JSON object; overwrite=true starts"):
        run(settings)
    assert run(asked(tmp_path, "overwrite=true")) == 0
