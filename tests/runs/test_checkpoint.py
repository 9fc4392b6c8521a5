"""Checkpoints come back exactly, and a torn write never replaces a whole one."""

import json
from pathlib import Path

import numpy as np
import pytest

from rlbench import arrays
from rlbench.errors import RunError
from rlbench.runs import checkpoint

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
    assert files == ["checkpoint.json", "state-3.npz"]
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
    (tmp_path / "checkpoint.json.tmp").write_text('{"arrays": "state-2')
    assert checkpoint.load(tmp_path)["agent"]["nested"][0]["t"] == 3
    checkpoint.save(tmp_path, 3, {"agent": {"t": 9}})
    assert checkpoint.load(tmp_path) == {"agent": {"t": 9}}
    assert not (tmp_path / "state-1.npz").exists() and not (tmp_path / "state-2.npz").exists()


def test_pickled_arrays_and_paths_elsewhere_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "checkpoint"
    checkpoint.save(inside, 1, STATE)
    np.savez(inside / "state-1.npz", **{"/agent/theta": np.array([object()])}, allow_pickle=True)
    with pytest.raises(RunError, match="cannot be read"):
        checkpoint.load(inside)
    np.savez(tmp_path / "elsewhere.npz", theta=np.zeros(1))
    index = {"arrays": "../elsewhere.npz", "state": {"t": {"__array__": "theta"}}}
    (inside / "checkpoint.json").write_text(json.dumps(index))
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
