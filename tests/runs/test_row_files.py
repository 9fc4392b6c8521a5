"""Rows of a large replay are written once, and come back from what several checkpoints wrote."""

from __future__ import annotations

import json
import re
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlbench.errors import RunError
from rlbench.runs import checkpoint, row_files
from rlbench.runs.checkpoint import Checkpoints, Saved
from rlbench.saving import Rows


def ring(capacity: int, end: int, kept: int | None = None) -> Rows:
    """Rows that carry their number."""
    columns = {"x": np.zeros((capacity, 2), np.float32), "y": np.zeros(capacity, np.int32)}
    for number in range(max(0, end - capacity), end):
        columns["x"][number % capacity] = number, number + 0.5
        columns["y"][number % capacity] = number
    return Rows(columns, end, min(end, capacity) if kept is None else kept)


def numbers(rows: Any, capacity: int) -> list[int]:
    """The numbers of the rows that are there, from a loaded state."""
    columns = {"x": np.zeros((capacity, 2), np.float32), "y": np.zeros(capacity, np.int32)}
    rows.copy_to(columns)
    there = np.arange(rows.end - rows.kept, rows.end) % capacity
    assert (columns["x"][there, 1] == columns["y"][there] + 0.5).all()
    found: list[int] = columns["y"][there].tolist()
    return found


@settings(max_examples=25)  # each example has dozens of files put on the disk
@given(
    capacity=st.integers(1, 20),
    added=st.lists(st.integers(0, 30), min_size=1, max_size=8),
    file_rows=st.integers(1, 9),
)
def test_both_checkpoints_have_their_rows_at_any_time(
    tmp_path_factory: pytest.TempPathFactory, capacity: int, added: list[int], file_rows: int
) -> None:
    place, ends, end = tmp_path_factory.mktemp("rows"), list[int](), 0
    patch = pytest.MonkeyPatch()
    patch.setattr(row_files, "FILE_BYTES", 12 * file_rows)
    patch.setattr(row_files, "FILE_BYTES_LEAST", 1)
    patch.setattr(row_files, "WRITTEN_TOGETHER", 40)
    try:
        run = Checkpoints(place)
        for seq, more in enumerate(added, 1):
            end += more
            ends.append(end)
            run.save(seq, {"rows": ring(capacity, end)})
            for older, at in list(enumerate(ends, 1))[-2:]:
                rows = Checkpoints(place).load(older)["rows"]
                assert numbers(rows, capacity) == list(range(max(0, at - capacity), at))
        kept_bytes = sum(file.stat().st_size for file in row_files.files_of(place))
        assert kept_bytes <= 12 * (2 * capacity + 2 * file_rows + max(added))
    finally:
        patch.undo()


def test_only_new_rows_are_written_and_a_run_goes_on_from_the_one_before(tmp_path: Path) -> None:
    run = Checkpoints(tmp_path)
    run.save(1, {"rows": ring(1000, 900)})
    sizes = {file: file.stat().st_size for file in row_files.files_of(tmp_path)}
    assert sum(sizes.values()) == 900 * 12
    run.save(2, {"rows": ring(1000, 910)})
    assert sum(file.stat().st_size for file in row_files.files_of(tmp_path)) == 910 * 12
    again = Checkpoints(tmp_path)
    assert numbers(again.load(1)["rows"], 1000) == list(range(900))
    again.going_on_from = 1
    again.save(3, {"rows": ring(1000, 905)})  # over what the second wrote
    assert numbers(again.load(3)["rows"], 1000) == list(range(905))
    assert list(again.numbers()) == [3, 1]


def test_what_a_checkpoint_wrote_is_counted(tmp_path: Path) -> None:
    run = Checkpoints(tmp_path)
    assert run.save(1, {"rows": ring(1000, 900)}).row_bytes == 900 * 12
    saved = run.save(2, {"rows": ring(1000, 910)})
    rest = [run.index(2), tmp_path / "state-2.npz"]
    assert saved == Saved(10 * 12 + sum(file.stat().st_size for file in rest), 10 * 12)
    assert run.save(3, {"rows": ring(1000, 5000)}).row_bytes == 1000 * 12


@pytest.mark.parametrize(("number", "known", "end"), [(2, 50, 60), (1, 30, 45)])
def test_a_run_goes_on_from_either_of_two_that_were_read(
    tmp_path: Path, number: int, known: int, end: int
) -> None:
    run = Checkpoints(tmp_path)
    run.save(1, {"rows": ring(100, 30)})
    run.save(2, {"rows": ring(100, 50)})
    again = Checkpoints(tmp_path)
    for seq in (2, 1):
        again.load(seq)
    again.going_on_from = number
    assert again.save(3, {"rows": ring(100, end)}).row_bytes == 12 * (end - known)
    assert numbers(again.load(3)["rows"], 100) == list(range(end))
    assert numbers(again.load(number)["rows"], 100) == list(range(known))


