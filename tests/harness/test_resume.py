"""Runs that are killed or stopped at any moment, and the same command again: the run that would
have been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rlbench.config.compose import compose
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run
from rlbench.runs import checkpoint
from rlbench.runs.load import load_runs
from rlbench.runs.log import LogFile, Row, kept_rows
from support.states import assert_same

TESTS = Path(__file__).parents[1]
SAME = ("train", "eval", "solved")
OFTEN = "checkpoint.every_seconds=0.000001"  # in each generation, after each step
COMMON = ("stop_at_threshold=false", "eval.episodes=4", "eval.confirmation_episodes=10")
ES = ("agent=es", "agent.population=16", "agent.hidden=[8]", "executor=serial", "cores=1")
DQN = (
    "agent=dqn", "cores=1", "agent.hidden=[16]", "agent.learning_starts_steps=64",
    "agent.train_every_steps=16", "agent.updates_per_train=4", "agent.batch_size=16",
    "agent.replay_capacity_steps=500", "agent.compile=false",
)  # fmt: skip
CARTPOLE = ("env=CartPole-v1", "env.threshold=30", "eval.first_steps=300", "eval.growth=1.5")
ACROBOT = ("env=Acrobot-v1", "env.max_episode_steps=50", "eval.max_episode_steps=50")
MUJOCO = ("env=InvertedPendulum-v5", "env.threshold=8", "eval.first_steps=300", "eval.growth=1.5")
PONG = (
    "env=ALE/Pong-v5", "env.max_episode_steps=20", "eval.max_episode_steps=20", "agent.network=a3c",
    "eval.first_steps=60", "eval.growth=1.5", "eval.gap_per_step=0", "eval.episodes=2",
)  # fmt: skip
CASES = {
    "es on CartPole": (*ES, *CARTPOLE, "budget.env_steps=6000"),
    "es on Acrobot": (*ES, *ACROBOT, "budget.env_steps=5000"),
    "es on MuJoCo": (*ES, *MUJOCO, "budget.env_steps=2500", "agent.normalize_observations=true"),
    "es on Pong": (
        *ES, *PONG, "budget.env_steps=300", "agent.population=4", "agent.hidden=null",
        "agent.reference_frames=8",
    ),
    "dqn on CartPole": (*DQN, *CARTPOLE, "budget.env_steps=2500", "agent.n_step=3"),
    "dqn on Acrobot": (*DQN, *ACROBOT, "budget.env_steps=1500", "agent.prioritized=true"),
    "dqn on MuJoCo": (*DQN, *MUJOCO, "budget.env_steps=1500", "agent.bins=3"),
    "dqn with actors": (
        *DQN, *MUJOCO, "budget.env_steps=1500", "agent.actors=2", "agent.n_step=3",
        "executor=process",
    ),
    "dqn on Pong": (
        *DQN, *PONG, "budget.env_steps=256", "agent.num_lanes=4", "agent.hidden=null",
        "agent.overlap=true",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Came:
    """What a run has come to."""

    rows: list[dict[str, Any]]
    state: Any
    summary: dict[str, Any]
    resumed: list[Row]


def words(directory: Path, case: str, *more: str) -> list[str]:
    given = {word.partition("=")[0]: word for word in (*COMMON, *CASES[case], *more)}
    kept = [word for word in given.values() if word != "agent.hidden=null"]
    return [f"results_dir={directory}", *kept]


def came_to(directory: Path, case: str, *more: str) -> Came:
    """Run in this process, or go on; what the run has come to."""
    asked = compose(words(directory, case, *more))
    assert run(asked) == 0
    place = name_run(asked).directory
    state = checkpoint.load(place / "checkpoint")
    assert state is not None
    return Came(
        rows_of(place / "log.jsonl"),
        state["agent"],
        json.loads((place / "summary.json").read_text()),
        [row for row in LogFile(place / "log.jsonl") if row.kind == "resume"],
    )  # fmt: skip


def rows_of(log: Path) -> list[dict[str, Any]]:
    """What counts of a log, without columns of time and those that number rows and attempts."""
    found = [
        {"kind": row.kind, **vars(row.clock), **row.columns}
        for row in kept_rows(LogFile(log))
        if row.kind in SAME
    ]
    times = ("_s", "lost_env_steps", "_bytes")
    return [{k: v for k, v in row.items() if not k.endswith(times)} for row in found]


def end(directory: Path, number: str, moment: str, case: str, *more: str) -> None:
    """Run in another process, which ends at `moment`."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "support.stopped_run",
            number,
            moment,
            *words(directory, case, *more),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
        timeout=100,
    )
    expected = 130 if number == "SIGINT" else -signal.SIGKILL
    assert done.returncode == expected, done.stdout + done.stderr


