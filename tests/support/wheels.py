"""Projects installed below a folder, as pip's --target does, without pip and without a network."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def install_wheel(project: Path, target: Path) -> None:
    """Build the wheel of a project and unpack it into `target`, metadata included."""
    pytest.importorskip("hatchling", reason="builds wheels; part of the extra dev")
    place = target.with_name(f"{target.name}-wheels")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(build, cwd=project, check=True, capture_output=True, timeout=60)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    wheel.unlink()
