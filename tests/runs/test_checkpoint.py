"""Checkpoints come back exactly, and a torn write never replaces a whole one."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from rlbench import arrays
from rlbench.errors import RunError
from rlbench.runs import checkpoint
from rlbench.saving import Rows

STATE = {
    "agent": {
        "theta": np.arange(5, dtype=np.float32) / 3,
        "nested": [{"t": 3, "big": 2**100}, np.array([], np.int64), None],
        "flag": True,
        "name": "x",
        "scalar": np.float64(0.1),
    }
}


def test_round_trip_is_exact(tmp_path: Path) -> None:
    size = checkpoint.save(tmp_path / "checkpoint", 3, STATE)
    files = sorted(p.name for p in (tmp_path / "checkpoint").iterdir())
    assert files == ["checkpoint-3.json", "state-3.npz"]
    assert size == sum(p.stat().st_size for p in (tmp_path / "checkpoint").iterdir())
    state = checkpoint.load(tmp_path / "checkpoint")["agent"]
    assert state["theta"].tobytes() == STATE["agent"]["theta"].tobytes()
    assert state["theta"].dtype == np.float32
    assert state["nested"][0] == {"t": 3, "big": 2**100} and state["nested"][2] is None
    assert state["nested"][1].shape == (0,)
    assert (state["flag"], state["name"], state["scalar"]) == (True, "x", 0.1)


def test_none_where_there_is_none(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path) is None


def test_a_write_that_ends_half_way_leaves_the_earlier_checkpoint(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, 1, STATE)
    (tmp_path / "state-2.npz").write_bytes(b"PK half an archive")
    (tmp_path / "checkpoint-2.json.tmp").write_text('{"arrays": "state-2')
    assert checkpoint.load(tmp_path)["agent"]["nested"][0]["t"] == 3
    checkpoint.save(tmp_path, 3, {"agent": {"t": 9}})
    assert checkpoint.load(tmp_path) == {"agent": {"t": 9}}
    assert (tmp_path / "state-1.npz").exists() and not (tmp_path / "state-2.npz").exists()


def test_the_one_before_is_kept_until_there_are_two_newer_ones(tmp_path: Path) -> None:
    run = checkpoint.Checkpoints(tmp_path)
    for seq in (1, 5, 9):
        run.save(seq, {"agent": {"t": seq}})
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"checkpoint-5.json", "state-5.npz", "checkpoint-9.json", "state-9.npz"}
    again = checkpoint.Checkpoints(tmp_path)
    assert list(again.numbers()) == [9, 5] and again.load(5) == {"agent": {"t": 5}}
    again.going_on_from = 5  # as the newest was damaged
    again.save(12, {"agent": {"t": 12}})
    assert list(again.numbers()) == [12, 5]


@pytest.mark.parametrize("name", ["checkpoint-3.json", "state-3.npz"])
def test_a_cut_and_a_flipped_bit_are_noticed_anywhere(tmp_path: Path, name: str) -> None:
    checkpoint.save(tmp_path, 3, STATE)
    whole = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(whole), 60).tolist():
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        for damaged in (whole[:place], bytes(flipped)):
            (tmp_path / name).write_bytes(damaged)
            with pytest.raises(RunError, match="the checkpoint cannot be read"):
                checkpoint.load(tmp_path)
    (tmp_path / name).write_bytes(whole)
    assert checkpoint.load(tmp_path) is not None


def test_pickled_arrays_and_paths_elsewhere_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "checkpoint"
    checkpoint.save(inside, 1, STATE)
    np.savez(inside / "state-1.npz", **{"/agent/theta": np.array([object()])}, allow_pickle=True)
    with pytest.raises(RunError, match="cannot be read"):
        checkpoint.load(inside)
    np.savez(tmp_path / "elsewhere.npz", theta=np.zeros(1))
    facts = {**json.loads((inside / "checkpoint-1.json").read_text())["content"]["arrays"]}
    index = {
        "arrays": {**facts, "file": "../elsewhere.npz"},
        "state": {"t": {"__array__": "theta"}},
    }
    (inside / "checkpoint-1.json").write_text(checkpoint.sealed(index))
    with pytest.raises(RunError, match="overwrite=true starts again"):
        checkpoint.load(inside)


def test_large_arrays_are_mapped_and_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MAPPED_FROM_BYTES", 200)
    rng = np.random.default_rng(0)
    state = {
        "frames": rng.integers(0, 256, (5, 7, 9), np.uint8),
        "view": rng.normal(size=(8, 6))[:, :4],  # not contiguous, as a ring's beginning is not
        "small": np.arange(3),
    }
    checkpoint.save(tmp_path, 1, state)
    loaded = checkpoint.load(tmp_path)
    assert isinstance(loaded["frames"], np.memmap) and isinstance(loaded["view"], np.memmap)
    assert not isinstance(loaded["small"], np.memmap)
    for name, array in state.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)
    checkpoint.save(tmp_path, 2, loaded)  # the file that is mapped is replaced
    np.testing.assert_array_equal(loaded["frames"], state["frames"])


def test_any_text_is_a_key(tmp_path: Path) -> None:
    state = {"a/b": np.array([1]), "a": {"b": np.array([2]), "~1b": np.array([3])}, "": np.zeros(1)}
    checkpoint.save(tmp_path, 1, state)
    loaded = checkpoint.load(tmp_path)
    assert loaded is not None and loaded.keys() == state.keys()
    found = loaded["a/b"], loaded["a"]["b"], loaded["a"]["~1b"], loaded[""]
    assert [array.tolist() for array in found] == [[1], [2], [3], [0.0]]


@pytest.mark.parametrize("key", [1, None, "__array__"])
def test_a_key_that_would_come_back_as_another_is_refused(tmp_path: Path, key: object) -> None:
    with pytest.raises(TypeError, match=f"/agent: {key!r} is a key; takes names of text"):
        checkpoint.save(tmp_path, 1, {"agent": {key: 2}})


def test_what_an_agent_cannot_have_left_is_not_read(tmp_path: Path) -> None:
    rows = Rows({"x": np.zeros((10, 4))}, 10, 10)
    checkpoint.save(tmp_path, 1, {"theta": np.zeros(1000), "rows": rows})
    assert checkpoint.Checkpoints(tmp_path, 10_000).load(1)["theta"].shape == (1000,)
    said = r"names 0 MB; the agent takes up to 0; overwrite=true"
    with pytest.raises(RunError, match=said):
        checkpoint.Checkpoints(tmp_path, 8_320).load(1)  # arrays and rows without a header
    content = json.loads((tmp_path / "checkpoint-1.json").read_text())["content"]
    content["arrays"]["bytes"] = 2**49
    (tmp_path / "checkpoint-1.json").write_text(checkpoint.sealed(content))
    with (tmp_path / "state-1.npz").open("ab") as file:
        file.truncate(2**40)  # takes no space
    with pytest.raises(RunError, match="names 562,949,953 MB; the agent takes up to 1;"):
        checkpoint.Checkpoints(tmp_path, 10**6).load(1)


@pytest.mark.parametrize("depth", [300, 480, 900])
def test_a_state_nested_too_deeply_is_refused(tmp_path: Path, depth: int) -> None:
    """Python's own limit comes sooner or later, by how deep the caller is."""
    checkpoint.save(tmp_path, 1, {"t": 1})
    file = tmp_path / "checkpoint-1.json"
    whole = file.read_text().replace('"t": 1', '"t": ' + '{"a": ' * depth + "1" + "}" * depth)
    content = whole.partition('"content": ')[2][:-1]
    file.write_text(f'{{"crc32": {zlib.crc32(content.encode())}, "content": {content}}}')
    try:
        checkpoint.load(tmp_path)
    except RunError as error:
        assert "the checkpoint cannot be read" in str(error)


def test_a_state_that_could_not_be_loaded_is_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "MAX_INDEX_BYTES", 2_000)
    run = checkpoint.Checkpoints(tmp_path)
    run.save(1, {"t": 1})
    names = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(RunError, match=r"MB of values that are not in arrays; takes 0\.002 MB"):
        run.save(2, {"t": list(range(1_000))})
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert run.load(1) == {"t": 1}
