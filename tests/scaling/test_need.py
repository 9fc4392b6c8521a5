"""What ES would need to be so many times as fast."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.cli.claims import main
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.measured import read_measured
from rlbench.scaling.need import need_line
from support.scaled_run import write_run

pytest.importorskip("simpy", reason="rlbench[scale] is not installed")


def line(place: Path, population: int) -> str:
    measured = read_measured(
        write_run(place / "run", population=population, machine_cores=4), Hardware()
    )
    return need_line(measured, 24.0, "a day", "one hour")


def test_a_population_that_is_large_enough_needs_cores(tmp_path: Path) -> None:
    # 64 tasks: 24 times as fast takes 32 workers, the first size that is enough.
    assert line(tmp_path, 128) == (
        "By the model of `rlbench scale`, ES on Toy-v0 would turn a day on 1 core into one hour "
        "with 32 cores, 8 machines like this one (4 cores each)."
    )


def test_a_population_that_is_too_small_is_named(tmp_path: Path) -> None:
    said = line(tmp_path, 16)
    assert "with no number of cores: its population of 16 allows 8 times as fast at most" in said
    assert "with 32 cores, 8 machines like this one (4 cores each) and a population of 128" in said


def test_claims_say_it_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "run", machine_cores=4)
    assert main([str(tmp_path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("ES on Toy-v0 would turn a day on 1 core into one hour") == 1
