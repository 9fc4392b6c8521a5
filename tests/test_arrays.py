"""The list of an archive's members is bounded before `zipfile` reads it."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rlbench.arrays import MAX_LIST_BYTES, open_arrays
from rlbench.opening import UnreadableFileError


def archive(names: int, **options: bool) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", **options) as made:
        for number in range(names):
            with made.open(f"{number}.npy", "w") as member:
                np.lib.format.write_array(member, np.array([number]))
    return content.getvalue()


def with_64_bits(content: bytes, size: int) -> bytes:
    """As archives beyond 4 GB end; size: what is said of the list."""
    (count, listed, start) = struct.unpack("<HLL", content[-12:-2])
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    place = struct.pack("<4sLQL", b"PK\6\7", 0, start + listed, 1)
    last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, listed, 0xFFFFFFFF, 0)
    return content[:-22] + end + place + last


def test_an_archive_is_read_however_it_ends(tmp_path: Path) -> None:
    content = archive(3)
    (listed,) = struct.unpack("<L", content[-10:-6])
    for whole in (content, with_64_bits(content, listed)):
        (tmp_path / "a.npz").write_bytes(whole)
        with open_arrays(tmp_path / "a.npz") as arrays:
            assert arrays.names == ["0", "1", "2"] and arrays["2"].tolist() == [2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "does not end as"),
        (b"PK\5\6", "does not end as"),
        (archive(1) + b"a comment", "does not end as"),
        (archive(1)[:-10] + struct.pack("<L", MAX_LIST_BYTES + 1) + archive(1)[-6:], "has more"),
        (with_64_bits(archive(1), MAX_LIST_BYTES + 1), "has more"),
    ],
)
def test_a_list_that_is_too_long_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    def read(*given: object) -> None:
        raise AssertionError("the list is read")

    monkeypatch.setattr(zipfile, "ZipFile", read)
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UnreadableFileError, match=said), open_arrays(tmp_path / "a.npz"):
        pass
