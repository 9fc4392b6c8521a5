"""What a killed run says of its last moments."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rlbench.runs.columns import Clock
from rlbench.runs.pulse import BYTES, FILE, Pulse

ROW = Clock(env_steps=100, env_frames=100, episodes=3, wall_s=5.0, train_s=3.0, cpu_s=4.0)
LATER = replace(ROW, env_steps=180, wall_s=6.5, train_s=4.5)


def test_the_next_attempt_knows_the_last_clock(tmp_path: Path) -> None:
    one = Pulse(tmp_path / FILE, 1)
    assert one.later_than(None) is None
    one.write(replace(LATER, env_steps=10**14, cpu_s=123456789.123456))
    one.write(LATER)
    one.close()
    assert (tmp_path / FILE).stat().st_size == BYTES
    two = Pulse(tmp_path / FILE, 2)
    assert two.later_than(ROW) == LATER
    assert two.later_than(replace(LATER, wall_s=7.0)).wall_s == 7.0  # a row came after it
    two.close()
    third = Pulse(tmp_path / FILE, 3)  # the second has written nothing
    assert third.later_than(ROW) == ROW
    third.remove()
    third.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        "", "[" * 2000, "{}", '{"attempt": 1}', json.dumps({"attempt": 1, "env_steps": -1}),
        json.dumps({"attempt": 1, "wall_s": 9, "train_s": 1e300, "env_steps": 1}),
        json.dumps({"attempt": 1, "wall_s": "9", "train_s": 1.0, "env_steps": 1}),
        json.dumps({"attempt": "1", "wall_s": 9, "train_s": 1.0, "env_steps": 1}),
        " " * 9_000_000,
    ],
)  # fmt: skip
def test_a_file_of_somebody_else_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    pulse = Pulse(tmp_path / FILE, 2)
    assert pulse.later_than(ROW) == ROW
    pulse.close()


def test_a_link_is_neither_read_nor_written(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    (tmp_path / FILE).symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="is a link, which is not followed"):
        Pulse(tmp_path / FILE, 1)
    assert (tmp_path / "other").read_text() == "mine"
