"""Projects installed below a folder, as pip's --target does, without pip and without a network."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def install_wheel(project: Path, target: Path) -> None:
    """Build the wheel of a project and unpack it into `target`, metadata included."""
    pytest.importorskip("hatchling", reason="builds wheels; part of the extra dev")
    with zipfile.ZipFile(io.BytesIO(_wheel(project))) as archive:
        archive.extractall(target)


@cache
def _wheel(project: Path) -> bytes:
    """The wheel of a project, which is built once in a process of tests."""
    with tempfile.TemporaryDirectory() as place:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place]
        subprocess.run(build, cwd=project, check=True, capture_output=True, timeout=60)
        (wheel,) = Path(place).glob("*.whl")
        return wheel.read_bytes()