def assert_the_same(one: Came, other: Came) -> None:
    assert one.rows == other.rows
    assert_same(one.state, other.state)
    for name in ("status", "env_steps", "env_frames", "episodes", "best_return_mean"):
        assert one.summary[name] == other.summary[name], name
    assert steps_of(one.summary["solved_at"]) == steps_of(other.summary["solved_at"])
    reached = [
        {k: steps_of(v) for k, v in came.summary["reached"].items()} for came in (one, other)
    ]
    assert reached[0] == reached[1]


def steps_of(mark: dict[str, Any] | None) -> dict[str, Any] | None:
    return mark and {name: mark[name] for name in ("env_steps", "previous_env_steps")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Came]:
    """What each case comes to when nothing happens to it."""
    return cache(lambda case: came_to(tmp_path_factory.mktemp("whole"), case))


@pytest.mark.parametrize(
    ("case", "number", "moment"),
    [
        ("es on CartPole", "SIGKILL", "checkpoint=3+40"),  # within a generation
        ("es on CartPole", "SIGINT", "train=3+25"),
        ("es on Acrobot", "SIGINT", "checkpoint=2+17"),
        ("es on MuJoCo", "SIGKILL", "eval=3"),
        ("es on Pong", "SIGKILL", "checkpoint=1+9"),
        pytest.param("dqn on CartPole", "SIGKILL", "checkpoint=4+33", marks=pytest.mark.slow),
        ("dqn on Acrobot", "SIGINT", "train=1+90"),
        pytest.param("dqn on MuJoCo", "SIGKILL", "checkpoint=3+21", marks=pytest.mark.slow),
        ("dqn on Pong", "SIGKILL", "checkpoint=2+5"),
        ("dqn with actors", "SIGKILL", "checkpoint=3+21"),
    ],
)
def test_a_run_that_was_ended_comes_to_what_it_would_have(
    tmp_path: Path, undisturbed: Callable[[str], Came], case: str, number: str, moment: str
) -> None:
    whole = undisturbed(case)
    assert whole.summary["lost_env_steps"] == whole.summary["lost_train_s"] == 0
    end(tmp_path / "ended", number, moment, case, OFTEN)
    ended = came_to(tmp_path / "ended", case)
    assert ended.summary["attempts"] == 2
    assert [row.from_seq > 0 for row in ended.resumed] == [True]
    assert_the_same(ended, whole)


def test_a_run_that_is_ended_again_and_again(
    tmp_path: Path, undisturbed: Callable[[str], Came]
) -> None:
    """Before anything was saved, within an evaluation and its confirmation, in a generation."""
    case = "es on CartPole"
    moments = {
        "eval=1": "SIGKILL", "eval=1+4": "SIGINT", "train=1+3": "SIGINT", "solved=1": "SIGKILL",
        "checkpoint=1": "SIGKILL",
    }  # fmt: skip
    for moment, number in moments.items():
        end(tmp_path, number, moment, case, OFTEN)
    ended = came_to(tmp_path, case)
    assert ended.summary["attempts"] == len(moments) + 1
    assert_the_same(ended, undisturbed(case))


def test_what_was_lost_is_shown_and_not_charged(tmp_path: Path) -> None:
    case = "es on Acrobot"
    end(tmp_path, "SIGINT", "checkpoint=2+6", case, OFTEN)
    place = name_run(compose(words(tmp_path, case))).directory
    rows = list(LogFile(place / "log.jsonl"))
    clock, saved = rows[-1].clock, [row.clock for row in rows if row.kind == "checkpoint"][1]
    assert rows[-1].status == "interrupted"
    assert clock.env_steps == saved.env_steps and clock.train_s < saved.train_s + 0.1
    assert clock.lost_env_steps == 6 * 16  # lock-steps of the whole population
    assert clock.lost_train_s > 0 and clock.lost_cpu_s > 0
    came_to(tmp_path, case)
    (loaded,) = load_runs(tmp_path).runs
    assert loaded.end.lost_env_steps == 6 * 16
    # The second attempt's start-up is lost as well: the undisturbed run had one.
    assert loaded.end.lost_cpu_s > clock.lost_cpu_s
    assert loaded.end.lost_train_s == pytest.approx(clock.lost_train_s, abs=1e-4)


