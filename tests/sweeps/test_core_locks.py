"""Cores that no two jobs of other launchers share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlbench.errors import RunError
from rlbench.sweeps.core_locks import held_cores


class GivenUpError(Exception):
    """Raised instead of waiting."""


def give_up() -> None:
    raise GivenUpError


def test_two_jobs_have_different_cores_and_a_third_waits(tmp_path: Path) -> None:
    cores = [3, 5, 6]
    with held_cores(1, cores, give_up, tmp_path) as one:
        with held_cores(2, cores, give_up, tmp_path) as other:
            assert (one, other) == ([3], [5, 6])
            with (
                pytest.raises(GivenUpError),
                held_cores(1, cores, give_up, tmp_path),
            ):
                raise AssertionError("there was no core left")
        with held_cores(2, cores, give_up, tmp_path) as next_one:
            assert next_one == [5, 6]


def test_who_waits_has_what_becomes_free_and_nobody_passes_it(tmp_path: Path) -> None:
    first = held_cores(2, [0, 1], give_up, tmp_path)
    assert first.__enter__() == [0, 1]
    waits = 0

    def wait() -> None:
        nonlocal waits
        waits += 1
        with pytest.raises(GivenUpError), held_cores(1, [0, 1], give_up, tmp_path):
            raise AssertionError("it passed the one that waits")
        first.__exit__(None, None, None)

    with held_cores(2, [0, 1], wait, tmp_path) as second:
        assert (second, waits) == ([0, 1], 1)


def test_more_than_there_are_is_all_of_them(tmp_path: Path) -> None:
    with held_cores(8, [0, 1], give_up, tmp_path) as held:
        assert held == [0, 1]


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from rlbench.sweeps.core_locks import held_cores\n"
        "with held_cores(1, [0], sys.exit, Path(sys.argv[1])) as held:\n"
        "    print(held, flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"[0]\n"
        with pytest.raises(GivenUpError), held_cores(1, [0], give_up, tmp_path):
            raise AssertionError("two had the core")
        holder.kill()
        holder.wait()
        with held_cores(1, [0], give_up, tmp_path) as held:
            assert held == [0]


def test_a_link_in_the_place_of_the_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / f"rlbench-cores-{os.getuid()}").symlink_to(elsewhere)
    with pytest.raises(RunError, match="is not a folder of this user's"):
        held_cores(1, [0], give_up).__enter__()
    assert list(elsewhere.iterdir()) == []