@pytest.mark.parametrize("limit", [50_000, 200_000])  # in the rows, after them
def test_a_full_disk_leaves_earlier_checkpoints_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(row_files, "FILE_BYTES_LEAST", 1)
    run = Checkpoints(tmp_path)
    run.save(1, {"rows": ring(50_000, 10_000)})
    run.save(2, {"rows": ring(50_000, 15_000)})
    names = sorted(path.name for path in tmp_path.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            run.save(3, {"rows": ring(50_000, 40_000), "other": np.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for seq, end in ((1, 10_000), (2, 15_000)):
        assert numbers(Checkpoints(tmp_path).load(seq)["rows"], 50_000) == list(range(end))
    run.save(3, {"rows": ring(50_000, 40_000)})
    assert numbers(run.load(3)["rows"], 50_000) == list(range(40_000))


def test_a_checkpoint_without_rows_is_read(tmp_path: Path) -> None:
    run = Checkpoints(tmp_path)
    run.save(1, {"t": 3})
    content = json.loads(run.index(1).read_text())["content"]
    assert content.pop("rows") == {}
    run.index(1).write_text(checkpoint.sealed(content))
    assert run.load(1) == {"t": 3}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("cut", "is damaged (it is too short)"),
        ("flipped", "is damaged (its checksum is another)"),
        ("gone", "is missing"),
        ("link", "is a link, which is not followed"),
    ],
)
def test_damaged_rows_are_named(tmp_path: Path, damage: str, said: str) -> None:
    run = Checkpoints(tmp_path)
    run.save(1, {"rows": ring(100, 90)})
    file = sorted(row_files.files_of(tmp_path))[0]
    content = file.read_bytes()
    changed = bytearray(content)
    changed[len(content) // 2] ^= 4
    if damage == "gone":
        file.unlink()
    elif damage == "link":
        file.symlink_to(file.rename(tmp_path / "elsewhere"))
    else:
        file.write_bytes(content[:-1] if damage == "cut" else bytes(changed))
    message = f"the checkpoint cannot be read: names {file.name}, which {said}; overwrite=true"
    with pytest.raises(RunError, match=re.escape(message)):
        Checkpoints(tmp_path).load(1)


def test_damage_to_new_rows_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    run = Checkpoints(tmp_path)
    run.save(1, {"rows": ring(100, 50)})
    run.save(2, {"rows": ring(100, 90)})
    (file,) = row_files.files_of(tmp_path)
    content = bytearray(file.read_bytes())
    content[70 * 12] ^= 1
    file.write_bytes(content)
    with pytest.raises(RunError, match=f"{file.name}, which is damaged"):
        Checkpoints(tmp_path).load(2)
    assert numbers(Checkpoints(tmp_path).load(1)["rows"], 100) == list(range(50))


def test_rows_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    times = Rows({"at": np.zeros(3, "datetime64[s]")}, 1, 1)
    with pytest.raises(TypeError, match=r"/rows: at is of type <M8\[s\]; rows are numbers"):
        Checkpoints(tmp_path).save(1, {"rows": times})


def test_rows_of_another_kind_are_refused(tmp_path: Path) -> None:
    run = Checkpoints(tmp_path)
    run.save(1, {"rows": ring(10, 9)})
    rows = run.load(1)["rows"]
    with pytest.raises(ValueError, match="columns"):
        rows.copy_to({"x": np.zeros((10, 2), np.float32)})
    with pytest.raises(ValueError, match="rows of y"):
        rows.copy_to({"x": np.zeros((10, 2), np.float32), "y": np.zeros(10, np.int64)})
    with pytest.raises(ValueError, match="9 rows are more than"):
        rows.copy_to({"x": np.zeros((8, 2), np.float32), "y": np.zeros(8, np.int32)})


@pytest.mark.parametrize(
    "change",
    [
        {"row": [["x", "|O", []]]},
        {"row": [["x", "no type", []]]},
        {"row": [["x", "<f4,<f4", []]]},
        {"row": [["x", "<f4", [1]]] * 2},
        {"row": [["x", "<f4", [0]]]},
        {"row": [["x", "<f4", [1] * 99]]},
        {"row": [["x", "<f4", [2**40, 2**40]]]},
        {"end": -1},
        {"kept": 10**40},
        {"pieces": [["../../log.jsonl", 0, 9, 0]]},
        {"pieces": [["rows-00000000-0-1.bin", 0, 0, 0]]},
        {"pieces": []},
        {"pieces": [["rows-00000000-0-1.bin", 1, 8, 0]]},
        {"pieces": [["rows-00000000-0-1.bin", 0, 8, 0]]},
        {"pieces": [["rows-00000000-0-1.bin", 0, 4, 0], ["rows-00000000-5-1.bin", 5, 4, 0]]},
        {"pieces": 3},
        {"pieces": [["rows-00000000-0-1.bin", 0, 4, 0], ["rows-00000000-0-1.bin", 4, 5, 0]]},
        {
            "kept": 5,
            "pieces": [["rows-00000000-0-1.bin", 0, 4, 0], ["rows-00000000-4-1.bin", 4, 5, 0]],
        },
    ],
)
def test_an_index_of_a_stranger_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    run = Checkpoints(tmp_path)
    run.save(1, {"rows": ring(10, 9)})
    content = json.loads(run.index(1).read_text())["content"]
    content["rows"]["/rows"].update(change)
    run.index(1).write_text(checkpoint.sealed(content))
    with pytest.raises(RunError, match="the checkpoint cannot be read: names"):
        run.load(1)
