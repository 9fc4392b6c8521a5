"""The documentation site: built as `scripts/docs` does, every link followed."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rlbench
from rlbench.config.key_docs import keys_of_agent, keys_of_runs, names

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with every warning taken for an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"),
            *("-f", ROOT / "scripts" / "site" / "mkdocs.yml", "-d", folder),
        ],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _text(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text()))


def test_every_document_has_a_page(site: Path) -> None:
    for path in (ROOT / "docs").glob("*.md"):
        title = path.read_text().splitlines()[0].removeprefix("# ").replace("`", "")
        assert title in _text(site / f"{path.stem}.html")


def test_every_key_is_explained_in_the_words_of_its_file(site: Path) -> None:
    page, folders = " ".join(_text(site / "keys.html").split()), [ROOT / "conf"]
    keys = keys_of_runs(folders)
    for agent in names("agent", folders):
        keys += keys_of_agent(agent, folders)
    assert len(keys) > 50
    for key in keys:
        if key.default is not None:
            assert key.key in page
            assert " ".join(key.comment.replace("`", "").split()) in page, key.key


def test_everything_of_the_package_is_in_the_reference(site: Path) -> None:
    page = (site / "api.html").read_text()
    for name in set(rlbench.__all__) - {"__version__"}:
        module = getattr(rlbench, name).__module__
        assert f'id="{module}.{name}"' in page, name
    assert "rlbench.testing.agents.check_agent" in page
    assert "[[64, 64]]" in _text(site / "api.html")  # examples are code, not links


def test_pictures_and_reports_of_the_gallery_are_there(site: Path) -> None:
    page = (site / "gallery.html").read_text()
    found = re.findall(r'(?:src|href)="(files/[^"]+)"', page)
    sets = [folder.name for folder in (ROOT / "results" / "reference").iterdir()]
    for name in sets:
        assert f"files/results/reference/{name}/report/index.html" in found
    assert all((site / path).is_file() for path in found)


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for path in site.glob("*.html"):
        loads = re.findall(
            r'<(?:script|img|link)[^>]*(?:src|href)="(https?://[^"]+)"', path.read_text()
        )
        assert loads == [], path.name