def test_what_a_killed_run_did_after_its_last_row_is_lost_as_well(
    tmp_path: Path, undisturbed: Callable[[str], Came]
) -> None:
    case = "es on Acrobot"
    end(tmp_path, "SIGKILL", "checkpoint=2+6", case, OFTEN)
    place = name_run(compose(words(tmp_path, case))).directory
    last = list(LogFile(place / "log.jsonl"))[-1]
    assert (last.kind, last.clock.lost_env_steps) == ("checkpoint", 0)
    ended = came_to(tmp_path, case)
    # It asks before each lock-step, and was killed in the sixth.
    assert ended.resumed[0].clock.lost_env_steps == 5 * 16
    assert ended.summary["lost_env_steps"] == 5 * 16 and ended.summary["lost_train_s"] > 0
    assert not (place / ".clock").exists()
    assert_the_same(ended, undisturbed(case))


def test_a_generation_that_the_budget_cuts_is_charged_and_played_again(tmp_path: Path) -> None:
    """With a larger budget the run goes on as if it had had that from the beginning."""
    asked = ("agent=es", "env=probe_envs:Slow-v0", "+env.kwargs.seconds=0.001", "env.threshold=99",
             "agent.population=40", "agent.hidden=[8]", "executor=serial", "cores=1",
             "eval.episodes=2", "eval.first_steps=1", "eval.gap_per_step=0")  # fmt: skip
    for seconds in (0.6, 0.7, 0.8, 0.9):  # one may end with a generation, which cuts none
        root = tmp_path / f"cut after {seconds}"
        cut = compose([*asked, f"results_dir={root}", f"budget.train_seconds={seconds}"])
        assert run(cut) == 0
        place = name_run(cut).directory
        first = json.loads((place / "summary.json").read_text())
        state = checkpoint.load(place / "checkpoint")
        assert state is not None
        if state["clock"]["env_steps"] < first["env_steps"]:
            break
    assert state["clock"]["train_s"] < seconds <= first["train_s"] and first["lost_env_steps"] == 0
    steps = ("budget.train_seconds=null", f"budget.env_steps={first['env_steps'] + 200}")
    whole = compose([*asked, f"results_dir={tmp_path / 'whole'}", *steps])
    assert run(compose([*asked, f"results_dir={root}", *steps])) == run(whole) == 0
    logs = [name_run(one).directory / "log.jsonl" for one in (cut, whole)]
    assert rows_of(logs[0]) == rows_of(logs[1])
    summary = json.loads((place / "summary.json").read_text())
    assert summary["lost_env_steps"] == first["env_steps"] - state["clock"]["env_steps"] > 0


@pytest.mark.parametrize("damage", ["checkpoint", "arrays", "log", "log and checkpoint"])
def test_after_damage_the_checkpoint_before_is_used(
    tmp_path: Path, undisturbed: Callable[[str], Came], capsys: pytest.CaptureFixture[str],
    damage: str,
) -> None:  # fmt: skip
    case = "es on CartPole"
    end(tmp_path, "SIGKILL", "checkpoint=4+5", case, OFTEN)
    place = name_run(compose(words(tmp_path, case))).directory
    newest, before = checkpoint.Checkpoints(place / "checkpoint").numbers()
    log, content = place / "log.jsonl", (place / "log.jsonl").read_bytes()
    index = place / "checkpoint" / f"checkpoint-{newest}.json"
    note = f"{index}: the checkpoint cannot be read: is not a JSON object; going on from the one"
    if damage == "checkpoint":
        index.write_text(index.read_text()[:-40])
    elif damage == "arrays":
        note = f"state-{newest}.npz: the checkpoint cannot be read: is damaged"
        with index.with_name(f"state-{newest}.npz").open("r+b") as file:
            file.seek(200)
            file.write(b"!")
    elif damage == "log":
        note = (
            f"note: {log} was changed, or lacks rows: the clock goes on from the checkpoint before"
        )
        at = content.index(f'"seq": {newest - 1},'.encode())
        log.write_bytes(content[: at + 60])  # within the last row that the newest knew
    else:
        at = content.index(b'"returns"')  # of the first evaluation
        log.write_bytes(content[:at] + b"X" + content[at + 1 :])
        note = f"note: {log} was changed, or lacks rows: the clock goes on from the checkpoint\n"
    capsys.readouterr()
    ended = came_to(tmp_path, case)
    assert note in capsys.readouterr().err
    whole = undisturbed(case)
    if damage == "log and checkpoint":  # that row is gone for ever
        assert ended.rows == whole.rows[1:]
        return
    assert [row.from_seq for row in ended.resumed] == [before - 1]
    assert_the_same(ended, whole)
