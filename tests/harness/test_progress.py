"""What a run shows: lines that fit, the time left, plain lines, and a real terminal."""

from __future__ import annotations

import os
import pty
import re
import struct
import sys
import termios
from fcntl import ioctl
from itertools import takewhile
from pathlib import Path

import pytest

from rlbench.clock import monotonic_s
from rlbench.envs.family import EvalSchedule
from rlbench.harness.evaluate import schedule
from rlbench.harness.progress import Progress
from rlbench.harness.progress_line import (
    Seen,
    Status,
    doing_line,
    live_lines,
    log_line,
    read_line,
)
from rlbench.harness.time_left import Evaluations, evaluations_until, time_left_s
from rlbench.runs.columns import Clock
from rlbench.settings import BudgetSettings
from support.terminal import on_a_terminal

LONGEST = Status(
    "dqn ALE/MontezumaRevenge-v5 seed 3",
    "confirming 100/100",
    Clock(env_steps=12_345_678, train_s=7_000.0, wall_s=9_000.0, eval_s=900.0),
    threshold=2384.12,
    return_mean=-1234.56,
    left_s=45_296.0,
)


def text(status: Status, width: int) -> list[str]:
    return ["".join(piece for piece, _ in line) for line in live_lines(status, width)]


def test_at_80_columns_nothing_important_is_cut_off() -> None:
    first, second = text(LONGEST, 80)
    assert first == "dqn ALE/MontezumaRevenge-v5 seed 3 | confirming 100/100 | 1,764 steps/s"
    assert re.sub("━+", "━", second) == (
        "━ 2:30:00 | up to 12:34:56 left | return -1234.6, goal 2384.12"
    )
    assert max(map(len, (first, second))) == 80


@pytest.mark.parametrize(
    ("width", "first", "second"),
    [
        (
            60,
            "dqn ALE/MontezumaRevenge-v5 seed 3 | confirming 100/100",
            "2:30:00 | up to 12:34:56 left | return -1234.6, goal 2384.12",
        ),
        (36, "confirming 100/100", "return -1234.6, goal 2384.12"),
        (20, "confirming 100/100", "return -1234.6, goa…"),
    ],
)
def test_narrower_terminals_drop_the_least_important_first(
    width: int, first: str, second: str
) -> None:
    assert text(LONGEST, width) == [first, second]


@pytest.mark.parametrize("width", range(1, 200))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert all(len(line) <= width for line in text(LONGEST, width))


def test_a_goal_reads_as_reached_only_when_it_is() -> None:
    clock = Clock(env_steps=100, train_s=1.0, wall_s=2.0)
    short = Status("es CartPole-v1 seed 0", "training", clock, threshold=475.0)
    assert text(short, 80)[1] == "0:02 | goal 475"
    assert "solved" not in log_line(short)
    solved = Status("es", "training", clock, threshold=475.0, return_mean=500.0, solved=True)
    assert text(solved, 80)[1] == "0:02 | return 500.0, goal 475 reached"


@pytest.mark.parametrize("return_mean", [-138.94, 0.0, 21.0, 1e12])
def test_a_sweep_reads_back_what_a_run_printed(return_mean: float) -> None:
    clock = Clock(env_steps=100, train_s=12.34, wall_s=20.0, eval_s=1.0)
    status = Status("es X-v0 seed 0", "training", clock, 475.0, False, return_mean, 85.4)
    seen = read_line(log_line(status))
    assert seen == Seen(None, 12.3, pytest.approx(round(return_mean, 1)), 85.0)
    noted = read_line(log_line(status) + " | not confirmed: 3.0 over 9 fresh episodes")
    assert noted == seen
    assert read_line(doing_line("dqn X-v0 seed 0", "compiling")) == Seen(doing="compiling")
    assert read_line("anything that an environment prints") == Seen()


@pytest.mark.parametrize("gap", [0, 30_000])
@pytest.mark.parametrize("last_step", [3_000, 40_000, 3_000_000])
def test_evaluations_to_come_are_counted_along_the_schedule(last_step: int, gap: int) -> None:
    """Against the schedule itself, walked through as the judge does."""
    settings = EvalSchedule(first_steps=1000, growth=1.1, every_steps=100_000)
    due, expected, at = next(point for point in schedule(settings) if point > 2_000), 1, 0
    for point in takewhile(lambda point: point < last_step, schedule(settings)):
        if point >= max(due, at):
            expected, at = expected + 1, point + gap
    coming = Evaluations(due, gap, each_s=1.0)
    assert evaluations_until(last_step, settings, coming) == pytest.approx(
        expected, rel=0.15, abs=1
    )


def test_the_time_left_includes_evaluations() -> None:
    clock = Clock(env_steps=10_000, train_s=10.0)
    often = EvalSchedule(first_steps=1000, growth=1.1, every_steps=1_000)
    coming = Evaluations(due=11_000, gap_steps=1_000, each_s=2.0)
    budget = BudgetSettings(train_seconds=20.0)
    # 10 s of training, 1,000 steps in each: evaluations at 11,000 to 19,000, and one at the end.
    assert time_left_s(clock, budget, often, coming) == pytest.approx(10 + 2 * 10, abs=2.1)
    steps = BudgetSettings(train_seconds=None, env_steps=12_000)
    assert time_left_s(clock, steps, often, coming) == pytest.approx(2 + 2 * 3, abs=2.1)
    assert time_left_s(Clock(), budget, often, coming) is None


SMALL = ("agent=es", "env=MountainCar-v0", "budget.env_steps=20000", "cores=1")


def test_a_terminal_shows_what_is_done_and_the_goal(tmp_path: Path) -> None:
    shown = on_a_terminal(tmp_path, *SMALL)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", shown)
    lines = {line.strip() for line in re.split(r"[\r\n]+", plain)}
    assert "es MountainCar-v0 seed 0" in lines
    assert any(line.endswith("| starting") or line == "starting" for line in lines)
    assert "goal -110" in shown
    assert any(re.fullmatch(r"evaluating \d+/20", line) for line in lines)
    assert "\x1b[36m" in shown  # cyan
    assert max(map(len, lines - {line for line in lines if "files in" in line})) <= 80


def test_no_colour_is_respected(tmp_path: Path) -> None:
    shown = on_a_terminal(tmp_path, *SMALL, NO_COLOR="1")
    assert re.findall(r"\x1b\[[0-9;]*m", shown) == []
    assert "evaluating" in shown


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    shown = on_a_terminal(tmp_path, *SMALL, TERM="dumb")
    assert "\x1b" not in shown
    assert "goal -110" in shown


def test_drawing_in_training_is_rare_however_often_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twice a second at most; at most a two-thousandth of the time where drawing is slow."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    monkeypatch.setenv("TERM", "xterm-256color")
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        clock = Clock(env_steps=100, train_s=1.0, wall_s=2.0)
        progress = Progress("es X-v0 seed 0", 1.0, BudgetSettings(), EvalSchedule(), lambda: clock)
        began, asked = monotonic_s(), 0
        while monotonic_s() - began < 1.2:
            progress.tick()
            asked += 1
        monkeypatch.undo()
        written = os.read(ours, 1 << 16).decode()
        progress.close()
    os.close(ours)
    assert asked > 100
    assert 1 <= written.count("\x1b[A\r") <= 2
