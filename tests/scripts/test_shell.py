"""The shell scripts say what they do when they are asked, and set nothing up for that."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.mark.parametrize("name", ["demo", "setup", "test", "lowest", "lock"])
def test_help_is_what_the_script_begins_with(name: str, tmp_path: Path) -> None:
    alone = tmp_path / "scripts" / name  # where there is no scripts/setup
    alone.parent.mkdir()
    shutil.copy(SCRIPTS / name, alone)
    helped = subprocess.run(
        ["bash", str(alone), "--help"], capture_output=True, text=True, check=False
    )
    first = alone.read_text().splitlines()[1].removeprefix("# ")
    assert helped.returncode == 0 and helped.stdout.startswith(f"{first}\n")
    assert "pipefail" not in helped.stdout and "#" not in helped.stdout
    assert [path.name for path in tmp_path.rglob("*")] == ["scripts", name]
