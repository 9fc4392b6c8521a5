"""How an extra is installed."""

from __future__ import annotations

from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from rlbench.extras import install_command, not_installed

METADATA = """\
Metadata-Version: 2.4
Name: rlbench
Version: 0
Requires-Dist: numpy>=2
Requires-Dist: gymnasium[mujoco]>=1.3; extra == 'mujoco'
Requires-Dist: mujoco>=3.3; extra == "mujoco"
"""


@pytest.mark.parametrize(
    ("recorded", "command"),
    [
        ('{"url": "file:///a%20b", "dir_info": {"editable": true}}', "-e '/a b[mujoco]'"),
        ('{"url": "file:///b/rlbench.whl", "archive_info": {}}', "'/b/rlbench.whl[mujoco]'"),
        ('{"url": "https://example.org/rlbench.whl"}', "'gymnasium[mujoco]>=1.3' 'mujoco>=3.3'"),
        (None, "'gymnasium[mujoco]>=1.3' 'mujoco>=3.3'"),
    ],
)
def test_the_command_names_where_rlbench_came_from(
    recorded: str | None, command: str, tmp_path: Path
) -> None:
    (tmp_path / "METADATA").write_text(METADATA)
    if recorded is not None:
        (tmp_path / "direct_url.json").write_text(recorded)
    assert install_command("mujoco", PathDistribution(tmp_path)) == f"pip install {command}"


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (("json", "re"), ""), (("json", "no_a"), "no_a"), (("no_a", "no_b"), "no_a and no_b"),
        (("no_a", "no_b", "json", "no_c"), "no_a, no_b and no_c"),
    ],
)  # fmt: skip
def test_what_is_missing_is_put_into_words(modules: tuple[str, ...], words: str) -> None:
    assert not_installed(modules) == words
