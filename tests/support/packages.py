"""Packages that are installed for a test alone: a module and the metadata of its entry points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest


def install(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    groups: Mapping[str, Sequence[str]],
    files: Mapping[str, str],
) -> None:
    """Put `package` 1.5 on the path.

    groups: lines "name = module:attribute" by the group of entry points. files: texts by path.
    """
    metadata = place / f"{package}-1.5.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Name: {package}\nVersion: 1.5\n")
    points = [f"[{group}]\n" + "\n".join(lines) for group, lines in groups.items()]
    (metadata / "entry_points.txt").write_text("\n".join(points) + "\n")
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    monkeypatch.syspath_prepend(str(place))
